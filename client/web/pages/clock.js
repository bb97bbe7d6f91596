// Civil dates of Japan, which is UTC+9 all year, whatever the PC's own zone is.
// A date is a number YYYYMMDD, a time HHMM, a month a text 2026-04.
import { _, language } from './i18n.js';

const JST = 9 * 3600_000;
const DAY = 86400_000;
const japan = (ms = Date.now()) => new Date(ms + JST);
const numberOf = (d) => d.getUTCFullYear() * 10000 + (d.getUTCMonth() + 1) * 100 + d.getUTCDate();
const two = (n) => String(n).padStart(2, '0');

export const today = (ms) => numberOf(japan(ms));
export const now = () => japan().getUTCHours() * 100 + japan().getUTCMinutes();
export const parts = (date) => [Math.floor(date / 10000), Math.floor(date / 100) % 100, date % 100];

// The date of these three, or 0 when the calendar has none.
export function dateOf(year, month, day) {
  const d = new Date(Date.UTC(year, month - 1, day));
  const right = d.getUTCFullYear() === year && d.getUTCMonth() === month - 1 && d.getUTCDate() === day;
  return right ? numberOf(d) : 0;
}

export function daysBefore(date, days) {
  const [y, m, d] = parts(date);
  return numberOf(new Date(Date.UTC(y, m - 1, d) - days * DAY));
}

// 2026-04-15, as periods are written.
export function isoDate(date) {
  const [y, m, d] = parts(date);
  return `${y}-${two(m)}-${two(d)}`;
}

export const dateOfIso = (text) => {
  const found = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text ?? '');
  return found ? dateOf(+found[1], +found[2], +found[3]) : 0;
};

export const monthOf = (date) => isoDate(date).slice(0, 7);
export const fiscalYear = (date) => (parts(date)[1] >= 4 ? parts(date)[0] : parts(date)[0] - 1);
export const monthsOfYear = (fy) =>
  [4, 5, 6, 7, 8, 9, 10, 11, 12, 1, 2, 3].map((m) => `${m < 4 ? fy + 1 : fy}-${two(m)}`);

export function yearName(fy) {
  if (language === 'ja') {
    return fy >= 2019 ? `令和${fy === 2019 ? '元' : fy - 2018}年度` : `${fy}年度`;
  }
  return _('FY{year}', { year: fy });
}

export function dateName(date) {
  const [y, m, d] = parts(date);
  const day = new Date(Date.UTC(y, m - 1, d)).getUTCDay();
  if (language === 'ja') {
    return `${y}年${m}月${d}日（${'日月火水木金土'[day]}）`;
  }
  return `${isoDate(date)} (${['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'][day]})`;
}

// When something was recorded, from milliseconds since 1970.
export function instantName(ms) {
  const d = japan(ms);
  return `${isoDate(numberOf(d))} ${two(d.getUTCHours())}:${two(d.getUTCMinutes())}`;
}
