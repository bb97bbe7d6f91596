// What the tests of the counter's page ask and wait for.
import { until } from './kit.mjs';

export const chips = (page) => page.$$eval('.chip', (all) => all.map((chip) => chip.getAttribute('aria-label')));
export const keyTexts = (page) => page.$$eval('#keys .key', (all) => all.map((key) => key.innerText));
export const recents = (page) => page.$$eval('#recent > li.recent', (all) => all.map((item) => ({ state: item.className, text: item.innerText })));
export const focused = (page) => page.evaluate(() => document.activeElement?.id);
export const typed = (page) => page.inputValue('#entry');

// All that this browser keeps of the pages.
export const kept = (page) => page.evaluate(() => JSON.stringify(Object.entries(localStorage)));

export const waiting = (page) => page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith('madoguchi.outbox.')).length);
export const settled = (page) => until('an empty outbox', async () => (await waiting(page)) === 0);

export const press = async (page, ...keys) => {
  for (const key of keys) {
    await page.keyboard.press(key);
  }
};

// The key 1 to 9 that has all these words on it.
export async function keyOf(page, ...wanted) {
  const at = (await keyTexts(page)).findIndex((text) => wanted.every((each) => text.includes(each)));
  if (at < 0) {
    throw new Error(`no key has ${wanted}`);
  }
  return String(at + 1);
}

// Today in Japan, as YYYYMMDD.
export const today = (offset = 0) => Number(new Date(Date.now() + 9 * 3600_000 + offset * 86400_000).toISOString().slice(0, 10).replaceAll('-', ''));

// What the daemon counts.
export const contacts = (world, by = 'service,topic,nature') => world.rows(['stats', '--by', by]).filter((row) => row !== '').sort();
export const contactsSum = (world) => contacts(world).reduce((sum, row) => sum + Number(row.split(',').at(-1)), 0);
export const shown = (world, what) => JSON.parse(world.madoguchi(['show', String(what), '--format', 'json']));
