// The entry box: words are chosen by a letter or two, keys 1 to 9 record at once, and
// Enter saves - but never the Enter that ends a word of a Japanese input method.
import { session } from './api.js';
import { label } from './catalogue.js';
import { byId, el, fill } from './dom.js';
import { secretComplaint } from './form.js';
import { holdsIndividualNumber } from './guard.js';
import { _, number } from './i18n.js';
import { keepTyped, load } from './store.js';
import { suggestions } from './suggest.js';
import { fieldName, kindName } from './words.js';

const draftKey = () => `draft.${session.account}`;

export const wordText = ({ list, code }) =>
  list === 'count' ? _('×{count}', { count: number(code) }) : list === 'kind' ? kindName(code) : label(list, code);

// on: { context(), key(digit, words), save(words), changed(words, mode), undo(), grow(), up(), leave() }
export class EntryBox {
  constructor(on) {
    this.on = on;
    this.words = [];
    this.found = [];
    this.active = -1;
    this.mode = null; // { name: 'refuse' } or { name: 'more', id }: what the next word is for
    this.composing = false;
    this.chips = el('span', { class: 'chips' });
    this.list = el('ul', { id: 'entry-list', role: 'listbox', class: 'suggestions', 'aria-label': _('Words'), hidden: true });
    this.error = el('p', { id: 'entry-error', class: 'error', role: 'alert' });
    this.input = el('input', {
      id: 'entry', type: 'text', role: 'combobox', autocomplete: 'off', autocapitalize: 'none', spellcheck: 'false', maxlength: '200',
      'aria-expanded': 'false', 'aria-controls': 'entry-list', 'aria-autocomplete': 'list', 'aria-describedby': 'entry-error entry-summary',
      oninput: () => this.typed(), onkeydown: (event) => this.pressed(event),
      oncompositionstart: () => { this.composing = true; },
      oncompositionend: () => { this.composing = false; this.typed(); },
    });
    this.node = el('div', { class: 'entry' }, el('label', { for: 'entry' }, _('Entry')), el('div', { class: 'box' }, this.chips, this.input), this.list, this.error);
  }

  focus() {
    this.input.focus();
  }

  get text() {
    return this.input.value;
  }

  // As it was left, before a reload or by an ended login.
  restore() {
    const kept = load(draftKey(), {});
    this.words = kept.words ?? [];
    this.mode = kept.mode ?? null;
    this.input.value = kept.text ?? '';
    this.show();
  }

  set(words, mode = null) {
    this.words = words;
    this.mode = mode;
    this.input.value = '';
    this.show();
    this.focus();
  }

  keepDraft() {
    keepTyped(draftKey(), { text: this.text, words: this.words, mode: this.mode });
  }

  complain(text) {
    fill(this.error, text && `＊${text}`);
    if (text) {
      this.input.setAttribute('aria-invalid', 'true');
    } else {
      this.input.removeAttribute('aria-invalid');
    }
  }

  typed() {
    if (holdsIndividualNumber(this.text)) {
      this.keepDraft();
      this.found = [];
      this.showList();
      this.complain(secretComplaint(this.text));
      return;
    }
    this.complain('');
    this.show();
  }

  show() {
    this.keepDraft();
    fill(this.chips, this.words.map((word, i) =>
      el('button', {
        type: 'button', class: 'chip', 'aria-label': _('Take away: {word}', { word: wordText(word) }),
        onclick: () => this.set(this.words.filter((each, k) => k !== i), this.mode),
      }, el('small', {}, fieldName(word.list)), ' ', wordText(word), ' ', el('span', { 'aria-hidden': 'true' }, '×'))));
    this.found = this.mode?.name === 'refuse' ? [] : suggestions(this.text, this.on.context(), this.composing);
    this.active = this.found.length > 0 ? 0 : -1;
    this.showList();
    this.on.changed(this.words, this.mode);
  }

  showList() {
    fill(this.list, this.found.map((each, i) =>
      el('li', {
        id: `entry-list-${i}`, role: 'option', 'aria-selected': String(i === this.active),
        onpointerdown: (event) => { event.preventDefault(); this.choose(i); },
      }, each.text, ' ', el('small', {}, each.hint))));
    this.list.hidden = this.found.length === 0;
    this.input.setAttribute('aria-expanded', String(this.found.length > 0));
    if (this.active >= 0) {
      this.input.setAttribute('aria-activedescendant', `entry-list-${this.active}`);
      byId(`entry-list-${this.active}`)?.scrollIntoView({ block: 'nearest' });
    } else {
      this.input.removeAttribute('aria-activedescendant');
    }
  }

  choose(i) {
    const { chip } = this.found[i];
    const several = chip.list === 'topic';
    this.words = [...this.words.filter((each) => (several ? each.code !== chip.code : each.list !== chip.list)), chip];
    this.input.value = '';
    this.show();
    this.focus();
  }

  // What a key does; true when it was taken.
  pressed(event) {
    if (event.isComposing || event.keyCode === 229 || event.altKey || event.metaKey) {
      return; // the input method's, or the browser's
    }
    if (this.taken(event)) {
      event.preventDefault();
    }
  }

  taken(event) {
    const empty = this.text === '';
    if (event.ctrlKey) {
      return this.withControl(event, empty);
    }
    if (empty && /^[0-9]$/.test(event.key)) {
      if (!event.repeat) {
        this.digit(event.key);
      }
      return true;
    }
    switch (event.key) {
      case 'Enter':
        if (!event.repeat) {
          this.enter();
        }
        return true;
      case 'ArrowDown':
      case 'ArrowUp':
        return this.arrow(event.key === 'ArrowDown' ? 1 : -1, empty);
      case 'Escape':
        this.escape();
        return true;
      case 'Backspace':
        return empty && this.dropLast();
      case '+':
        return empty && this.words.length === 0 && this.on.grow() !== false;
      default:
        return false;
    }
  }

  withControl(event, empty) {
    if (event.key === 'z' && empty && this.words.length === 0) {
      this.on.undo();
      return true;
    }
    if (event.key === 'Enter' && this.active >= 0) {
      this.choose(this.active);
    }
    if (event.key === 'Enter') {
      this.enter();
      return true;
    }
    return false;
  }

  digit(digit) {
    if (digit === '0') {
      this.set(this.words, this.mode?.name === 'refuse' ? null : { name: 'refuse' });
    } else {
      this.on.key(Number(digit), this.words, this.mode);
    }
  }

  enter() {
    const digit = this.text.normalize('NFKC').trim();
    if (holdsIndividualNumber(this.text)) {
      this.typed();
    } else if (/^[1-9]$/.test(digit)) {
      this.input.value = '';
      this.digit(digit);
    } else if (this.active >= 0) {
      this.choose(this.active);
    } else if (this.text.trim() !== '') {
      this.complain(_('Not in the catalogue. Type another word, its reading or its code.'));
    } else if (this.words.length > 0) {
      this.on.save(this.words, this.mode);
    }
  }

  arrow(step, empty) {
    if (this.found.length > 0) {
      this.active = (this.active + step + this.found.length) % this.found.length;
      this.showList();
      return true;
    }
    if (empty && step < 0) {
      this.on.up();
      return true;
    }
    return false;
  }

  escape() {
    if (this.found.length > 0 || this.text !== '') {
      this.input.value = '';
      this.show();
    } else {
      this.set(this.mode === null ? [] : this.words, null);
    }
    this.complain('');
  }

  dropLast() {
    if (this.words.length === 0) {
      return false;
    }
    this.set(this.words.slice(0, -1), this.mode);
    return true;
  }
}
