// What every browser test stands on: a store of its own with a person of each role, the
// daemon, the gateway and Debian's Chromium, all started here and ended here.
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const BUILD = path.resolve(ROOT, process.env.BUILD ?? 'build');
const require = createRequire(path.join(BUILD, 'web', 'from-here.js'));
const { chromium } = require('playwright-core');
const AXE = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

export const ROLES = ['clerk', 'temporary', 'counsellor', 'supervisor', 'planner', 'auditor', 'administrator'];
export const password = (name) => `a sentence for ${name}`;
const WAIT_MS = Number(process.env.WAIT_MS ?? 60_000);

const children = new Set();
function start(program, args, log) {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', fs.openSync(log, 'a')] });
  children.add(child);
  child.ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal ?? code)));
  child.ended.then((how) => {
    children.delete(child);
    if (!child.told) { // a test that fails for it says why
      console.error(`${path.basename(program)} ended by itself (${how}): ${fs.readFileSync(log, 'utf8').slice(-2000)}`);
    }
  });
  return child;
}
process.on('exit', () => children.forEach((child) => child.kill('SIGKILL')));

export async function until(what, holds) {
  const end = Date.now() + WAIT_MS;
  for (;;) {
    const value = await holds();
    if (value) {
      return value;
    }
    if (Date.now() > end) {
      throw new Error(`did not come: ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const connects = (where) =>
  new Promise((resolve) => {
    const socket = net.connect(where);
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });

const freePort = () =>
  new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

export class World {
  // Of people of these roles, each named as the role.
  constructor(...roles) {
    this.roles = roles.length > 0 ? roles : ROLES;
    this.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'madoguchi-browser-'));
    this.socket = `unix:${this.dir}/m.sock`;
  }

  // The client's output, as the Unix user who made the store or with a token file.
  madoguchi(args, { input, token = `${this.dir}/none` } = {}) {
    return execFileSync(path.join(BUILD, 'madoguchi'), args, {
      input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, MADOGUCHI_SERVER: this.socket, MADOGUCHI_TOKEN: token, LANGUAGE: '', LC_ALL: 'C.UTF-8' },
    });
  }

  rows(args) {
    return this.madoguchi([...args, '--format', 'csv']).trim().split('\n').slice(1);
  }

  async serve() {
    this.daemon = start(path.join(BUILD, 'madoguchid'), ['serve', '--store', `${this.dir}/store`, '--listen', this.socket], `${this.dir}/daemon.log`);
    await this.listens(this.daemon, 'daemon', this.socket.slice(5));
  }

  async gateway() {
    this.web = start(process.env.MADOGUCHI_WEB ?? path.join(BUILD, 'madoguchi-web'), [
      '--server', this.socket, '--listen', `127.0.0.1:${this.port}`,
      '--tls-certificate', `${this.dir}/tls/server.crt`, '--tls-key', `${this.dir}/tls/server.key`,
    ], `${this.dir}/web.log`);
    await this.listens(this.web, 'web', { port: this.port, host: '127.0.0.1' });
  }

  async listens(child, name, where) {
    await until(name, () => {
      if (!children.has(child)) {
        throw new Error(`${name} ended: ${fs.readFileSync(`${this.dir}/${name}.log`, 'utf8')}`);
      }
      return connects(where);
    });
  }

  async stop(child, signal = 'SIGTERM') {
    child.told = true;
    child.kill(signal);
    await child.ended;
  }

  // A person with a password of their own.
  person(name, role, more = []) {
    this.madoguchi(['account', 'add', name, '--role', role, ...more]);
    const given = this.madoguchi(['account', 'password', name]).split('\n')[0];
    const token = `${this.dir}/token-${name}`;
    this.madoguchi(['login', name], { input: `${given}\n`, token });
    this.madoguchi(['passwd'], { input: `${given}\n${password(name)}\n`, token });
    this.madoguchi(['logout'], { token });
  }

  // Years of a sample city, for pages of numbers.
  ledger() {
    this.madoguchi(['import', path.join(ROOT, 'plans/ledgers/nagai.csv')]);
  }

  async begin() {
    const daemon = (args) => execFileSync(path.join(BUILD, 'madoguchid'), args, { stdio: ['ignore', 'pipe', 'inherit'] });
    daemon(['init', '--store', `${this.dir}/store`, '--municipality', '062090', '--name', '長井市']);
    daemon(['tls-init', '--dir', `${this.dir}/tls`, '--name', 'localhost']);
    this.port = await freePort();
    this.base = `https://localhost:${this.port}`;
    await this.serve();
    this.roles.forEach((role) => this.person(role, role, ['--person', `${role} の人`]));
    this.madoguchi(['coverage', '2024-04-01..', '--service', 'migration']);
    this.madoguchi(['plan', 'put', path.join(ROOT, 'plans/nagai.yaml')]);
    await this.gateway();
    this.browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
  }

  async end() {
    await this.browser?.close();
    for (const child of [this.web, this.daemon].filter(Boolean)) {
      await this.stop(child);
    }
    if (process.env.KEEP === undefined) {
      fs.rmSync(this.dir, { recursive: true, force: true });
    }
  }

  // A browser of a person's own.  1366x768 at 150 % has 910x512 of the page's pixels.
  async sit(name, { language = 'ja', width = 1366, height = 768 } = {}) {
    const context = await this.browser.newContext({ ignoreHTTPSErrors: true, locale: language, viewport: { width, height } });
    const page = await context.newPage();
    page.faults = [];
    page.on('pageerror', (error) => page.faults.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) {
        page.faults.push(message.text());
      }
    });
    page.on('dialog', (dialog) => {
      page.faults.push(`dialog: ${dialog.message()}`);
      dialog.dismiss();
    });
    await page.goto(`${this.base}/login`);
    await ready(page);
    if (name !== null) {
      await logIn(page, name);
    }
    return page;
  }
}

export const ready = (page) => page.waitForSelector('body[data-ready]', { state: 'attached', timeout: WAIT_MS });

export async function logIn(page, name, secret = password(name)) {
  await page.fill('input[name=name]', name);
  await page.fill('input[name=password]', secret);
  await Promise.all([page.waitForURL((url) => url.pathname !== '/login', { timeout: WAIT_MS }), page.keyboard.press('Enter')]);
  await ready(page);
}

export async function visit(page, world, where) {
  await page.goto(world.base + where);
  await ready(page);
}

// What axe-core finds against WCAG 2.2 A and AA and its own good practice.
export async function axe(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() =>
    window.axe.run(document, { runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] } }));
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 160)).join(' | ')}`);
}

export async function picture(page, name) {
  if (process.env.PICTURES) {
    await page.screenshot({ path: path.join(process.env.PICTURES, `${name}.png`) });
  }
}
