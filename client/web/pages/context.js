// What holds for everything that is recorded until somebody changes it: office, channel,
// service; and date and session, which end with the day.
import { services } from './catalogue.js';
import { today } from './clock.js';
import { keep, load } from './store.js';

// Of this terminal: whoever sits here is at the same counter.
export function context() {
  const kept = load('context', {});
  const day = today();
  const c = kept.day === day ? kept : { ...kept, day, date: day, session: '' };
  const usable = services(day).map((each) => each.code);
  return {
    office: '', channel: '', ...c,
    service: usable.includes(c.service) ? c.service : (usable[0] ?? ''),
    back: c.date !== day, // entered afterwards: at no time of today
  };
}

export function changeContext(changes) {
  const { back, ...before } = context();
  keep('context', { ...before, ...changes });
}
