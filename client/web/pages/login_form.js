// The form in which somebody says who they are, on its page and over any other.
import { login, sentence, session } from './api.js';
import { el, fill, freshId } from './dom.js';
import { _ } from './i18n.js';
import { secretComplaint } from './form.js';
import { keep, load } from './store.js';

// done() is called when somebody is there; name is who it probably will be.
export function loginForm(done, given = load('last-account', '')) {
  const ids = { name: freshId('name'), password: freshId('password'), error: freshId('error') };
  const error = el('p', { class: 'error', id: ids.error, role: 'alert' });
  const name = el('input', {
    id: ids.name, name: 'name', autocomplete: 'username', autocapitalize: 'none', spellcheck: 'false', required: true,
    maxlength: '64', 'aria-describedby': ids.error, value: given,
  });
  const password = el('input', {
    id: ids.password, name: 'password', type: 'password', autocomplete: 'current-password', required: true,
    maxlength: '200', 'aria-describedby': ids.error,
  });
  const button = el('button', { class: 'primary' }, _('Log in'));
  const required = () => el('span', { class: 'required' }, _('※required'));

  async function submit(event) {
    event.preventDefault();
    const secret = secretComplaint(name.value);
    if (secret) {
      fill(error, '＊', secret);
      name.focus();
      return;
    }
    button.disabled = true;
    fill(error);
    [name, password].forEach((input) => input.removeAttribute('aria-invalid'));
    try {
      await login(name.value.trim(), password.value);
      keep('last-account', session.account);
      keep('active', Date.now());
      keep('login', Date.now()); // tells every other tab
      password.value = '';
      done();
    } catch (fault) {
      fill(error, '＊', sentence(fault));
      [name, password].forEach((input) => input.setAttribute('aria-invalid', 'true'));
      password.focus();
      password.select();
    } finally {
      button.disabled = false;
    }
  }

  return el(
    'form', { class: 'form login', onsubmit: submit, novalidate: true },
    el('div', { class: 'field' }, el('label', { for: ids.name }, _('Account'), required()), name),
    el('div', { class: 'field' }, el('label', { for: ids.password }, _('Password'), required()), password),
    error,
    el('div', { class: 'buttons' }, button),
  );
}

export function focusLogin(form) {
  const name = form.querySelector('input[name=name]');
  (name.value === '' ? name : form.querySelector('input[name=password]')).focus();
}
