// The city's words: services and lists of codes, with what may be typed for each.
import { get, session } from './api.js';
import { inLanguage } from './i18n.js';

let catalogue = { service: [], code: [], group: [] };

export async function loadCatalogue() {
  ({ catalogue } = await get('/api/catalogue'));
  catalogue = { service: [], code: [], group: [], ...catalogue };
  return catalogue;
}

const live = (word, date) => word.retired === undefined || date < word.retired;
const within = (limits, code) => limits.length === 0 || limits.includes(code);

// The services that this account may record for.
export const services = (date) =>
  catalogue.service.filter((each) => live(each, date) && within(session.services ?? [], each.code));

export const serviceOf = (code) => catalogue.service.find((each) => each.code === code);

// The codes of a list: 'topic', 'channel' ...; of one service where one is given.
export const codes = (list, date, service) =>
  catalogue.code.filter(
    (each) =>
      each.list === list &&
      live(each, date) &&
      (service === undefined || each.service === undefined || each.service.includes(service)) &&
      (list !== 'office' || within(session.offices ?? [], each.code)),
  );

const LIST_OF = { session_kind: 'session-kind', venue_kind: 'venue-kind' };

function wordOf(field, code) {
  if (field === 'service') {
    return serviceOf(code);
  }
  const find = (list) => catalogue.code.find((each) => each.list === list && each.code === code);
  return field === 'route' ? (find('channel') ?? find('session-kind')) : find(LIST_OF[field] ?? field);
}

// The label of a code, or of several split by ';'.  What is no code stays as it is.
export const label = (field, value) =>
  String(value ?? '')
    .split(';')
    .map((code) => inLanguage(wordOf(field, code)) || code)
    .join('、');

export const labelOf = (word) => inLanguage(word) || word.code;

// Hiragana, half width, small letters: so that what is typed in any way meets its word.
const fold = (text) =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[ァ-ヶ]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0x60));

const forms = (word) => [word.ja, word.en, word.code, word.kana].filter(Boolean).map(fold);

// How well a word meets what was typed: 0 exactly, 1 from its beginning, 2 within, or -1.
export function match(word, typed) {
  const wanted = fold(typed);
  const all = forms(word);
  if (all.includes(wanted)) {
    return 0;
  }
  if (all.some((form) => form.startsWith(wanted))) {
    return 1;
  }
  return all.some((form) => form.includes(wanted)) ? 2 : -1;
}

// What a Japanese input method shows before it is done: いj, しh.  The last letters are no kana yet.
export const typedSoFar = (text) => (/[ぁ-ん]/.test(text) ? text.replace(/[a-zａ-ｚ]+$/i, '') : text);
