// /audit: logins, refusals, changes of rights, exports, corrections, documents.
import { page, sentence } from './api.js';
import { instantName, isoDate, today } from './clock.js';
import { el, fill } from './dom.js';
import { dateField, form, selectField, textField } from './form.js';
import { startPage } from './frame.js';
import { _, number } from './i18n.js';
import { column, cutNote, numbers, show, table } from './table.js';
import { kindName } from './words.js';

const KINDS = ['account', 'month-close', 'correct', 'void', 'catalogue', 'plan', 'publish', 'login', 'login-failed', 'logout', 'password', 'password-reset', 'certificate-refused', 'refused', 'export', 'backup'];

async function results(asked) {
  const answer = await page({ audit: asked });
  const rows = answer.page?.entry ?? [];
  const columns = [numbers(_('Entry')), column(_('Recorded')), column(_('Kind')), column(_('Recorded by')), column(_('Number')), column(_('Particulars'))];
  return [
    cutNote(answer),
    table(_('Entries: {n}', { n: number(rows.length) }), columns, rows.map((row) => [
      `#${row.seq}`, instantName(row.recorded_at ?? 0), kindName(row.kind), row.actor ?? '', row.number ?? '', (row.field ?? []).map(({ name, value }) => `${name}=${value ?? ''}`).join(' '),
    ])),
  ];
}

await startPage(_('Audit'), 'audit', async (content) => {
  const fields = {
    from: dateField(_('From'), { value: today(Date.now() - 7 * 86400_000) }),
    to: dateField(_('To'), { value: today() }),
    kind: selectField(_('Kind'), [['', _('(all)')], ...KINDS.map((kind) => [kind, kindName(kind)])]),
    actor: textField(_('Account')),
    number: textField(_('Case number'), { maxlength: '32' }),
  };
  const place = el('section', { 'aria-label': _('Found') });
  const ask = () => {
    const asked = {};
    for (const name of ['from', 'to']) {
      if (fields[name].value) {
        asked[name] = isoDate(fields[name].value);
      }
    }
    for (const name of ['actor', 'number']) {
      if (fields[name].value) {
        asked[name] = fields[name].value;
      }
    }
    if (fields.kind.value) {
      asked.kind = [fields.kind.value];
    }
    return show(place, () => results(asked));
  };
  const made = form(fields, _('Search'), ask, { onerror: sentence });
  made.classList.add('filters');
  fill(content, made, place);
  await ask();
});
