// How much the counter's page loads, compressed, with all that its scripts import at once.
import fs from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

const MOST = 200_000;
const folder = path.join(process.env.BUILD ?? 'build', 'web/pages');
const size = (name) => gzipSync(fs.readFileSync(path.join(folder, name)), { level: 9 }).length;

// Static imports only: what is imported when it is needed is not the page's.
function loaded(name, seen = new Set()) {
  if (!seen.has(name)) {
    seen.add(name);
    const text = fs.readFileSync(path.join(folder, name), 'utf8');
    for (const [, other] of text.matchAll(/(?:from|import)"\.\/([^"]+)"/g)) {
      loaded(other, seen);
    }
  }
  return seen;
}

const names = ['counter.html', 'style.css', 'icon.svg', ...loaded('counter.js')];
const total = names.map(size).reduce((sum, each) => sum + each, 0);
console.log(`the counter's page: ${names.length} files, ${(total / 1000).toFixed(1)} KB compressed`);
if (total > MOST) {
  console.error(`more than ${MOST / 1000} KB`);
  process.exit(1);
}
