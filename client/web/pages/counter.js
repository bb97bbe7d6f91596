// /: the counter.  One key, or a few letters and Enter, and it is recorded.
import { sentence } from './api.js';
import { actsOf, changesOf, describe, kindFor, serviceFor } from './acts.js';
import { codes, labelOf, loadCatalogue } from './catalogue.js';
import { today } from './clock.js';
import { context } from './context.js';
import { drawContext } from './context_bar.js';
import { byId, el, fill } from './dom.js';
import { EntryBox, wordText } from './entry.js';
import { problem, say, startPage } from './frame.js';
import { _ } from './i18n.js';
import { keysOf } from './keys.js';
import { OutboxFull, forgetRefused, onOutbox, refusedBefore } from './outbox.js';
import { enrich, followAgain, grow, mayGrow, mayUndo, onRecent, recent, recordActs, undo } from './recent.js';
import { drawRecent } from './recent_list.js';

let box;
let marked = null; // the entry that the next words are added to

const itemOf = (id) => recent().find((item) => item.ids[0] === id);
const failed = (error) =>
  say(error instanceof OutboxFull ? _('Too much waits to be sent, or this browser keeps nothing. Not recorded.') : sentence(error), 'failed');

function recorded(answer, label) {
  const number = answer.number ?? `#${answer.seq}`;
  say([_('Recorded: {number} {label}', { number, label }), ...(answer.warning ?? [])].join(' '));
}

function save(words) {
  const acts = actsOf(words, context());
  const label = describe(acts);
  say(_('Sending: {label}', { label }));
  recordActs(acts, words).then((answer) => recorded(answer, label), failed);
  box.set([]);
}

function saveOrAdd(words, mode) {
  if (mode?.name !== 'more') {
    save(words);
    return;
  }
  const item = itemOf(mode.id);
  const changes = item ? changesOf(words, item.acts[0]) : [];
  if (changes.length === 0) {
    box.complain(_('Nothing of this can be added to the entry.'));
    return;
  }
  enrich(item, changes).then(() => say(_('Added: {label}', { label: item.label })), failed);
  box.set([]);
}

const reasons = () => codes('reason', today()).slice(0, 9);

function key(digit, words, mode) {
  if (mode?.name === 'refuse') {
    const reason = reasons()[digit - 1];
    if (reason !== undefined) {
      save([...words, { list: 'reason', code: reason.code }]);
    }
    return;
  }
  const chosen = keysOf(context().office)[digit - 1];
  if (chosen === undefined || mode?.name === 'more') {
    return;
  }
  const lists = new Set(words.map((word) => word.list));
  save([...chosen.filter((word) => !lists.has(word.list)), ...words]);
}

function takeBack(item) {
  if (item === undefined || !mayUndo(item)) {
    say(_('Nothing here that can still be taken back. Correct the entry instead.'));
    return;
  }
  undo(item).then(() => say(_('Taken back: {label}', { label: item.label })), failed);
  box.focus();
}

function makeCase(item) {
  if (item === undefined || !mayGrow(item)) {
    return false;
  }
  grow(item).then((answer) => recorded(answer, _('became a case')), failed);
  box.focus();
  return true;
}

const live = () => recent().filter((item) => ['waiting', 'done'].includes(item.state));

// The arrow goes from entry to entry, the newest first.
function markNext() {
  const all = live();
  const at = all.findIndex((item) => item.ids[0] === marked);
  const item = all[at + 1] ?? all[0];
  if (item !== undefined) {
    box.set([], { name: 'more', id: item.ids[0] });
  }
}

function summary(words, mode) {
  if (mode?.name === 'refuse') {
    return _('Refusal: 1 to {n} records it. Esc leaves.', { n: reasons().length });
  }
  if (mode?.name === 'more') {
    return _('Added to: {label}. Enter saves, Esc leaves.', { label: itemOf(mode.id)?.label ?? '' });
  }
  return words.length > 0
    ? _('Enter records: {label}', { label: describe(actsOf(words, context())) })
    : _('1-9 record at once. 0 refusal, * number, ↑ add to the last, + make it a case, Ctrl+Z take back, F2 context.');
}

// A key's words, without the kind where the others say it already.
function keyText(words) {
  const others = words.filter((word) => word.list !== 'kind');
  const said = words.some((word) => word.list === 'kind' && word.code === kindFor(others, serviceFor(others, '')) && word.code === 'TALLY');
  return (said ? others : words).map(wordText).join(' ・ ');
}

function drawKeys() {
  const refusing = box.mode?.name === 'refuse';
  const all = refusing
    ? reasons().map((reason) => labelOf(reason))
    : keysOf(context().office).map(keyText);
  const press = (digit) => () => {
    box.digit(String(digit));
    box.focus();
  };
  fill(
    byId('keys'),
    all.map((text, i) => el('button', { type: 'button', class: 'key', onclick: press(i + 1) }, el('kbd', {}, String(i + 1)), ' ', text)),
    el('button', { type: 'button', class: 'key', onclick: press(0) }, el('kbd', {}, '0'), ' ', refusing ? _('Back') : _('Refusal')),
  );
  byId('keys').classList.toggle('refusing', refusing);
}

function drawRefused() {
  const all = refusedBefore();
  fill(
    byId('refused'),
    all.length > 0 && el(
      'div', { class: 'problem' }, el('p', {}, _('The daemon refused these; they are not recorded:')),
      el('ul', {}, all.map(({ item, error }) => el('li', {}, item.request.act ? describe([item.request.act]) : _('a change of an entry'), ': ', error))),
      el('button', { type: 'button', class: 'small', onclick: () => { forgetRefused(); box.focus(); } }, _('Seen')),
    ),
  );
}

const onItem = {
  more: (item) => box.set([], { name: 'more', id: item.ids[0] }),
  grow: makeCase,
  undo: takeBack,
  repair: (item) => box.set(item.words),
};

function redraw() {
  drawRecent(byId('recent'), onItem, marked);
  drawRefused();
}

function changed(words, mode) {
  marked = mode?.name === 'more' ? mode.id : null;
  fill(byId('entry-summary'), summary(words, mode));
  drawKeys();
  redraw();
}

function watchKeys() {
  addEventListener('keydown', (event) => {
    if (event.key === 'F2') {
      event.preventDefault();
      byId('context-office').focus();
    }
  });
  // A day that ends takes its date and session with it.
  let day = today();
  setInterval(() => {
    if (today() !== day) {
      day = today();
      drawContext(byId('context'), () => box.focus(), () => box.show());
      redraw();
    }
    drawRecent(byId('recent'), onItem, marked); // what is no longer fresh cannot be taken back
  }, 60_000);
}

await startPage(_('Counter'), 'log', async (content) => {
  document.body.classList.add('counter-page');
  await loadCatalogue();
  box = new EntryBox({
    context,
    key,
    save: saveOrAdd,
    changed,
    undo: () => takeBack(live()[0]),
    grow: () => makeCase(live()[0]),
    up: markNext,
  });
  fill(
    content,
    el('section', { id: 'context', class: 'context', 'aria-label': _('Context') }),
    el('div', { class: 'counter' },
      el('section', { class: 'work', 'aria-label': _('Entry') }, box.node, el('p', { id: 'entry-summary', class: 'summary' }), el('div', { id: 'keys', class: 'keys', role: 'group', 'aria-label': _('Keys') })),
      el('section', { class: 'last' }, el('h2', {}, _('Last entries')), el('ul', { id: 'recent', class: 'recents' }), el('div', { id: 'refused' }))),
  );
  drawContext(byId('context'), () => box.focus(), () => box.show());
  onRecent(redraw);
  onOutbox(drawRefused);
  followAgain();
  box.restore();
  box.focus();
  watchKeys();
}).catch((error) => document.body.append(problem(error)));
