// Without a mouse: from the login to a case, its correction and its end.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { World, password, ready, until, visit } from './kit.mjs';
import { chips, contactsSum, focused, keyOf, press, recents, settled, shown } from './counter_kit.mjs';

const world = new World('clerk', 'supervisor');
before(() => world.begin());
after(() => world.end());

// What has the focus: its name, whether it is in sight, and whether that shows.
const focus = (page) => page.evaluate(() => {
  const node = document.activeElement;
  const box = node.getBoundingClientRect();
  const shows = (each) => { const style = getComputedStyle(each); return style.outlineStyle !== 'none' || style.boxShadow !== 'none'; };
  return {
    name: node.getAttribute('aria-label') ?? node.labels?.[0]?.innerText ?? node.innerText ?? '', tag: node.tagName, id: node.id,
    inSight: box.width > 0 && box.height > 0 && box.top < innerHeight && box.bottom > 0 && box.left < innerWidth && box.right > 0,
    shows: shows(node) || (node.parentElement !== null && shows(node.parentElement)),
  };
});

// Tab, until something of that name has the focus; on the way all must show it.
async function tabTo(page, name) {
  for (let i = 0; i < 120; i += 1) {
    await press(page, 'Tab');
    const now = await focus(page);
    if (now.tag === 'BODY') {
      continue; // once around
    }
    assert.ok(now.inSight && now.shows, `the focus does not show: ${JSON.stringify(now)}`);
    if (name.test(now.name)) {
      return;
    }
  }
  assert.fail(`no way to ${name}`);
}

test('from the login to a case, its correction and its end', async () => {
  const page = await world.sit(null);
  await page.keyboard.type('clerk');
  await press(page, 'Tab');
  await page.keyboard.type(password('clerk'));
  await press(page, 'Enter');
  await page.waitForURL((url) => url.pathname === '/');
  await ready(page);
  assert.equal(await focused(page), 'entry');
  await page.keyboard.type('housing');
  await press(page, 'Enter', 'Enter');
  await until('its number', async () => /M-\d{4}-\d{6}/.test((await recents(page))[0]?.text));
  const number = /M-\d{4}-\d{6}/.exec((await recents(page))[0].text)[0];
  assert.equal(contactsSum(world), 1);
  // The case.
  await tabTo(page, new RegExp(`^${number}$`));
  await press(page, 'Enter');
  await page.waitForURL(/\/case/);
  await ready(page);
  await tabTo(page, /を訂正$/);
  await press(page, 'Enter');
  assert.equal((await focus(page)).tag, 'SELECT');
  await page.keyboard.press('Tab');
  await tabTo(page, /理由/);
  await page.keyboard.type('電話でした');
  await press(page, 'Shift+Tab', 'Shift+Tab', 'Shift+Tab', 'Shift+Tab');
  assert.match((await focus(page)).name, /^項目/);
  await press(page, 'ArrowDown'); // the time: its own value, and the reason as it was typed
  assert.match(await page.getByLabel('新しい値：時刻').inputValue(), /^\d\d:\d\d$/);
  assert.equal(await page.getByLabel('理由').inputValue(), '電話でした');
  await press(page, 'ArrowDown', 'ArrowDown');
  await tabTo(page, /新しい値：受付方法/);
  await press(page, 'ArrowDown', 'ArrowDown');
  assert.equal(await page.$eval('form select:focus', (select) => select.selectedOptions[0].innerText), '電話');
  await tabTo(page, /理由/);
  await press(page, 'Enter');
  await page.waitForSelector('.old');
  assert.match(JSON.stringify(shown(world, number)), /channel: {2}-> phone/);
  assert.match(await page.innerText('main'), /電話でした/);
  assert.notEqual((await focus(page)).tag, 'BODY');
  // Its end.
  await tabTo(page, /を取消し$/);
  await press(page, 'Enter');
  await page.keyboard.type('二重に記録しました');
  await tabTo(page, /元に戻せません/);
  await press(page, 'Space');
  await tabTo(page, /^取消し$/);
  await press(page, 'Enter');
  await until('taken back', () => contactsSum(world) === 0);
  assert.match(JSON.stringify(shown(world, number)), /二重に記録しました/);
  assert.deepEqual(page.faults, []);
  await page.context().close();
});

test('landmarks and the way past them', async () => {
  const page = await world.sit('supervisor');
  for (const where of ['/settings', '/reports', '/close']) {
    await visit(page, world, where);
    const marks = await page.$$eval('header, nav, main, h1', (all) => all.map((node) => node.tagName));
    assert.deepEqual(marks, ['HEADER', 'NAV', 'MAIN', 'H1'], where);
    await press(page, 'Tab');
    const skip = await focus(page);
    assert.match(skip.name, /本文|内容/, where);
    assert.ok(skip.inSight && skip.shows);
    await press(page, 'Enter', 'Tab');
    assert.ok(await page.evaluate(() => document.getElementById('main').contains(document.activeElement)), `${where}: past the links`);
  }
  // Every stop of a page stands in the order in which it is read.
  await visit(page, world, '/');
  const order = await page.$$eval('a[href], button, input, select, summary', (all) => all.filter((node) => node.tabIndex > 0).length);
  assert.equal(order, 0);
  await page.context().close();
});

test('the last entries by keyboard; an answer does not take the focus away', async () => {
  const page = await world.sit('supervisor');
  let answer;
  await page.route('**/api/ask', async (route) => {
    await new Promise((resolve) => { answer = resolve; });
    await route.continue();
  });
  const before = contactsSum(world);
  await press(page, await keyOf(page, '市民相談', '問い合わせ'));
  await until('asked', () => answer);
  await tabTo(page, /^取消し: /);
  answer();
  await until('recorded', async () => /done/.test((await recents(page))[0].state));
  assert.match((await focus(page)).name, /^取消し: /);
  await page.unroute('**/api/ask');
  await press(page, 'Enter');
  await settled(page);
  assert.equal(contactsSum(world), before);
  assert.equal(await focused(page), 'entry');
  // More about an entry that was saved, by the arrow.
  await press(page, await keyOf(page, '市民相談', '問い合わせ'), 'ArrowUp');
  await page.keyboard.type('inheri');
  await press(page, 'Enter', 'Enter');
  await settled(page);
  assert.deepEqual(await chips(page), []);
  assert.equal(contactsSum(world), before + 1);
  assert.ok(world.rows(['stats', '--by', 'topic']).includes('inheritance,1'));
  assert.equal(await focused(page), 'entry');
  assert.deepEqual(page.faults, []);
  await page.context().close();
});
