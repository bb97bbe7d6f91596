// /reports: the month's and the year's report, to read, print and take along.
import { sentence } from './api.js';
import { labelOf, loadCatalogue, services } from './catalogue.js';
import { fiscalYear, monthOf, monthsOfYear, today, yearName } from './clock.js';
import { el, fill } from './dom.js';
import { form, selectField } from './form.js';
import { startPage } from './frame.js';
import { N_, _ } from './i18n.js';
import { reportAddress, reportTables } from './report_data.js';
import { show } from './table.js';
import { fieldName } from './words.js';

const KINDS = [['monthly', N_('Monthly report')], ['yearly', N_('Yearly report')], ['five-years', N_('Five years')], ['survey', N_('Survey on migration consultations (MIC)')]];
const FORMATS = [['xlsx', 'Excel (xlsx)'], ['csv', 'CSV'], ['text', N_('Text')]];

await startPage(_('Reports'), 'stats', async (content) => {
  await loadCatalogue();
  const fy = fiscalYear(today());
  const months = [...monthsOfYear(fy), ...monthsOfYear(fy - 1)].filter((month) => month <= monthOf(today())).sort().reverse();
  const fields = {
    kind: selectField(_('Report'), KINDS.map(([kind, text]) => [kind, _(text)])),
    service: selectField(fieldName('service'), services(today()).map((each) => [each.code, labelOf(each)])),
    month: selectField(_('Month (monthly report)'), months.map((month) => [month, month])),
    year: selectField(_('Fiscal year (other reports)'), Array.from({ length: 6 }, (each, i) => [String(fy - i), yearName(fy - i)])),
  };
  const place = el('section', { 'aria-label': _('Report') });
  const ask = async () => {
    const kind = fields.kind.value;
    const asked = { kind, service: fields.service.value, ...(kind === 'monthly' ? { month: fields.month.value } : { year: fields.year.value }) };
    await show(place, async () => [
      el('p', { class: 'buttons' }, FORMATS.map(([format, text]) => el('a', { class: 'button', href: reportAddress(asked, format), download: true }, _('Download: {format}', { format: _(text) }))),
        el('button', { type: 'button', onclick: () => print() }, _('Print'))),
      await reportTables(asked),
    ]);
  };
  const made = form(fields, _('Show'), ask, { onerror: sentence });
  made.classList.add('filters');
  fill(content, made, place);
});
