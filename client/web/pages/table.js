// Tables, and what a page does with a question: asked, answered, shown.
import { problem } from './frame.js';
import { el, fill } from './dom.js';
import { _, number } from './i18n.js';

// Columns from which a table is in small print on paper, and in the smallest: the days of
// a month with two headings.
const WIDE = 20;
const WIDEST = 30;
const sizeOf = (n) => (n > WIDEST ? 'wide widest' : n > WIDE && 'wide');

const classOf = (of) => [of?.number && 'number', of?.screen && 'no-print'].filter(Boolean).join(' ') || null;

// columns: [{ text, number, screen }]; rows and foot: lists of cells (nodes, texts, numbers, null).
export function table(caption, columns, rows, { foot, head = 0 } = {}) {
  const cell = (value, i, tag) => {
    const heading = i < head;
    const attributes = { class: classOf(columns[i]), scope: heading ? 'row' : null };
    return el(heading ? 'th' : tag, attributes, typeof value === 'number' ? number(value) : value);
  };
  return el(
    'div', { class: 'scroll', tabindex: '0', role: 'group', 'aria-label': caption },
    el('table', { class: sizeOf(columns.length) },
      el('caption', {}, caption),
      el('thead', {}, el('tr', {}, columns.map((column) => el('th', { scope: 'col', class: classOf(column) }, column.text)))),
      el('tbody', {}, rows.map((row) => el('tr', {}, row.map((value, i) => cell(value, i, 'td'))))),
      foot && el('tfoot', {}, el('tr', {}, foot.map((value, i) => cell(value, i, 'td'))))),
  );
}

export const column = (text) => ({ text });
export const numbers = (text) => ({ text, number: true });
export const onScreen = (text) => ({ text, screen: true }); // of buttons: nothing on paper
export const cutNote = (answer) => answer.cut && el('p', { class: 'warning' }, _('Only the first 2,000 rows are shown. Narrow the question.'));

// Shows what make() gives in a node, an error in its place.
export async function show(node, make) {
  node.setAttribute('aria-busy', 'true');
  try {
    fill(node, await make());
  } catch (error) {
    fill(node, problem(error));
  } finally {
    node.removeAttribute('aria-busy');
  }
}
