// Every page for every role: it opens, nothing fails, axe-core finds nothing, at the size
// of a counter PC with 150 % zoom nothing hangs over the side.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ROLES, World, axe, picture, visit } from './kit.mjs';

const world = new World();
before(async () => {
  await world.begin();
  world.ledger();
});
after(() => world.end());

const PAGES = {
  counter: '/', today: '/today', list: '/list?from=2024-01&to=2024-01', month: '/month?year=2023&rows=topic&count=contacts&by=month&service=migration',
  reports: '/reports', close: '/close', indicators: '/indicators', prove: '/prove?plan=nagai&indicator=migrated-cases&year=2023',
  accounts: '/accounts', audit: '/audit', catalogue: '/catalogue', settings: '/settings', password: '/password', case: '/case?number=M-2023-000055',
};
const LONG = process.env.BROWSER === 'long';
// In the short run each page once, by somebody who may see it.
const SHORT = {
  clerk: ['counter', 'today', 'list', 'settings', 'case'], supervisor: ['month', 'reports', 'close'], planner: ['indicators', 'prove', 'catalogue'],
  auditor: ['audit'], administrator: ['accounts', 'password'],
};
const NEEDS = {
  counter: 'log', today: 'list', list: 'list', month: 'stats', reports: 'stats', close: 'month-close', indicators: 'indicators', prove: 'prove',
  accounts: 'accounts', audit: 'audit', catalogue: 'documents', settings: 'anybody', password: 'anybody', case: 'show',
};

async function look(page, name, role) {
  await visit(page, world, PAGES[name]);
  const state = await page.evaluate(() => document.body.dataset.ready);
  assert.equal(state, 'yes', `${name}: did not start`);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(wide <= 0, `${name}: ${wide} px over the side`);
  await picture(page, `${role}-${name}`);
  assert.deepEqual(await axe(page), [], name);
  assert.deepEqual(page.faults, [], name);
}

const rightsOf = (page) => page.evaluate(async () => (await (await fetch('/api/session')).json()).rights);

for (const role of ROLES.filter((each) => LONG || SHORT[each])) {
  test(`pages of ${role}`, async () => {
    const page = await world.sit(role, { width: 910, height: 512 });
    const rights = await rightsOf(page);
    for (const name of LONG ? Object.keys(PAGES) : SHORT[role]) {
      if (rights.includes(NEEDS[name])) {
        await look(page, name, role);
      } else {
        await visit(page, world, PAGES[name]);
        assert.match(await page.innerText('main'), /権限がありません/, `${role} ${name}`);
      }
    }
    await page.context().close();
  });
}

test('the login page, and in English', async () => {
  const page = await world.sit(null, { language: 'en' });
  assert.deepEqual(await axe(page), []);
  assert.match(await page.innerText('main'), /Log in/);
  assert.equal(await page.getAttribute('html', 'lang'), 'en');
  await page.context().close();
  if (LONG) {
    for (const role of ROLES) {
      const other = await world.sit(role, { language: 'en', width: 910, height: 512 });
      const rights = await rightsOf(other);
      for (const name of Object.keys(PAGES).filter((each) => rights.includes(NEEDS[each]))) {
        await look(other, name, `en-${role}`);
      }
      await other.context().close();
    }
  }
});

test('a page without a right to it says so, and locks like any other', async () => {
  const page = await world.sit('auditor');
  await visit(page, world, PAGES.counter);
  assert.match(await page.innerText('main'), /権限がありません/);
  assert.deepEqual(await axe(page), []);
  await page.keyboard.press('F9');
  await page.waitForSelector('dialog.lock[open]');
  await page.context().close();
});

test('a number of the month table leads to its list', async () => {
  const page = await world.sit('supervisor');
  await visit(page, world, PAGES.month);
  const cell = page.locator('td.number a').first();
  const shown = await cell.innerText();
  await cell.click();
  await page.waitForURL(/\/list/);
  await page.waitForSelector('tfoot');
  const total = await page.locator('tfoot td, tfoot th').last().innerText();
  assert.equal(total, shown);
  await page.context().close();
});

test('a printed number leads to its proof', async () => {
  const page = await world.sit('planner');
  await visit(page, world, '/indicators?plan=nagai&from=2019&to=2023');
  const row = page.locator('tr', { has: page.locator('a[href*="indicator=migrated-cases"]') });
  const cell = row.locator('a[href*="year=2023"]');
  assert.equal(await cell.innerText(), '59');
  await row.locator('button').click();
  await page.waitForSelector('#trend canvas');
  await page.waitForTimeout(300); // the chart is drawn in the next frame
  await picture(page, 'planner-trend');
  assert.deepEqual(await axe(page), []);
  await cell.click();
  await page.waitForURL(/\/prove/);
  await page.waitForSelector('tfoot');
  assert.equal(await page.locator('tfoot td').nth(4).innerText(), '59');
  await page.context().close();
});
