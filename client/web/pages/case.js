// /case?number=M-2026-000123 or ?seq=42: all that was recorded, corrections side by side.
import { may, page } from './api.js';
import { loadCatalogue } from './catalogue.js';
import { actionsOf, correctForm, serviceOfNumber, voidForm } from './case_forms.js';
import { instantName } from './clock.js';
import { el, fill } from './dom.js';
import { say, startPage } from './frame.js';
import { _ } from './i18n.js';
import { query } from './query.js';
import { column, show, table } from './table.js';
import { fieldName, kindName, valueName } from './words.js';

let catalogue;
const HIDDEN = new Set(['case_number', 'kind']);

function corrections(entry) {
  const rows = (entry.revision ?? []).map((each) => [
    fieldName(each.field), el('span', { class: 'old' }, valueName(each.field, each.old_value ?? '')),
    el('strong', {}, valueName(each.field, each.new_value ?? '')), each.reason ?? '', `#${each.seq}`, each.voided ? _('taken back') : '',
  ]);
  const columns = [_('Field'), _('Before'), _('After'), _('Reason'), _('Entry'), _('State')].map(column);
  return rows.length > 0 && table(_('Corrections of #{seq}', { seq: entry.seq }), columns, rows, { head: 1 });
}

function card(entry, again) {
  const place = el('div', {});
  const service = serviceOfNumber(entry.number, catalogue) ?? entry.field?.find(({ name }) => name === 'service')?.value;
  const live = entry.voided_by === undefined;
  const open = (form) => () => {
    fill(place, form());
    place.querySelector('select, input').focus();
  };
  return el(
    'article', { class: 'entry-card' },
    el('h2', {}, `#${entry.seq} ${kindName(entry.kind)}`, !live && _(' (taken back)')),
    el('dl', {}, (entry.field ?? []).filter(({ name }) => !HIDDEN.has(name)).map(({ name, value }) => [el('dt', {}, fieldName(name)), el('dd', {}, valueName(name, value))])),
    el('p', { class: 'caption' }, _('recorded {when} by {actor}', { when: instantName(entry.recorded_at ?? 0), actor: entry.actor ?? '' }),
      entry.on_behalf && _(' for {whom}', { whom: entry.on_behalf })),
    corrections(entry),
    !live && el('p', {}, _('Taken back by #{seq}: {reason}', { seq: entry.voided_by, reason: entry.void_reason ?? '' })),
    live && el('div', { class: 'buttons' },
      may('correct') && el('button', { type: 'button', class: 'small', 'aria-label': _('Correct #{seq}', { seq: entry.seq }), onclick: open(() => correctForm(entry, service, again)) }, _('Correct')),
      may('void') && el('button', { type: 'button', class: 'small danger', 'aria-label': _('Take back #{seq}', { seq: entry.seq }), onclick: open(() => voidForm({ seq: entry.seq }, again)) }, _('Take back'))),
    place,
  );
}

function toolbar(number, entries, again) {
  const place = el('div', {});
  const closed = entries.filter((each) => each.voided_by === undefined && ['close', 'reopen'].includes(each.kind)).at(-1)?.kind === 'close';
  const actions = actionsOf(number, serviceOfNumber(number, catalogue), !closed, again);
  const open = (i) => {
    fill(place, actions[i][1]());
    place.querySelector('select, input').focus();
  };
  place.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && event.target.tagName === 'SELECT') {
      event.preventDefault();
      event.target.form.requestSubmit();
    } else if (event.key === 'Escape') {
      fill(place);
      bar.firstChild.focus();
    }
  });
  const bar = el(
    'div', {
      class: 'buttons', role: 'toolbar', 'aria-label': _('What happened? Keys 1 to {n}', { n: actions.length }),
      onkeydown: (event) => {
        const i = '1234'.indexOf(event.key);
        if (i >= 0 && i < actions.length && !event.ctrlKey && !event.altKey && !event.metaKey) {
          event.preventDefault();
          open(i);
        }
      },
    },
    actions.map(([text], i) => el('button', { type: 'button', onclick: () => open(i) }, el('kbd', {}, String(i + 1)), ' ', text)),
  );
  return [bar, place];
}

async function draw(content, focus) {
  await show(content, async () => {
    const number = query.get('number');
    const asked = number ? { number } : { seq: Number(query.get('seq')) };
    const entries = (await page({ show: asked })).page.entry ?? [];
    const of = number ?? entries[0]?.number;
    const again = async (answer) => {
      say([_('Recorded: {number} {label}', { number: `#${answer.seq}`, label: '' }), ...(answer.warning ?? [])].join(' '));
      await draw(content, true);
    };
    const isCase = of && !of.startsWith('S-');
    return [
      el('h2', {}, of ?? `#${asked.seq}`),
      !number && of && el('p', {}, el('a', { href: `/case?number=${encodeURIComponent(of)}` }, _('The whole of {number}', { number: of }))),
      isCase && number && may('contact') && toolbar(of, entries, again),
      entries.map((entry) => card(entry, again)),
    ];
  });
  if (focus) {
    content.querySelector('[role=toolbar] button')?.focus();
  }
}

await startPage(_('Case'), 'show', async (content) => {
  catalogue = await loadCatalogue();
  await draw(content, true);
});
