#!/usr/bin/env python3
"""Counts the sample ledgers a second time, in the simplest way, and compares.

An independent reading of the counting rules: it knows nothing of the daemon.
For each city it reads plan, catalogue and ledger, works out every baseline,
actual value, target and letter and compares them with
tests/data/printed.csv, and the entries' sum with tests/data/printed-kinds.csv.
Then each counted rule loses one filter at a time: its number must change, or
the ledger lacks a row that must not count.

    python3 plans/ledgers/check.py        exit status 0 only if everything holds
"""
import collections
import csv
import datetime
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CITIES = ('nagai', 'suzaka', 'yonezawa', 'ueda', 'honjo')
TODAY = '2026-11-20'
LISTS = {'program': 'programs', 'office': 'offices', 'channel': 'channels', 'nature': 'natures',
         'topic': 'topics', 'outcome': 'outcomes', 'origin': 'origins', 'age': 'ages',
         'session_kind': 'session-kinds', 'form': 'forms', 'venue_kind': 'venue-kinds'}
TAKES = {   # the cells a kind of row may have, beside kind
    'figure': 'series period value as_of source',
    'coverage': 'service program session_kind period value reason',
    'session': 'ref date service program session_kind office form venue venue_kind households persons '
               'status reason',
    'log': 'ref date service topic office channel nature origin age session outcome households persons '
           'program route',
    'tally': 'date service topic office channel nature origin age session outcome households persons '
             'count program route',
    'contact': 'ref date topic office channel nature session program',
    'outcome': 'ref date outcome households persons program office channel session',
    'decline': 'date service count program reason',
    'correct': None, 'void': 'ref reason'}
failures = []


def fail(text):
    failures.append(text)
    print('  ' + text)


# The part of YAML that these files use: two levels, flow lists and maps, comments on lines of their own.

def flow(s, i=0):
    while s[i] == ' ':
        i += 1
    if s[i] in '[{':
        close, out = {'[': ']', '{': '}'}[s[i]], [] if s[i] == '[' else {}
        i += 1
        while True:
            while s[i] in ' ,':
                i += 1
            if s[i] == close:
                return out, i + 1
            if close == ']':
                value, i = flow(s, i)
                out.append(value)
            else:
                end = s.index(':', i)
                key = s[i:end].strip()
                out[key], i = flow(s, end + 1)
    if s[i] == '"':
        m = re.compile(r'"((?:[^"\\]|\\.)*)"').match(s, i)
        return re.sub(r'\\(.)', r'\1', m[1]), m.end()
    m = re.compile(r'[^,\]}]*').match(s, i)
    return m[0].strip(), m.end()


def scalar(text):
    if text[:1] in '[{"':
        return flow(text)[0]
    return text


def load(name):
    out, key = {}, None
    text = (ROOT / 'plans' / name).read_text(encoding='utf-8')
    text = re.sub(r'(?m)^(\w+: )\[\n([^\]]*)\n\]', lambda m: m[1] + '[' + m[2].replace('\n', ' ') + ']', text)
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith('#'):
            continue
        if line[0] != ' ':
            key, value = line.split(':', 1)
            out[key] = scalar(value.strip()) if value.strip() else []
        elif line.startswith('  - {'):
            out[key].append(flow(line[4:])[0])
        else:
            if line.startswith('  - '):
                out[key].append({})
            k, value = line[4:].split(':', 1)
            out[key][-1][k.strip()] = scalar(value.strip())
    return out


CATALOGUE = load('catalogue.yaml')
SERVICES = {s['code']: s for s in CATALOGUE['services']}
CODES = {f: {c['code']: c for c in CATALOGUE[l]} for f, l in LISTS.items()}
GROUPS = {(g['list'], g['name']): g['members'] for g in CATALOGUE['groups']}
HOLIDAYS = set(CATALOGUE['holidays'])
assert len(HOLIDAYS) > 200


def fy_of(date):
    return int(date[:4]) - (date[5:7] < '04')


def last_fy(period):
    years = re.findall(r'FY(\d{4})', period or '')
    return int(years[-1]) if years else None


def read(city):
    with open(HERE / f'{city}.csv', encoding='utf-8', newline='') as f:
        return [{k: v for k, v in row.items() if v} for row in csv.DictReader(f)]


def validate(city, rows):
    """What the import would refuse."""
    opened, sessions = {}, {}
    for n, r in enumerate(rows, 2):
        kind, where = r['kind'], f'{city}.csv line {n}: '
        takes = TAKES[kind]
        if takes is not None and set(r) - {'kind'} - set(takes.split()):
            fail(where + f'{kind} with {set(r) - {"kind"} - set(takes.split())}')
        for date in (r.get('date'), r.get('as_of')):
            if date and not '2000-04-01' <= date <= TODAY:
                fail(where + f'date {date}')
        base = opened.get(r.get('ref'), {}) if kind in ('contact', 'outcome', 'correct') else {}
        service = r.get('service') or base.get('service', '')
        if service and service not in SERVICES:
            fail(where + f'service {service}')
        for field, codes in CODES.items():
            for code in r.get(field, '').split(';') if r.get(field) else ():
                if code not in codes:
                    fail(where + f'{field} {code}')
                elif service and codes[code].get('services') and service not in codes[code]['services']:
                    fail(where + f'{field} {code} is not for {service}')
        if r.get('route') and r['route'] not in CODES['channel'] and r['route'] not in CODES['session_kind']:
            fail(where + f'route {r["route"]}')
        if kind == 'session':
            sessions[r['ref']] = opened[r['ref']] = r
        elif kind == 'log':
            if r['ref'] in opened:
                fail(where + 'ref twice')
            opened[r['ref']] = r
        elif kind in ('contact', 'outcome', 'correct', 'void'):
            if r['ref'] not in opened:
                fail(where + f'unknown ref {r["ref"]}')
            elif r.get('date') and r['date'] < opened[r['ref']]['date']:
                fail(where + 'before its case')
        if r.get('session') and r['session'] not in sessions:
            fail(where + f'unknown session {r["session"]}')
        if kind == 'tally' and ('persons' in r or 'households' in r) and 'outcome' not in r:
            fail(where + 'persons without an outcome')
        if kind == 'decline' and r['reason'] not in {c['code'] for c in CATALOGUE['reasons']}:
            fail(where + f'reason {r["reason"]}')


def facts_of(rows, voids=True, corrections=True, statuses=('held',)):
    """Each fact: its measure's name, number, and the fields that a rule may look at."""
    opened, gone = {}, set()
    for r in rows:
        if r['kind'] in ('log', 'session'):
            opened[r['ref']] = dict(r)
        elif r['kind'] == 'correct' and corrections:
            opened[r['ref']].update({k: v for k, v in r.items() if k not in ('kind', 'ref', 'reason')})
        elif r['kind'] == 'void' and voids:
            gone.add(r['ref'])
    facts = []
    for r in rows:
        kind = r['kind']
        if kind not in ('log', 'contact', 'outcome', 'tally', 'session') or r.get('ref') in gone:
            continue
        own = opened[r['ref']] if kind in ('log', 'session') else r
        case = opened[r['ref']] if kind in ('contact', 'outcome', 'log') else own
        session = opened[own['session']] if 'session' in own else own if kind == 'session' else {}
        service = case.get('service', '')
        first = opened[case['session']] if kind != 'session' and 'session' in case else {}
        f = {'date': own['date'], 'service': service, 'ref': own.get('ref', ''),
             'program': own.get('program') or case.get('program') or session.get('program', ''),
             'office': own.get('office', ''), 'channel': own.get('channel', ''),
             'origin': case.get('origin', ''), 'age': case.get('age', ''),
             'route': case.get('route') or case.get('channel') or first.get('session_kind', ''),
             'session_kind': session.get('session_kind', ''), 'form': session.get('form', ''),
             'venue_kind': session.get('venue_kind', ''),
             'day': 'holiday' if datetime.date.fromisoformat(own['date']).weekday() >= 5
                    or own['date'] in HOLIDAYS else 'weekday'}
        topics = (own.get('topic') or case.get('topic', '')).split(';')
        f.update(topic=topics[0], topics=topics)
        default = SERVICES[service]['nature'] if service else ''
        f['nature'] = own.get('nature') or case.get('nature') or default
        if kind == 'session':
            if own.get('status', 'held') in statuses:
                facts.append(dict(f, measure='session', n=1, persons=int(own.get('persons', 0))))
            continue
        if kind != 'outcome':
            facts.append(dict(f, measure='contact', n=int(own.get('count', 1))))
        if own.get('outcome'):
            facts.append(dict(f, measure='outcome', outcome=own['outcome'], n=int(own.get('count', 1)),
                              persons=int(own.get('persons', 0)),
                              channel=own.get('channel') or case.get('channel', ''),
                              office=own.get('office') or case.get('office', ''),
                              nature=case.get('nature') or default,
                              topic=case.get('topic', '').split(';')[0], topics=case.get('topic', '').split(';')))
    return facts


def matches(fact, where, any_topic):
    for w in where:
        field, values = w.split('!=') if '!=' in w else w.split('=')
        wanted = set()
        for v in values.split(','):
            wanted |= set(GROUPS[field.replace('_', '-'), v[1:]]) if v.startswith('@') else {v}
        have = set(fact['topics']) if field == 'topic' and any_topic else {fact.get(field, '')}
        if bool(have & wanted) == ('!=' in w):
            return False
    return True


def count(facts, what, where, first, last, any_topic=False):
    measure = {'sessions': 'session', 'attendees': 'session', 'programs': 'session', 'outcomes': 'outcome',
               'persons': 'outcome', 'consultations': 'contact', 'contacts': 'contact'}[what]
    total, programs = 0, set()
    for f in facts:
        if f['measure'] != measure or not first <= f['date'] <= last or not matches(f, where, any_topic):
            continue
        if what == 'consultations' and f['nature'] not in SERVICES[f['service']]['consultation']:
            continue
        programs.add(f['program'])
        total += f['persons'] if what in ('attendees', 'persons') else f['n']
    return len(programs - {''}) if what == 'programs' else total


def day_after(fy):
    return f'{fy + 1}-04-01'


def span(indicator, fy, since=True):
    """First and last date that an indicator counts in a year."""
    first, last = f'{fy}-04-01', f'{fy + 1}-03-31'
    if indicator['kind'] == 'cumulative':
        first = indicator.get('since') or day_after(last_fy(indicator['baseline'][-1]['period']))
        first = first if since else '0000-00-00'
    elif indicator['kind'] == 'window':
        first = indicator['window']['from'][2:] + '-04-01' if since else '0000-00-00'
    for pin in indicator.get('as_of', ()):
        if pin['year'] == f'FY{fy}':
            last = min(last, pin['date'])
    return first, last


def from_entries(indicator, facts, fy, drop=None, since=True, any_topic=False):
    first, last = span(indicator, fy, since)
    total = 0
    for term in indicator['terms']:
        where = [w for w in term['where'] if w != drop]
        total += count(facts, term['count'], where, first, last, any_topic)
    return total


def actual(indicator, rows, facts, fy, as_of):
    baseline = (indicator.get('baseline') or [{}])[-1]
    own = last_fy(baseline.get('period'))
    if own == fy:
        return baseline['value']
    if own and fy < own and indicator['kind'] in ('cumulative', 'window'):
        return ''
    term = indicator['terms'][0]
    if 'figure' in term:
        until = as_of or next((p['date'] for p in indicator.get('as_of', ()) if p['year'] == f'FY{fy}'), TODAY)
        found = [(r['as_of'], i, r['value']) for i, r in enumerate(rows) if r['kind'] == 'figure'
                 and r['series'] == term['figure'] and r['period'] == f'FY{fy}' and r['as_of'] <= until]
        return max(found)[2] if found else ''
    if indicator['kind'] == 'window' and not (int(indicator['window']['from'][2:]) <= fy
                                              <= int(indicator['window']['to'][2:])):
        return ''
    add = 0
    if indicator['kind'] == 'cumulative' and re.fullmatch(r'\d+', baseline['value']):
        add = int(baseline['value'])
    return str(add + from_entries(indicator, facts, fy))


def table(name):
    with open(ROOT / 'tests/data' / name, encoding='utf-8', newline='') as f:
        return list(csv.DictReader(f))


def compare(city, plan, rows, facts):
    """Every printed value of the city."""
    indicators = {i['id']: i for i in plan['indicators']}
    done = collections.Counter()
    for p in table('printed.csv'):
        if p['city'] != city:
            continue
        i, field, fy = indicators[p['id']], p['field'], int(p['year']) if p['year'] else None
        if field == 'baseline':
            b = i['baseline'][-1]
            got = b['value'] if last_fy(b['period']) == fy else 'another year'
        elif field == 'target':
            got = next((t['value'] for t in i['targets'] if last_fy(t['period']) == fy), '')
        elif field == 'letter':
            got = next((v['letter'] for v in i['verdicts'] if v['year'] == f'FY{fy}'), '')
        else:
            got = actual(i, rows, facts, fy, p['as_of'])
        done[field] += 1
        if got != p['value']:
            fail(f'{city}/{p["id"]} {field} {p["year"]}: printed {p["value"]}, found {got}')
    return done


def mutate(city, plan, rows, facts):
    """Each counted rule loses a filter; each ledger loses its voids and corrections."""
    indicators = {i['id']: i for i in plan['indicators']}
    counted, tried = [k for k in table('printed-kinds.csv') if k['city'] == city and k['counted'] == 'yes'], 0
    changed = collections.Counter()
    others = {'voids': facts_of(rows, voids=False), 'corrections': facts_of(rows, corrections=False),
              'cancelled': facts_of(rows, statuses=('held', 'cancelled')),
              'planned': facts_of(rows, statuses=('held', 'planned'))}
    for k in counted:
        i, fy, n = indicators[k['id']], int(k['year']), int(k['facts'])
        got = from_entries(i, facts, fy)
        if got != n:
            fail(f'{city}/{k["id"]} FY{fy}: entries sum to {got}, wanted {n}')
        for w in i['terms'][0]['where']:
            tried += 1
            if from_entries(i, facts, fy, drop=w) == n:
                fail(f'{city}/{k["id"]} FY{fy}: without {w} still {n}')
        if i.get('as_of') and count(facts, i['terms'][0]['count'], i['terms'][0]['where'], f'{fy}-04-01',
                                    f'{fy + 1}-03-31') == n:
            fail(f'{city}/{k["id"]}: without its as-of date still {n}')
        for name, other in others.items():
            changed[name] += from_entries(i, other, fy) != n
        changed['since'] += i['kind'] in ('cumulative', 'window') and from_entries(i, facts, fy, since=False) != n
        changed['second topics'] += from_entries(i, facts, fy, any_topic=True) != n
        if i['terms'][0]['count'] == 'consultations':
            term = i['terms'][0]
            changed['inquiries'] += count(facts, 'contacts', term['where'], *span(i, fy)) != n
    return len(counted), tried, changed


def main():
    for city in CITIES:
        plan, rows = load(f'{city}.yaml'), read(city)
        print(f'{city}: {len(plan["indicators"])} indicators, {len(rows)} rows')
        series = {s['id'] for s in plan['series']}
        for i in plan['indicators']:
            for t in i['terms']:
                if 'figure' in t and t['figure'] not in series:
                    fail(f'{city}/{i["id"]}: unknown series {t["figure"]}')
        for word in [plan['plan']] + [i['id'] for i in plan['indicators']] + sorted(series):
            if not re.fullmatch(r'[a-z0-9][a-z0-9-]{0,31}', word):
                fail(f'{city}: not a code: {word}')
        validate(city, rows)
        facts = facts_of(rows)
        done = compare(city, plan, rows, facts)
        counted, tried, changed = mutate(city, plan, rows, facts)
        print('  compared ' + ', '.join(f'{n} {k}' for k, n in done.items())
              + f'; {counted} counted rules, {tried} filters dropped')
        print('  rules that rows keep apart: ' + ', '.join(f'{k} {n}' for k, n in changed.items()))
    print('holds' if not failures else f'{len(failures)} failures')
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
