// What may be meant by what was typed: words of the catalogue, a number, a case.
import { codes, labelOf, match, serviceOf, services, typedSoFar } from './catalogue.js';
import { fiscalYear } from './clock.js';
import { _ } from './i18n.js';
import { fieldName, kindName } from './words.js';

// In the order in which they are offered where they meet equally well.
const LISTS = ['topic', 'nature', 'channel', 'program', 'outcome', 'target', 'age', 'origin', 'reason', 'office'];
const MOST = 8;
const plain = (text) => text.normalize('NFKC').trim();

// *12, 12件, 12; one digit alone is a key.
function countOf(text) {
  const found = /^(?:([*x×])(\d{1,7})件?|(\d{1,7})件|(\d{2,7}))$/i.exec(plain(text));
  const n = found === null ? NaN : Number(found[2] ?? found[3] ?? found[4]);
  return n >= 0 && n <= 1_000_000 ? n : null;
}

// M-2026-000123; m123 is of this fiscal year.
export function caseNumberOf(text, date) {
  const found = /^([A-Z])-?(?:(\d{4})-)?0*(\d{1,6})$/i.exec(plain(text));
  const prefix = found?.[1].toUpperCase();
  if (!found || !services(date).some((each) => each.prefix === prefix)) {
    return null;
  }
  return `${prefix}-${found[2] ?? fiscalYear(date)}-${found[3].padStart(6, '0')}`;
}

function words(context) {
  const { date, service } = context;
  const allowed = services(date).map((each) => each.code);
  const out = [];
  for (const list of LISTS) {
    for (const code of codes(list, date)) {
      const limit = (code.service ?? []).filter((each) => allowed.includes(each));
      if (code.service === undefined || limit.length > 0) {
        const foreign = code.service !== undefined && !limit.includes(service);
        out.push({ word: code, chip: { list, code: code.code, services: limit }, hint: fieldName(list), order: out.length + (foreign ? 1e6 : 0), foreign: foreign ? limit[0] : null });
      }
    }
  }
  services(date).forEach((each) => out.push({ word: each, chip: { list: 'service', code: each.code }, hint: fieldName('service'), order: 2e6 }));
  for (const [code, ja, en] of [['LOG', '相談票', 'case'], ['TALLY', '件数のみ', 'tally']]) {
    out.push({ word: { code: code.toLowerCase(), ja, en }, chip: { list: 'kind', code }, hint: kindName(code), order: 3e6 });
  }
  return out;
}

// [{ text, hint, chip }], the best first.
export function suggestions(typed, context, inComposition) {
  const text = inComposition ? typedSoFar(typed) : typed;
  if (plain(text) === '') {
    return [];
  }
  const count = countOf(text);
  if (count !== null) {
    return [{ text: String(count), hint: fieldName('count'), chip: { list: 'count', code: count } }];
  }
  const number = caseNumberOf(text, context.date);
  if (number !== null) {
    return [{ text: number, hint: _('contact of this case'), chip: { list: 'case', code: number } }];
  }
  return words(context)
    .map((each) => ({ ...each, rank: match(each.word, plain(text)) }))
    .filter((each) => each.rank >= 0)
    .sort((a, b) => a.rank - b.rank || a.order - b.order)
    .slice(0, MOST)
    .map(({ word, chip, hint, foreign }) => ({ text: labelOf(word), hint: foreign ? `${hint} ${labelOf(serviceOf(foreign))}` : hint, chip }));
}
