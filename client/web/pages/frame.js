// What is around every page: who is there, where one can go, what waits to be sent.
import { may, openSession, sentence, session } from './api.js';
import { byId, el, fill } from './dom.js';
import { N_, _, changeLanguage, language } from './i18n.js';
import { lock, watchLock } from './lock.js';
import { onOutbox, outboxCount, outboxFailing, outboxOfOthers, pump } from './outbox.js';

const LINKS = [
  ['/', N_('Counter'), 'log'],
  ['/today', N_('Today'), 'list'],
  ['/list', N_('Search'), 'list'],
  ['/month', N_('Months'), 'stats'],
  ['/reports', N_('Reports'), 'stats'],
  ['/close', N_('Month close'), 'month-close'],
  ['/indicators', N_('Indicators'), 'indicators'],
  ['/accounts', N_('Accounts'), 'accounts'],
  ['/audit', N_('Audit'), 'audit'],
  ['/catalogue', N_('Catalogue'), 'documents'],
  ['/settings', N_('Settings'), 'anybody'],
];

export const firstPage = () => LINKS.find(([, , right]) => may(right))?.[0] ?? '/password';

// Says something without taking the focus; read aloud by screen readers.
export function say(text, kind = 'said') {
  fill(byId('said'), el('span', { class: kind }, text));
}

function waits() {
  const n = outboxCount();
  const parts = outboxOfOthers().map(([account, count]) => _('{account}: {count} not sent', { account, count }));
  if (n > 0) {
    parts.unshift(outboxFailing() ? _('No answer; {count} wait and are sent by themselves.', { count: n }) : _('Sending: {count}', { count: n }));
  }
  fill(byId('waits'), parts.join(' ・ '));
  byId('waits').className = outboxFailing() ? 'waits failing' : 'waits';
}

function header() {
  const here = location.pathname;
  const link = ([href, text]) => el('li', {}, el('a', { href, 'aria-current': href === here && 'page' }, _(text)));
  return el(
    'header', { class: 'top' },
    el('a', { class: 'skip', href: '#main' }, _('To the contents')),
    el('p', { class: 'name' }, el('strong', {}, _('Madoguchi')), ' ', session.name),
    el('nav', { 'aria-label': _('Pages') }, el('ul', {}, LINKS.filter(([, , right]) => may(right)).map(link))),
    el(
      'div', { class: 'who' },
      el('a', { href: '/password', title: _('Change the password') }, session.person || session.account),
      el('button', { type: 'button', class: 'small', onclick: () => lock(), 'aria-keyshortcuts': 'F9' }, _('Change person (F9)')),
      el('button', { type: 'button', class: 'small', lang: language === 'ja' ? 'en' : 'ja', onclick: changeLanguage }, language === 'ja' ? 'English' : '日本語'),
    ),
  );
}

function frame(title, content) {
  document.title = `${title} - ${_('Madoguchi')}`;
  fill(
    byId('page'),
    header(),
    el('div', { class: 'notes' }, el('p', { id: 'said', role: 'status' }), el('p', { id: 'waits', class: 'waits', role: 'status' })),
    el('main', { id: 'main', tabindex: '-1' }, el('h1', {}, title), content),
  );
}

// Shows an error inside of a page.
export const problem = (error) => el('p', { class: 'problem', role: 'alert' }, sentence(error));

// Starts a page: show() gives its contents once somebody is there who may see it.
export async function startPage(title, right, show) {
  try {
    await openSession();
    if (session.account === null) {
      location.replace(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
      return;
    }
    if (session.once && location.pathname !== '/password') {
      location.replace('/password');
      return;
    }
    if (!may(right) && right !== 'anybody') {
      frame(title, el('p', { class: 'problem' }, _('This account has no right to this page.')));
      document.body.dataset.ready = 'no';
      return;
    }
    const content = el('div', { class: 'content' });
    frame(title, content);
    watchLock();
    addEventListener('keydown', (event) => {
      if (event.key === 'F9') {
        event.preventDefault();
        lock();
      }
    });
    onOutbox(waits);
    waits();
    pump();
    await show(content);
    document.body.dataset.ready = 'yes';
  } catch (error) {
    if (byId('main') === null) {
      frame(title, problem(error));
    } else {
      byId('main').append(problem(error));
    }
    document.body.dataset.ready = 'failed';
  }
}
