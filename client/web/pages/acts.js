// From the words that were chosen to the acts that are recorded.  A word is
// { list, code }: of a list of the catalogue, or 'count', 'case', 'kind'.
import { label, serviceOf } from './catalogue.js';
import { now } from './clock.js';
import { _, number } from './i18n.js';
import { kindName } from './words.js';

// What each kind of act takes of the context and of the words (madoguchi-protocol(7)).
const TAKES = {
  LOG: ['time', 'service', 'program', 'office', 'channel', 'nature', 'topic', 'origin', 'age', 'session', 'outcome'],
  TALLY: ['time', 'service', 'program', 'office', 'channel', 'nature', 'topic', 'origin', 'age', 'session', 'count', 'outcome'],
  DECLINE: ['time', 'service', 'program', 'office', 'channel', 'nature', 'topic', 'count', 'reason'],
  CONTACT: ['case_number', 'time', 'program', 'office', 'channel', 'nature', 'topic', 'session', 'outcome'],
};

const all = (words, list) => words.filter((word) => word.list === list).map((word) => word.code);
const last = (words, list) => all(words, list).at(-1);

// The service that the words are about: named, the counter's own where it has them, or
// the one that has them.
export function serviceFor(words, service) {
  const named = last(words, 'service');
  if (named !== undefined) {
    return named;
  }
  const limits = words.map((word) => word.services).filter((limit) => limit !== undefined && limit.length > 0);
  return limits.every((limit) => limit.includes(service)) ? service : limits.find((limit) => !limit.includes(service))[0];
}

// A case, unless it says otherwise: an inquiry, a number and a procedure are counts only.
export function kindFor(words, service) {
  if (last(words, 'case') !== undefined) {
    return 'CONTACT';
  }
  if (last(words, 'reason') !== undefined) {
    return 'DECLINE';
  }
  const named = last(words, 'kind');
  if (named !== undefined) {
    return named;
  }
  const nature = last(words, 'nature') ?? serviceOf(service)?.nature;
  return last(words, 'count') !== undefined || nature === 'inquiry' || nature === 'procedure' ? 'TALLY' : 'LOG';
}

// The acts of these words in this context: the first, and a referral that follows it.
export function actsOf(words, context) {
  const service = serviceFor(words, context.service);
  const kind = kindFor(words, service);
  const given = {
    case_number: last(words, 'case'),
    time: context.back ? undefined : now(),
    service,
    program: last(words, 'program'),
    office: last(words, 'office') ?? context.office,
    channel: last(words, 'channel') ?? context.channel,
    nature: last(words, 'nature'),
    topic: all(words, 'topic'),
    origin: last(words, 'origin'),
    age: last(words, 'age'),
    session: context.session,
    count: last(words, 'count'),
    outcome: last(words, 'outcome'),
    reason: last(words, 'reason'),
  };
  const act = { kind, date: context.date };
  for (const field of TAKES[kind]) {
    const value = given[field];
    if (value !== undefined && value !== '' && value.length !== 0) {
      act[field] = value;
    }
  }
  const acts = [act];
  if (kind === 'CONTACT' && act.outcome !== undefined) {
    acts.push({ kind: 'OUTCOME', case_number: act.case_number, date: act.date, outcome: act.outcome });
    delete act.outcome;
  }
  const target = last(words, 'target');
  if (target !== undefined && kind !== 'DECLINE' && kind !== 'TALLY') {
    acts.push({ kind: 'REFER', case_number: act.case_number, date: act.date, target });
  }
  return acts;
}

// The opening of a case from a count: at the same time, for the same thing.
export function caseOf(tally) {
  const { kind, count, nature, outcome, outcome_count: ofIt, ...same } = tally;
  return { ...same, kind: 'LOG' };
}

const SHOWN = ['case_number', 'topic', 'program', 'nature', 'reason', 'target', 'outcome', 'age', 'origin', 'channel', 'office', 'session'];

// An act in one line.
export function describe(acts) {
  const [act] = acts;
  const words = [act.service && label('service', act.service), kindName(act.kind)];
  for (const field of SHOWN) {
    const value = acts.map((each) => each[field]).find((each) => each !== undefined);
    if (value !== undefined) {
      words.push(label(field, Array.isArray(value) ? value.join(';') : value));
    }
  }
  if (act.count !== undefined && act.count !== 1) {
    words.push(_('×{count}', { count: number(act.count) }));
  }
  return words.filter(Boolean).join(' ・ ');
}

// A field's changes in a correction, from words: topics are added, others take the place.
export function changesOf(words, act) {
  const changes = [];
  for (const field of TAKES[act.kind] ?? []) {
    const given = field === 'topic' ? all(words, 'topic') : last(words, field);
    if (given === undefined || given.length === 0) {
      continue;
    }
    const value = field === 'topic' ? [...new Set([...(act.topic ?? []), ...given])].join(';') : String(given);
    changes.push({ field, value });
  }
  return changes;
}
