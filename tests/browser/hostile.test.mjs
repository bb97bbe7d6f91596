// Whatever was recorded or stands in an address is shown as text, on every page.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { ROOT, World, ready, visit } from './kit.mjs';
import { today } from './counter_kit.mjs';

const MARK = '<img src=x onerror=alert(1)>';
const TEXTS = [MARK, '"\'><svg/onload=alert(2)>', '<script>alert(3)</script>', 'javascript:alert(4)', '{{7*7}}</textarea><iframe srcdoc="x">'];
const LONG = process.env.BROWSER === 'long';
// In the short run the pages that show what their address says, and those fields one by one.
const SHORT = { '/list': ['topic'], '/case': ['number'], '/prove': ['indicator'], '/month': ['rows'], '/indicators': [], '/': [] };
const world = new World('clerk', 'supervisor', 'planner', 'auditor', 'administrator');
let caseNumber;
let sessionNumber;
let seq;
before(() => world.begin());
after(() => world.end());

const ask = (page, request) => page.evaluate(async (body) => {
  const { csrf } = await (await fetch('/api/session')).json();
  const id = Date.now().toString(16).padStart(12, '0') + [...crypto.getRandomValues(new Uint8Array(10))].map((b) => b.toString(16).padStart(2, '0')).join('');
  const headers = { 'Content-Type': 'application/json', 'X-Madoguchi-CSRF': csrf };
  const answer = await fetch('/api/ask', { method: 'POST', headers, body: JSON.stringify({ id, ...body }) });
  return [answer.status, await answer.json()];
}, request);

async function record(page, request) {
  const [status, answer] = await ask(page, request);
  assert.equal(status, 200, JSON.stringify([request, answer]));
  return answer.recorded;
}

// Nothing of a text has become an element, an attribute that acts, or a dialog.
async function harmless(page, where, wanted = []) {
  const found = await page.evaluate(() => [...document.querySelectorAll('*')]
    .filter((node) => ['IMG', 'IFRAME', 'OBJECT', 'EMBED', 'BASE'].includes(node.tagName)
      || (node.tagName === 'SCRIPT' && !(node.getAttribute('src') ?? '').startsWith('/assets/'))
      || node.tagName.toLowerCase() === 'svg'
      || [...node.attributes].some(({ name, value }) => name.startsWith('on') || /^\s*javascript:/i.test(value) && ['href', 'src', 'action', 'formaction'].includes(name)))
    .map((node) => node.outerHTML.slice(0, 200)));
  assert.deepEqual(found, [], where);
  assert.deepEqual(page.faults, [], where);
  const text = await page.evaluate(() => document.body.innerText + [...document.querySelectorAll('input')].map((each) => each.value).join(' '));
  wanted.forEach((each) => assert.ok(text.includes(each), `${where} does not show ${each}: ${text.slice(0, 600)}`));
}

test('what was recorded', async () => {
  // A city whose own words are hostile, and a plan of that kind.
  const catalogue = world.madoguchi(['catalogue', 'show']).replace(/ja: *"?住まい"?/, `ja: '${MARK}'`);
  assert.ok(catalogue.includes(MARK));
  fs.writeFileSync(`${world.dir}/catalogue.yaml`, catalogue);
  world.madoguchi(['catalogue', 'put', `${world.dir}/catalogue.yaml`]);
  const plan = fs.readFileSync(path.join(ROOT, 'plans/nagai.yaml'), 'utf8')
    .replace(/^title: .*/m, `title: '${MARK}'`).replace(/^( {4}name: ).*/m, `$1'${MARK}'`);
  fs.writeFileSync(`${world.dir}/plan.yaml`, plan);
  world.madoguchi(['plan', 'put', `${world.dir}/plan.yaml`]);

  const supervisor = await world.sit('supervisor');
  const more = { terminal: MARK, visit: MARK, on_behalf: MARK };
  const date = today();
  const act = { kind: 'LOG', date, service: 'migration', topic: ['housing'] };
  const first = await record(supervisor, { ...more, act });
  caseNumber = first.number;
  seq = first.seq;
  for (const text of TEXTS) {
    const next = await record(supervisor, { terminal: text, visit: text, on_behalf: text, act: { kind: 'CONTACT', case_number: caseNumber, date } });
    await record(supervisor, { on_behalf: text, correction: { seq: next.seq, reason: text, change: [{ field: 'channel', value: 'phone' }] } });
    await record(supervisor, { on_behalf: text, voiding: { seq: next.seq, reason: text } });
  }
  sessionNumber = (await record(supervisor, { ...more, session: { kind: 'HOLD', session_kind: 'seminar', date, service: 'migration', venue: MARK, persons: 3 } })).number;
  const figure = await record(supervisor, { ...more, figure: { series: 'nagai-hp-views', period: 'FY2023', value: '1', as_of: 20240331, source: MARK } });
  const administrator = await world.sit('administrator');
  await record(administrator, { ...more, account: { name: 'hostile', person: MARK, role: ['clerk'] } });

  await visit(supervisor, world, `/case?number=${caseNumber}`);
  await harmless(supervisor, 'case', TEXTS);
  await supervisor.getByRole('button', { name: '#', exact: false }).first().click();
  await harmless(supervisor, 'case, its forms', TEXTS);
  await visit(supervisor, world, `/case?number=${sessionNumber}`);
  await harmless(supervisor, 'session', [MARK]);
  await visit(supervisor, world, `/case?seq=${figure.seq}`);
  await harmless(supervisor, 'figure', [MARK]);
  for (const where of ['/today', '/list?topic=housing', '/month?rows=topic']) {
    await visit(supervisor, world, where);
    await harmless(supervisor, where, [MARK]);
  }
  // The chart of an indicator with that name, a key and an entry with that word.
  await visit(supervisor, world, '/indicators?from=2022&to=2023');
  await supervisor.getByRole('button', { name: MARK }).click();
  await supervisor.waitForSelector('#trend canvas');
  await harmless(supervisor, 'chart', [MARK]);
  await visit(supervisor, world, '/reports');
  await supervisor.locator('button.primary').click();
  await supervisor.waitForSelector('main table');
  await harmless(supervisor, 'report', [MARK]);
  await visit(supervisor, world, '/');
  await supervisor.keyboard.type('housing');
  await harmless(supervisor, 'counter, suggestion', [MARK]);
  await supervisor.keyboard.press('Enter');
  await supervisor.keyboard.press('Enter');
  await supervisor.waitForSelector('#recent .done');
  await harmless(supervisor, 'counter', [MARK]);
  await visit(administrator, world, '/accounts');
  await harmless(administrator, 'accounts', [MARK]);
  await administrator.getByRole('button', { name: 'hostile', exact: false }).first().click();
  await harmless(administrator, 'an account', [MARK]);
  await visit(administrator, world, '/catalogue');
  await harmless(administrator, 'catalogue', [MARK]);
  const auditor = await world.sit('auditor');
  await visit(auditor, world, '/audit');
  await harmless(auditor, 'audit', [MARK, TEXTS[2]]);
  // The person who bears such a name.
  const [, { page: given }] = await ask(administrator, { password: { name: 'hostile' } });
  const person = await world.sit(null);
  await person.fill('input[name=name]', 'hostile');
  await person.fill('input[name=password]', given.pair.find((pair) => pair.name === 'password').value);
  await person.keyboard.press('Enter');
  await person.waitForURL(/\/password/);
  await ready(person);
  await harmless(person, 'password', [MARK]);
  await Promise.all([supervisor, administrator, auditor, person].map((page) => page.context().close()));
});

test('what stands in an address', async () => {
  const people = {
    supervisor: ['/', '/today', '/list', '/month', '/reports', '/close', '/indicators', '/case', '/settings'],
    planner: ['/prove'], auditor: ['/audit', '/accounts'], administrator: ['/catalogue', '/password'],
  };
  const names = ['number', 'seq', 'from', 'to', 'year', 'count', 'rows', 'by', 'service', 'topic', 'channel', 'status', 'kind', 'plan', 'indicator', 'as_of', 'month', 'office', 'next'];
  for (const [name, pages] of Object.entries(people).slice(0, LONG ? 4 : 2)) {
    const page = await world.sit(name);
    for (const where of pages.filter((each) => LONG || SHORT[each])) {
      for (const text of LONG ? TEXTS : [MARK]) {
        await visit(page, world, `${where}?${new URLSearchParams(names.map((each) => [each, text]))}#${encodeURIComponent(text)}`);
        await harmless(page, `${where} ${text}`);
      }
      for (const each of LONG ? names : SHORT[where] ?? []) {
        await visit(page, world, `${where}?${new URLSearchParams({ [each]: MARK })}`);
        await harmless(page, `${where} ${each}`);
      }
    }
    await page.context().close();
  }
});

test('the login leads to pages of this server alone', async () => {
  const page = await world.sit(null);
  const others = [...TEXTS, 'https://example.invalid/', '/%2f/example.invalid', '\t//example.invalid', 'data:text/html,x'];
  for (const next of ['//example.invalid/', '/\\example.invalid', 'javascript:alert(5)', ...(LONG ? others : [])]) {
    await page.context().clearCookies();
    await visit(page, world, `/login?next=${encodeURIComponent(next)}`);
    await page.fill('input[name=name]', 'clerk');
    await page.fill('input[name=password]', 'a sentence for clerk');
    await page.keyboard.press('Enter');
    await page.waitForURL((url) => url.pathname !== '/login');
    assert.equal(new URL(page.url()).origin, world.base, next);
    assert.deepEqual(page.faults, [], next);
  }
  await page.context().close();
});
