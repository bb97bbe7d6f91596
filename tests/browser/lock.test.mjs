// One PC, several people: what is locked shows nothing, and nobody meets another's typing.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { World, logIn, password, ready, until, visit } from './kit.mjs';
import { chips, contactsSum, focused, keyOf, press, recents, settled, today, typed } from './counter_kit.mjs';

const world = new World('clerk', 'supervisor');
before(() => world.begin());
after(() => world.end());

async function enter(page, name) {
  await page.fill('dialog input[name=name]', name);
  await page.fill('dialog input[name=password]', password(name));
  await press(page, 'Enter');
}

// What a citizen sees of a locked page: the dialog.
async function assertLocked(page, ...secrets) {
  await page.waitForSelector('dialog[open]');
  assert.equal(await page.isVisible('#page'), false);
  const seen = await page.evaluate(() => document.body.innerText + [...document.querySelectorAll('dialog input')].map((each) => each.value).join());
  secrets.forEach((secret) => assert.ok(!seen.includes(secret), secret));
}

test('F9 hands the PC over: nothing of the person before is seen, and everything is there again', async () => {
  const page = await world.sit('clerk');
  await press(page, await keyOf(page, '市民相談', '問い合わせ'));
  await settled(page);
  await page.keyboard.type('housing');
  await press(page, 'Enter');
  await page.keyboard.type('pho');
  const words = await chips(page);
  await press(page, 'F9');
  await assertLocked(page, '市民相談', '住まい', 'pho', 'clerk');
  await press(page, 'Escape', 'Escape', 'Escape');
  await assertLocked(page, '住まい');
  await Promise.all([page.waitForEvent('load'), enter(page, 'supervisor')]);
  await ready(page);
  assert.deepEqual(await chips(page), []);
  assert.equal(await typed(page), '');
  assert.deepEqual(await recents(page), []);
  assert.equal(await focused(page), 'entry');
  assert.match(await page.innerText('.who'), /supervisor/);
  await press(page, 'F9');
  await page.waitForSelector('dialog[open]');
  await Promise.all([page.waitForEvent('load'), enter(page, 'clerk')]);
  await ready(page);
  assert.deepEqual(await chips(page), words);
  assert.equal(await typed(page), 'pho');
  assert.equal((await recents(page)).length, 1);
  assert.deepEqual(page.faults, []);
  await page.context().close();
});

test('a reason half typed is its writer\'s alone', async () => {
  const page = await world.sit('clerk');
  await press(page, await keyOf(page, '市民相談', '問い合わせ'));
  await settled(page);
  const number = /#(\d+)/.exec((await recents(page))[0].text)[1];
  const reason = async () => {
    await visit(page, world, `/case?seq=${number}`);
    await page.getByRole('button', { name: `#${number} を訂正` }).click();
    return page.getByLabel('理由');
  };
  await (await reason()).fill('書きかけの理由');
  assert.equal(await (await reason()).inputValue(), '書きかけの理由');
  await press(page, 'F9');
  await page.waitForSelector('dialog[open]');
  await Promise.all([page.waitForEvent('load'), enter(page, 'supervisor')]);
  await ready(page);
  assert.equal(await (await reason()).inputValue(), '');
  await page.context().close();
});

test('a PC left alone is locked after the minutes that were set', async () => {
  const page = await world.sit('clerk');
  await visit(page, world, '/settings');
  await page.locator('form').first().locator('select').selectOption('3');
  await page.getByRole('button', { name: '保存' }).first().click();
  await until('kept', () => page.evaluate(() => JSON.parse(localStorage.getItem('madoguchi.terminal'))?.lock === 3));
  await page.clock.install();
  await visit(page, world, '/');
  await page.keyboard.type('pho');
  await page.clock.fastForward(2 * 60_000);
  await page.clock.runFor(6000);
  assert.equal(await page.isVisible('dialog'), false);
  await page.clock.fastForward(2 * 60_000);
  await page.clock.runFor(6000);
  await assertLocked(page, 'pho');
  await until('the login has ended', () => page.evaluate(async () => (await (await fetch('/api/session')).json()).account === null));
  await enter(page, 'clerk');
  await page.waitForSelector('dialog', { state: 'detached' });
  assert.equal(await typed(page), 'pho');
  assert.equal(await focused(page), 'entry');
  await page.context().close();
});

test('what is locked in one tab is locked in every other', async () => {
  const page = await world.sit('clerk');
  const other = await page.context().newPage();
  await other.clock.install();
  await visit(other, world, '/');
  await page.bringToFront();
  await press(page, 'F9');
  await assertLocked(page, '市民相談');
  await other.clock.runFor(6000);
  await assertLocked(other, '市民相談');
  // A login in one tab is one in every other: of the same person, and of another.
  await enter(page, 'clerk');
  for (const each of [page, other]) {
    await each.waitForSelector('dialog', { state: 'detached' });
    assert.match(await each.innerText('#page .who'), /clerk/);
  }
  await press(page, 'F9');
  await other.clock.runFor(6000);
  await assertLocked(other, '市民相談');
  await Promise.all([page.waitForEvent('load'), other.waitForEvent('load'), enter(page, 'supervisor')]);
  for (const each of [page, other]) {
    await ready(each);
    assert.match(await each.innerText('.who'), /supervisor/);
  }
  await page.context().close();
});

test('a lock holds without a gateway, and what waited goes out after it', async () => {
  const page = await world.sit('clerk');
  const before = contactsSum(world);
  const inquiry = await keyOf(page, '市民相談', '問い合わせ');
  await page.route('**/api/logout', (route) => route.abort());
  await press(page, 'F9');
  await assertLocked(page, 'clerk');
  await page.reload();
  await assertLocked(page, '市民相談');
  await page.unroute('**/api/logout');
  await enter(page, 'clerk');
  await page.waitForSelector('dialog', { state: 'detached' });
  // An entry waits for its next try when the person goes.
  await page.clock.install();
  await visit(page, world, '/');
  await page.route('**/api/ask', (route) => route.abort());
  await press(page, inquiry);
  await until('no answer', async () => /応答がありません/.test(await page.innerText('#waits')));
  await press(page, 'F9');
  await until('the login has ended', () => page.evaluate(async () => (await (await fetch('/api/session')).json()).account === null));
  await page.unroute('**/api/ask');
  await page.clock.runFor(60_000);
  await enter(page, 'clerk');
  await page.waitForSelector('dialog', { state: 'detached' });
  await settled(page);
  assert.equal(contactsSum(world), before + 1);
  await page.context().close();
});

test('the first login of a day is not locked at once', async () => {
  const page = await world.sit('clerk');
  await page.evaluate(() => fetch('/api/session').then((answer) => answer.json()).then(({ csrf }) =>
    fetch('/api/logout', { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Madoguchi-CSRF': csrf }, body: '{}' })));
  await page.evaluate(() => localStorage.setItem('madoguchi.active', String(Date.now() - 86400_000)));
  await visit(page, world, '/login');
  await logIn(page, 'clerk');
  assert.equal(await page.isVisible('dialog'), false);
  assert.equal(await focused(page), 'entry');
  await page.context().close();
});

test('date and session end with the day; office, channel and service stay', async () => {
  const page = await world.sit('clerk');
  await page.clock.install();
  await visit(page, world, '/');
  const second = (id) => page.$eval(`#${id}`, (select) => select.options[1].value);
  const [office, channel] = [await second('context-office'), await second('context-channel')];
  await page.selectOption('#context-office', office);
  await page.selectOption('#context-channel', channel);
  await page.selectOption('#context-service', 'citizen');
  await page.fill('#context-session', 'S-2026-000001');
  await press(page, 'Enter');
  assert.equal(await focused(page), 'entry');
  const context = () => page.evaluate(() => JSON.parse(localStorage.getItem('madoguchi.context')));
  assert.equal((await context()).session, 'S-2026-000001');
  assert.equal((await context()).date, today());
  // Over midnight while the page stays open ...
  await page.evaluate(() => localStorage.setItem('madoguchi.terminal', JSON.stringify({ name: '', lock: 10_000 })));
  await page.clock.setSystemTime(Date.now() + 86400_000);
  await page.clock.runFor(61_000);
  const [y, m, d] = [0, 4, 6].map((at, i) => Number(String(today(1)).slice(at, [4, 6, 8][i])));
  await until('the new day', async () => (await page.innerText('.context-date summary')).includes(`${y}年${m}月${d}日`));
  const bar = async () => [await page.inputValue('#context-office'), await page.inputValue('#context-channel'), await page.inputValue('#context-service'), await page.inputValue('#context-session')];
  assert.deepEqual(await bar(), [office, channel, 'citizen', '']);
  // ... and when it is opened in the morning.
  await page.evaluate((yesterday) => localStorage.setItem('madoguchi.context', JSON.stringify({
    ...JSON.parse(localStorage.getItem('madoguchi.context')), day: yesterday, date: yesterday - 1, session: 'S-2026-000001',
  })), today());
  await visit(page, world, '/');
  assert.deepEqual(await bar(), [office, channel, 'citizen', '']);
  assert.ok((await page.innerText('.context-date summary')).includes(`${y}年${m}月${d}日`));
  assert.deepEqual(page.faults, []);
  await page.context().close();
});
