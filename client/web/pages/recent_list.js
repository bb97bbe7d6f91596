// The last entries beside the box, each with what can still be done about it.
import { el, fill } from './dom.js';
import { _ } from './i18n.js';
import { instantName } from './clock.js';
import { mayGrow, mayUndo, recent } from './recent.js';

const SHOWN = 5;

function state(item) {
  switch (item.state) {
    case 'waiting':
      return el('span', { class: 'state waiting' }, _('sending'));
    case 'refused':
      return el('span', { class: 'state refused' }, _('not recorded'));
    case 'undone':
      return el('span', { class: 'state' }, _('taken back'));
    case 'grown':
      return el('span', { class: 'state' }, _('became a case'));
    default:
      return el('span', { class: 'state done' }, item.number ? el('a', { href: `/case?number=${item.number}` }, item.number) : el('a', { href: `/case?seq=${item.seq}` }, `#${item.seq}`));
  }
}

const button = (text, label, act) => el('button', { type: 'button', class: 'small', 'aria-label': `${text}: ${label}`, onclick: act }, text);

function row(item, on, more) {
  const live = ['waiting', 'done'].includes(item.state);
  return el(
    'li', { class: `recent ${item.state}`, 'data-id': item.ids[0] },
    el('span', { class: 'when' }, instantName(item.at).slice(-5)), ' ', el('span', { class: 'what' }, item.label), ' ', state(item),
    el('span', { class: 'acts' },
      live && button(_('Add'), item.label, () => on.more(item)),
      live && mayGrow(item) && button(_('Make a case'), item.label, () => on.grow(item)),
      mayUndo(item) && button(_('Take back'), item.label, () => on.undo(item)),
      item.state === 'refused' && button(_('Repair'), item.label, () => on.repair(item))),
    more && el('span', { class: 'marked' }, _('being added to')),
    item.error && el('p', { class: 'error' }, `＊${item.error}`),
    item.warning?.map((text) => el('p', { class: 'warning' }, text)),
  );
}

// What a button or link of a list is, the same before and after the list is drawn again.
const nameOf = (stop) => `${stop.closest('li').dataset.id} ${stop.getAttribute('aria-label') ?? 'number'}`;

// The last five into a list; on: { more, grow, undo, repair } of an item.
export function drawRecent(node, on, marked, most = SHOWN) {
  const shown = recent().slice(0, most);
  const name = node.contains(document.activeElement) ? nameOf(document.activeElement) : null;
  fill(node, shown.map((item) => row(item, on, item.ids[0] === marked)), shown.length === 0 && el('li', { class: 'none' }, _('Nothing yet today.')));
  if (name !== null) {
    [...node.querySelectorAll('a, button')].find((stop) => nameOf(stop) === name)?.focus(); // an answer does not take the focus away
  }
}
