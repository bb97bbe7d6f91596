// Names of fields, kinds and measures in the language of the page.
import { label } from './catalogue.js';
import { dateName, dateOfIso, yearName } from './clock.js';
import { N_, _ } from './i18n.js';

const FIELDS = {
  accounts: N_('Accounts'), actor: N_('Recorded by'), age: N_('Age'), as_of: N_('As of'), case_number: N_('Case'),
  case: N_('Case'), channel: N_('Channel'), count: N_('Count'), date: N_('Date'), day: N_('Day'), due: N_('Due'),
  form: N_('Form'), households: N_('Households'), kind: N_('Kind'), month: N_('Month'), nature: N_('Nature'),
  number: N_('Number'), office: N_('Office'), origin: N_('Origin'), outcome: N_('Outcome'),
  outcome_count: N_('Outcome count'), period: N_('Period'), persons: N_('Persons'), program: N_('Program'),
  reason: N_('Reason'), route: N_('Route'), series: N_('Series'), service: N_('Service'), session: N_('Session'),
  session_kind: N_('Session kind'), source: N_('Source'), status: N_('Status'), target: N_('Referred to'),
  time: N_('Time'), topic: N_('Topic'), value: N_('Value'), venue: N_('Venue'), venue_kind: N_('Venue kind'),
  with_case: N_('With case'), year: N_('Fiscal year'), part: N_('Part'), measure: N_('Measure'),
};

const KINDS = {
  LOG: N_('Case'), TALLY: N_('Count only'), DECLINE: N_('Refusal'), CONTACT: N_('Contact'), OUTCOME: N_('Outcome'),
  REFER: N_('Referral'), CLOSE: N_('Close'), REOPEN: N_('Reopen'), log: N_('Case opened'), tally: N_('Count only'),
  decline: N_('Refusal'), contact: N_('Contact'), outcome: N_('Outcome'), refer: N_('Referral'), close: N_('Closed'),
  reopen: N_('Reopened'), correct: N_('Correction'), void: N_('Voiding'), session: N_('Session'),
  'session-plan': N_('Session planned'), 'session-hold': N_('Session held'), 'session-cancel': N_('Session cancelled'),
  coverage: N_('Coverage'), figure: N_('Figure'),
  referral: N_('Referral'), refusal: N_('Refusal'), plan: N_('Plan'), catalogue: N_('Catalogue'), account: N_('Account'),
  'month-close': N_('Month closed'), publish: N_('Publication'), founding: N_('Founding'), login: N_('Login'),
  'login-failed': N_('Login failed'), logout: N_('Logout'), refused: N_('Refused request'), export: N_('Export'),
  backup: N_('Backup'), password: N_('Password changed'), 'password-reset': N_('Password given'),
  'certificate-refused': N_('Certificate refused'),
};

export const MEASURES = {
  contacts: N_('Contacts (every time)'), consultations: N_('Consultations'), cases: N_('New cases'),
  active: N_('Distinct cases'), topics: N_('Topics'), outcomes: N_('Outcomes'), households: N_('Households'),
  persons: N_('Persons'), sessions: N_('Sessions held'), attendees: N_('Attendees (every time)'),
  programs: N_('Programs held'), referrals: N_('Referrals'), refusals: N_('Refusals'),
};

const STATES = { open: N_('open'), closed: N_('closed'), void: N_('void'), provisional: N_('provisional'), final: N_('final') };

export const fieldName = (field) => (FIELDS[field] ? _(FIELDS[field]) : field);
export const kindName = (kind) => (KINDS[kind] ? _(KINDS[kind]) : kind);
export const measureName = (measure) => (MEASURES[measure] ? _(MEASURES[measure]) : measure);
export const stateName = (state) => (STATES[state] ? _(STATES[state]) : (state ?? ''));

// A value of a field as people read it.
export function valueName(field, value) {
  if (value === '') {
    return _('(unknown)');
  }
  if (field === 'year') {
    return yearName(Number(value));
  }
  if (field === 'kind') {
    return kindName(value);
  }
  if (field === 'status') {
    return stateName(value);
  }
  const date = dateOfIso(value);
  return date === 0 ? label(field, value) : dateName(date);
}
