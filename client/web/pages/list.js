// /list: search by number, date, topic and more; also where every number of a table leads.
import { may, page, sentence } from './api.js';
import { codes, labelOf, loadCatalogue, services } from './catalogue.js';
import { caseTable } from './case_table.js';
import { dateOfIso, isoDate, today } from './clock.js';
import { el, fill } from './dom.js';
import { dateField, form, selectField, textField } from './form.js';
import { startPage } from './frame.js';
import { _, number } from './i18n.js';
import { FILTERS, parameters, remember, scopeOf } from './query.js';
import { caseNumberOf } from './suggest.js';
import { column, cutNote, numbers, show, table } from './table.js';
import { fieldName, measureName, stateName, valueName } from './words.js';

const SEARCHED = ['service', 'topic', 'channel', 'status'];
const BREAKDOWN = { refusals: ['service', 'reason'], outcomes: ['service', 'outcome'], referrals: ['service', 'target'], sessions: ['service', 'session_kind'] };

// The same scope as a count: what was only counted has no case to list.
async function counted(asked) {
  const measure = asked.count ?? 'contacts';
  const by = BREAKDOWN[measure] ?? ['service', 'topic', 'nature'];
  const { status, ...scope } = asked;
  const rows = (await page({ stats: { count: measure, by, scope: scopeOf(scope, today()) } })).page.stat ?? [];
  const total = rows.reduce((sum, row) => sum + row.count, 0);
  const foot = ['active', 'programs'].includes(measure) ? undefined : [_('Total'), ...by.slice(1).map(() => ''), total];
  return table(_('{measure} of this question', { measure: measureName(measure) }), [...by.map((field) => column(fieldName(field))), numbers(_('Count'))],
    rows.map((row) => [...by.map((field, i) => valueName(field, row.key?.[i] ?? '')), row.count]), { foot });
}

async function results(asked) {
  const answer = await page({ list: scopeOf(asked, today()) });
  const rows = answer.page?.case_row ?? [];
  const used = [...FILTERS, 'from', 'to'].filter((field) => asked[field]).map((field) => `${{ from: _('from'), to: _('to') }[field] ?? fieldName(field)}: ${field in { from: 1, to: 1 } ? asked[field] : valueName(field, asked[field])}`);
  return [
    used.length > 0 && el('p', {}, used.join(' ・ ')),
    may('stats') && (await counted(asked)),
    cutNote(answer),
    caseTable(_('Cases: {n}', { n: number(rows.length) }), rows),
  ];
}

function searchForm(asked, search) {
  const pick = (field, list) => selectField(fieldName(field), [['', _('(all)')], ...list.map((each) => [each.code, labelOf(each)])], { value: asked[field] ?? '' });
  const fields = {
    number: textField(_('Case number'), { help: _('M-2026-000123, or m123 of this year'), maxlength: '32' }),
    from: dateField(_('From'), { value: dateOfIso(asked.from) }),
    to: dateField(_('To'), { value: dateOfIso(asked.to) }),
    service: pick('service', services(today())),
    topic: pick('topic', codes('topic', today())),
    channel: pick('channel', codes('channel', today())),
    status: selectField(fieldName('status'), [['', _('(all)')], ...['open', 'closed', 'void'].map((each) => [each, stateName(each)])], { value: asked.status ?? '' }),
  };
  const made = form(fields, _('Search'), async () => {
    const typed = fields.number.value;
    const found = typed && (caseNumberOf(typed, today()) ?? typed.toUpperCase());
    if (found) {
      location.assign(`/case?number=${encodeURIComponent(found)}`);
      return;
    }
    const iso = (field) => (field.value ? isoDate(field.value) : '');
    await search({ from: iso(fields.from), to: iso(fields.to), ...Object.fromEntries(SEARCHED.map((name) => [name, fields[name].value])) });
  }, { onerror: sentence });
  made.classList.add('filters');
  return [made, fields.number.input];
}

await startPage(_('Search'), 'list', async (content) => {
  await loadCatalogue();
  const asked = parameters();
  const place = el('section', { 'aria-label': _('Found') });
  const search = async (wanted) => {
    remember(wanted);
    await show(place, () => results(wanted));
  };
  const [node, first] = searchForm(asked, search);
  fill(content, node, place);
  if (Object.keys(asked).length > 0) {
    await search(asked);
  } else {
    first.focus();
  }
});
