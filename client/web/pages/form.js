// Fields of forms: label, what is required, help, and errors that are tied to their field.
import { dateOf, parts } from './clock.js';
import { el, fill, freshId } from './dom.js';
import { _ } from './i18n.js';
import { holdsIndividualNumber } from './guard.js';
import { forget, keepTyped, load } from './store.js';

const requiredMark = () => el('span', { class: 'required' }, _('※required'));

// What is said of a text with an individual number; '' of any other.
export const secretComplaint = (text) =>
  (holdsIndividualNumber(text) ? _('This is an individual number (My Number). It may not be kept here; take it out.') : '');

// { node, input, value, complain(text) } around an input made by make(attributes).
function field(text, { required = false, help = '' }, make) {
  const id = freshId('field');
  const error = el('p', { class: 'error', id: `${id}-error`, role: 'alert' });
  const described = [help && `${id}-help`, `${id}-error`].filter(Boolean).join(' ');
  const input = make({ id, required, 'aria-describedby': described });
  return {
    node: el(
      'div', { class: 'field' }, el('label', { for: id }, text, required && requiredMark()),
      help && el('p', { class: 'help', id: `${id}-help` }, help), input, error,
    ),
    input,
    get value() {
      return input.type === 'checkbox' ? input.checked : input.type === 'password' ? input.value : input.value.trim();
    },
    set value(value) {
      input.value = value;
    },
    complain(complaint) {
      fill(error, complaint && `＊${complaint}`);
      if (complaint) {
        input.setAttribute('aria-invalid', 'true');
      } else {
        input.removeAttribute('aria-invalid');
      }
    },
    check() {
      const missing = required && input.value.trim() === '';
      const secret = input.type === 'password' ? '' : secretComplaint(input.value);
      this.complain(missing ? _('Fill in {field}.', { field: text }) : secret);
      return !missing && secret === '';
    },
  };
}

export const textField = (text, { value = '', type = 'text', maxlength = '200', inputmode, autocomplete = 'off', ...rest } = {}) =>
  field(text, rest, (attributes) => el('input', { ...attributes, type, value, maxlength, inputmode, autocomplete }));

export const checkField = (text, { checked = false, ...rest } = {}) => {
  const made = field(text, rest, (attributes) => el('input', { ...attributes, type: 'checkbox', checked }));
  made.node.classList.add('check');
  return made;
};

// options: [value, text] each.
export const selectField = (text, options, { value = '', onchange, ...rest } = {}) =>
  field(text, rest, (attributes) =>
    el('select', { ...attributes, onchange }, options.map(([code, shown]) => el('option', { value: code, selected: code === value }, shown))));

// Several of a list, by check boxes.
export function choicesField(text, options, { value = [] } = {}) {
  const boxes = options.map(([code, shown]) => {
    const id = freshId('choice');
    return el('span', { class: 'choice' }, el('input', { type: 'checkbox', id, value: code, checked: value.includes(code) }), el('label', { for: id }, shown));
  });
  return {
    node: el('fieldset', { class: 'field' }, el('legend', {}, text), boxes),
    get value() {
      return boxes.map((box) => box.firstChild).filter((box) => box.checked).map((box) => box.value);
    },
    check: () => true,
    complain: () => {},
  };
}

// A date as three boxes; value is YYYYMMDD, 0 when there is none.
export function dateField(text, { value = 0, required = false } = {}) {
  const id = freshId('date');
  const error = el('p', { class: 'error', id: `${id}-error`, role: 'alert' });
  const given = value ? parts(value) : ['', '', ''];
  const boxes = [[_('Year'), 4], [_('Month'), 2], [_('Day'), 2]].map(([name, length], i) => {
    const box = el('input', {
      id: `${id}-${i}`, type: 'text', inputmode: 'numeric', autocomplete: 'off', maxlength: String(length), size: String(length), required,
      value: String(given[i]), 'aria-describedby': `${id}-error`,
    });
    return { box, node: el('span', { class: 'part' }, box, el('label', { for: `${id}-${i}` }, name)) };
  });
  const digits = () => boxes.map(({ box }) => box.value.normalize('NFKC').trim());
  return {
    node: el('fieldset', { class: 'field date' }, el('legend', {}, text, required && requiredMark()), el('div', { class: 'parts' }, boxes.map((each) => each.node)), error),
    input: boxes[0].box,
    get value() {
      return digits().every((each) => /^\d+$/.test(each)) ? dateOf(...digits().map(Number)) : 0;
    },
    complain(complaint) {
      fill(error, complaint && `＊${complaint}`);
      boxes.forEach(({ box }) => (complaint ? box.setAttribute('aria-invalid', 'true') : box.removeAttribute('aria-invalid')));
    },
    check() {
      const empty = digits().every((each) => each === '');
      const right = empty ? !required : this.value !== 0;
      this.complain(right ? '' : _('{field}: give year, month and day, like 2026 4 15.', { field: text }));
      return right;
    },
  };
}

// A form around fields: checks all, calls submit(), shows what is refused at its field.
export function form(fields, button, submit, { onerror, key } = {}) {
  const error = el('p', { class: 'error', role: 'alert' });
  const send = el('button', { class: 'primary' }, button);
  const named = Object.entries(fields);
  const texts = named.filter(([, each]) => each.input?.type === 'text');
  const kept = key ? load(key, {}) : {};
  texts.forEach(([name, each]) => {
    if (kept[name]) {
      each.input.value = kept[name];
    }
  });
  return el(
    'form', {
      class: 'form', novalidate: true,
      oninput: () => key && keepTyped(key, Object.fromEntries(texts.map(([name, each]) => [name, each.input.value]))),
      onsubmit: async (event) => {
        event.preventDefault();
        fill(error);
        const wrong = named.filter(([, each]) => !each.check());
        if (wrong.length > 0) {
          wrong[0][1].input?.focus();
          return;
        }
        send.disabled = true;
        try {
          await submit();
          if (key) {
            forget(key);
          }
        } catch (fault) {
          const said = onerror(fault);
          const at = fields[fault.field];
          if (at) {
            at.complain(said);
            at.input?.focus();
          } else {
            fill(error, `＊${said}`);
          }
        } finally {
          send.disabled = false;
        }
      },
    },
    named.map(([, each]) => each.node), error, el('div', { class: 'buttons' }, send),
  );
}
