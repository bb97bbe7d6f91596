// The language of the page.  Texts stand in the modules in English, as
// _('Saved {number}', { number }); xgettext collects them for po/*.po.
import ja from 'messages:ja';

const KEY = 'madoguchi.language';

function chosen() {
  const kept = localStorage.getItem(KEY);
  if (kept === 'ja' || kept === 'en') {
    return kept;
  }
  return navigator.language.startsWith('en') ? 'en' : 'ja';
}

export const language = chosen();
document.documentElement.lang = language;

export function _(text, values = {}) {
  const found = language === 'ja' ? (ja[text] ?? text) : text;
  return found.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

// Marks a text that _() is given later.
export const N_ = (text) => text;

// The one of an object's ja and en that is asked for.
export const inLanguage = (both) => both?.[language] ?? both?.ja ?? both?.en ?? '';

export function changeLanguage() {
  localStorage.setItem(KEY, language === 'ja' ? 'en' : 'ja');
  location.reload();
}

export const number = (n) => Number(n).toLocaleString(language === 'ja' ? 'ja-JP' : 'en');
