// What can be done about a case or an entry: its forms.
import { sentence, session } from './api.js';
import { codes, labelOf } from './catalogue.js';
import { dateOfIso, isoDate, today } from './clock.js';
import { context } from './context.js';
import { el, fill } from './dom.js';
import { checkField, choicesField, dateField, form, selectField, textField } from './form.js';
import { _ } from './i18n.js';
import { recordOne } from './outbox.js';
import { fieldName } from './words.js';

const options = (list, service, empty = true) => [
  ...(empty ? [['', _('(not given)')]] : []),
  ...codes(list, today(), service).map((each) => [each.code, labelOf(each)]),
];
const pick = (list, service, more) => selectField(fieldName(list), options(list, service), more);
const digitsOf = (text) => text.normalize('NFKC');
function count(field) {
  const made = textField(fieldName(field), { inputmode: 'numeric', maxlength: '7' });
  const { check } = made;
  made.check = () => {
    const fits = check.call(made);
    const right = /^\d*$/.test(digitsOf(made.value));
    if (fits && !right) {
      made.complain(_('{field}: give a number.', { field: fieldName(field) }));
    }
    return fits && right;
  };
  return made;
}
const date = () => dateField(fieldName('date'), { value: context().date, required: true });

function act(kind, number, fields) {
  const out = { kind, case_number: number };
  for (const [name, field] of Object.entries(fields)) {
    const { value } = field;
    if (value === '' || value === 0 || value.length === 0) {
      continue;
    }
    out[name] = ['households', 'persons'].includes(name) ? Number(digitsOf(value)) : value;
  }
  return { act: out };
}

// The forms of a case by the key that opens them; done() follows a success.
export function actionsOf(number, service, isOpen, done) {
  const make = (kind, button, fields, key) =>
    form(fields, button, async () => done(await recordOne(act(kind, number, fields))), { onerror: sentence, key });
  const actions = [
    [_('Contact'), () => make('CONTACT', _('Record the contact'), {
      channel: pick('channel', service, { value: context().channel }), nature: pick('nature', service),
      topic: choicesField(fieldName('topic'), options('topic', service, false)), date: date(),
    })],
    [_('Outcome'), () => make('OUTCOME', _('Record the outcome'), {
      outcome: pick('outcome', service, { required: true }), households: count('households'), persons: count('persons'), date: date(),
      with_case: textField(fieldName('with_case'), { maxlength: '32' }),
    })],
    [_('Referral'), () => make('REFER', _('Record the referral'), {
      target: pick('target', service, { required: true }), due: dateField(fieldName('due')), date: date(),
    })],
  ];
  actions.push(isOpen
    ? [_('Close'), () => make('CLOSE', _('Close the case'), { outcome: pick('outcome', service), date: date() })]
    : [_('Reopen'), () => make('REOPEN', _('Reopen the case'), { date: date() })]);
  return actions;
}

// The fields that a correction may name, by the kind of entry.
const COMMON = ['date', 'time', 'office', 'channel', 'program'];
const SESSION = ['date', 'time', 'program', 'office', 'session_kind', 'form', 'venue', 'venue_kind', 'households', 'persons'];
const CORRECTABLE = {
  log: [...COMMON, 'nature', 'topic', 'origin', 'age', 'route', 'session', 'outcome', 'households', 'persons'],
  tally: [...COMMON, 'nature', 'topic', 'origin', 'age', 'route', 'session', 'count', 'outcome', 'outcome_count', 'households', 'persons'],
  decline: [...COMMON, 'nature', 'topic', 'count', 'reason'],
  contact: [...COMMON, 'nature', 'topic', 'session'],
  outcome: [...COMMON, 'session', 'outcome', 'households', 'persons', 'with_case'],
  refer: ['date', 'target', 'due'],
  close: ['date', 'outcome', 'households', 'persons'],
  reopen: ['date'],
  figure: ['period', 'value', 'as_of', 'source'],
  'session-plan': SESSION,
  'session-hold': SESSION,
};
const LISTS = { session_kind: 'session-kind', venue_kind: 'venue-kind' };
const listed = (field) => ['office', 'channel', 'program', 'nature', 'topic', 'origin', 'age', 'outcome', 'reason', 'target', 'form', 'session_kind', 'venue_kind'].includes(field);

function valueField(field, value, service) {
  const name = _('New value: {field}', { field: fieldName(field) });
  if (['date', 'due', 'as_of'].includes(field)) {
    return dateField(name, { value: dateOfIso(value), required: field === 'date' });
  }
  if (field === 'topic') {
    return choicesField(name, options('topic', service, false), { value: value.split(';') });
  }
  return listed(field)
    ? selectField(name, options(LISTS[field] ?? field, service), { value })
    : textField(name, { value });
}

const textOf = (value) => (Array.isArray(value) ? value.join(';') : typeof value === 'number' ? (value ? isoDate(value) : '') : value);

// Corrects one field of an entry, the old value beside the new one.
export function correctForm(entry, service, done) {
  const now = Object.fromEntries((entry.field ?? []).map(({ name, value }) => [name, value]));
  const fields = CORRECTABLE[entry.kind] ?? Object.keys(now);
  const node = el('div', {});
  const draw = (field) => {
    const value = valueField(field, now[field] ?? '', service);
    const which = selectField(_('Field'), fields.map((each) => [each, fieldName(each)]), { value: field, onchange: () => { draw(which.value); node.querySelector('select').focus(); } });
    const reason = textField(_('Reason'), { required: true, help: _('Stays with the entry for ever. No names, no numbers of persons.') });
    const change = async () => done(await recordOne({ correction: { seq: entry.seq, reason: reason.value, change: [{ field, value: textOf(value.value) }] } }));
    fill(node, form({ which, [`new ${field}`]: value, reason }, _('Correct'), change, { onerror: sentence, key: `draft.correct.${session.account}.${entry.seq}` }));
  };
  draw(fields[0]);
  return node;
}

// Takes back an entry, or a case with all its entries.
export function voidForm(what, done) {
  const reason = textField(_('Reason'), { required: true });
  const sure = checkField(_('Yes, take it back for good'), { required: false });
  const check = sure.check;
  sure.check = () => {
    check.call(sure);
    sure.complain(sure.value ? '' : _('Tick the box to confirm.'));
    return sure.value;
  };
  return form({ reason, sure }, _('Take back'), async () => done(await recordOne({ voiding: { ...what, reason: reason.value } })), { onerror: sentence });
}

export const serviceOfNumber = (number, catalogue) => catalogue.service.find((each) => number?.startsWith(`${each.prefix}-`))?.code;
