// What is printed: no navigation, no forms, and nothing over the side of A4.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { World, visit } from './kit.mjs';

const world = new World('supervisor');
before(async () => {
  await world.begin();
  world.ledger();
});
after(() => world.end());

const A4 = 794 - 2 * 57; // CSS pixels between margins of 15 mm

async function fits(page, name) {
  await page.emulateMedia({ media: 'print' });
  await page.setViewportSize({ width: A4, height: 1000 });
  const seen = await page.evaluate(() => [...document.querySelectorAll('header, nav, form, button, .notes, .skip')].filter((node) => node.checkVisibility()).map((node) => node.outerHTML.slice(0, 120)));
  assert.deepEqual(seen, [], name);
  const wide = await page.evaluate((most) => [...document.querySelectorAll('body *')].filter((node) => node.checkVisibility() && node.getBoundingClientRect().right > most + 1)
    .map((node) => `${node.tagName} ${Math.round(node.getBoundingClientRect().right)} ${node.innerText?.slice(0, 40)}`).slice(0, 5), A4);
  assert.deepEqual(wide, [], name);
  const cut = await page.evaluate(() => [...document.querySelectorAll('.scroll')].filter((node) => node.scrollWidth > node.clientWidth + 1).length);
  assert.equal(cut, 0, name);
  const empty = await page.evaluate(() => [...document.querySelectorAll('table')].flatMap((of) => [...of.tHead.rows[0].cells]
    .filter((head, i) => head.checkVisibility() && of.tBodies[0].rows.length > 0 && [...of.tBodies[0].rows].every((row) => row.cells[i].querySelector('button')))
    .map((head) => head.innerText)));
  assert.deepEqual(empty, [], `${name}: columns of buttons, which print empty`);
  const pdf = await page.pdf({ preferCSSPageSize: true });
  assert.equal(pdf.subarray(0, 5).toString(), '%PDF-');
  if (process.env.PICTURES) {
    fs.writeFileSync(path.join(process.env.PICTURES, `${name}.pdf`), pdf);
  }
  const [, width, height] = /MediaBox ?\[0 0 ([\d.]+) ([\d.]+)\]/.exec(pdf.toString('latin1')).map(Number);
  assert.ok(Math.abs(width - 595) < 2 && Math.abs(height - 842) < 2, `${width} x ${height}`);
  await page.emulateMedia({ media: null });
  await page.setViewportSize({ width: 1366, height: 768 });
}

test('months, reports, indicators and a case on A4', async () => {
  const page = await world.sit('supervisor');
  for (const [name, where] of Object.entries({
    months: '/month?year=2023&rows=topic&count=contacts&by=month', channels: '/month?year=2023&rows=service&count=contacts&by=channel&service=migration',
    indicators: '/indicators?plan=nagai&from=2019&to=2023', prove: '/prove?plan=nagai&indicator=migrated-cases&year=2023', case: '/case?number=M-2023-000055', today: '/today',
  })) {
    await visit(page, world, where);
    await fits(page, name);
  }
  await visit(page, world, '/reports');
  for (const kind of ['monthly', 'yearly', 'five-years', 'survey']) {
    await page.locator('main form select').first().selectOption(kind);
    await page.locator('main form select').nth(3).selectOption('2023');
    const shown = page.waitForResponse((response) => response.url().includes(`kind=${kind}`));
    await page.locator('button.primary').click();
    await shown;
    await page.waitForSelector('main section:not([aria-busy]) table');
    await fits(page, `report-${kind}`);
  }
  assert.deepEqual(page.faults, []);
  await page.context().close();
});
