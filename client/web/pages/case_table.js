// Cases in a table, as the list and the day show them.
import { label } from './catalogue.js';
import { dateName } from './clock.js';
import { el } from './dom.js';
import { _ } from './i18n.js';
import { column, numbers, table } from './table.js';
import { fieldName, stateName } from './words.js';

const code = (field, value) => (value === undefined ? '' : label(field, Array.isArray(value) ? value.join(';') : value));

export function caseTable(caption, rows) {
  const columns = [
    column(fieldName('case')), column(_('Opened')), column(fieldName('service')), column(fieldName('topic')), column(fieldName('channel')),
    column(fieldName('status')), column(fieldName('outcome')), numbers(_('Contacts')), column(_('Last contact')),
  ];
  return table(caption, columns, rows.map((row) => [
    el('a', { href: `/case?number=${encodeURIComponent(row.case_number)}` }, row.case_number), dateName(row.opened), code('service', row.service),
    code('topic', row.topic), code('channel', row.channel), stateName(row.status), code('outcome', row.outcome), row.contacts ?? 0, row.last ? dateName(row.last) : '',
  ]), { head: 1 });
}
