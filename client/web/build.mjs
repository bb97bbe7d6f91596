// Makes the pages of madoguchi-web into one C file of compressed bytes.
//
//   node client/web/build.mjs OUT_C OUT_DIR
//
// OUT_DIR takes the same files as they are before compression, for tests and to
// look at.  The packages of package.json are found in a node_modules folder above
// OUT_DIR.  The same sources and packages give the same bytes.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

import { pages } from './pages.mjs';

const [OUT_C, OUT_DIR] = process.argv.slice(2).map((name) => path.resolve(name));
if (OUT_DIR === undefined) {
  console.error('usage: node client/web/build.mjs OUT_C OUT_DIR');
  process.exit(2);
}
const HERE = path.dirname(fileURLToPath(import.meta.url));
const SOURCES = path.join(HERE, 'pages');
const require = createRequire(path.join(OUT_DIR, 'from-here.js'));
const esbuild = require('esbuild');
const TYPES = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
};

// { msgid: [translation, ...] } of a .po file; a fuzzy or missing one ends the build.
async function messages(language) {
  const { po } = await import(require.resolve('gettext-parser'));
  const file = path.join(HERE, 'po', `${language}.po`);
  const all = po.parse(fs.readFileSync(file)).translations[''];
  const out = {};
  for (const { msgid, msgstr, comments } of Object.values(all)) {
    if (msgid === '') {
      continue;
    }
    if (comments?.flag?.includes('fuzzy') || msgstr.some((text) => text === '')) {
      throw new Error(`${file}: not translated: ${msgid}`);
    }
    out[msgid] = msgstr[0];
  }
  return out;
}

// import messages from 'messages:ja';
const translations = {
  name: 'translations',
  setup(build) {
    build.onResolve({ filter: /^messages:/ }, ({ path: name }) => ({ path: name.slice(9), namespace: 'messages' }));
    build.onLoad({ filter: /./, namespace: 'messages' }, async ({ path: language }) => ({
      contents: JSON.stringify(await messages(language)),
      loader: 'json',
    }));
  },
};

async function bundle() {
  const scripts = [...new Set(Object.values(pages).map((page) => page.script))];
  await esbuild.build({
    absWorkingDir: SOURCES,
    entryPoints: [...scripts, 'style.css', 'icon.svg'],
    bundle: true,
    splitting: true,
    format: 'esm',
    minify: true,
    target: ['chrome109', 'firefox115', 'safari16'],
    charset: 'utf8',
    legalComments: 'none', // licences.txt has them all
    loader: { '.svg': 'copy' },
    nodePaths: [path.dirname(path.dirname(require.resolve('esbuild/package.json')))],
    outdir: OUT_DIR,
    entryNames: '[name]',
    chunkNames: 'part-[hash]',
    plugins: [translations],
    logLevel: 'warning',
  });
}

function licences() {
  const text = ['@digital-go-jp/design-tokens', 'chart.js', '@kurkle/color'].map((name) => {
    const main = require.resolve(name);
    const root = main.slice(0, main.lastIndexOf(path.join('node_modules', name))) + path.join('node_modules', name);
    const file = fs.readdirSync(root).find((each) => /^licen[cs]e/i.test(each));
    return `${name}\n\n${fs.readFileSync(path.join(root, file), 'utf8').trim()}\n`;
  });
  fs.writeFileSync(path.join(OUT_DIR, 'licences.txt'), text.join(`\n${'-'.repeat(72)}\n\n`));
}

function html() {
  const shell = fs.readFileSync(path.join(SOURCES, 'shell.html'), 'utf8');
  for (const { file, script, title } of Object.values(pages)) {
    const text = shell.replaceAll('{title}', title).replaceAll('{script}', script);
    fs.writeFileSync(path.join(OUT_DIR, file), text);
  }
}

// Everything that is served, in the order of its URL.
function served() {
  const assets = [];
  const byFile = Object.fromEntries(Object.entries(pages).map(([url, page]) => [page.file, url]));
  for (const name of fs.readdirSync(OUT_DIR).sort()) {
    const url = byFile[name] ?? `/assets/${name}`;
    const type = TYPES[path.extname(name)];
    const data = gzipSync(fs.readFileSync(path.join(OUT_DIR, name)), { level: 9 });
    data[9] = 255; // the system that made it: not said
    assets.push({ url, type, data, page: name in byFile });
  }
  return assets.sort((a, b) => (a.url < b.url ? -1 : 1));
}

function writeC(assets) {
  const lines = ['#include "client/web/assets.h"', ''];
  assets.forEach(({ data }, i) => {
    lines.push(`static const unsigned char data_${i}[] = {`);
    for (let at = 0; at < data.length; at += 24) {
      lines.push(`${[...data.subarray(at, at + 24)].join(',')},`);
    }
    lines.push('};');
  });
  lines.push('const struct web_asset web_assets[] = {');
  assets.forEach(({ url, type, data, page }, i) => {
    const etag = createHash('sha256').update(data).digest('hex').slice(0, 16);
    lines.push(`    {"${url}", "${type}", data_${i}, sizeof data_${i}, "\\"${etag}\\"", ${page}},`);
  });
  lines.push('};', `const size_t web_assets_n = ${assets.length};`, '');
  fs.mkdirSync(path.dirname(OUT_C), { recursive: true });
  fs.writeFileSync(OUT_C, lines.join('\n'));
}

fs.rmSync(OUT_DIR, { recursive: true, force: true });
fs.mkdirSync(OUT_DIR, { recursive: true });
await bundle();
licences();
html();
writeC(served());
