// What this account recorded at this terminal today: shown at once, with what became of
// it, and taken back while it is fresh.
import { freshRequestId, session } from './api.js';
import { caseOf, describe } from './acts.js';
import { today } from './clock.js';
import { _ } from './i18n.js';
import { answerTo, record } from './outbox.js';
import { keep, load, terminal } from './store.js';

const MOST = 100;
const UNDO_MS = 20 * 60_000;
const listeners = new Set();
export const onRecent = (listener) => listeners.add(listener);

const key = () => `recent.${session.account}`;

// Newest first: { ids, acts, words, at, state, seq, number, warning, error }.
export const recent = () => load(key(), []).filter((each) => today(each.at) === today());

const itemOf = (id) => recent().find((each) => each.ids[0] === id);

function change(id, changes) {
  keep(key(), recent().map((each) => (each.ids[0] === id ? { ...each, ...changes } : each)));
  listeners.forEach((each) => each());
}

const envelope = () => (terminal().name ? { terminal: terminal().name } : {});

const ifWaiting = (id, state) => (itemOf(id)?.state === 'waiting' ? { state } : {});

// An entry that could not be changed is as it was before.
const stays = ({ ids: [id], acts, label }) => (error) =>
  change(id, { state: itemOf(id)?.seq === undefined ? 'refused' : 'done', acts, label, error: error.message });

// Follows an entry of the list until it is acknowledged or refused.
function follow(id, promises) {
  promises[0].then(
    // What was taken back or grew before its answer came stays so.
    ({ seq, number, warning = [] }) => change(id, { ...ifWaiting(id, 'done'), seqs: [seq], seq, number, warning }),
    (error) => change(id, { ...ifWaiting(id, 'refused'), error: error.message }),
  );
  promises.slice(1).forEach((promise) =>
    promise.then(
      ({ seq }) => {
        change(id, { seqs: [...(itemOf(id)?.seqs ?? []), seq] });
      },
      () => {}, // what it followed was refused, or it stands among what was refused
    ),
  );
  return promises;
}

// Records acts of one moment; those after the first belong to the case it opens.
export function recordActs(acts, words) {
  const ids = acts.map(() => freshRequestId());
  const item = { ids, acts, words, at: Date.now(), state: 'waiting', label: describe(acts) };
  const requests = acts.map((act, i) => ({
    request: { id: ids[i], ...envelope(), act },
    ...(i > 0 && act.case_number === undefined ? { after: ids[0], part: ['act', 'case_number'], from: 'number' } : {}),
  }));
  const promises = record(...requests);
  keep(key(), [item, ...recent()].slice(0, MOST));
  listeners.forEach((each) => each());
  return follow(ids[0], promises)[0];
}

// After a reload: what waited then is followed again.
export function followAgain() {
  for (const item of recent().filter((each) => each.state === 'waiting')) {
    follow(item.ids[0], item.ids.map(answerTo)).forEach((promise) => promise.catch(() => {}));
  }
}

export const mayUndo = (item) => ['waiting', 'done'].includes(item.state) && Date.now() - item.at < UNDO_MS;

// The voiding of an entry that may itself still wait for its answer.
function voidingOf(item, i, reason) {
  const seq = item.seqs?.[i];
  return seq === undefined
    ? { request: { ...envelope(), voiding: { reason } }, after: item.ids[i], part: ['voiding', 'seq'], from: 'seq' }
    : { request: { ...envelope(), voiding: { seq, reason } } };
}

export function undo(item) {
  const reason = _('Mistyped at the counter; taken back at once');
  const promises = record(...item.ids.map((id, i) => voidingOf(item, i, reason)).reverse());
  change(item.ids[0], { state: 'undone' });
  promises.forEach((promise) => promise.catch(stays(item)));
  return Promise.all(promises);
}

export const mayGrow = (item) => ['waiting', 'done'].includes(item.state) && item.acts[0].kind === 'TALLY' && (item.acts[0].count ?? 1) > 0;

// A count becomes a case: opened at the count's own time, and counted once.
export function grow(item) {
  const [tally] = item.acts;
  const reason = _('Became a case');
  const acts = [caseOf(tally)];
  const ids = [freshRequestId()];
  const rest = (tally.count ?? 1) - 1;
  let less = voidingOf(item, 0, reason);
  if (rest > 0) {
    const correction = { reason, change: [{ field: 'count', value: String(rest) }] };
    less = item.seq === undefined
      ? { request: { ...envelope(), correction }, after: item.ids[0], part: ['correction', 'seq'], from: 'seq' }
      : { request: { ...envelope(), correction: { ...correction, seq: item.seq } } };
  }
  const promises = record({ request: { id: ids[0], ...envelope(), act: acts[0] } }, { ...less, needs: ids[0] });
  const grown = { ids, acts, words: item.words, at: item.at, state: 'waiting', label: describe(acts) };
  const changed = rest > 0
    ? { ...item, acts: [{ ...tally, count: rest }], label: describe([{ ...tally, count: rest }]) }
    : { ...item, state: 'grown' };
  keep(key(), [grown, ...recent().map((each) => (each.ids[0] === item.ids[0] ? changed : each))].slice(0, MOST));
  listeners.forEach((each) => each());
  promises[1].catch(stays(item));
  return follow(ids[0], promises.slice(0, 1))[0];
}

// More about an entry, after the visitor has left.
export function enrich(item, changes) {
  const correction = { reason: _('Added at the counter'), change: changes };
  const [promise] = record(
    item.seq === undefined
      ? { request: { ...envelope(), correction }, after: item.ids[0], part: ['correction', 'seq'], from: 'seq' }
      : { request: { ...envelope(), correction: { ...correction, seq: item.seq } } },
  );
  const act = { ...item.acts[0] };
  for (const { field, value } of changes) {
    act[field] = field === 'topic' ? value.split(';') : field === 'count' ? Number(value) : value;
  }
  const acts = [act, ...item.acts.slice(1)];
  change(item.ids[0], { acts, label: describe(acts) });
  promise.catch((error) => change(item.ids[0], { error: error.message }));
  return promise;
}
