// What is to be recorded and not yet acknowledged.  It lies in localStorage before it
// is sent first, and is sent in order, each with its own id, until the daemon has said
// yes or no: nothing typed is lost to a reload, a dead gateway or an ended login, and
// nothing is recorded twice.
import { Lost, Refused, ask, freshRequestId, session } from './api.js';
import { keep, keysOf, load, onChange } from './store.js';

const MOST = 200;
const WAITS_S = [1, 2, 4, 8, 15, 30];
const waiting = new Map(); // id -> { resolve, reject } of who asked in this tab
const listeners = new Set();
let running = false;
let failures = 0;
let wake = () => {};

const key = () => `outbox.${session.account}`;
const items = () => load(key(), []);
const tell = () => listeners.forEach((each) => each());

export const onOutbox = (listener) => listeners.add(listener);
export const outboxCount = () => (session.account === null ? 0 : items().length);
export const outboxFailing = () => failures > 0;

// Whose entries wait on this PC for them to log in: [account, how many].
export const outboxOfOthers = () =>
  keysOf('outbox.')
    .filter((account) => account !== session.account)
    .map((account) => [account, load(`outbox.${account}`, []).length])
    .filter(([, n]) => n > 0);

export class OutboxFull extends Error {}

// Puts requests into the box, all or none.  A later one may leave a part open for the
// answer to an earlier one: { request, after: id, part: ['voiding', 'seq'], from: 'seq' }.
// One that needs an earlier one (needs: id) is dropped with it when that is refused.
// Gives a promise of Recorded for each.
export function record(...all) {
  const mine = all.map((each) => ({ ...each, request: { id: freshRequestId(), ...each.request } }));
  const before = items();
  if (before.length + mine.length > MOST || !keep(key(), [...before, ...mine])) {
    return mine.map(() => Promise.reject(new OutboxFull()));
  }
  const promises = mine.map(
    ({ request }) =>
      new Promise((resolve, reject) => {
        waiting.set(request.id, { resolve, reject });
      }),
  );
  tell();
  pump();
  return promises;
}

export const recordOne = (request) => record({ request })[0];

function settle(id, how, value) {
  waiting.get(id)?.[how](value);
  waiting.delete(id);
}

// The tab that sends is not always the one that asked: answers are left where both see them.
function answered(ids, how, value) {
  ids.forEach((id) => settle(id, how, value));
  const left = load(`answers.${session.account}`, []);
  keep(`answers.${session.account}`, [...left, ...ids.map((id) => ({ id, how, value }))].slice(-50));
}

function hearAnswers() {
  for (const { id, how, value } of load(`answers.${session.account}`, [])) {
    settle(id, how, how === 'reject' ? Object.assign(new Refused(value.status, {}), value) : value);
  }
  tell();
}

function fillIn(item, answer) {
  const { after, part, from, ...rest } = item;
  const [body, field] = part;
  return { ...rest, request: { ...rest.request, [body]: { ...rest.request[body], [field]: answer[from] } } };
}

// Takes an answered item out, and hands its answer to those that wait for it.
function done(item, answer) {
  const { id } = item.request;
  keep(
    key(),
    items()
      .filter((each) => each.request.id !== id)
      .map((each) => (each.after === id ? fillIn(each, answer) : each)),
  );
  answered([id], 'resolve', answer);
}

// Takes a refused item out, with all that waited for its answer.
function refused(item, error) {
  const gone = new Set([item.request.id]);
  const left = items().filter((each) => {
    const goes = gone.has(each.request.id) || gone.has(each.after) || gone.has(each.needs);
    if (goes) {
      gone.add(each.request.id);
    }
    return !goes;
  });
  keep(key(), left);
  keep(`refused.${session.account}`, [...load(`refused.${session.account}`, []), { item, error: error.message }].slice(-20));
  gone.forEach((id) => settle(id, 'reject', error));
  const { status, code, field, near, message } = error;
  answered([...gone], 'reject', { status, code, field, near, message });
}

// The answer to what an earlier visit to this page put into the box.
export function answerTo(id) {
  const left = load(`answers.${session.account}`, []).find((each) => each.id === id);
  if (left !== undefined) {
    return left.how === 'resolve' ? Promise.resolve(left.value) : Promise.reject(Object.assign(new Refused(0, {}), left.value));
  }
  if (items().some((each) => each.request.id === id)) {
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject });
    });
  }
  return Promise.reject(new Lost());
}

const pause = (seconds) =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, seconds * 1000);
    wake = () => {
      clearTimeout(timer);
      resolve();
    };
  });

async function sendFirst(account) {
  const item = items()[0];
  try {
    const { recorded } = await ask(item.request);
    failures = 0;
    done(item, recorded);
  } catch (error) {
    if (session.account !== account) {
      return;
    }
    if (error instanceof Lost || error.status === 401) {
      failures += 1;
      tell();
      await pause(Math.max(error.after ?? 0, WAITS_S[Math.min(failures, WAITS_S.length) - 1]));
      return;
    }
    failures = 0;
    refused(item, error);
  }
  tell();
}

async function drain() {
  const { account } = session;
  while (account !== null && session.account === account && items().length > 0) {
    await sendFirst(account);
  }
}

// Sends what waits; one tab of the browser at a time.
export async function pump() {
  if (running) {
    wake();
    return;
  }
  running = true;
  try {
    await (navigator.locks ? navigator.locks.request(`madoguchi ${key()}`, drain) : drain());
  } finally {
    running = false;
  }
}

export const refusedBefore = () => load(`refused.${session.account}`, []);
export const forgetRefused = () => {
  keep(`refused.${session.account}`, []);
  tell();
};

addEventListener('online', () => wake());
onChange('outbox.', tell);
onChange('answers.', hearAnswers);
