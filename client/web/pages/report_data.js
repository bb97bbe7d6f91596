// What /report gives: its address, and its tables as this page draws them.
import { get } from './api.js';
import { el } from './dom.js';
import { _, language } from './i18n.js';
import { address } from './query.js';
import { table } from './table.js';

export const reportAddress = (asked, format) => address('/report', { ...asked, format, language });

// What a table says of itself, as it does in print.
const saysOf = (report, { period, definition, unit }) =>
  el('p', { class: 'help' }, [
    `${report.name} (${report.municipality})`, period, _('Unit: {unit}', { unit }),
    _('Tabulated as of {time}', { time: report.as_of }), definition,
  ].join(' ・ '));

const bold = (is, text) => (is ? el('strong', {}, text) : text);

function tableOf({ title, corner, columns, rows }) {
  const heads = [...corner.map((text) => ({ text })), ...columns.map(({ label }) => ({ text: label, number: true }))];
  const body = rows.map(({ label, total, cells }) => [
    ...label.map((text) => bold(total, text)),
    ...cells.map((text, i) => bold(total || columns[i].total, text)),
  ]);
  return table(title, heads, body, { head: corner.length });
}

async function chartOf({ chart: shown, columns, rows }) {
  const { chart } = await import('./chart.js');
  const categories = rows.slice(shown.row, shown.row + shown.rows);
  const series = columns.slice(shown.column, shown.column + shown.columns)
    .map(({ label }, i) => ({ name: label, values: categories.map(({ values }) => values[shown.column + i]) }));
  return chart('bar', categories.map(({ label }) => label.join(' ')), series, _('{title}: the table has the same numbers.', { title: shown.title }), { stacked: shown.stacked });
}

export async function reportTables(asked) {
  const report = await get(reportAddress(asked, 'page'));
  return Promise.all(report.tables.map(async (each) => [
    el('h2', {}, each.title),
    saysOf(report, each),
    each.chart && each.chart.columns <= 8 && await chartOf(each),
    tableOf(each),
    each.notes.map((note) => el('p', { class: 'help' }, note)),
  ]));
}
