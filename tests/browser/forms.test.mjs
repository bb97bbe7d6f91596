// The forms beside the counter, filled in and sent: what they record, what they say, and
// in which language; what /audit finds, and a report that is taken along.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, test } from 'node:test';
import { World, logIn, ready, until, visit } from './kit.mjs';
import { contactsSum, press, shown, today } from './counter_kit.mjs';

const world = new World('supervisor', 'auditor', 'administrator');
before(() => world.begin());
after(() => world.end());

const button = (page, name) => page.getByRole('button', { name, exact: true });
const says = (page, pattern) => until(`said: ${pattern}`, async () => pattern.test(await page.innerText('#said')));
const fieldsOf = (what) => shown(world, what).map((entry) => `${entry.kind} ${entry.fields}`).join('\n');

// A new case of the day, by the command line.
const open = () => /^\S+/.exec(world.madoguchi(['log', 'migration', '--topic', 'housing', '--channel', 'visit']))[0];

// The page of a case after what was recorded, with its toolbar's focus.
async function cards(page, n) {
  await until(`${n} entries`, async () => (await page.locator('article').count()) === n && !(await page.locator('[aria-busy]').count()));
  await until('the focus', () => page.evaluate(() => document.activeElement?.closest('[role=toolbar]') !== null));
}

test('a case: contact, outcome, end, correction and voiding by the forms', async () => {
  const number = open();
  const before = contactsSum(world);
  const page = await world.sit('supervisor');
  await visit(page, world, `/case?number=${number}`);
  await cards(page, 1);
  await press(page, '1');
  await page.getByLabel('受付方法').selectOption('phone');
  await page.getByLabel('仕事').check();
  await button(page, '対応を記録する').click();
  await says(page, /記録しました：#\d+/);
  await cards(page, 2);
  assert.equal(contactsSum(world), before + 1);
  assert.match(fieldsOf(number), /contact .*channel=phone.*topic=work/);
  // An outcome, which must be chosen; digits as an input method writes them.
  await press(page, '2');
  await button(page, '結果を記録する').click();
  assert.match(await page.innerText('form'), /＊「?結果/);
  await page.getByLabel('結果').selectOption('moved');
  await page.getByLabel('世帯').fill('一');
  await page.getByLabel('人数').fill('３');
  await button(page, '結果を記録する').click();
  assert.match(await page.innerText('form'), /＊世帯：数字/);
  await page.getByLabel('世帯').fill('1');
  await button(page, '結果を記録する').click();
  await cards(page, 3);
  assert.match(fieldsOf(number), /outcome .*outcome=moved households=1 persons=3/);
  // Corrected: the old value stays beside the new one.
  const seq = shown(world, number)[1].seq;
  await button(page, `#${seq} を訂正`).click();
  await page.getByLabel('項目').selectOption('channel');
  await page.getByLabel('新しい値：受付方法').selectOption('visit');
  await button(page, '訂正').last().click();
  assert.match(await page.innerText('form'), /＊「?理由/);
  await page.getByLabel('理由').fill('窓口でした');
  await page.locator('form').getByRole('button', { name: '訂正' }).click();
  await until('corrected', () => page.isVisible('.old'));
  assert.match(JSON.stringify(shown(world, number)), /channel: phone -> visit/);
  // Taken back: only with a tick.
  await button(page, `#${seq} を取消し`).click();
  await page.getByLabel('理由').fill('別の相談票でした');
  await page.locator('form').getByRole('button', { name: '取消し' }).click();
  assert.match(await page.innerText('form'), /＊確認のため/);
  await page.getByLabel('取り消します').check();
  await page.locator('form').getByRole('button', { name: '取消し' }).click();
  await until('taken back', async () => /別の相談票でした/.test(await page.innerText('main')));
  assert.equal(contactsSum(world), before);
  // Closed, and opened again.
  await press(page, '4');
  await button(page, '終結する').click();
  await cards(page, 4);
  await press(page, '4');
  await button(page, '再開する').click();
  await cards(page, 5);
  assert.deepEqual(shown(world, number).map(({ kind }) => kind), ['log', 'contact', 'outcome', 'close', 'reopen']);
  assert.deepEqual(page.faults, []);
  await page.context().close();
});

test('a session is corrected, in a field that it did not have too', async () => {
  const number = /^\S+/.exec(world.madoguchi(['session', 'hold', 'seminar', '--service', 'migration']))[0];
  const page = await world.sit('supervisor');
  await visit(page, world, `/case?number=${number}`);
  assert.match(await page.innerText('article h2'), /開催$/);
  await page.getByRole('button', { name: /を訂正$/ }).click();
  await page.getByLabel('項目').selectOption('persons');
  await page.getByLabel('新しい値：人数').fill('12');
  await page.getByLabel('理由').fill('名簿で数えた');
  await page.locator('form').getByRole('button', { name: '訂正' }).click();
  await until('corrected', () => page.isVisible('.old'));
  assert.match(fieldsOf(number), /persons=12/);
  assert.deepEqual(page.faults, []);
  await page.context().close();
});

test('a warning of the daemon comes in the language of the page', async () => {
  const number = open();
  world.madoguchi(['close', number]);
  for (const [language, name, sent, warning] of [
    ['en', 'Record the contact', /^Recorded/, /The case is closed; the contact was recorded all the same\./], ['ja', '対応を記録する', /^記録しました/, /終結/],
  ]) {
    const page = await world.sit('supervisor', { language });
    await visit(page, world, `/case?number=${number}`);
    await press(page, '1');
    await button(page, name).click();
    await says(page, sent);
    assert.match(await page.innerText('#said'), warning);
    assert.equal(/[ぁ-ん]/.test(await page.innerText('#said')), language === 'ja');
    await page.context().close();
  }
});

test('a month is closed, once', async () => {
  const page = await world.sit('supervisor');
  await visit(page, world, '/close');
  const month = await page.getByLabel('月').inputValue();
  await page.getByLabel('業務').selectOption('migration');
  await button(page, 'この月を締める').click();
  await says(page, new RegExp(`^${month} を締めました（#\\d+）`));
  assert.match(world.madoguchi(['audit', '--kind', 'month-close', '--format', 'json']), new RegExp(month.replace('-', '-?')));
  await button(page, 'この月を締める').click();
  await page.waitForSelector('form .error:not(:empty)');
  assert.deepEqual(page.faults, []);
  await page.context().close();
});

test('an account is made, given a password, used and disabled', async () => {
  const page = await world.sit('administrator');
  await visit(page, world, '/accounts');
  await button(page, '新しい利用者').click();
  await page.getByRole('textbox', { name: /^利用者/ }).fill('sato-1');
  await page.getByLabel('氏名').fill('佐藤');
  await page.getByLabel('窓口職員').check();
  await button(page, '利用者を作る').click();
  await page.getByRole('button', { name: 'sato-1 に新しいパスワード' }).click();
  const given = await page.innerText('output');
  await button(page, '隠す').click();
  assert.ok(!(await page.innerText('body')).includes(given));
  const newcomer = await world.sit(null);
  await logIn(newcomer, 'sato-1', given);
  assert.equal(new URL(newcomer.url()).pathname, '/password');
  await newcomer.locator('input').nth(0).fill(given);
  await newcomer.locator('input').nth(1).fill('a sentence of my own');
  await newcomer.locator('input').nth(2).fill('a sentence of my own');
  await press(newcomer, 'Enter');
  await newcomer.waitForURL((url) => url.pathname === '/');
  await ready(newcomer);
  await page.getByRole('button', { name: 'sato-1 を変更' }).click();
  await page.getByLabel('使用を止める').check();
  await button(page, '利用者を変更する').click();
  await until('disabled', async () => /停止/.test(await page.locator('tr', { hasText: 'sato-1' }).innerText()));
  await newcomer.goto(`${world.base}/`);
  await newcomer.waitForURL(/\/login/);
  assert.deepEqual([...page.faults, ...newcomer.faults], []);
  await newcomer.context().close();
  await page.context().close();
});

test('the audit is narrowed by kind, person, number and days', async () => {
  const number = open();
  const { seq } = shown(world, number)[0];
  world.madoguchi(['void', String(seq), '--reason', 'a test']);
  const page = await world.sit('auditor');
  await visit(page, world, '/audit');
  const rows = () => page.locator('tbody tr').allInnerTexts();
  const search = async () => {
    await button(page, '検索').click();
    await page.waitForSelector('section:not([aria-busy]) table');
    return rows();
  };
  assert.ok((await rows()).length > 5);
  await page.getByLabel('種類').selectOption('password-reset');
  assert.ok((await search()).every((row) => /仮パスワード発行/.test(row)));
  assert.ok((await rows()).length >= 3);
  await page.getByLabel('種類').selectOption('login');
  await page.getByRole('textbox', { name: /^利用者/ }).fill('auditor');
  assert.ok((await search()).every((row) => /auditor/.test(row)));
  assert.ok((await rows()).length > 0);
  await page.getByLabel('種類').selectOption('');
  await page.getByRole('textbox', { name: /^利用者/ }).fill('');
  await page.getByLabel('相談票の番号').fill(number);
  const about = await search();
  assert.equal(about.length, 1);
  assert.match(about[0], /a test/);
  // Days: before anything was, and one that there is not.
  await page.getByLabel('相談票の番号').fill('');
  const boxes = (name) => page.getByRole('group', { name }).locator('input');
  await boxes('終了').nth(0).fill('2020');
  await boxes('開始').nth(0).fill('2020');
  assert.deepEqual(await search(), []);
  await boxes('終了').nth(1).fill('13');
  await button(page, '検索').click();
  assert.match(await page.innerText('form'), /＊終了/);
  assert.deepEqual(page.faults, []);
  await page.context().close();
});

test('a report is taken along as a file', async () => {
  const page = await world.sit('supervisor');
  await visit(page, world, '/reports');
  await page.getByRole('combobox', { name: '報告書' }).selectOption('yearly');
  await button(page, '表示').click();
  const begins = { xlsx: /^PK\x03\x04/, csv: /^\xef\xbb\xbf/, txt: /./ };
  const types = { xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', csv: 'text/csv; charset=utf-8', txt: 'text/plain; charset=utf-8' };
  for (const [end, text] of [['xlsx', 'Excel'], ['csv', 'CSV'], ['txt', 'テキスト']]) {
    const link = page.getByRole('link', { name: new RegExp(`^ダウンロード：${text}`) });
    const [file] = await Promise.all([page.waitForEvent('download'), link.click()]);
    assert.equal(file.suggestedFilename(), `yearly.${end}`);
    const bytes = fs.readFileSync(await file.path());
    assert.match(bytes.toString('latin1'), begins[end]);
    const type = await link.evaluate(async (node) => (await fetch(node.href)).headers.get('Content-Type'));
    assert.equal(type, types[end]);
  }
  assert.deepEqual(page.faults, []);
  await page.context().close();
});
