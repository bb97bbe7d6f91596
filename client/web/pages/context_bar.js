// The context bar: what holds for everything that is recorded, always in sight.
import { codes, labelOf, services } from './catalogue.js';
import { dateName, today } from './clock.js';
import { changeContext, context } from './context.js';
import { el, fill } from './dom.js';
import { dateField, secretComplaint } from './form.js';
import { _ } from './i18n.js';
import { fieldName } from './words.js';

function chooser(field, words, value, empty, back, changed) {
  const id = `context-${field}`;
  const select = el(
    'select', {
      id,
      onchange: () => { changeContext({ [field]: select.value }); changed(); },
      onkeydown: (event) => {
        if (event.key === 'Enter' || event.key === 'Escape') {
          event.preventDefault();
          back();
        }
      },
    },
    empty && el('option', { value: '' }, _('(not given)')),
    words.map((each) => el('option', { value: each.code, selected: each.code === value }, labelOf(each))),
  );
  return el('div', { class: 'context-field' }, el('label', { for: id }, fieldName(field)), select);
}

function sessionBox(value, back, changed) {
  const error = el('p', { id: 'context-session-error', class: 'error', role: 'alert' });
  const take = () => {
    const secret = secretComplaint(input.value);
    fill(error, secret && `＊${secret}`);
    if (secret === '') {
      changeContext({ session: input.value.trim().toUpperCase() });
      changed();
    }
    return secret === '';
  };
  const input = el('input', {
    id: 'context-session', type: 'text', size: '13', maxlength: '13', autocomplete: 'off', value, placeholder: 'S-2026-000001',
    'aria-describedby': 'context-session-error', onchange: take,
    onkeydown: (event) => {
      if (event.isComposing || event.keyCode === 229 || !['Enter', 'Escape'].includes(event.key)) {
        return;
      }
      event.preventDefault();
      if (event.key === 'Escape') {
        input.value = context().session;
      }
      if (take()) {
        back();
      }
    },
  });
  return el('div', { class: 'context-field' }, el('label', { for: 'context-session' }, fieldName('session')), input, error);
}

function dateBox(date, past, back, changed) {
  const field = dateField(_('Date of what is recorded'), { value: date, required: true });
  const set = (value) => {
    changeContext({ date: value });
    changed();
    back();
  };
  const apply = () => {
    if (!field.check()) {
      return;
    }
    if (field.value > today()) {
      field.complain(_('This day is still to come.'));
    } else {
      set(field.value);
    }
  };
  field.node.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && !event.isComposing && event.keyCode !== 229) {
      event.preventDefault();
      apply();
    }
  });
  const details = el(
    'details', { class: 'context-date' },
    el('summary', { class: past ? 'past' : '' }, el('span', { class: 'caption' }, fieldName('date')), ' ', dateName(date)),
    el('div', { class: 'panel' }, field.node, el('div', { class: 'buttons' },
      el('button', { type: 'button', onclick: apply }, _('Use this date')),
      el('button', { type: 'button', onclick: () => set(today()) }, _('Today')))),
  );
  details.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') {
      details.open = false;
      back();
    }
  });
  return details;
}

// Draws the bar into a node; back() gives the focus to the entry box, changed() follows a change.
export function drawContext(node, back, changed) {
  const c = context();
  const redraw = () => {
    drawContext(node, back, changed);
    changed();
  };
  fill(
    node,
    chooser('office', codes('office', c.date), c.office, true, back, redraw),
    chooser('channel', codes('channel', c.date), c.channel, true, back, redraw),
    chooser('service', services(c.date), c.service, false, back, redraw),
    sessionBox(c.session, back, changed),
    dateBox(c.date, c.back, back, redraw),
  );
}
