// What /report gives: its address, and its tables as this page draws them.
import { get } from './api.js';
import { el } from './dom.js';
import { language } from './i18n.js';
import { address } from './query.js';
import { table } from './table.js';

export const reportAddress = (asked, format) => address('/report', { ...asked, format, language });

export async function reportTables(asked) {
  const { tables = [] } = await get(reportAddress(asked, 'json'));
  return tables.map(({ title, definition, unit, columns, rows }) => {
    const isNumber = (i) => rows.length > 0 && rows.every((row) => row[i] === null || row[i] === '' || typeof row[i] === 'number');
    const heads = columns.map((text, i) => ({ text, number: i > 0 && isNumber(i) }));
    return [el('h2', {}, title), definition && el('p', { class: 'help' }, definition), table(unit ? `${title} (${unit})` : title, heads, rows.map((row) => row.map((value) => value ?? '')), { head: 1 })];
  });
}
