// How long a person waits in a browser: from a key to "recorded" on the counter's page,
// and until a month's page with its chart can be used, over a store of many entries.
//
//   node tests/bench/web_page.mjs [ROWS.csv]      (make bench-web)
//
// Prints CSV: name,n,p50,p99,most,unit.  The times are the page's own clock.
import process from 'node:process';
import { World, ready, visit } from '../browser/kit.mjs';

const KEYS = Number(process.env.KEYS ?? 200);
const PAGES = Number(process.env.PAGES_EACH ?? 20);

function row(name, values, unit = 'ms') {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (part) => sorted[Math.min(sorted.length - 1, Math.ceil(part * sorted.length) - 1)].toFixed(1);
  console.log([name, sorted.length, at(0.5), at(0.99), at(1), unit].join(','));
}

const world = new World();
await world.begin();
try {
  if (process.argv[2] !== undefined) {
    world.madoguchi(['import', process.argv[2]]);
  }
  console.log('name,n,p50,p99,most,unit');
  const clerk = await world.sit('clerk');
  await clerk.evaluate(() => {
    const said = document.getElementById('said');
    let start = null;
    window.waits = [];
    addEventListener('keydown', () => { start = performance.now(); }, { capture: true });
    new MutationObserver(() => {
      if (start !== null && said.textContent.includes('#')) {
        window.waits.push(performance.now() - start);
        start = null;
      }
    }).observe(said, { childList: true, characterData: true, subtree: true });
  });
  for (let i = 1; i <= KEYS; i += 1) {
    await clerk.keyboard.press('1');
    await clerk.waitForFunction((n) => window.waits.length >= n, i);
  }
  const waits = await clerk.evaluate(() => window.waits);
  row('key to recorded on screen', waits);
  const chief = await world.sit('supervisor');
  const loads = [];
  for (let i = 0; i < PAGES; i += 1) {
    await visit(chief, world, '/month?count=contacts&rows=topic&by=month');
    await ready(chief);
    await chief.waitForSelector('canvas');
    // From the beginning of the navigation until the chart is there and a frame was drawn.
    loads.push(await chief.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now()))))));
  }
  row('month page with chart until it can be used', loads);
} finally {
  await world.end();
}
