// /settings: of this terminal - its name, its lock, and its keys 1 to 9.
import { may, sentence } from './api.js';
import { codes, label, labelOf, loadCatalogue, services } from './catalogue.js';
import { today } from './clock.js';
import { context } from './context.js';
import { el, fill } from './dom.js';
import { form, selectField, textField } from './form.js';
import { say, startPage } from './frame.js';
import { _ } from './i18n.js';
import { defaultKeys, frequentKeys, keepKeys, keysOf } from './keys.js';
import { keep, terminal } from './store.js';
import { fieldName, kindName } from './words.js';

const LISTS = ['topic', 'nature', 'channel', 'program', 'outcome', 'age'];
const LOCKS = ['1', '3', '5', '10', '15', '30', '60'];
const codeOf = (words, list) => words.find((word) => word.list === list)?.code ?? '';
const described = (words) => words.map(({ list, code }) => (list === 'kind' ? kindName(code) : label(list, code))).join(' ・ ');

function terminalForm() {
  const now = terminal();
  const fields = {
    name: textField(_('Name of this terminal'), { value: now.name, maxlength: '60', help: _('Kept with every entry, so that one knows where it was made.') }),
    lock: selectField(_('Locks after minutes without a key'), LOCKS.map((each) => [each, each]), { value: String(now.lock) }),
  };
  return form(fields, _('Keep'), async () => {
    const kept = keep('terminal', { name: fields.name.value, lock: Number(fields.lock.value) });
    say(kept ? _('Kept.') : _('This browser keeps nothing.'), kept ? 'said' : 'failed');
  }, { onerror: sentence });
}

function keyForm(words, done) {
  const options = (list, service) => [['', _('(not given)')], ...codes(list, today(), service).map((each) => [each.code, labelOf(each)])];
  const service = codeOf(words, 'service') || services(today())[0].code;
  const fields = {
    service: selectField(fieldName('service'), services(today()).map((each) => [each.code, labelOf(each)]), {
      value: service, onchange: () => done(null, [{ list: 'service', code: fields.service.value }, { list: 'kind', code: fields.kind.value }]),
    }),
    kind: selectField(fieldName('kind'), ['TALLY', 'LOG'].map((kind) => [kind, kindName(kind)]), { value: codeOf(words, 'kind') || 'TALLY' }),
    ...Object.fromEntries(LISTS.map((list) => [list, selectField(fieldName(list), options(list, service), { value: codeOf(words, list) })])),
  };
  return form(fields, _('Keep this key'), async () => {
    done(Object.entries(fields).filter(([, field]) => field.value !== '').map(([list, field]) => ({ list, code: field.value })));
  }, { onerror: sentence });
}

// The nine keys of an office; each change is kept at once.
function keysSection() {
  const { office } = context();
  const node = el('section', { 'aria-label': _('Keys') });
  const place = el('div', {});
  const put = (keys) => {
    keepKeys(office, keys);
    say(_('Kept.'));
    draw();
  };
  const edit = (i, words) => {
    const change = (kept, again) => (kept === null ? edit(i, again) : put(Object.assign([...keysOf(office)], { [i]: kept })));
    fill(place, el('h3', {}, _('Key {n}', { n: i + 1 })), keyForm(words, change));
    place.querySelector('select').focus();
  };
  const draw = () => {
    const keys = keysOf(office);
    const rows = Array.from({ length: Math.min(9, keys.length + 1) }, (each, i) => keys[i] ?? []);
    fill(
      node,
      el('h2', {}, office ? _('Keys 1 to 9 of {office}', { office: label('office', office) }) : _('Keys 1 to 9')),
      el('p', {}, _('They stay as they are until somebody changes them here.')),
      el('ol', { class: 'key-list' }, rows.map((words, i) => el('li', {}, described(words) || _('(free)'), ' ',
        el('button', { type: 'button', class: 'small', 'aria-label': _('Change key {n}', { n: i + 1 }), onclick: () => edit(i, words) }, _('Change'))))),
      el('p', { class: 'buttons' },
        may('stats') && el('button', { type: 'button', onclick: async () => {
          try {
            put(await frequentKeys(office));
          } catch (error) {
            say(sentence(error), 'failed');
          }
        } }, _('Make them from the last four weeks')),
        el('button', { type: 'button', onclick: () => put(defaultKeys()) }, _('Make them from the catalogue'))),
      place,
    );
  };
  draw();
  return node;
}

await startPage(_('Settings'), 'anybody', async (content) => {
  await loadCatalogue();
  fill(content, el('h2', {}, _('This terminal')), terminalForm(), may('log') && keysSection(), el('p', {}, el('a', { href: '/assets/licences.txt' }, _('Licences'))));
});
