// /today: the day's list - what was counted, which cases, what this terminal recorded.
import { may, page, sentence } from './api.js';
import { loadCatalogue } from './catalogue.js';
import { caseTable } from './case_table.js';
import { dateName, isoDate, today } from './clock.js';
import { el, fill } from './dom.js';
import { say, startPage } from './frame.js';
import { _, number } from './i18n.js';
import { address } from './query.js';
import { followAgain, grow, onRecent, undo } from './recent.js';
import { drawRecent } from './recent_list.js';
import { column, cutNote, numbers, show, table } from './table.js';
import { fieldName, valueName } from './words.js';

const BY = ['service', 'topic', 'nature', 'channel'];
const day = isoDate(today());

async function counts() {
  const rows = (await page({ stats: { count: 'contacts', by: BY, scope: { from: day, to: day, today: today() } } })).page.stat ?? [];
  const total = rows.reduce((sum, row) => sum + row.count, 0);
  const link = (row) => el('a', { href: address('/list', { from: day, to: day, ...Object.fromEntries(BY.map((field, i) => [field, row.key?.[i]])) }) }, number(row.count));
  return table(_('Contacts of the day'), [...BY.map((field) => column(fieldName(field))), numbers(_('Count'))],
    rows.map((row) => [...BY.map((field, i) => valueName(field, row.key?.[i] ?? '')), link(row)]), { foot: [_('Total'), '', '', '', total] });
}

async function cases() {
  const answer = await page({ list: { from: day, to: day, today: today() } });
  const rows = answer.page?.case_row ?? [];
  return [cutNote(answer), caseTable(_('Cases of the day: {n}', { n: number(rows.length) }), rows)];
}

await startPage(_('Today'), 'list', async (content) => {
  await loadCatalogue();
  const places = [el('section', {}), el('section', {})];
  const mine = el('ul', { class: 'recents' });
  fill(content, el('p', {}, dateName(today())), places, el('h2', {}, _('Recorded at this terminal today')), mine);
  const failed = (error) => say(sentence(error), 'failed');
  const on = {
    more: () => location.assign('/'),
    grow: (item) => grow(item).catch(failed),
    undo: (item) => undo(item).catch(failed),
    repair: () => location.assign('/'),
  };
  const draw = () => drawRecent(mine, on, null, 100);
  onRecent(draw);
  followAgain();
  draw();
  if (may('stats')) {
    await show(places[0], counts);
  }
  await show(places[1], cases);
});
