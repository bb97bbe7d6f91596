// A counter's PC is shared: after some minutes without a key it asks who is there, and
// one key hands it to somebody else.  Whatever was typed stays and is there again.
import { logout, onLoginEnded, openSession, session } from './api.js';
import { byId, el, fill } from './dom.js';
import { _ } from './i18n.js';
import { focusLogin, loginForm } from './login_form.js';
import { pump } from './outbox.js';
import { keep, load, onChange, terminal } from './store.js';

const LOOK_MS = 5000;
let open = null; // the dialog that is shown: { promise, finish }

function ask(title, name = session.account ?? '') {
  if (open !== null) {
    return open.promise;
  }
  const before = session.account;
  const focused = document.activeElement;
  const dialog = el('dialog', { class: 'lock', 'aria-labelledby': 'lock-title' });
  let resolve;
  const promise = new Promise((done) => {
    resolve = done;
  });
  const finish = () => {
    open = null;
    dialog.remove();
    byId('page').hidden = false;
    if (session.once) {
      location.assign('/password');
    } else if (session.account !== before) {
      location.reload(); // with what that person left here
    } else {
      focused?.focus?.();
      pump(); // what waited for this person
      resolve();
    }
  };
  const form = loginForm(finish, name);
  fill(dialog, el('h2', { id: 'lock-title' }, title), el('p', {}, _('What was typed is kept.')), form);
  // Escape closes a dialog; this one comes back as long as nobody is there.
  dialog.addEventListener('cancel', (event) => event.preventDefault());
  dialog.addEventListener('close', () => open !== null && dialog.showModal());
  open = { promise, finish };
  document.body.append(dialog);
  byId('page').hidden = true; // a citizen may see this screen
  dialog.showModal();
  focusLogin(form);
  return promise;
}

// Somebody has logged in in another tab, which is for all.
async function onLogin() {
  const before = session.account;
  await openSession();
  if (session.account !== null && open !== null) {
    open.finish();
  } else if (session.account !== null && session.account !== before) {
    location.reload();
  }
}

let noted = 0;
function active() {
  if (open === null && Date.now() - noted > LOOK_MS / 2) {
    noted = Date.now();
    keep('active', noted);
  }
}

// A reload is locked as well, and so is every tab of this browser, until somebody logs in.
export async function lock(title = _('Who is at the counter?'), name = '') {
  if (open) {
    return;
  }
  keep('active', 0);
  const shown = ask(title, name);
  await logout().catch(() => {}); // the dialog is there in any case; the login ends by itself
  await shown;
}

const idleFor = () => Date.now() - load('active', Date.now());
const locksAfter = () => terminal().lock * 60_000;

// Begins to watch; true when the PC was left alone so long that it is locked at once.
export function watchLock() {
  onLoginEnded(() => ask(_('The login has ended. Log in to go on.')));
  for (const kind of ['keydown', 'pointerdown']) {
    addEventListener(kind, active, { capture: true, passive: true });
  }
  setInterval(() => {
    if (session.account !== null && idleFor() > locksAfter()) {
      lock(_('Locked, for nobody was here.'), session.account);
    }
  }, LOOK_MS);
  onChange('login', onLogin);
  if (idleFor() > locksAfter()) {
    lock(_('Locked, for nobody was here.'), session.account);
  } else {
    active();
  }
}
