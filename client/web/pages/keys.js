// Keys 1 to 9: what each records.  They stay as they are until a person changes them.
import { page } from './api.js';
import { codes, serviceOf, services } from './catalogue.js';
import { daysBefore, isoDate, today } from './clock.js';
import { keep, load } from './store.js';

const place = (office) => `keys.${office || 'any'}`;
const word = (list, code) => ({ list, code });

// Of each service in turn: its first topics where it mostly counts, else an inquiry and a case.
function ofService(service, date) {
  const topics = codes('topic', date, service.code).map((each) => each.code);
  const inquiry = [word('service', service.code), word('kind', 'TALLY'), word('nature', 'inquiry')];
  const counts = service.nature === 'procedure';
  const count = (topic) => [word('service', service.code), word('kind', 'TALLY'), word('topic', topic)];
  return counts ? [...topics.slice(0, 3).map(count), inquiry] : [inquiry, [word('service', service.code), word('kind', 'LOG')]];
}

export function defaultKeys() {
  const date = today();
  const rows = services(date).map((each) => ofService(each, date));
  const keys = [];
  for (let i = 0; keys.length < 9 && rows.some((row) => row.length > i); i += 1) {
    keys.push(...rows.filter((row) => row.length > i).map((row) => row[i]));
  }
  return keys.slice(0, 9);
}

// What was recorded most often in the last four weeks.
export async function frequentKeys(office) {
  const date = today();
  const answer = await page({
    stats: {
      count: 'contacts', by: ['service', 'topic', 'nature'],
      scope: {
        from: isoDate(daysBefore(date, 27)), to: isoDate(date),
        ...(office ? { filter: [{ field: 'office', value: [office] }] } : {}),
      },
    },
  });
  const rows = (answer.page.stat ?? []).filter(({ key }) => services(date).some((each) => each.code === key[0]));
  const found = rows
    .sort((a, b) => b.count - a.count)
    .map(({ key: [service, topic, nature] }) => {
      const counted = nature === 'inquiry' || nature === 'procedure';
      const own = serviceOf(service)?.nature === nature;
      return [word('service', service), word('kind', counted ? 'TALLY' : 'LOG'), topic && word('topic', topic), nature && !own && word('nature', nature)].filter(Boolean);
    });
  const known = new Set(found.map((each) => JSON.stringify(each)));
  return [...found, ...defaultKeys().filter((each) => !known.has(JSON.stringify(each)))].slice(0, 9);
}

export const keysOf = (office) => load(place(office), null) ?? load(place(''), null) ?? defaultKeys();
export const keepKeys = (office, keys) => keep(place(office), keys);
