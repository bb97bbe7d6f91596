// A counter's PC is shared: after some minutes without a key it asks who is there, and
// one key hands it to somebody else.  Whatever was typed stays and is there again.
import { logout, onLoginEnded, openSession, session } from './api.js';
import { byId, el, fill } from './dom.js';
import { _ } from './i18n.js';
import { focusLogin, loginForm } from './login_form.js';
import { keep, load, onChange, terminal } from './store.js';

const LOOK_MS = 5000;
let open = null; // the promise of the dialog that is shown

function ask(title) {
  const before = session.account;
  open ??= new Promise((resolve) => {
    const focused = document.activeElement;
    const dialog = el('dialog', { class: 'lock', 'aria-labelledby': 'lock-title' });
    const form = loginForm(() => {
      dialog.close();
      dialog.remove();
      byId('page').hidden = false;
      open = null;
      if (session.once) {
        location.assign('/password');
      } else if (session.account !== before) {
        location.reload(); // with what that person left here
      } else {
        active();
        focused?.focus?.();
        resolve();
      }
    });
    fill(dialog, el('h2', { id: 'lock-title' }, title), el('p', {}, _('What was typed is kept.')), form);
    dialog.addEventListener('cancel', (event) => event.preventDefault());
    document.body.append(dialog);
    byId('page').hidden = true; // a citizen may see this screen
    dialog.showModal();
    focusLogin(form);
  });
  return open;
}

let noted = 0;
function active() {
  if (Date.now() - noted > LOOK_MS / 2) {
    noted = Date.now();
    keep('active', noted);
  }
}

export async function lock(title = _('Who is at the counter?')) {
  if (open) {
    return;
  }
  const shown = ask(title);
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
      lock(_('Locked, for nobody was here.'));
    }
  }, LOOK_MS);
  onChange('last-account', async () => {
    const before = session.account;
    await openSession();
    if (session.account !== null && session.account !== before) {
      location.reload(); // changed in another tab
    }
  });
  if (idleFor() > locksAfter()) {
    lock(_('Locked, for nobody was here.'));
  } else {
    active();
  }
}
