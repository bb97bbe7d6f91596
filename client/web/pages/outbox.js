// What is to be recorded and not yet acknowledged.  It lies in localStorage before it
// is sent first, and is sent in order, each with its own id, until the daemon has said
// yes or no: nothing typed is lost to a reload, a dead gateway or an ended login, and
// nothing is recorded twice.  A tab sends what it recorded itself, and what a tab left
// that is there no more.
import { Lost, Refused, ask, freshRequestId, session } from './api.js';
import { _ } from './i18n.js';
import { answerOf, forgetRefusedOf, inNameOf, keepAnswer, keepRefused, ownTab, put, refusedOf, waits } from './outbox_store.js';
import { forget, load, onChange } from './store.js';

const MOST = 200;
const WAITS_S = [1, 2, 4, 8, 15, 30];
const SEND_MS = 5000;
const waiting = new Map(); // id -> { resolve, reject } of who asked in this tab
const listeners = new Set();
const sending = new Map(); // tab -> how often in a row nobody answered
const pauses = { nobody: new Set(), earlier: new Set() }; // what ends each, by what it waits for

const wake = (...why) => why.forEach((each) => pauses[each].forEach((end) => end()));

// What is shown may fail; what is sent goes on.
function tell() {
  for (const each of listeners) {
    try {
      each();
    } catch (error) {
      console.error(error);
    }
  }
}

export const onOutbox = (listener) => listeners.add(listener);
export const outboxCount = () => (session.account === null ? 0 : waits(session.account).length);
export const outboxFailing = () => [...sending.values()].some((failures) => failures > 0);

// Whose entries wait on this PC for them to log in: [account, how many].
export function outboxOfOthers() {
  const counts = {};
  for (const { account } of waits().filter((each) => each.account !== session.account)) {
    counts[account] = (counts[account] ?? 0) + 1;
  }
  return Object.entries(counts);
}

export class OutboxFull extends Error {}

const promiseOf = (id) =>
  new Promise((resolve, reject) => {
    waiting.set(id, { resolve, reject });
  });

// Puts requests into the box, all or none.  A later one may leave a part open for the
// answer to an earlier one: { request, after: id, part: ['voiding', 'seq'], from: 'seq' }.
// One that needs an earlier one (needs: id) is dropped with it when that is refused.
// Gives a promise of Recorded for each.
export function record(...all) {
  const mine = all.map((each) => ({ ...each, request: { id: freshRequestId(), ...each.request } }));
  if (outboxCount() + mine.length > MOST || !put(session.account, mine)) {
    return mine.map(() => Promise.reject(new OutboxFull()));
  }
  const promises = mine.map(({ request }) => promiseOf(request.id));
  wake('nobody', 'earlier');
  send(session.account, ownTab);
  tell();
  return promises;
}

export const recordOne = (request) => record({ request })[0];

const errorOf = (value) => Object.assign(new Refused(value.status, {}), value);

function settle(id, { how, value }) {
  waiting.get(id)?.[how](how === 'reject' ? errorOf(value) : value);
  waiting.delete(id);
}

// Takes an item out; its answer is there before, for those that wait for it in any tab.
// Where there is no room for both, the item makes room.
function done({ key, account, id }, answer) {
  const kept = keepAnswer(account, id, answer);
  forget(key);
  if (!kept) {
    keepAnswer(account, id, answer);
  }
  settle(id, answer);
  wake('earlier');
}

function hearAnswers() {
  for (const id of [...waiting.keys()]) {
    const answer = answerOf(session.account, id);
    if (answer !== null) {
      settle(id, answer);
    }
  }
  wake('earlier');
  tell();
}

// The answer to what an earlier visit to this page put into the box.
export function answerTo(id) {
  const answer = answerOf(session.account, id);
  if (answer === null && !waits(session.account).some((each) => each.id === id)) {
    return Promise.reject(new Lost());
  }
  const promise = promiseOf(id);
  if (answer !== null) {
    settle(id, answer);
  }
  return promise;
}

const pause = (why, seconds) =>
  new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      pauses[why].delete(end);
      resolve();
    };
    const timer = setTimeout(end, seconds * 1000);
    pauses[why].add(end);
  });

const forgotten = () => ({
  how: 'reject',
  value: { status: 0, field: '', near: [], message: _('What became of the entry before it is not known here any more. Look it up, and record this once more if it is missing.') },
});

// The answer to an earlier item; null while that waits, in whatever tab.
function earlier(account, id) {
  const waitsYet = waits(account).some((each) => each.id === id);
  return answerOf(account, id) ?? (waitsYet ? null : undefined);
}

// The first of a tab's items that can be sent; what needs an answer to another tab's item
// lets the others pass.
function firstOf(account, tab) {
  for (const place of waits(account, tab)) {
    const item = load(place.key);
    const before = [item?.needs, item?.after].filter(Boolean).map((id) => earlier(account, id));
    if (item !== undefined && !before.includes(null)) {
      return { ...place, item, before };
    }
  }
  return undefined;
}

function fillIn({ request, part: [body, field], from }, answer) {
  return { ...request, [body]: { ...request[body], [field]: answer[from] } };
}

async function sendOne(place) {
  const { account, tab, item, before } = place;
  if (before.includes(undefined)) {
    keepRefused(account, item, forgotten().value.message);
    done(place, forgotten());
    return;
  }
  const no = before.find(({ how }) => how === 'reject');
  if (no !== undefined) {
    done(place, no);
    return;
  }
  try {
    const { recorded } = await ask(item.after ? fillIn(item, before.at(-1).value) : item.request);
    sending.set(tab, 0);
    done(place, { how: 'resolve', value: recorded });
  } catch (error) {
    if (session.account !== account) {
      return;
    }
    if (error instanceof Lost || error.status === 401) {
      const failures = sending.get(tab) + 1;
      sending.set(tab, failures);
      tell();
      await pause('nobody', Math.max(error.after ?? 0, WAITS_S[Math.min(failures, WAITS_S.length) - 1]));
      return;
    }
    sending.set(tab, 0);
    const { status, code, field, near, message } = error;
    keepRefused(account, item, message);
    done(place, { how: 'reject', value: { status, code, field, near, message } });
  }
}

// Sends what a tab recorded, in order, as long as the account is logged in.
async function send(account, tab) {
  if (account === null || sending.has(tab)) {
    return;
  }
  sending.set(tab, 0);
  try {
    while (session.account === account && waits(account, tab).length > 0) {
      const first = firstOf(account, tab);
      await (first === undefined ? pause('earlier', WAITS_S.at(-1)) : sendOne(first));
      tell();
    }
  } finally {
    sending.delete(tab);
  }
}

// Sends what tabs left that are there no more.
function adopt() {
  const { account } = session;
  const tabs = new Set(waits(account).map(({ tab }) => tab));
  tabs.delete(ownTab);
  tabs.forEach((tab) => Promise.resolve(inNameOf(tab, () => send(account, tab))).catch(console.error));
}

// Sends what waits and is not being sent.
function sendAll() {
  send(session.account, ownTab);
  adopt();
}

// The same, without a pause that may be under way.
export function pump() {
  wake('nobody', 'earlier');
  sendAll();
}

export const refusedBefore = () => refusedOf(session.account);
export function forgetRefused() {
  forgetRefusedOf(session.account);
  tell();
}

addEventListener('online', () => wake('nobody'));
setInterval(sendAll, SEND_MS);
onChange('outbox.', tell);
onChange('answers.', hearAnswers);
