// /catalogue: the city's words as they are now.
import { loadCatalogue } from './catalogue.js';
import { dateName } from './clock.js';
import { el, fill } from './dom.js';
import { startPage } from './frame.js';
import { _ } from './i18n.js';
import { column, table } from './table.js';
import { fieldName } from './words.js';

const retired = (word) => (word.retired ? _('not used from {date}', { date: dateName(word.retired) }) : '');

await startPage(_('Catalogue'), 'documents', async (content) => {
  const catalogue = await loadCatalogue();
  const lists = [...new Set(catalogue.code.map((each) => each.list))];
  const columns = [_('Code'), _('Japanese'), _('Reading'), _('English'), _('Only with'), _('State')].map(column);
  fill(
    content,
    el('p', {}, _('An administrator replaces it with: madoguchi catalogue put FILE')),
    table(fieldName('service'), [column(_('Code')), column(_('Japanese')), column(_('Reading')), column(_('English')), column(_('Numbers begin with')), column(_('State'))],
      catalogue.service.map((each) => [each.code, each.ja ?? '', each.kana ?? '', each.en ?? '', each.prefix ?? '', retired(each)]), { head: 1 }),
    lists.map((list) => table(fieldName(list.replace('-', '_')), columns,
      catalogue.code.filter((each) => each.list === list).map((each) => [each.code, each.ja ?? '', each.kana ?? '', each.en ?? '', (each.service ?? []).join(', '), retired(each)]), { head: 1 })),
  );
});
