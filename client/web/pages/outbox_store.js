// The outbox as it lies in localStorage.  Everything in it is a key of its own, so that
// one write adds and one takes out, and no tab writes over what another has written:
//   outbox.ACCOUNT.TAB.ORDER.ID   what waits, of the tab that recorded it
//   answers.ACCOUNT.ID            what became of it: { how, value }
//   refused.ACCOUNT.ID            what was refused: { item, error }
// None of these parts has a dot: an account is named with letters, digits and hyphens.
import { freshRequestId } from './api.js';
import { forget, keep, keysOf, load } from './store.js';

const MOST_ANSWERS = 200;
const MOST_REFUSED = 20;
const NAME = 'madoguchi.tab';
// Of this visit, should there be no room for them.
const answers = new Map();
const refused = new Map();

// Does something in the name of a tab, unless another does; only one can where the
// browser has locks, and where it has none what is sent twice is still recorded once.
export const inNameOf = (tab, act) =>
  (navigator.locks ? navigator.locks.request(`madoguchi tab ${tab}`, { ifAvailable: true }, (lock) => lock && act()) : act());

// Whether this tab has the name now, and then as long as it lives.
const hold = (tab) =>
  new Promise((resolve) => {
    const held = inNameOf(tab, () => {
      resolve(true);
      return new Promise(() => {});
    });
    held.then(() => resolve(false), () => resolve(false));
  });

// A browser that keeps nothing has a new name at each load.
function remembered(name) {
  try {
    if (name !== undefined) {
      sessionStorage.setItem(NAME, name);
    }
    return sessionStorage.getItem(NAME);
  } catch {
    return null;
  }
}

// A tab keeps its name when it is loaded again.  A copy of it has the name as well, but
// not the lock, and takes another one.
async function named() {
  const before = remembered();
  if (before !== null && (await hold(before))) {
    return before;
  }
  const fresh = freshRequestId().slice(-8);
  remembered(fresh);
  await hold(fresh);
  return fresh;
}
export const ownTab = await named();

// What waits, in order: { key, account, tab, order, id } each; of an account, of its tab.
export function waits(...of) {
  const prefix = ['outbox', ...of, ''].join('.');
  const parts = (rest) => {
    const [, account, tab, order, id] = (prefix + rest).split('.');
    return { key: prefix + rest, account, tab, order: Number(order), id };
  };
  return keysOf(prefix).map(parts).filter(({ id }) => id !== undefined).sort((a, b) => a.order - b.order);
}

let last = Math.max(0, ...waits().filter(({ tab }) => tab === ownTab).map(({ order }) => order));

// Puts all in, or none.
export function put(account, items) {
  const keys = items.map(({ request }) => {
    last += 1;
    return `outbox.${account}.${ownTab}.${last}.${request.id}`;
  });
  const all = keys.every((key, i) => keep(key, items[i]));
  if (!all) {
    keys.forEach(forget);
  }
  return all;
}

// Keeps a thing behind a prefix, and the newest of the others there: an id begins with its
// time, by a clock that may have been set back since.  Whether it was kept.
function keepAmong(prefix, most, id, value) {
  const others = keysOf(prefix).filter((each) => each !== id).sort();
  others.slice(0, Math.max(0, others.length + 1 - most)).forEach((each) => forget(prefix + each));
  return keep(prefix + id, value);
}

export const answerOf = (account, id) => load(`answers.${account}.${id}`, answers.get(id) ?? null);
export function keepAnswer(account, id, answer) {
  answers.set(id, answer);
  [...answers.keys()].slice(0, -MOST_ANSWERS).forEach((each) => answers.delete(each));
  return keepAmong(`answers.${account}.`, MOST_ANSWERS, id, answer);
}

export function refusedOf(account) {
  const prefix = `refused.${account}.`;
  const kept = keysOf(prefix).sort().map((id) => load(prefix + id)).filter((each) => each?.item?.request);
  return [...kept, ...(refused.get(account) ?? [])];
}
export function keepRefused(account, item, error) {
  if (!keepAmong(`refused.${account}.`, MOST_REFUSED, item.request.id, { item, error })) {
    refused.set(account, [...(refused.get(account) ?? []), { item, error }].slice(-MOST_REFUSED));
  }
}
export function forgetRefusedOf(account) {
  keysOf(`refused.${account}.`).forEach((id) => forget(`refused.${account}.${id}`));
  refused.delete(account);
}
