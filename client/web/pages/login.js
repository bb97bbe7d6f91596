// /login: who is there.
import { openSession, session } from './api.js';
import { byId, el, fill } from './dom.js';
import { firstPage } from './frame.js';
import { _, changeLanguage, language } from './i18n.js';
import { focusLogin, loginForm } from './login_form.js';

// Where one was going; only ever a page of this server.
function next() {
  const wanted = new URLSearchParams(location.search).get('next') ?? '';
  const url = /^\/(?![/\\])/.test(wanted) ? new URL(wanted, location.origin) : null;
  return url !== null && url.origin === location.origin && url.pathname !== '/login' ? url.pathname + url.search : null;
}

const go = () => {
  const wanted = next();
  const first = firstPage();
  location.replace(session.once ? '/password' : wanted === null || (wanted === '/' && first !== '/') ? first : wanted);
};

document.title = `${_('Log in')} - ${_('Madoguchi')}`;
const form = loginForm(go);
try {
  await openSession();
} catch {
  // The form says so when it is sent.
}
if (session.account !== null) {
  go();
}
fill(
  byId('page'),
  el(
    'main', { class: 'login-page' },
    el('h1', {}, _('Madoguchi'), session.name && el('small', {}, ' ', session.name)),
    form,
    el('p', {}, el('button', { type: 'button', class: 'small', lang: language === 'ja' ? 'en' : 'ja', onclick: changeLanguage }, language === 'ja' ? 'English' : '日本語')),
    el('p', {}, el('a', { href: '/assets/licences.txt' }, _('Licences'))),
  ),
);
focusLogin(form);
document.body.dataset.ready = 'yes';
