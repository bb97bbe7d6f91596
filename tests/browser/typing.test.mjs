// Typing at the counter: the input method, the focus, words, keys, what is taken back.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { World, until, visit } from './kit.mjs';
import { chips, contacts, contactsSum, focused, keyOf, keyTexts, press, recents, settled, shown, typed } from './counter_kit.mjs';

const world = new World('clerk');
let page;
before(async () => {
  await world.begin();
  page = await world.sit('clerk');
});
after(() => world.end());

const state = async () => ({ counted: contactsSum(world), recents: (await recents(page)).length });

test("an input method's Enter records nothing, a real one records once", async () => {
  await page.keyboard.type('housing');
  await press(page, 'Enter');
  assert.equal((await chips(page)).length, 1);
  const dispatch = (init) => page.evaluate((each) =>
    document.getElementById('entry').dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true, ...each })), init);
  for (const init of [{ isComposing: true }, { keyCode: 229 }]) {
    assert.equal(await dispatch(init), true, 'left to the input method');
    assert.deepEqual(await state(), { counted: 0, recents: 0 });
    assert.equal((await chips(page)).length, 1);
  }
  // A real composition, ended by its own Enter.
  const ime = await page.context().newCDPSession(page);
  await ime.send('Input.imeSetComposition', { text: 'しごと', selectionStart: 3, selectionEnd: 3 });
  assert.equal(await typed(page), 'しごと');
  await press(page, 'Enter');
  assert.deepEqual(await state(), { counted: 0, recents: 0 });
  assert.equal((await chips(page)).length, 1, 'the word is not chosen either');
  await ime.send('Input.insertText', { text: '仕事' });
  assert.equal(await typed(page), '仕事');
  await press(page, 'Enter');
  assert.equal((await chips(page)).length, 2);
  await press(page, 'Enter');
  await settled(page);
  assert.equal((await recents(page)).length, 1);
  assert.deepEqual(contacts(world, 'service,nature'), ['migration,consultation,1']);
});

test('kana, kanji and code lead to the same entry', async () => {
  const first = [];
  for (const text of ['すまい', 'スマイ', 'ｽﾏｲ', '住まい', 'housing', 'ＨＯＵＳＩＮＧ', 'hou']) {
    await page.keyboard.insertText(text);
    await press(page, 'Enter');
    first.push((await chips(page)).join());
    await press(page, 'Escape');
    assert.deepEqual(await chips(page), []);
  }
  assert.equal(new Set(first).size, 1, first.join(' / '));
  assert.match(first[0], /住まい/);
});

test('a quantity, a refusal in two keys', async () => {
  const before = contactsSum(world);
  await page.keyboard.type('housing');
  await press(page, 'Enter');
  await page.keyboard.type('*12');
  await press(page, 'Enter', 'Enter');
  await settled(page);
  assert.equal(contactsSum(world), before + 12);
  await press(page, '0', '2');
  await settled(page);
  assert.equal(world.rows(['stats', '--count', 'refusals', '--by', 'service']).join(), 'migration,1');
  assert.equal(await focused(page), 'entry');
});

test('one takes back the last entry without a reason; it is voided, not deleted', async () => {
  const before = contactsSum(world);
  await press(page, await keyOf(page, '市民相談', '問い合わせ'));
  await settled(page);
  assert.equal(contactsSum(world), before + 1);
  const number = /#(\d+)/.exec((await recents(page))[0].text)[1];
  await press(page, 'Control+z');
  await settled(page);
  assert.equal(contactsSum(world), before);
  const entry = JSON.stringify(shown(world, number));
  assert.match(entry, /"voided_by"/);
  assert.match(entry, /窓口での入力誤りをすぐに取消し/);
  assert.match((await recents(page))[0].text, /取消し済み/);
  assert.equal(await focused(page), 'entry');
});

test('only five entries are shown, each with what can be done; the buttons too give the focus back', async () => {
  const inquiry = await keyOf(page, '市民相談', '問い合わせ');
  await press(page, inquiry, inquiry, inquiry, inquiry, inquiry, inquiry);
  await settled(page);
  assert.equal((await recents(page)).length, 5);
  const before = contactsSum(world);
  await page.locator('#recent > li').nth(2).getByRole('button', { name: /^取消し/ }).click();
  await until('taken back', async () => (await recents(page))[2].state.includes('undone'));
  await settled(page);
  assert.equal(contactsSum(world), before - 1);
  assert.equal(await focused(page), 'entry');
  // Dialogs and settings of the context give it back as well.
  await press(page, 'F2');
  assert.equal(await focused(page), 'context-office');
  await press(page, 'Escape');
  assert.equal(await focused(page), 'entry');
  await press(page, 'F9');
  await page.waitForSelector('dialog[open]');
  await page.fill('dialog input[name=name]', 'clerk');
  await page.fill('dialog input[name=password]', 'a sentence for clerk');
  await press(page, 'Enter');
  await page.waitForSelector('dialog', { state: 'detached' });
  assert.equal(await focused(page), 'entry');
});

test('an inquiry that grows into a case keeps its time and counts once', async () => {
  const noon = new Date(`${new Date(Date.now() + 9 * 3600_000).toISOString().slice(0, 10)}T12:00:00+09:00`).getTime();
  await page.evaluate((end) => localStorage.setItem('madoguchi.active', end), String(noon + 86400_000)); // not locked
  await page.clock.setFixedTime(noon);
  await visit(page, world, '/');
  await press(page, await keyOf(page, '市民相談', '問い合わせ'));
  await settled(page);
  const before = contactsSum(world);
  const cases = () => world.rows(['stats', '--count', 'cases', '--by', 'service']).join();
  const casesBefore = cases();
  const tally = /#(\d+)/.exec((await recents(page))[0].text)[1];
  await page.clock.setFixedTime(noon + 9 * 60_000);
  await press(page, '+');
  await settled(page);
  assert.equal(await focused(page), 'entry');
  assert.equal(contactsSum(world), before);
  assert.notEqual(cases(), casesBefore);
  await until('its number', async () => /C-\d{4}-\d{6}/.test((await recents(page))[0].text));
  const number = /C-\d{4}-\d{6}/.exec((await recents(page))[0].text)[0];
  const moment = (what) => /date=\S+ time=\S+/.exec(shown(world, what)[0].fields)[0];
  assert.match(moment(number), /time=12:00$/);
  assert.equal(moment(number), moment(tally));
  assert.match((await recents(page))[1].state, /grown/);
  // One of several: the number is one less, and the sum stays.
  await page.keyboard.type('*3');
  await press(page, 'Enter', 'Enter');
  await settled(page);
  const three = contactsSum(world);
  await press(page, '+');
  await settled(page);
  assert.equal(contactsSum(world), three);
  await page.clock.setFixedTime(Date.now());
});

test('the keys keep their order until a person changes them', async () => {
  const before = await keyTexts(page);
  for (let i = 0; i < 4; i += 1) {
    await page.keyboard.type('tax');
    await press(page, 'Enter', 'Enter');
  }
  await settled(page);
  assert.deepEqual(await keyTexts(page), before);
  await visit(page, world, '/');
  assert.deepEqual(await keyTexts(page), before);
  await visit(page, world, '/settings');
  const list = () => page.$$eval('.key-list li', (all) => all.map((each) => each.innerText));
  const asked = await list();
  await page.getByRole('button', { name: '直近4週間' }).click();
  await until('other keys', async () => JSON.stringify(await list()) !== JSON.stringify(asked));
  await visit(page, world, '/');
  assert.notDeepEqual(await keyTexts(page), before);
  assert.equal((await keyTexts(page)).length, 10);
  assert.deepEqual(page.faults, []);
});
