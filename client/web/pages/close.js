// /close: a month is looked at once more and closed.
import { page, sentence } from './api.js';
import { labelOf, loadCatalogue, services } from './catalogue.js';
import { fiscalYear, monthOf, monthsOfYear, today } from './clock.js';
import { el, fill } from './dom.js';
import { form, selectField } from './form.js';
import { say, startPage } from './frame.js';
import { _, number } from './i18n.js';
import { recordOne } from './outbox.js';
import { address } from './query.js';
import { column, numbers, show, table } from './table.js';
import { fieldName, measureName, valueName } from './words.js';

const COUNTED = ['contacts', 'cases', 'outcomes', 'refusals'];

async function review(month, service) {
  const filter = service ? [{ field: 'service', value: [service] }] : undefined;
  const counts = await Promise.all(COUNTED.map(async (count) =>
    (await page({ stats: { count, by: ['service'], scope: { from: month, to: month, today: today(), ...(filter ? { filter } : {}) } } })).page.stat ?? []));
  const names = [...new Set(counts.flat().map((row) => row.key[0]))];
  const cell = (count, name, rows) => {
    const found = rows.find((row) => row.key[0] === name);
    return found ? el('a', { href: address('/list', { count, from: month, to: month, service: name }) }, number(found.count)) : '';
  };
  return table(_('What {month} has', { month }), [column(fieldName('service')), ...COUNTED.map((count) => numbers(measureName(count)))],
    names.map((name) => [valueName('service', name), ...COUNTED.map((count, i) => cell(count, name, counts[i]))]), { head: 1 });
}

await startPage(_('Month close'), 'month-close', async (content) => {
  await loadCatalogue();
  const fy = fiscalYear(today());
  const over = [...monthsOfYear(fy - 1), ...monthsOfYear(fy)].filter((month) => month < monthOf(today())).reverse();
  const place = el('section', { 'aria-label': _('What is closed') });
  const look = () => show(place, () => review(fields.month.value, fields.service.value));
  const fields = {
    month: selectField(fieldName('month'), over.map((month) => [month, month]), { onchange: () => look() }),
    service: selectField(fieldName('service'), [['', _('(all)')], ...services(today()).map((each) => [each.code, labelOf(each)])], { onchange: () => look() }),
  };
  const close = async () => {
    const service = fields.service.value;
    const answer = await recordOne({ closing: { month: Number(fields.month.value.replace('-', '')), ...(service ? { service } : {}) } });
    say([_('Closed: {month} (#{seq})', { month: fields.month.value, seq: answer.seq }), ...(answer.warning ?? [])].join(' '));
  };
  fill(content, el('p', {}, _('What is recorded later for a closed month is late, and shown as a restatement.')), form(fields, _('Close the month'), close, { onerror: sentence }), place);
  await look();
});
