// What is typed and recorded outlives a reload, an ended login, a dead gateway and a daemon
// that is down: nothing is lost, and nothing is recorded twice.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { World, logIn, password, ready, until, visit } from './kit.mjs';
import { chips, contactsSum, focused, keyOf, press, recents, settled, typed, waiting } from './counter_kit.mjs';

const world = new World('clerk');
let page;
let inquiry;
before(async () => {
  await world.begin();
  page = await world.sit('clerk');
  inquiry = await keyOf(page, '市民相談', '問い合わせ');
});
beforeEach(() => visit(page, world, '/'));
after(() => world.end());

const says = (id, pattern) => until(`${id}: ${pattern}`, async () => pattern.test(await page.innerText(`#${id}`)));

async function halfTyped() {
  await page.keyboard.type('housing');
  await press(page, 'Enter');
  await page.keyboard.type('*4');
  await press(page, 'Enter');
  await page.keyboard.type('pho');
  return chips(page);
}

async function stillThere(words) {
  assert.deepEqual(await chips(page), words);
  assert.equal(await typed(page), 'pho');
  assert.equal(await focused(page), 'entry');
}

async function again() {
  await page.waitForSelector('dialog[open]');
  await page.fill('dialog input[name=password]', password('clerk'));
  await press(page, 'Enter');
  await page.waitForSelector('dialog', { state: 'detached' });
}

// The login is ended as another page of this browser would end it.
async function endLogin() {
  const other = await page.context().newPage();
  await other.goto(`${world.base}/assets/licences.txt`);
  const status = await other.evaluate(async () => {
    const { csrf } = await (await fetch('/api/session')).json();
    const headers = { 'Content-Type': 'application/json', 'X-Madoguchi-CSRF': csrf };
    return (await fetch('/api/logout', { method: 'POST', headers, body: '{}' })).status;
  });
  assert.equal(status, 200);
  await other.close();
}

test('typing survives a reload', async () => {
  const words = await halfTyped();
  assert.equal(words.length, 2);
  await page.reload();
  await ready(page);
  await stillThere(words);
  await press(page, 'Escape', 'Escape');
});

test('typing survives an ended login and a new one, and what was sent is recorded once', async () => {
  const before = contactsSum(world);
  await endLogin();
  await press(page, inquiry);
  await page.waitForSelector('dialog[open]');
  assert.equal(contactsSum(world), before);
  await again();
  await settled(page);
  assert.equal(contactsSum(world), before + 1);
  const words = await halfTyped();
  await endLogin();
  await page.reload(); // to the page of the login
  await page.waitForURL(/\/login/);
  await logIn(page, 'clerk');
  await stillThere(words);
  await press(page, 'Escape', 'Enter');
  await settled(page);
  assert.equal(contactsSum(world), before + 5);
  assert.deepEqual(page.faults, []);
});

test('an account that was disabled and enabled again loses nothing', async () => {
  const before = contactsSum(world);
  world.madoguchi(['account', 'disable', 'clerk']);
  await press(page, inquiry);
  await page.waitForSelector('dialog[open]');
  world.madoguchi(['account', 'enable', 'clerk']);
  await again();
  await settled(page);
  assert.equal(contactsSum(world), before + 1);
});

test('the gateway is killed while a clerk records: nothing lost, nothing twice', async () => {
  const before = contactsSum(world);
  await press(page, inquiry, inquiry);
  await world.stop(world.web, 'SIGKILL'); // whatever was on its way then
  await press(page, inquiry, inquiry, inquiry);
  await says('waits', /応答がありません.*[3-5] 件/);
  const words = await halfTyped();
  assert.ok((await recents(page)).some((each) => each.state.includes('waiting')));
  await world.gateway();
  await settled(page);
  assert.equal(contactsSum(world), before + 5);
  await stillThere(words);
  await says('waits', /^$/);
  await until('all recorded', async () => (await recents(page)).every((each) => /done/.test(each.state)));
  await press(page, 'Escape', 'Escape');
});

test('an answer that is lost: sent again under the same id', async () => {
  const before = contactsSum(world);
  const ids = [];
  let lose = true;
  await page.route('**/api/ask', async (route) => {
    const body = route.request().postDataJSON();
    if (body.act === undefined) {
      await route.continue();
      return;
    }
    ids.push(body.id);
    const answer = await route.fetch(); // it is recorded ...
    await (lose ? route.abort() : route.fulfill({ response: answer })); // ... and nobody hears of it
    lose = false;
  });
  await press(page, inquiry);
  await until('a second try', () => ids.length === 2);
  await settled(page);
  await page.unroute('**/api/ask');
  assert.equal(ids[0], ids[1]);
  assert.equal(contactsSum(world), before + 1);
});

test('the daemon is stopped, a page is loaded again, the daemon comes back', async () => {
  const before = contactsSum(world);
  await world.stop(world.daemon);
  await press(page, inquiry, inquiry);
  await says('waits', /応答がありません.*2 件/);
  assert.equal(await waiting(page), 2);
  await world.serve();
  await page.reload();
  await ready(page);
  await settled(page);
  assert.equal(contactsSum(world), before + 2);
});

test('taken back and grown while nothing is sent', async () => {
  const before = contactsSum(world);
  await world.stop(world.web, 'SIGKILL');
  await press(page, inquiry, 'Control+z', inquiry, '+');
  await says('waits', /応答がありません/);
  await world.gateway();
  await settled(page);
  assert.equal(contactsSum(world), before + 1);
  await until('states', async () => /done/.test((await recents(page))[0].state));
  assert.deepEqual((await recents(page)).slice(0, 3).map((each) => each.state), ['recent done', 'recent grown', 'recent undone']);
  assert.deepEqual(page.faults, []);
});

test('a case that is refused leaves its count as it was', async () => {
  await press(page, inquiry);
  await settled(page);
  const before = contactsSum(world);
  await page.route('**/api/ask', async (route) => {
    const isCase = route.request().postDataJSON().act?.kind === 'LOG';
    await (isCase ? route.fulfill({ status: 422, json: { error: { code: 'INVALID', field: 'topic', ja: '目録にありません', en: 'not in the catalogue' } } }) : route.continue());
  });
  await press(page, '+');
  await until('refused', async () => /相談票になりました|目録にありません/.test((await recents(page)).map((each) => each.text).join()));
  await settled(page);
  await page.unroute('**/api/ask');
  assert.equal(contactsSum(world), before);
  assert.deepEqual((await recents(page)).slice(0, 2).map((each) => each.state), ['recent refused', 'recent done']);
  assert.match(await page.innerText('#refused'), /目録にありません/);
  await page.getByRole('button', { name: '確認' }).click();
  assert.equal(await page.innerText('#refused'), '');
  assert.equal(await focused(page), 'entry');
});

const named = (tab) => tab.evaluate(() => sessionStorage.getItem('madoguchi.tab'));

// Nothing more can be kept by the browser.
const fillUp = (tab) => tab.evaluate(() => {
  let more = 1 << 22;
  for (let i = 0; more > 0; i += 1) {
    try {
      localStorage.setItem(`filler.${i}`, 'x'.repeat(more));
    } catch {
      more >>= 1;
    }
  }
});
const makeRoom = (tab) => tab.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith('filler.')).forEach((key) => localStorage.removeItem(key)));

test('no room for an answer: a case that is refused leaves its count all the same', async () => {
  await press(page, inquiry);
  await settled(page);
  const before = contactsSum(world);
  const sent = [];
  let through = false;
  await page.route('**/api/ask', async (route) => {
    const asked = route.request().postDataJSON();
    sent.push(...(through ? Object.keys(asked) : []));
    if (!through) {
      await route.abort();
    } else if (asked.act?.kind === 'LOG') {
      await route.fulfill({ status: 422, json: { error: { code: 'INVALID', field: 'topic', ja: '目録にありません', en: 'not in the catalogue' } } });
    } else {
      await route.continue();
    }
  });
  await press(page, '+');
  await says('waits', /応答がありません.*2 件/);
  await fillUp(page);
  through = true;
  await page.evaluate(() => dispatchEvent(new Event('online')));
  await settled(page);
  await page.unroute('**/api/ask');
  assert.ok(sent.includes('act') && !sent.includes('voiding'), sent.join());
  assert.equal(contactsSum(world), before);
  assert.match(await page.innerText('#refused'), /目録にありません/);
  await makeRoom(page);
  await page.getByRole('button', { name: '確認' }).click();
});

test('no room for an answer: what was recorded can be taken back', async () => {
  const before = contactsSum(world);
  const held = await hold(page);
  await press(page, inquiry, 'Control+z');
  await says('waits', /応答がありません.*2 件/);
  await fillUp(page);
  held.through = true;
  await page.evaluate(() => dispatchEvent(new Event('online')));
  await settled(page);
  await page.unroute('**/api/ask');
  await makeRoom(page);
  assert.equal(contactsSum(world), before);
  assert.equal(await page.innerText('#refused'), '');
});

test('what cannot be read holds nothing up', async () => {
  const before = contactsSum(world);
  await page.evaluate((tab) => {
    for (const key of [`outbox.clerk.${tab}.0.x`, 'outbox.clerk', 'outbox.other', 'refused.clerk.x']) {
      localStorage.setItem(`madoguchi.${key}`, key.includes('other') ? '[]' : '{');
    }
  }, await named(page));
  await press(page, inquiry, inquiry, inquiry);
  await until('three more', () => contactsSum(world) === before + 3);
  assert.doesNotMatch(await page.innerText('#waits'), /other/);
  await page.evaluate(() => Object.keys(localStorage).filter((key) => /\.x$|outbox\.(clerk|other)$/.test(key)).forEach((key) => localStorage.removeItem(key)));
  await settled(page);
  assert.deepEqual(page.faults, []);
});

test('what follows an entry that nobody knows is shown, and not sent', async () => {
  const before = contactsSum(world);
  await page.evaluate((tab) => {
    const [entry, id] = ['0'.repeat(32), '1'.repeat(32)].map((digits) => digits.replace(/^./, 'f').replace(/.$/, 'f'));
    const item = { request: { id, act: { kind: 'TALLY', service: 'citizen', nature: 'inquiry', date: 20260401 } }, needs: entry };
    localStorage.setItem(`madoguchi.outbox.clerk.${tab}.0.${id}`, JSON.stringify(item));
  }, await named(page));
  await visit(page, world, '/');
  await settled(page);
  assert.match(await page.innerText('#refused'), /この端末では分かりません/);
  assert.equal(contactsSum(world), before);
  await page.getByRole('button', { name: '確認' }).click();
});

test('a browser that keeps no name for a tab, and refuses locks', async () => {
  const before = contactsSum(world);
  const tab = await page.context().newPage();
  await tab.addInitScript(() => {
    Object.defineProperty(window, 'sessionStorage', { get() { throw new DOMException('no', 'SecurityError'); } });
    navigator.locks.request = () => Promise.reject(new Error('no locks'));
  });
  await visit(tab, world, '/');
  await press(tab, inquiry, inquiry, inquiry);
  await settled(tab);
  assert.equal(contactsSum(world), before + 3);
  await tab.close();
});

async function another(where = '/') {
  const tab = await page.context().newPage();
  await visit(tab, world, where);
  return tab;
}

// Keeps a tab's acts from the gateway until let through; gives their ids as they are sent.
async function hold(tab) {
  const held = { through: false, sent: [] };
  await tab.route('**/api/ask', async (route) => {
    const { id, act, voiding } = route.request().postDataJSON();
    if (act === undefined && voiding === undefined) {
      await route.continue();
    } else if (held.through) {
      held.sent.push(id);
      await route.continue();
    } else {
      await route.abort();
    }
  });
  return held;
}

test('two tabs of one clerk send each entry once', async () => {
  const before = contactsSum(world);
  const other = await another();
  await world.stop(world.web, 'SIGKILL');
  await press(page, inquiry, inquiry);
  await press(other, inquiry, inquiry);
  await world.gateway();
  await settled(page);
  assert.equal(contactsSum(world), before + 4);
  await other.close();
});

// One key many times, faster than anybody types.
const burst = (tab, times) => tab.evaluate(async ([key, n]) => {
  for (let i = 0; i < n; i += 1) {
    document.getElementById('entry').dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
    await new Promise((resolve) => { setTimeout(resolve, i % 5); });
  }
}, [inquiry, times]);

test('two tabs that record at the same time: nothing lost, nothing twice', async () => {
  const before = contactsSum(world);
  const other = await another();
  await Promise.all([burst(page, 90), burst(other, 90)]);
  await Promise.all([settled(page), settled(other)]);
  assert.equal(contactsSum(world), before + 180);
  assert.deepEqual([...page.faults, await page.innerText('#refused'), await other.innerText('#refused')], ['', '']);
  await other.close();
});

test('what a closed tab left is sent by one of the others', async () => {
  const before = contactsSum(world);
  const third = await another('/list');
  const closed = await another();
  await world.stop(world.web, 'SIGKILL');
  await press(closed, inquiry, inquiry, inquiry);
  assert.equal(await waiting(page), 3);
  await closed.close();
  await world.gateway();
  await settled(page);
  assert.equal(contactsSum(world), before + 3);
  await third.close();
});

test('a browser without locks sends all the same', async () => {
  const before = contactsSum(world);
  const without = await page.context().newPage();
  await without.addInitScript(() => Object.defineProperty(Navigator.prototype, 'locks', { value: undefined }));
  await visit(without, world, '/');
  const closed = await another();
  await hold(closed);
  await press(closed, inquiry, inquiry);
  await press(without, inquiry);
  await visit(without, world, '/');
  await settled(without);
  assert.equal(contactsSum(world), before + 3);
  await closed.close();
  await without.close();
});

test('a copy of a tab has a name of its own', async () => {
  await page.evaluate(() => sessionStorage.setItem('copied', 'yes'));
  const [copy] = await Promise.all([page.waitForEvent('popup'), page.evaluate(() => { window.open('/'); })]);
  await ready(copy);
  assert.equal(await copy.evaluate(() => sessionStorage.getItem('copied')), 'yes');
  assert.match(await named(copy), /^[0-9a-f]{8}$/);
  assert.notEqual(await named(copy), await named(page));
  await copy.close();
});

test('a tab that is loaded again keeps its name and the order', async () => {
  const name = await named(page);
  const held = await hold(page);
  await press(page, inquiry, '0', '2', inquiry);
  await page.reload();
  await ready(page);
  assert.equal(await named(page), name);
  await press(page, '0', '2');
  const asked = (await page.evaluate(() => JSON.parse(localStorage.getItem('madoguchi.recent.clerk')).slice(0, 4).map(({ ids }) => ids[0]))).reverse();
  assert.equal(await waiting(page), 4);
  held.through = true;
  await settled(page);
  await page.unroute('**/api/ask');
  assert.deepEqual(held.sent, asked);
  await until('all recorded', async () => (await recents(page)).slice(0, 4).every((each) => /done/.test(each.state)));
});

test('taken back in one tab while it waits in another; the rest is not held up', async () => {
  const before = contactsSum(world);
  const other = await another();
  const held = await hold(other);
  await press(other, inquiry);
  await visit(page, world, '/');
  await press(page, 'Control+z', inquiry);
  await until('the second, alone', async () => (await waiting(page)) === 2);
  assert.equal(contactsSum(world), before + 1);
  held.through = true;
  await settled(page);
  assert.equal(contactsSum(world), before + 1);
  assert.deepEqual((await recents(page)).slice(0, 2).map((each) => each.state), ['recent done', 'recent undone']);
  assert.deepEqual([...page.faults, await page.innerText('#refused')], ['']);
  await other.close();
});

test('what finds no room is not recorded, and says so', async () => {
  const before = contactsSum(world);
  const held = await hold(page);
  const referral = async () => { // two acts: all or none
    await page.keyboard.type('law');
    await press(page, 'Enter', 'Enter');
    await says('said', /記録されていません/);
  };
  await page.evaluate(() => {
    const { setItem } = Storage.prototype;
    Storage.prototype.setItem = function (key, value) {
      if (value.includes('"REFER"') && key.startsWith('madoguchi.outbox.')) {
        throw new DOMException('full', 'QuotaExceededError');
      }
      setItem.call(this, key, value);
    };
  });
  await referral();
  assert.equal(await waiting(page), 0);
  await visit(page, world, '/');
  await burst(page, 199);
  await referral();
  assert.equal(await waiting(page), 199);
  held.through = true;
  await visit(page, world, '/');
  await settled(page);
  await page.unroute('**/api/ask');
  assert.equal(contactsSum(world), before + 199);
  assert.deepEqual([...page.faults, await page.innerText('#refused')], ['']);
});
