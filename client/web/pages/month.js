// /month: a year's numbers by month or by another field, each a link to what it counts.
import { page, sentence } from './api.js';
import { labelOf, loadCatalogue, services } from './catalogue.js';
import { fiscalYear, monthsOfYear, today, yearName } from './clock.js';
import { el, fill } from './dom.js';
import { form, selectField } from './form.js';
import { problem, startPage } from './frame.js';
import { _, number } from './i18n.js';
import { address, parameters, remember, scopeOf } from './query.js';
import { column, numbers, show, table } from './table.js';
import { MEASURES, fieldName, measureName, valueName } from './words.js';

const ROWS = ['service', 'topic', 'channel', 'office', 'nature', 'program', 'outcome', 'origin', 'age', 'route', 'reason', 'target', 'session_kind', 'form', 'venue_kind', 'day'];
const DISTINCT = ['active', 'programs']; // never added up
const YEARS = 8;
const IN_CHART = 6;

// From rows of Stats to { rows, columns, cells }, where cells is keyed "row\ncolumn".
function cross(stats, months) {
  const cells = new Map();
  const sums = { rows: new Map(), columns: new Map() };
  for (const { key: [row, col], count } of stats) {
    cells.set(`${row}\n${col}`, count);
    sums.rows.set(row, (sums.rows.get(row) ?? 0) + count);
    sums.columns.set(col, (sums.columns.get(col) ?? 0) + count);
  }
  const rows = [...sums.rows.keys()].sort((a, b) => sums.rows.get(b) - sums.rows.get(a));
  const columns = months ?? [...sums.columns.keys()].sort((a, b) => sums.columns.get(b) - sums.columns.get(a));
  return { rows, columns, cells, sums };
}

const monthName = (month) => _('{n} (month)', { n: Number(month.slice(5)) });

function linkOf(asked, row, col) {
  const scope = asked.by === 'month' ? { from: col, to: col } : { from: `FY${asked.year}`, to: `FY${asked.year}`, [asked.by]: col };
  return address('/list', { count: asked.count, service: asked.service, ...scope, ...(row === undefined ? {} : { [asked.rows]: row }) });
}

function draw(asked, stats) {
  const months = asked.by === 'month' ? monthsOfYear(Number(asked.year)) : null;
  const { rows, columns, cells, sums } = cross(stats, months);
  const heading = (col) => (months ? monthName(col) : valueName(asked.by, col));
  const additive = !DISTINCT.includes(asked.count);
  const cell = (row, col) => {
    const n = cells.get(`${row}\n${col}`);
    // What is unknown has no word to ask for, so it is shown without a list.
    return n === undefined ? '' : row === '' || col === '' ? number(n) : el('a', { href: linkOf(asked, row, col) }, number(n));
  };
  const all = [...sums.rows.values()].reduce((sum, n) => sum + n, 0);
  const head = [column(fieldName(asked.rows)), ...columns.map((col) => numbers(heading(col))), ...(additive ? [numbers(_('Total'))] : [])];
  const body = rows.map((row) => [valueName(asked.rows, row), ...columns.map((col) => cell(row, col)), ...(additive ? [sums.rows.get(row)] : [])]);
  const foot = additive ? [_('Total'), ...columns.map((col) => sums.columns.get(col) ?? 0), all] : undefined;
  const title = `${measureName(asked.count)} ${yearName(Number(asked.year))}`;
  return { node: table(title, head, body, { foot, head: 1 }), rows, columns, cells, heading, title };
}

async function chartOf(asked, { rows, columns, cells, heading, title }) {
  const { chart } = await import('./chart.js');
  const series = rows.slice(0, IN_CHART).map((row) => ({ name: valueName(asked.rows, row), values: columns.map((col) => cells.get(`${row}\n${col}`) ?? 0) }));
  const summary = _('{title}: chart of the {n} largest; the table has all the numbers.', { title, n: series.length });
  return chart(asked.by === 'month' ? 'line' : 'bar', columns.map(heading), series, summary);
}

async function results(asked) {
  const scope = scopeOf({ from: `FY${asked.year}`, to: `FY${asked.year}`, service: asked.service }, today());
  const stats = (await page({ stats: { count: asked.count, by: [asked.rows, asked.by], scope } })).page.stat ?? [];
  if (stats.length === 0) {
    return el('p', {}, _('Nothing was counted in this period.'));
  }
  const full = stats.map((row) => ({ ...row, key: [row.key?.[0] ?? '', row.key?.[1] ?? ''] }));
  const drawn = draw(asked, full);
  const unknown = stats.reduce((sum, row) => sum + (row.unknown ?? 0), 0);
  return [
    await chartOf(asked, drawn).catch(problem), drawn.node,
    unknown > 0 && el('p', {}, _('and {n} without a number', { n: number(unknown) })),
    DISTINCT.includes(asked.count) && el('p', { class: 'caption' }, _('Distinct counts are never added up, so there is no total.')),
  ];
}

await startPage(_('Months'), 'stats', async (content) => {
  await loadCatalogue();
  const year = fiscalYear(today());
  const asked = { count: 'contacts', rows: 'service', by: 'month', year: String(year), service: '', ...parameters() };
  const named = (fields) => fields.map((field) => [field, fieldName(field)]);
  const fields = {
    year: selectField(fieldName('year'), Array.from({ length: YEARS }, (each, i) => [String(year - i), yearName(year - i)]), { value: asked.year }),
    count: selectField(fieldName('measure'), Object.keys(MEASURES).map((each) => [each, measureName(each)]), { value: asked.count }),
    rows: selectField(_('Rows'), named(ROWS), { value: asked.rows }),
    by: selectField(_('Columns'), named(['month', ...ROWS]), { value: asked.by }),
    service: selectField(fieldName('service'), [['', _('(all)')], ...services(today()).map((each) => [each.code, labelOf(each)])], { value: asked.service }),
  };
  const place = el('section', { 'aria-label': _('Numbers') });
  const ask = async () => {
    const wanted = Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.value]));
    if (wanted.rows === wanted.by) {
      fields.by.complain(_('Rows and columns are the same field.'));
      return;
    }
    remember(wanted);
    await show(place, () => results(wanted));
  };
  const made = form(fields, _('Show'), ask, { onerror: sentence });
  made.classList.add('filters');
  fill(content, made, place);
  await ask();
});
