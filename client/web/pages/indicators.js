// /indicators: a plan's table, year by year, each number a link to its proof.
import { get, page, sentence } from './api.js';
import { dateOfIso, fiscalYear, isoDate, today, yearName } from './clock.js';
import { el, fill } from './dom.js';
import { dateField, form, selectField } from './form.js';
import { problem, startPage } from './frame.js';
import { _, language } from './i18n.js';
import { address, parameters, remember } from './query.js';
import { column, numbers, onScreen, show, table } from './table.js';
import { stateName } from './words.js';

const FIRST_YEAR = 2019; // R1
const nameOf = (row) => (language === 'en' && row.name_en) || row.name || row.id;

// Rows of the daemon, one a year, by indicator in the plan's order.
function byIndicator(rows) {
  const all = new Map();
  for (const row of rows) {
    all.set(row.id, [...(all.get(row.id) ?? []), row]);
  }
  return [...all.values()];
}

function yearCell(row, asked) {
  if (row?.actual === undefined) {
    return row?.note ? el('small', {}, row.note) : '―';
  }
  return [
    el('a', { href: address('/prove', { plan: asked.plan, indicator: row.id, year: row.year, as_of: asked.as_of }) }, row.actual),
    row.verdict && el('strong', {}, ` ${row.verdict}`), row.ratio && el('small', {}, ` ${row.ratio}%`),
    row.status === 'provisional' && el('small', {}, ` ${stateName(row.status)}`),
  ];
}

// "1,206" and the like as numbers; what is none leaves a gap.
const plotted = (text) => {
  const n = Number(String(text ?? '').replaceAll(',', ''));
  return text === undefined || text === '' || Number.isNaN(n) ? null : n;
};

async function trend(rows) {
  const { chart } = await import('./chart.js');
  const name = nameOf(rows[0]);
  const series = [
    { name: _('Actual'), values: rows.map((row) => plotted(row.actual)) },
    { name: _('Target'), values: rows.map((row) => plotted(row.target)) },
    { name: _('Baseline'), values: rows.map((row) => plotted(row.baseline)) },
  ];
  return chart('line', rows.map((row) => yearName(row.year)), series, _('{title}: actual values, target and baseline by year; the table has the same numbers.', { title: name }));
}

function detail(rows) {
  const columns = [column(_('Fiscal year')), numbers(_('Actual')), numbers(_('Target')), numbers(_('Ratio %')), column(_('Verdict')), column(_('As of')), column(_('State')), column(_('Note'))];
  return table(nameOf(rows[0]), columns, rows.map((row) => [
    yearName(row.year), row.actual ?? '―', row.target ?? '', row.ratio ?? '', row.verdict ?? '', row.as_of ?? '', stateName(row.status), row.note ?? '',
  ]), { head: 1 });
}

async function results(asked) {
  const from = Number(asked.from);
  const to = Number(asked.to);
  const indicators = { plan: asked.plan, from, to, today: today(), ...(asked.as_of ? { as_of: dateOfIso(asked.as_of) } : {}) };
  const rows = byIndicator((await page({ indicators })).page.indicator ?? []);
  const years = Array.from({ length: to - from + 1 }, (each, i) => from + i);
  const place = el('section', { id: 'trend', tabindex: '-1', 'aria-label': _('Trend') });
  const open = async (of) => {
    await show(place, async () => [await trend(of).catch(problem), detail(of)]);
    place.focus();
  };
  const columns = [column(_('Indicator')), column(_('Unit')), numbers(_('Baseline')), ...years.map((year) => numbers(yearName(year))), numbers(_('Target')), onScreen(_('Trend'))];
  const body = rows.map((of) => {
    const last = of.at(-1);
    return [
      nameOf(last), last.unit ?? '', [last.baseline ?? '', last.baseline_period && el('small', {}, ` ${last.baseline_period}`)],
      ...years.map((year) => yearCell(of.find((row) => row.year === year), asked)), [last.target ?? '', last.target_period && el('small', {}, ` ${last.target_period}`)],
      el('button', { type: 'button', class: 'small', 'aria-label': _('Chart: {name}', { name: nameOf(last) }), onclick: () => open(of) }, _('Chart')),
    ];
  });
  const asOf = asked.as_of ? _('as of {date}', { date: asked.as_of }) : _('as of today, {date}', { date: isoDate(today()) });
  return [table(`${asked.title} ${asOf}`, columns, body, { head: 1 }), place];
}

await startPage(_('Indicators'), 'indicators', async (content) => {
  const plans = ((await get('/api/plans')).page.pair ?? []).map(({ name, value }) => [name, value ?? name]);
  if (plans.length === 0) {
    fill(content, el('p', {}, _('There is no plan yet. A planning officer puts it in: madoguchi plan put FILE')));
    return;
  }
  const now = fiscalYear(today());
  const years = Array.from({ length: now - FIRST_YEAR + 3 }, (each, i) => [String(now + 1 - i), yearName(now + 1 - i)]);
  const asked = { plan: plans[0][0], from: String(FIRST_YEAR), to: String(Math.min(now, FIRST_YEAR + 4)), as_of: '', ...parameters() };
  const fields = {
    plan: selectField(_('Plan'), plans, { value: asked.plan }),
    from: selectField(_('From'), years, { value: asked.from }),
    to: selectField(_('To'), years, { value: asked.to }),
    as_of: dateField(_('What happened on or before'), { value: dateOfIso(asked.as_of) }),
  };
  const place = el('section', { 'aria-label': _('Table') });
  const ask = async () => {
    if (Number(fields.from.value) > Number(fields.to.value)) {
      fields.to.complain(_('The last year is before the first.'));
      return;
    }
    const wanted = { plan: fields.plan.value, from: fields.from.value, to: fields.to.value, as_of: fields.as_of.value ? isoDate(fields.as_of.value) : '' };
    remember(wanted);
    await show(place, () => results({ ...wanted, title: plans.find(([id]) => id === wanted.plan)?.[1] ?? '' }));
  };
  const made = form(fields, _('Show'), ask, { onerror: sentence });
  made.classList.add('filters');
  fill(content, made, place);
  await ask();
});
