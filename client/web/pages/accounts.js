// /accounts: who may do what; for administrators to change, for auditors to read.
import { ask, may, page, sentence } from './api.js';
import { codes, label, labelOf, loadCatalogue, services } from './catalogue.js';
import { dateName, instantName, today } from './clock.js';
import { el, fill } from './dom.js';
import { checkField, choicesField, dateField, form, textField } from './form.js';
import { say, startPage } from './frame.js';
import { N_, _ } from './i18n.js';
import { recordOne } from './outbox.js';
import { column, onScreen, show, table } from './table.js';
import { fieldName } from './words.js';

const ROLES = {
  clerk: N_('Counter clerk'), temporary: N_('Temporary staff'), counsellor: N_('Counsellor'), supervisor: N_('Supervisor'),
  planner: N_('Planning office'), auditor: N_('Auditor'), administrator: N_('Administrator'),
};
const roleName = (role) => (ROLES[role] ? _(ROLES[role]) : role);

function accountForm(row, done) {
  const a = row?.account ?? {};
  const fields = {
    name: textField(_('Account'), { value: a.name ?? '', required: true, maxlength: '32', help: _('Small letters, digits and -') }),
    person: textField(_('Name of the person'), { value: a.person ?? '' }),
    role: choicesField(_('Roles'), Object.keys(ROLES).map((role) => [role, roleName(role)]), { value: a.role ?? [] }),
    service: choicesField(_('Services (none: all)'), services(today()).map((each) => [each.code, labelOf(each)]), { value: a.service ?? [] }),
    office: choicesField(_('Offices (none: all)'), codes('office', today()).map((each) => [each.code, labelOf(each)]), { value: a.office ?? [] }),
    until: dateField(_('Last day'), { value: a.until ?? 0 }),
    disabled: checkField(_('May not be used'), { checked: a.disabled === true }),
  };
  fields.name.input.readOnly = row !== undefined;
  return form(fields, row ? _('Change the account') : _('Make the account'), async () => {
    const { uid, certificate } = a;
    const account = { uid, certificate, replaces: row?.seq };
    for (const [name, field] of Object.entries(fields)) {
      if (field.value !== '' && field.value !== 0 && field.value !== false && field.value.length !== 0) {
        account[name] = field.value;
      }
    }
    done(await recordOne({ account }));
  }, { onerror: sentence });
}

async function givePassword(name, place) {
  await show(place, async () => {
    const answer = await ask({ password: { name } });
    const given = (answer.page.pair ?? []).find((pair) => pair.name === 'password')?.value ?? '';
    return el('div', { class: 'entry-card' },
      el('p', {}, _('Password of {name}; it serves once, to set another. It is shown only now:', { name })), el('p', {}, el('output', {}, el('strong', {}, given))),
      el('button', { type: 'button', class: 'small', onclick: () => fill(place) }, _('Hide')));
  });
}

async function draw(content) {
  await show(content, async () => {
    const rows = (await page({ accounts: {} })).page.account ?? [];
    const place = el('div', { id: 'account-form', 'aria-live': 'polite' });
    const done = (answer) => {
      say(_('Recorded: {number} {label}', { number: `#${answer.seq}`, label: '' }));
      draw(content);
    };
    const open = (row) => {
      fill(place, accountForm(row, done));
      place.querySelector(row ? 'input[type=checkbox]' : 'input').focus();
    };
    const words = (list, name) => (list ?? []).map(name).join('、');
    const columns = [_('Account'), _('Name of the person'), _('Roles'), fieldName('service'), fieldName('office'), _('Last day'), _('State'), _('Recorded')].map(column).concat(may('account') ? [onScreen(_('What to do'))] : []);
    const body = rows.map((row) => [
      row.account.name, row.account.person ?? '', words(row.account.role, roleName), words(row.account.service, (code) => label('service', code)),
      words(row.account.office, (code) => label('office', code)), row.account.until ? dateName(row.account.until) : '', row.account.disabled ? _('disabled') : '',
      `#${row.seq} ${instantName(row.recorded_at ?? 0)} ${row.actor ?? ''}`,
      ...(may('account') ? [el('span', { class: 'buttons' },
        el('button', { type: 'button', class: 'small', 'aria-label': _('Change {name}', { name: row.account.name }), onclick: () => open(row) }, _('Change')),
        el('button', { type: 'button', class: 'small', 'aria-label': _('New password for {name}', { name: row.account.name }), onclick: () => givePassword(row.account.name, place) }, _('New password')))] : []),
    ]);
    return [
      may('account') && el('p', {}, el('button', { type: 'button', onclick: () => open(undefined) }, _('New account'))),
      place, table(_('Accounts: {n}', { n: rows.length }), columns, body, { head: 1 }),
    ];
  });
}

await startPage(_('Accounts'), 'accounts', async (content) => {
  await loadCatalogue();
  await draw(content);
});
