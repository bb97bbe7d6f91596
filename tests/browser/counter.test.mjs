// The counter page, with the keyboard.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { World, axe, picture } from './kit.mjs';
import { settled } from './counter_kit.mjs';

const world = new World('clerk');
before(() => world.begin());
after(() => world.end());

const entries = () => world.rows(['stats', '--by', 'service,topic,nature']);

test('ten typical contacts take at most 35 acts', async () => {
  const page = await world.sit('clerk');
  let acts = 0;
  const press = async (...keys) => {
    for (const key of keys) {
      acts += 1;
      await page.keyboard.press(key);
    }
  };
  const words = await page.$$eval('#keys .key', (keys) => keys.map((key) => key.innerText));
  const keyOf = (...wanted) => String(words.findIndex((text) => wanted.every((each) => text.includes(each))) + 1);
  const inquiry = keyOf('市民相談', '問い合わせ');
  const collection = keyOf('マイナンバーカード', '受取り');
  assert.notEqual(inquiry, '0');
  assert.notEqual(collection, '0');
  await picture(page, 'counter');
  await press(inquiry, inquiry, inquiry, collection, collection, collection); // 3 inquiries, 3 card collections
  await press('h', 'o', 'Enter', 'Enter'); // a consultation about housing
  await press('i', 'n', 'h', 'Enter', 'Enter'); // one about an inheritance
  await picture(page, 'counter-typed');
  await press('0', '1'); // no place left
  await press('l', 'a', 'w', 'Enter', 'Enter'); // referred to a lawyer
  assert.ok(acts <= 35, `${acts} acts`);
  await settled(page);
  assert.deepEqual(entries().sort(), [
    'citizen,,inquiry,3', 'citizen,inheritance,consultation,1', 'migration,,consultation,1', 'migration,housing,consultation,1', 'mynumber,collection,procedure,3',
  ]);
  assert.equal(world.rows(['stats', '--count', 'refusals', '--by', 'reason']).join(), 'full,1');
  assert.equal(world.rows(['stats', '--count', 'referrals', '--by', 'service']).join(), 'migration,1');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'entry');
  assert.deepEqual(page.faults, []);
  console.log(`# ten contacts: ${acts} acts`);
  await page.context().close();
});

test('the whole counter is in sight at 1366x768 with 150 % zoom', async () => {
  const page = await world.sit('clerk', { width: 910, height: 512 });
  await page.keyboard.type('12121');
  await settled(page);
  await picture(page, 'counter-zoom');
  const below = await page.$$eval('#context, .entry, #keys, #recent > li', (all) =>
    all.filter((each) => each.getBoundingClientRect().bottom > innerHeight).map((each) => each.id || each.innerText));
  assert.deepEqual(below, []);
  assert.deepEqual(await axe(page), []);
  assert.deepEqual(page.faults, []);
  await page.context().close();
});
