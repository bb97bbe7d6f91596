// /password: one's own, changed.
import { ask, openSession, sentence, session } from './api.js';
import { el, fill } from './dom.js';
import { form, textField } from './form.js';
import { firstPage, say, startPage } from './frame.js';
import { _ } from './i18n.js';

const LEAST_BYTES = 10;

await startPage(_('Password'), 'anybody', async (content) => {
  const secret = (text, more) => textField(text, { type: 'password', required: true, ...more });
  const fields = {
    old: secret(_('Password until now'), { autocomplete: 'current-password' }),
    fresh: secret(_('New password'), { autocomplete: 'new-password', help: _('At least ten letters; a sentence is easy.') }),
    again: secret(_('New password once more'), { autocomplete: 'new-password' }),
  };
  const change = async () => {
    if (new TextEncoder().encode(fields.fresh.value).length < LEAST_BYTES) {
      fields.fresh.complain(_('At least ten letters; a sentence is easy.'));
      return;
    }
    if (fields.fresh.value !== fields.again.value) {
      fields.again.complain(_('The two are not the same.'));
      return;
    }
    const { once } = session;
    await ask({ password: { old: fields.old.value, fresh: fields.fresh.value } });
    Object.values(fields).forEach((field) => { field.value = ''; });
    say(_('The password is changed.'));
    if (once) {
      await openSession();
      location.assign(firstPage());
    }
  };
  fill(content, session.once && el('p', { class: 'warning' }, _('This password serves once. Set your own now.')), form(fields, _('Change the password'), change, { onerror: sentence }));
  fields.old.input.focus();
});
