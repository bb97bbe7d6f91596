// /prove?plan=nagai&indicator=migrated-cases&year=2023: from a number to what it counts.
import { page, sentence } from './api.js';
import { loadCatalogue } from './catalogue.js';
import { dateName, dateOfIso, today, yearName } from './clock.js';
import { el, fill } from './dom.js';
import { startPage } from './frame.js';
import { _, number } from './i18n.js';
import { address, parameters } from './query.js';
import { column, cutNote, numbers, table } from './table.js';
import { fieldName, kindName, valueName } from './words.js';

const isDenominator = (fact) => (fact.field ?? []).some(({ name, value }) => name === 'part' && value === 'denominator');
const FACT_KINDS = { baseline: () => _('Baseline') };

function factRow(fact) {
  const number_ = fact.value ?? fact.number;
  return [
    fact.seq === undefined ? '' : el('a', { href: `/case?seq=${fact.seq}` }, `#${fact.seq}`),
    fact.case_number ? el('a', { href: `/case?number=${encodeURIComponent(fact.case_number)}` }, fact.case_number) : '',
    fact.date ? dateName(fact.date) : (fact.month ?? ''),
    FACT_KINDS[fact.kind]?.() ?? kindName(fact.kind), number_ ?? '', fact.households ?? '', fact.persons ?? '',
    (fact.field ?? []).map(({ name, value }) => `${fieldName(name)}: ${valueName(name, value)}`).join(' ・ '),
  ];
}

// Exact sums of what was printed: whole numbers only; with decimals the daemon's own value stands above.
function total(facts, of) {
  const values = facts.filter((fact) => !isDenominator(fact)).map(of).filter((value) => value !== undefined);
  const whole = values.every((value) => Number.isInteger(Number(value)));
  return values.length === 0 || !whole ? '' : number(values.reduce((sum, value) => sum + Number(value), 0));
}

await startPage(_('Proof'), 'prove', async (content) => {
  const asked = parameters();
  await loadCatalogue();
  let answer;
  try {
    answer = await page({ prove: { plan: asked.plan, indicator: asked.indicator, year: Number(asked.year), today: today(), ...(asked.as_of ? { as_of: dateOfIso(asked.as_of) } : {}) } });
  } catch (error) {
    fill(content, el('p', { class: 'problem' }, sentence(error)));
    return;
  }
  const facts = answer.page.fact ?? [];
  const columns = [column(_('Entry')), column(fieldName('case')), column(fieldName('date')), column(fieldName('kind')), numbers(fieldName('number')), numbers(fieldName('households')), numbers(fieldName('persons')), column(_('Particulars'))];
  const foot = [_('Total'), '', '', '', total(facts, (f) => f.value ?? f.number), total(facts, (f) => f.households), total(facts, (f) => f.persons), ''];
  fill(
    content,
    el('p', {}, el('a', { href: address('/indicators', { plan: asked.plan, as_of: asked.as_of }) }, _('Back to the indicators'))),
    el('h2', {}, `${asked.plan} / ${asked.indicator} ${yearName(Number(asked.year))}`),
    el('dl', {}, (answer.page.pair ?? []).map(({ name, value }) => [el('dt', {}, { actual: _('Actual'), note: _('Note') }[name] ?? fieldName(name)), el('dd', {}, value ?? '')])),
    el('p', { class: 'caption' }, _('Journal position {n}', { n: answer.position })),
    cutNote(answer),
    table(_('What was counted: {n}', { n: number(facts.length) }), columns, facts.map(factRow), { foot: answer.cut ? undefined : foot }),
  );
});
