// What a page says to the gateway.  An error is a Refused, which the daemon meant, or
// a Lost, after which nobody knows: the same request is asked again with the same id.
import { anyIndividualNumber } from './guard.js';
import { inLanguage, language, _ } from './i18n.js';

const TIMEOUT_MS = 30_000;
const LOST = new Set([500, 502, 503, 504]);

export class Refused extends Error {
  constructor(status, error) {
    super(inLanguage(error));
    Object.assign(this, { status, code: error.code, field: error.field ?? '', near: error.near ?? [] });
  }
}

export class Lost extends Error {
  constructor(message, after = 0) {
    super(message || _('The server does not answer.'));
    this.after = after; // seconds to wait at least
  }
}

// The session as /api/session has it.
export let session = { account: null, rights: [], roles: [], services: [], offices: [] };
export const may = (right) => session.account !== null && session.rights?.includes(right);

let askLogin = async () => {
  location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
  return new Promise(() => {}); // the page is left
};
// What is done when a login has ended: a dialog over the page, after which the same is sent again.
export const onLoginEnded = (ask) => {
  askLogin = ask;
};

async function send(method, path, body) {
  const headers = { Accept: 'application/json', 'X-Madoguchi-Language': language };
  if (body !== undefined) {
    headers['Content-Type'] = 'application/json';
    headers['X-Madoguchi-CSRF'] = session.csrf ?? '';
  }
  try {
    return await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
      cache: 'no-store',
    });
  } catch {
    throw new Lost();
  }
}

async function read(response) {
  let answer;
  try {
    answer = await response.json();
  } catch {
    throw new Lost();
  }
  if (response.ok) {
    return answer;
  }
  const error = answer.error ?? {};
  if (LOST.has(response.status)) {
    throw new Lost(inLanguage(error), Number(response.headers.get('Retry-After')) || 0);
  }
  throw new Refused(response.status, error);
}

async function call(method, path, body) {
  return read(await send(method, path, body));
}

export async function openSession() {
  session = { rights: [], roles: [], services: [], offices: [], ...(await call('GET', '/api/session')) };
  return session;
}

export async function login(name, password) {
  session = { rights: [], roles: [], services: [], offices: [], ...(await call('POST', '/api/login', { name, password })) };
  return session;
}

export async function logout() {
  await call('POST', '/api/logout', {});
  session = { ...session, account: null, rights: [], roles: [] };
}

// Once more after a login, or when another tab has logged in since.
async function withLogin(method, path, body) {
  const asked = session.account;
  for (let tries = 0; ; tries += 1) {
    try {
      return await call(method, path, body);
    } catch (error) {
      if (error.status === 401) {
        await askLogin();
      } else if (error.status === 403 && error.field === 'X-Madoguchi-CSRF' && tries === 0) {
        await openSession();
      } else {
        throw error;
      }
      if (asked !== null && session.account !== asked) {
        throw error; // somebody else is here now
      }
    }
  }
}

export const get = (path) => withLogin('GET', path);
export const ask = (request) => withLogin('POST', '/api/ask', request);

// A reading, asked a second time when the answer was lost.
export async function page(request) {
  try {
    return await ask(request);
  } catch (error) {
    if (!(error instanceof Lost)) {
      throw error;
    }
    await new Promise((resolve) => {
      setTimeout(resolve, Math.max(1, error.after) * 1000);
    });
    return ask(request);
  }
}

const hex = (bytes) => [...bytes].map((b) => b.toString(16).padStart(2, '0')).join('');

// The id of a request that records: made before the first try.  By chance digits may stand
// in it as in an individual number, and then nothing that has it could be kept: another one.
export function freshRequestId() {
  for (;;) {
    const id = Date.now().toString(16).padStart(12, '0') + hex(crypto.getRandomValues(new Uint8Array(10)));
    if (!anyIndividualNumber(id)) {
      return id;
    }
  }
}

// A sentence for people about any error.
export function sentence(error) {
  if (error instanceof Refused && error.near.length > 0) {
    return `${error.message} ${_('Nearest: {words}', { words: error.near.join(', ') })}`;
  }
  if (error instanceof Refused || error instanceof Lost) {
    return error.message || _('The server refused this.');
  }
  console.error(error);
  return _('This page has a fault. Load it again; what you typed is kept.');
}
