// What a terminal keeps by itself: small texts in localStorage, each account's apart.
// A text with an individual number is never put there.
import { anyIndividualNumber } from './guard.js';

const PREFIX = 'madoguchi.';

export function load(key, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + key)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

// Whether it was kept.
export function keep(key, value) {
  if (anyIndividualNumber(value)) {
    return false;
  }
  try {
    localStorage.setItem(PREFIX + key, JSON.stringify(value));
    return true;
  } catch {
    return false; // full, or forbidden by the browser's settings
  }
}

// The same of what somebody is typing: what may not be kept takes the place of what was.
export const keepTyped = (key, value) => keep(key, value) || forget(key);

export const forget = (key) => localStorage.removeItem(PREFIX + key);

// Those keys behind a prefix, without it.
export const keysOf = (prefix) =>
  Object.keys(localStorage)
    .filter((key) => key.startsWith(PREFIX + prefix))
    .map((key) => key.slice(PREFIX.length + prefix.length));

// What another tab of this browser changed.
export const onChange = (prefix, tell) =>
  addEventListener('storage', (event) => {
    if (event.key?.startsWith(PREFIX + prefix)) {
      tell();
    }
  });

export const terminal = () => ({ name: '', lock: 5, ...load('terminal', {}) });
