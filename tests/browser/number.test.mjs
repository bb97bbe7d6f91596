// Individual numbers (個人番号) are refused in the browser before anything is kept or sent,
// and by the daemon again.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { World, until, visit } from './kit.mjs';
import { contacts, contactsSum, focused, keyOf, kept, press, recents, settled, today } from './counter_kit.mjs';

// No one's number: the digits in a row, with the check digit that belongs to them.
const FORMS = ['123456789018', '１２３４５６７８９０１８', '1234-5678-9018', '1234 5678 9018', '一二三四五六七八九〇一八'];
const DIGITS = /[1１一][^0-9０-９一-九]?[2２二][^0-9０-９一-九]?[3３三][^0-9０-９一-九]?[4４四][^0-9０-９一-九]?[5５五]/;

const world = new World('clerk', 'supervisor');
let page;
const sent = [];
before(async () => {
  await world.begin();
  page = await world.sit('clerk');
  page.on('request', (request) => sent.push(decodeURIComponent(request.url()) + (request.postData() ?? '')));
});
after(() => world.end());

async function nothingOf(form) {
  assert.doesNotMatch(await kept(page), DIGITS, `${form}: kept`);
  const told = sent.filter((each) => DIGITS.test(each));
  assert.deepEqual(told, [], `${form}: sent`);
}

test('in the entry box', async () => {
  for (const form of FORMS) {
    await page.keyboard.insertText(form); // pasted
    assert.match(await page.innerText('#entry-error'), /マイナンバー/);
    await nothingOf(form);
    await press(page, 'Enter', 'Escape');
    await page.keyboard.type(` ${form}`); // digit by digit: what was kept of its beginning goes as well
    assert.match(await page.innerText('#entry-error'), /マイナンバー/);
    await nothingOf(form);
    await press(page, 'Enter', 'Enter', 'Control+Enter');
    assert.deepEqual(await recents(page), []);
    await nothingOf(form);
    await press(page, 'Escape');
    assert.equal(await page.innerText('#entry-error'), '');
    assert.equal(await focused(page), 'entry');
  }
});

test('in the fields of forms, and where somebody logs in', async () => {
  await press(page, await keyOf(page, '市民相談', '問い合わせ'));
  await settled(page);
  const seq = /#(\d+)/.exec((await recents(page))[0].text)[1];
  const refused = async (field, form) => {
    await field.pressSequentially(form);
    await field.press('Enter');
    await until('a complaint', async () => /マイナンバー/.test(await page.locator('.error:not(:empty)').allInnerTexts().then((all) => all.join())));
    await nothingOf(form);
    await field.fill('');
  };
  for (const form of FORMS) {
    await visit(page, world, `/case?seq=${seq}`);
    await page.getByRole('button', { name: `#${seq} を訂正` }).click();
    await refused(page.getByLabel('理由'), form);
    await page.getByRole('button', { name: `#${seq} を取消し` }).click();
    await refused(page.getByLabel('理由'), form);
  }
  await visit(page, world, '/settings');
  await refused(page.getByLabel('端末の名前'), FORMS[2]);
  await visit(page, world, '/list');
  await refused(page.getByLabel('相談票の番号'), FORMS[0]);
  await visit(page, world, '/');
  await page.fill('#context-session', FORMS[0]);
  await page.press('#context-session', 'Enter');
  await nothingOf(FORMS[0]);
  assert.match(await page.innerText('#context-session-error'), /マイナンバー/);
  await press(page, 'Escape');
  assert.equal(await page.inputValue('#context-session'), '');
  assert.equal(await focused(page), 'entry');
  await press(page, 'F9');
  await page.waitForSelector('dialog[open]');
  await page.fill('dialog input[name=password]', 'x');
  await refused(page.locator('dialog input[name=name]'), FORMS[1]);
  assert.deepEqual(page.faults, []);
});

test('by the daemon, from whoever sends them past the page', async () => {
  const other = await world.sit('supervisor');
  const tell = (request) => other.evaluate(async (body) => {
    const { csrf } = await (await fetch('/api/session')).json();
    const id = Date.now().toString(16).padStart(12, '0') + [...crypto.getRandomValues(new Uint8Array(10))].map((b) => b.toString(16).padStart(2, '0')).join('');
    const headers = { 'Content-Type': 'application/json', 'X-Madoguchi-CSRF': csrf };
    const answer = await fetch('/api/ask', { method: 'POST', headers, body: JSON.stringify({ id, ...body }) });
    return [answer.status, await answer.text()];
  }, request);
  const act = { kind: 'TALLY', date: today(), service: 'citizen', nature: 'inquiry' };
  const [status, said] = await tell({ act });
  assert.equal(status, 200, said);
  const { seq } = JSON.parse(said).recorded;
  for (const form of FORMS) {
    for (const body of [
      { act, visit: form }, { act, terminal: form }, { act, on_behalf: form }, { voiding: { seq, reason: form } },
      { correction: { seq, reason: `wrong: ${form}`, change: [{ field: 'count', value: '2' }] } },
      { figure: { series: 'x', period: 'FY2023', value: '1', as_of: 20240331, source: form } },
    ]) {
      const [refused, why] = await tell(body);
      assert.equal(refused, 422, `${JSON.stringify(body)}: ${why}`);
      assert.match(why, /個人番号/);
      assert.doesNotMatch(why, DIGITS);
    }
  }
  assert.equal(contacts(world, 'service').join(), 'citizen,2');
  await other.context().close();
});

test('an id that looks like one by chance stops nobody', async () => {
  const before = contactsSum(world);
  const clerk = await world.sit('clerk');
  await clerk.evaluate(() => {
    const random = crypto.getRandomValues.bind(crypto);
    let first = true;
    crypto.getRandomValues = (bytes) => {
      random(bytes);
      if (first) {
        first = false;
        bytes.set([0xaa, 0x12, 0x34, 0x56, 0x78, 0x90, 0x18, 0xaa]);
      }
      return bytes;
    };
  });
  await press(clerk, '1');
  await until('the entry', () => clerk.innerText('#said').then((text) => text.includes('#')));
  assert.equal(contactsSum(world), before + 1);
  await clerk.context().close();
});
