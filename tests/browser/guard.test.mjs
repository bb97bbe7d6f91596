// The browser's guard against individual numbers judges as the daemon's does: the texts
// of tests/test_guard.c are the texts of this test.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { holdsIndividualNumber } from '../../client/web/pages/guard.js';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const ESCAPE = /\\(?:u([0-9a-f]{4})|U([0-9a-f]{8})|x([0-9a-f]{2})|([0-7]{1,3})|(.))/giu;
const PLAIN = { n: '\n', r: '\r', t: '\t' };

// A C string's text; null when its bytes are no UTF-8, which no browser has in a text.
function textOf(literal) {
  const bytes = [];
  let at = 0;
  const take = (text) => bytes.push(...Buffer.from(text));
  for (const found of literal.matchAll(ESCAPE)) {
    const [whole, short, long, hex, octal, one] = found;
    take(literal.slice(at, found.index));
    if (short ?? long) {
      take(String.fromCodePoint(parseInt(short ?? long, 16)));
    } else if (hex ?? octal) {
      bytes.push(hex ? parseInt(hex, 16) : parseInt(octal, 8));
    } else {
      take(PLAIN[one] ?? one);
    }
    at = found.index + whole.length;
  }
  take(literal.slice(at));
  const text = Buffer.from(bytes).toString('utf8');
  return text.includes('\ufffd') ? null : text;
}

// [text, whether it is refused] of each list that is expected to have one verdict.
function vectors() {
  const source = fs.readFileSync(path.join(ROOT, 'tests/test_guard.c'), 'utf8');
  const lists = source.matchAll(/const char \*const (\w+)\[\] = \{([\s\S]*?)\};\s*expect\(\1, COUNT\(\1\), GUARD_(\w+)\)/g);
  return [...lists].flatMap(([, , body, verdict]) =>
    [...body.replace(/\/\*.*?\*\//gs, '').matchAll(/(?:"(?:[^"\\]|\\.)*"\s*)+/g)]
      .map(([strings]) => [...strings.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, each]) => each).join(''))
      .map((literal) => [textOf(literal), verdict === 'REFUSE'])
      .filter(([text]) => text !== null));
}

test('the texts of the daemon\'s own test', () => {
  const all = vectors();
  assert.ok(all.filter(([, refused]) => refused).length > 50 && all.filter(([, refused]) => !refused).length > 30, `${all.length} texts found`);
  assert.deepEqual(all.filter(([text, refused]) => holdsIndividualNumber(text) !== refused), []);
});

test('numbers as an input method writes them', () => {
  for (const text of ['❶❷❸❹❺❻❼❽❾⓿❶❽', '➊➋➌➍➎➏➐➑➒⓿➊➑', '⓵⓶⓷⓸⓹⓺⓻⓼⓽⓪⓵⓼', '㊀㊁㊂㊃㊄㊅㊆㊇㊈⓪㊀㊇', '⑫ⅢⅣⅤⅥⅦⅧⅨ⓪①⑧', '½❶❷❸❹❺❻❼❽❾⓿❶❽']) {
    assert.equal(holdsIndividualNumber(text), true, text);
  }
});
