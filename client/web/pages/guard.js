// The guard against individual numbers (個人番号): what proto/guard.c refuses is
// refused here before it is kept or sent, and by the daemon again.  Twelve digits
// whose check digit is right, in one piece, in two of six or singly; any 4-4-4; and
// any twelve within 20 characters of a word that names such a number.

const NEAR = 20;
const SEPARATORS_MAX = 3;
const CHAIN_START = 255;
const WORDS = ['ナンハ-', '個人番号', 'mynumber'];
const WEIGHTS = [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2];
const KANJI = ['〇零', '一壱壹弌', '二弐貳弍貮', '三参參弎', '四肆', '五伍', '六陸', '七漆柒', '八捌', '九玖'];
// Numbers without plain digits within, that an input method offers: first, last, value of the first.
const FORMS = [
  [0x2160, 0x216b, 1], [0x2170, 0x217b, 1], [0x24eb, 0x24f4, 11], [0x24f5, 0x24fe, 1], [0x24ff, 0x24ff, 0], [0x2776, 0x277f, 1],
  [0x2780, 0x2789, 1], [0x278a, 0x2793, 1], [0x3021, 0x3029, 1], [0x3192, 0x3195, 1], [0x3220, 0x3229, 1], [0x3280, 0x3289, 1],
];
const DASH = /[-_~\u2043\u2500\u2501\u2796ー\p{Dash}]/u;
const DOT = /[./\\\u00b7\u2022\u2027\u2044\u2215\u2219\u22c5・]/u;

const kanjiDigit = (c) => KANJI.findIndex((forms) => forms.includes(c));

function checkDigit(digits) {
  const rest = WEIGHTS.reduce((sum, weight, i) => sum + weight * digits[i], 0) % 11;
  return digits[11] === (rest <= 1 ? 0 : 11 - rest);
}

// The value of a decimal digit of any script: they stand in tens, zero first.
function decimal(c) {
  if (!/\p{Nd}/u.test(c)) {
    return -1;
  }
  const code = c.codePointAt(0);
  if (code < 0x80) {
    return code - 0x30;
  }
  let value = 0;
  while (value < 9 && /\p{Nd}/u.test(String.fromCodePoint(code - value - 1))) {
    value += 1;
  }
  return value;
}

// The value of a number that is one character, as text: '12' of ⑫, '' of anything else.
function enclosedValue(c) {
  const code = c.codePointAt(0);
  const form = FORMS.find(([first, last]) => code >= first && code <= last);
  if (form !== undefined) {
    return String(code - form[0] + form[2]);
  }
  const folded = c.normalize('NFKC');
  return folded.includes('\u2044') ? '' : folded.replace(/[^0-9]/g, ''); // ½ is two digits and a slash
}

class Scan {
  digits = [];
  groups = [];
  text = '';
  separators = CHAIN_START;

  note(c) {
    const katakana = /[ぁ-ゖ]/.test(c) ? String.fromCodePoint(c.codePointAt(0) + 0x60) : c;
    this.text += DASH.test(katakana) ? '-' : katakana.toLowerCase();
  }

  digit(value, kind) {
    let group = this.groups.at(-1);
    if (group === undefined || this.separators !== 0 || group.kind !== kind) {
      group = { first: this.digits.length, count: 0, start: this.text.length, separators: this.separators, kind };
      this.groups.push(group);
    }
    this.digits.push(value);
    group.count += 1;
    this.text += String(value);
    group.end = this.text.length;
    this.separators = 0;
  }

  // ①, ⑫, Ⅳ and their like, before folding adds brackets and dots.
  enclosed(c) {
    if (!/[\p{No}\p{Nl}]/u.test(c) || c === '〇') {
      return false;
    }
    const value = enclosedValue(c);
    if (value === '' || value.length > 2) {
      return false;
    }
    [...value].forEach((each) => this.digit(+each, 'enclosed'));
    return true;
  }

  folded(c) {
    const space = /[\s\u2800]/u.test(c);
    if (space || DASH.test(c) || DOT.test(c)) {
      this.separators = this.separators < SEPARATORS_MAX ? this.separators + 1 : CHAIN_START;
      if (!space) {
        this.note(c);
      }
    } else if (/[\p{Mn}\p{Me}\p{Cf}\p{Cc}\p{Default_Ignorable_Code_Point}]/u.test(c)) {
      return; // seen by nobody
    } else if (decimal(c) >= 0) {
      this.digit(decimal(c), 'decimal');
    } else if (kanjiDigit(c) >= 0) {
      this.digit(kanjiDigit(c), 'kanji');
    } else if (c === '○' || c === '◯') {
      this.digit(0, 'round');
    } else {
      this.separators = CHAIN_START;
      this.note(c);
    }
  }
}

function scan(text) {
  const s = new Scan();
  for (const c of text) {
    if (!s.enclosed(c)) {
      [...c.normalize('NFKD')].forEach((each) => s.folded(each));
    }
  }
  return s;
}

function nearWord(text, start, end) {
  return WORDS.some((word) => {
    for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
      if (start - (at + word.length) <= NEAR && at <= end + NEAR) {
        return true;
      }
    }
    return false;
  });
}

function judge(s, run) {
  const kinds = run.map((group) => group.kind);
  if (kinds.includes('round') && !kinds.includes('kanji')) {
    return false; // ○○○○ stands for what is left out
  }
  if (nearWord(s.text, run[0].start, run.at(-1).end)) {
    return true;
  }
  const pieces = [];
  run.forEach((group, i) => {
    if (i === 0 || group.separators > 0) {
      pieces.push(0);
    }
    pieces[pieces.length - 1] += group.count;
  });
  const shape = pieces.join('-');
  if (shape === '4-4-4') {
    return true;
  }
  const whole = pieces.length === 1 || shape === '6-6' || pieces.length === 12;
  return whole && checkDigit(s.digits.slice(run[0].first, run[0].first + 12));
}

// Whether a text holds an individual number and must neither be kept nor sent.
export function holdsIndividualNumber(text) {
  const s = scan(text);
  for (let i = 0; i < s.groups.length; i += 1) {
    let total = 0;
    for (let j = i; j < s.groups.length && total < 12; j += 1) {
      if (j > i && s.groups[j].separators === CHAIN_START) {
        break;
      }
      total += s.groups[j].count;
      if (total === 12 && judge(s, s.groups.slice(i, j + 1))) {
        return true;
      }
    }
  }
  return false;
}

// The same of every text of a request, however deep.
export function anyIndividualNumber(value) {
  if (typeof value === 'string') {
    return holdsIndividualNumber(value);
  }
  return value !== null && typeof value === 'object' && Object.values(value).some(anyIndividualNumber);
}
