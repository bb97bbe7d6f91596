"""The rows of one sample ledger, and what the ledgers of several cities have in common.

Used by make.py. Standard library only; nothing is random, what looks it comes
from a fixed sequence.
"""
import csv
import datetime
import pathlib
import re

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SAMPLE = '見本。合計だけが計画書の値で、日付・内訳は作成したもの'
COLUMNS = ('kind ref date service topic office channel nature origin age session outcome households '
           'persons count program route session_kind form venue venue_kind series period value as_of '
           'source reason status').split()
HOLIDAYS = {datetime.date.fromisoformat(d) for d in
            re.findall(r'\d{4}-\d\d-\d\d', (ROOT / 'plans/catalogue.yaml').read_text(encoding='utf-8')
                       .split('\nholidays:')[1])}
CHANNELS = ('counter', 'phone', 'mail', 'online', 'form', 'sns')
ORIGINS = ('tokyo', 'miyagi', 'kanagawa', 'saitama', 'aichi', 'osaka', 'chiba', 'niigata', 'unknown',
           'fukuoka', 'overseas', 'hokkaido')
AGES = ('20s', '30s', '40s', '50s', '60s', '30s', 'unknown', '70-over')
TOPICS = ('housing', 'work', 'living', 'childcare', 'vacant-house', 'farming', 'subsidy', 'startup',
          'dual-base', 'cooperator', 'medical', 'other')


def day(text):
    return datetime.date.fromisoformat(text)


def year_days(fy, first=None, last=None):
    """The days of a fiscal year, or of a part of it."""
    one = max(datetime.date(fy, 4, 1), day(first) if first else datetime.date.min)
    end = min(datetime.date(fy + 1, 3, 31), day(last) if last else datetime.date.max)
    return [one + datetime.timedelta(i) for i in range((end - one).days + 1)]


def is_holiday(d):
    return d.weekday() >= 5 or d in HOLIDAYS


def weekdays(fy, first=None, last=None):
    return [d for d in year_days(fy, first, last)
            if not is_holiday(d) and (d.month, d.day) not in
            ((12, 29), (12, 30), (12, 31), (1, 2), (1, 3))]


def weekends(fy, first=None, last=None):
    return [d for d in year_days(fy, first, last)
            if d.weekday() >= 5 and (d.month, d.day) not in ((12, 29), (12, 30), (12, 31), (1, 2), (1, 3))]


def evenly(days, n):
    """n of the days, evenly spaced."""
    return [days[(2 * i + 1) * len(days) // (2 * n)] for i in range(n)]


def spread(total, n, salt=1):
    """n whole numbers around total / n, never negative, that add up to total."""
    weight = [40 + (i * 37 + salt * 101) % 41 for i in range(n)]
    whole, done, seen = sum(weight), 0, 0
    out = []
    for w in weight:
        seen += w
        out.append(total * seen // whole - done)
        done += out[-1]
    return out


class Ledger:
    """Rows of one city, written in the order of their dates."""

    def __init__(self, city, source):
        self.city, self.source, self.rows, self.number = city, source, [], {}

    def row(self, at, rank, kind, **cells):
        cells = {k: v for k, v in cells.items() if v is not None}
        cells['kind'] = kind
        unknown = set(cells) - set(COLUMNS)
        assert not unknown, unknown
        self.rows.append(((at, rank, len(self.rows)), cells))

    def ref(self, letter, at):
        fy = at.year if at.month > 3 else at.year - 1
        n = self.number[letter, fy] = self.number.get((letter, fy), 0) + 1
        return f'{letter}{fy}-{n:04d}'

    def figures(self, counted, as_of):
        """Every printed value that is not counted from entries."""
        with open(ROOT / 'tests/data/printed.csv', encoding='utf-8', newline='') as f:
            printed = [r for r in csv.DictReader(f) if r['city'] == self.city and r['field'] == 'actual'
                       and r['id'] not in counted]
        for i, r in enumerate(printed):
            fy = int(r['year'])
            at = r['as_of'] or as_of.get(r['id']) or f'{fy + 1}-03-31'
            self.row(datetime.date.min, i, 'figure', series=f'{self.city}-{r["id"]}', period=f'FY{fy}',
                     value=r['value'], as_of=at,
                     source=self.source if i else f'{SAMPLE}／{self.source}')

    def coverage(self, fy, service=None, program=None, session_kind=None, reason=None):
        self.row(datetime.date.min, 1000 + len(self.rows), 'coverage', service=service, program=program,
                 session_kind=session_kind, period=f'FY{fy}', value='not-held' if reason else None,
                 reason=reason)

    def session(self, at, kind, service=None, program=None, **cells):
        ref = self.ref('S', at)
        self.row(at, 1, 'session', ref=ref, date=at.isoformat(), session_kind=kind, service=service,
                 program=program, **cells)
        return ref

    def log(self, at, service, topic, **cells):
        ref = self.ref({'migration': 'M', 'citizen': 'C', 'marriage': 'N', 'akiya': 'A'}[service], at)
        self.row(at, 2, 'log', ref=ref, date=at.isoformat(), service=service, topic=topic, **cells)
        return ref

    def contact(self, at, ref, **cells):
        self.row(at, 3, 'contact', ref=ref, date=at.isoformat(), **cells)

    def outcome(self, at, ref, outcome, **cells):
        self.row(at, 4, 'outcome', ref=ref, date=at.isoformat(), outcome=outcome, **cells)

    def tally(self, at, service, count, **cells):
        self.row(at, 2, 'tally', date=at.isoformat(), service=service, count=count, **cells)

    def decline(self, at, service, count, reason, **cells):
        self.row(at, 2, 'decline', date=at.isoformat(), service=service, count=count, reason=reason, **cells)

    def correct(self, at, ref, reason, **cells):
        self.row(at, 5, 'correct', ref=ref, reason=reason, **cells)

    def void(self, at, ref, reason):
        self.row(at, 5, 'void', ref=ref, reason=reason)

    def write(self):
        used = [c for c in COLUMNS if any(c in r for _, r in self.rows)]
        with open(HERE / f'{self.city}.csv', 'w', encoding='utf-8', newline='') as f:
            out = csv.DictWriter(f, used, lineterminator='\n', restval='')
            out.writeheader()
            out.writerows(r for _, r in sorted(self.rows, key=lambda x: x[0]))


# What counters of several cities have in common.

def migration_cases(book, fy, n, salt=0, **fixed):
    """n migration cases: some begin as mere inquiries, some are followed up, none moves."""
    made = []
    for i, at in enumerate(evenly(weekdays(fy), n)):
        k = i + salt
        topic = TOPICS[k % 12] + (f';{TOPICS[(k + 5) % 12]}' if k % 4 == 1 else '')
        ref = book.log(at, 'migration', topic, channel=CHANNELS[k % 6], origin=ORIGINS[k % 12],
                       age=AGES[k % 8], office='city-hall', nature='inquiry' if k % 5 == 4 else None, **fixed)
        made.append((at, ref))
        later = at + datetime.timedelta(12 + k % 9)
        if k % 3 == 0:
            book.contact(later, ref, channel=CHANNELS[(k + 1) % 6])
        if k % 7 == 2:
            book.contact(later + datetime.timedelta(5), ref, channel='phone', nature='follow-up')
        if k % 6 == 3:
            book.outcome(later, ref, ('informed', 'advised', 'continuing', 'withdrawn')[k % 4])
    return made


def move(book, at, persons, channel='counter', origin='tokyo', outcome='moved', after=40, **cells):
    """A migration case and, some weeks later, its outcome."""
    opened = at - datetime.timedelta(after)
    ref = book.log(opened, 'migration', 'housing;work', channel=channel, origin=origin,
                   age=AGES[persons % 8], office='city-hall', **cells)
    book.outcome(at, ref, outcome, households=1, persons=persons)
    return ref


def owners(book, fy, n):
    """House owners at the vacant-house bank: a neighbour of migration that is not it."""
    for i, at in enumerate(evenly(weekdays(fy), n)):
        ref = book.log(at, 'akiya', 'owner', channel=CHANNELS[i % 3], origin=ORIGINS[i % 5],
                       age=AGES[(i + 3) % 8], office='city-hall')
        book.outcome(at + datetime.timedelta(9), ref, ('listed', 'registered', 'informed')[i % 3])


def moved_in(book, at, persons, channel='event', origin='tokyo'):
    """Someone who moved into a house of the bank: a case of the vacant-house bank."""
    ref = book.log(at, 'akiya', 'user', channel=channel, origin=origin, age='40s', office='city-hall')
    book.outcome(at + datetime.timedelta(30), ref, 'moved', households=1, persons=persons)
