// The address of a page says what it shows, so that a number can link to its list.
export const query = new URLSearchParams(location.search);

// An address with these parameters, those without a value left out.
export function address(path, parameters) {
  const out = new URLSearchParams(Object.entries(parameters).filter(([, value]) => value !== undefined && value !== null && value !== ''));
  const text = out.toString();
  return text === '' ? path : `${path}?${text}`;
}

// The same page with other parameters, without loading it again.
export const remember = (parameters) => history.replaceState(null, '', address(location.pathname, parameters));

export const FILTERS = ['service', 'program', 'office', 'channel', 'nature', 'topic', 'outcome', 'route', 'origin', 'age', 'session_kind', 'form', 'venue_kind', 'reason', 'target', 'day', 'status'];

// The Scope of a question from parameters: from, to, as_of and one value a filter.
export function scopeOf(parameters, today) {
  const scope = { today };
  for (const field of ['from', 'to']) {
    if (parameters[field]) {
      scope[field] = parameters[field];
    }
  }
  if (parameters.as_of) {
    scope.as_of = Number(parameters.as_of);
  }
  const filter = FILTERS.filter((field) => parameters[field]).map((field) => ({ field, value: [parameters[field]] }));
  return filter.length > 0 ? { ...scope, filter } : scope;
}

export const parameters = () => Object.fromEntries(query);
