"""The sample ledger of Ueda; see make.py."""
import csv
import datetime

from book import (AGES, CHANNELS, ORIGINS, ROOT, TOPICS, Ledger, day, evenly, spread, weekdays, weekends,
                  year_days)


def ueda():
    book = Ledger('ueda', '上田市 重点目標一覧表')
    with open(ROOT / 'tests/data/printed-kinds.csv', encoding='utf-8', newline='') as f:
        counted = {r['id'] for r in csv.DictReader(f) if r['city'] == 'ueda' and r['counted'] == 'yes'}
    book.figures(counted, {'card-rate': '2022-03-01', 'conveni-share': '2022-03-01',
                           'advisors-groups': '2021-10-01', 'advisors-persons': '2021-10-01',
                           'branch-terminals': '2021-06-30'})
    for fy in (2021, 2022):
        for service in ('migration', 'marriage', 'mynumber', 'akiya', 'citizen'):
            book.coverage(fy, service)
        for program in ('hr-course', 'gender-festival', 'gender-course', 'women-groups'):
            if fy == 2022:
                book.coverage(fy, program=program)
    book.coverage(2021, 'migration', session_kind='tour', reason='感染症のため未実施')
    ueda_sessions(book)
    ueda_none(book)
    ueda_migration(book)
    ueda_marriage(book)
    ueda_citizen(book)
    ueda_akiya(book)
    ueda_holiday(book)
    ueda_outreach(book)
    book.write()


def ueda_sessions(book):
    """Migration: 9 seminars (8 online), 6 fairs (5 online), 3 guides, no tour in R3, 2 in R4."""
    fy = 2021
    for i, at in enumerate(evenly(weekends(fy), 9)):
        book.session(at, 'seminar', 'migration', 'own-seminar', form='in-person' if i == 4 else 'online',
                     persons=10 + i)
    for i, at in enumerate(evenly(weekends(fy)[5:], 6)):
        book.session(at, 'fair', 'migration', form='in-person' if i == 2 else 'online', persons=30 + 4 * i)
    for at in evenly(weekdays(fy), 3):
        book.session(at, 'guide', 'migration', form='in-person', persons=2)
    for at in evenly(weekends(2022), 2):
        book.session(at, 'tour', 'migration', form='in-person', persons=12)
    book.session(day('2022-11-12'), 'exchange', 'migration', form='in-person', persons=25)
    book.session(day('2021-11-13'), 'exchange', 'migration', form='in-person', status='cancelled',
                 reason='感染症のため')
    # Neighbours.
    book.session(day('2021-07-10'), 'seminar', 'migration', 'settlement-region', form='online', persons=9)
    book.session(day('2021-07-11'), 'seminar', 'migration', 'settlement-region', form='in-person', persons=7)
    for form in ('online', 'in-person'):
        book.session(day('2021-08-07'), 'training', 'migration', 'own-seminar', form=form, persons=5)
        book.session(day('2021-10-09'), 'fair', program='other', form=form, persons=80)
    book.session(day('2021-09-11'), 'seminar', 'migration', 'own-seminar', form='in-person',
                 status='cancelled', reason='感染症のため')
    book.session(day('2021-12-18'), 'fair', 'migration', form='online', status='planned')
    book.session(day('2021-10-20'), 'guide', program='other', form='in-person', persons=20)
    book.session(day('2022-10-15'), 'tour', program='intl-lecture', form='in-person', persons=15)
    book.session(day('2022-10-22'), 'tour', 'migration', form='in-person', status='cancelled', reason='荒天')
    book.session(day('2022-12-03'), 'exchange', program='intl-lecture', form='in-person', persons=40)
    twice = book.session(day('2021-06-05'), 'seminar', 'migration', 'own-seminar', form='online', persons=9)
    book.void(day('2021-06-07'), twice, '二重に記録していた')
    wrong = book.session(day('2022-02-05'), 'fair', 'migration', form='online', persons=14)
    book.correct(day('2022-02-06'), wrong, '種別の誤り', session_kind='guide')
    book.correct(day('2022-02-08'), wrong, '催しではなかった', session_kind='hearing')


def ueda_none(book):
    """Courses, training and the festival: without a service, told apart by their programs."""
    r4 = (('hr-course', 'course', 6), ('gender-course', 'course', 6), ('women-groups', 'training', 1),
          ('gender-festival', 'festival', 1))
    for program, kind, n in r4:
        for i, at in enumerate(evenly(weekends(2022)[24:], n)):
            book.session(at, kind, program=program, form='in-person', persons=20 + i)
        book.session(day('2022-06-08'), 'hearing', program=program, form='in-person', persons=8)
        book.session(day('2022-09-04'), kind, program='other', form='in-person', persons=15)
        book.session(day('2022-08-28'), kind, program=program, status='cancelled', reason='講師の都合')
    for i, at in enumerate(evenly(weekends(2021)[24:60], 6)):
        book.session(at, 'course', program='hr-course', status='cancelled', reason='感染症のため')
    book.session(day('2021-11-28'), 'festival', program='gender-festival', status='cancelled',
                 reason='感染症のため')
    # Three plaza courses, held seven times; a fourth was cancelled, a fifth only discussed.
    for i, at in enumerate(evenly(weekends(2021), 7)):
        book.session(at, 'course', program=f'plaza-{1 + i % 3}', form='online' if i == 2 else 'in-person',
                     persons=11 + i)
    book.session(day('2022-01-23'), 'course', program='plaza-4', status='cancelled',
                 reason='感染症のため')
    book.session(day('2021-06-20'), 'course', program='other', form='in-person', persons=9)
    book.session(day('2021-05-19'), 'hearing', program='plaza-5', form='in-person', persons=6)


def ueda_migration(book):
    """586 consultations at 28 meets, the counter and by telephone; inquiries, follow-ups beside them."""
    fy, meets = 2021, []
    for i, at in enumerate(evenly(weekends(fy), 28)):
        meets.append((at, book.session(at, 'consultation-day', 'migration', persons=8,
                                       form='in-person' if i % 4 == 0 else 'online')))
    book.session(day('2021-08-22'), 'consultation-day', 'migration', form='in-person', status='cancelled',
                 reason='感染症のため')
    done = 0
    for i, ((at, meet), n) in enumerate(zip(meets, spread(224, 28, fy))):
        for j in range(n):
            book.log(at, 'migration', TOPICS[(i + j) % 12], channel='online' if i % 4 else 'event',
                     session=meet, origin=ORIGINS[(i * 3 + j) % 12], age=AGES[(i + j) % 8])
        done += n
    for i, at in enumerate(evenly(weekdays(fy), 270)):
        ref = book.log(at, 'migration', f'{TOPICS[i % 12]};{TOPICS[(i + 1) % 12]}', channel=CHANNELS[i % 6],
                       office='city-hall', origin=ORIGINS[i % 12], age=AGES[i % 8],
                       nature=('inquiry' if i % 9 == 4 else 'request' if i % 30 == 7 else None))
        done += i % 9 != 4
        later = min(at + datetime.timedelta(11), datetime.date(2022, 3, 31))
        if i % 3 == 0 and done < 560:
            book.contact(later, ref, channel='phone', nature='follow-up' if i % 6 else 'consultation')
            done += i % 6 == 0
        if i % 20 == 5:
            book.outcome(later, ref, 'moved', households=1, persons=1 + i % 4)
    elsewhere = 6          # a case in ueda_akiya and five applications in ueda_outreach are consultations too
    for i, at in enumerate(evenly(weekdays(fy), 586 - done - elsewhere)):
        book.tally(at, 'migration', 1, topic='living', channel='phone', office='city-hall')
    for at in evenly(weekdays(fy), 12):
        book.tally(at, 'migration', 3, topic='other', channel='phone', nature='inquiry')
    twice = book.log(day('2021-09-15'), 'migration', 'housing', channel='counter', origin='tokyo')
    book.contact(day('2021-09-17'), twice, channel='phone')
    book.void(day('2021-09-21'), twice, '別の相談票と同じ人')
    asked = book.log(day('2021-09-16'), 'migration', 'subsidy', channel='phone', origin='aichi')
    book.correct(day('2021-09-22'), asked, '制度の問い合わせだけだった', nature='inquiry')
    before = book.log(day('2022-04-04'), 'migration', 'work', channel='phone', origin='gunma')
    book.contact(day('2022-04-11'), before, channel='phone')


def ueda_marriage(book):
    fy = 2021
    for kind, program, n in (('seminar', 'marriage-seminar', 4), ('exchange', 'marriage-party', 3),
                             ('exchange', 'settlement-region', 1)):
        for at in evenly(weekends(fy)[6:], n):
            book.session(at, kind, 'marriage', program, form='in-person', persons=16)
    for i, at in enumerate(evenly(weekends(fy)[10:], 4)):
        book.session(at, ('seminar', 'exchange')[i % 2], 'marriage', 'cooperator', form='in-person',
                     persons=12)
    for at in evenly(weekdays(fy), 4):
        book.session(at, 'consultation-day', 'marriage', form='in-person', persons=3)
    for at in evenly(weekdays(fy), 2):
        book.session(at, 'consultation-day', 'marriage', form='online', persons=3)
    # Neighbours: the same programs in other kinds or for other services, the same kinds of other programs.
    book.session(day('2021-07-03'), 'training', 'marriage', 'marriage-seminar', form='in-person', persons=4)
    book.session(day('2021-10-16'), 'tour', 'marriage', 'marriage-party', form='in-person', persons=10)
    book.session(day('2021-10-30'), 'exchange', 'marriage', 'marriage-party', status='cancelled',
                 reason='感染症のため')
    book.session(day('2021-11-20'), 'festival', 'migration', 'cooperator', form='in-person', persons=50)
    book.session(day('2021-12-04'), 'training', 'migration', 'settlement-region', form='online', persons=12)
    book.session(day('2021-06-23'), 'consultation-day', 'citizen', 'legal', form='in-person', persons=6)
    for program in ('parent-seminar', 'adviser-seminar'):
        book.session(day('2022-10-02'), 'seminar', 'marriage', program, form='in-person', persons=14)
        book.session(day('2022-09-14'), 'hearing', 'marriage', program, form='in-person', persons=5)
        book.session(day('2022-07-24'), 'seminar', 'marriage', program, status='cancelled',
                     reason='講師の都合')
    # 114 online consultations; telephone, counter and mere inquiries beside them.
    refs = [(at, book.log(at, 'marriage', ('counselling', 'registration')[i % 2], channel='online',
                          age=AGES[i % 5]))
            for i, at in enumerate(evenly(weekdays(fy, last='2022-02-28'), 80))]
    for i, (at, ref) in enumerate(refs):
        if i < 34:
            book.contact(at + datetime.timedelta(20), ref, channel='online')
        book.contact(at + datetime.timedelta(25), ref, channel='online' if i % 8 == 0 else 'phone',
                     nature='follow-up')
        if i % 10 == 0:
            book.outcome(at + datetime.timedelta(25), ref, 'introduced')
    for i, at in enumerate(evenly(weekdays(fy), 20)):
        book.tally(at, 'marriage', 2, topic='parents', channel=('counter', 'phone')[i % 2])
        book.tally(at, 'marriage', 1, topic='registration', channel='online', nature='inquiry')


def ueda_citizen(book):
    """151 any-topic consultations, twice a week; 71 legal ones by a woman lawyer."""
    fy = 2021
    twice_a_week = [d for d in weekdays(fy) if d.weekday() in (1, 3)]
    for program, n, days in (('women', 151, twice_a_week), ('women-legal', 71, evenly(weekdays(fy), 18))):
        days = sorted(evenly(days, n) if len(days) >= n else (days * (n // len(days) + 1))[:n])
        for i, at in enumerate(days):
            ref = book.log(at, 'citizen', ('women;family', 'dv', 'legal;debt', 'mental')[i % 4],
                           channel='phone' if i % 3 else 'counter', office='centre', program=program,
                           age=AGES[i % 8])
            book.outcome(at, ref, ('advised', 'continuing', 'referred')[i % 3])
            if i % 5 == 0:
                book.contact(at + datetime.timedelta(4), ref, channel='phone', nature='follow-up')
        for at in evenly(days, 6):
            book.tally(at, 'citizen', 2, topic='women', channel='phone', nature='inquiry', program=program)
        book.decline(days[30], 'citizen', 3, 'full', program=program)
    for i, at in enumerate(evenly(weekdays(fy), 60)):
        book.log(at, 'citizen', ('legal', 'women', 'tax', 'consumer')[i % 4], channel='counter',
                 office='city-hall', program=('legal', 'general', 'tax', 'human-rights')[i % 4])
    for i, at in enumerate(evenly(weekdays(fy), 18)):
        book.session(at, 'consultation-day', 'citizen', 'women-legal', form='in-person', persons=4)


def ueda_akiya(book):
    """145 users registered, 30 contracts; owners register too."""
    fy = 2021
    for i, at in enumerate(evenly(weekdays(fy, last='2022-02-15'), 150)):
        ref = book.log(at, 'akiya', 'user' + (';owner' if i % 11 == 3 else ''), channel=CHANNELS[i % 4],
                       origin=ORIGINS[i % 12], age=AGES[i % 8], office='city-hall')
        if i < 145:
            book.outcome(at, ref, 'registered')
        if i % 5 == 0:
            book.outcome(at + datetime.timedelta(35), ref, 'contracted')
        if i % 5 == 1:
            book.outcome(at + datetime.timedelta(20), ref, 'introduced')
    for i, at in enumerate(evenly(weekdays(fy), 32)):
        ref = book.log(at, 'akiya', 'owner' + (';user' if i % 6 == 0 else ''), channel='counter',
                       office='city-hall', age=AGES[(i + 4) % 8])
        book.outcome(at, ref, 'registered')
        book.outcome(at, ref, 'listed')
    flat = book.log(day('2021-05-10'), 'migration', 'housing', channel='phone', origin='tokyo')
    book.outcome(day('2021-06-10'), flat, 'contracted')
    twice = book.log(day('2021-07-07'), 'akiya', 'user', channel='phone', outcome='registered')
    book.void(day('2021-07-08'), twice, '登録済みだった')


def ueda_holiday(book):
    """22 openings on second Saturdays and last Sundays; 1,067 cards up to 13 March."""
    fy, days = 2021, []
    for month in list(range(4, 13)) + [1, 2, 3]:
        of_month = [d for d in year_days(fy) if d.month == month]
        days.append([d for d in of_month if d.weekday() == 5][1])
        days.append([d for d in of_month if d.weekday() == 6][-1])
    closed = {days[8], days[9]}                                       # August
    held = [d for d in days if d not in closed]
    until = [d for d in held if d <= datetime.date(2022, 3, 13)]
    cards = dict(zip(until, spread(1067, len(until), fy)))
    for at in days:
        if at in closed:
            book.session(at, 'holiday-opening', 'mynumber', form='in-person', status='cancelled',
                         reason='感染症のため')
            continue
        opening = book.session(at, 'holiday-opening', 'mynumber', office='city-hall', form='in-person',
                               venue_kind='city-hall')
        book.tally(at, 'mynumber', cards.get(at, 49), topic='collection', office='city-hall',
                   channel='holiday', session=opening, outcome='issued')
        book.tally(at, 'mynumber', 6, topic='certificate', office='city-hall', channel='holiday',
                   session=opening, outcome='renewed')
        book.tally(at, 'mynumber', 4, topic='application', office='city-hall', channel='holiday',
                   session=opening, outcome='applied')
    for at in held[::5]:
        sunday = book.session(at, 'holiday-opening', 'citizen', office='city-hall', form='in-person',
                              venue_kind='city-hall')
        book.tally(at, 'citizen', 12, topic='other', nature='procedure', channel='holiday', session=sunday,
                   outcome='issued')                                  # certificates, not cards
    for i, at in enumerate(weekdays(fy)):                             # weekday issues
        book.tally(at, 'mynumber', 14 + (i * 11) % 17, topic='collection', office='city-hall',
                   channel='counter', outcome='issued')


def ueda_outreach(book):
    """On weekdays: 27 at shopping centres (389), 3 at the tax office (38), 4 at firms (46); R4: 750."""
    plan = (('mall', 27, 389, 2021), ('public-office', 3, 38, 2021), ('company', 4, 46, 2021),
            ('company', 25, 750, 2022))
    for venue, n, cases, fy in plan:
        days = evenly(weekdays(fy, first=f'{fy}-06-01'), n)
        for i, (at, count) in enumerate(zip(days, spread(cases, n, 7))):
            visit = book.session(at, 'outreach', 'mynumber', form='in-person', venue_kind=venue)
            book.tally(at, 'mynumber', count, topic='application', office='off-site', channel='outreach',
                       session=visit, outcome='applied')
            book.tally(at, 'mynumber', 2 + i % 3, topic='support', office='off-site', channel='outreach',
                       session=visit, outcome='informed')
        # Neighbours: on a holiday, another kind, another service, cancelled, void, entered wrongly.
        sunday = weekends(fy, first=f'{fy}-10-01')[3]
        visit = book.session(sunday, 'outreach', 'mynumber', form='in-person', venue_kind=venue,
                             status='cancelled' if fy == 2022 else None, reason='荒天' if fy == 2022 else None)
        if fy == 2021:
            book.tally(sunday, 'mynumber', 21, topic='application', channel='outreach', session=visit,
                       outcome='applied')
        at = weekdays(fy, first=f'{fy}-11-01')[2]
        for kind, service, topic in (('course', 'mynumber', 'application'),
                                     ('outreach', 'migration' if venue == 'mall' else 'citizen', 'other')):
            beside = book.session(at, kind, service, form='in-person', venue_kind=venue)
            book.tally(at, service, 5, topic=topic, nature='procedure', channel='outreach', session=beside,
                       outcome='applied')
        twice = book.session(at, 'outreach', 'mynumber', form='in-person', venue_kind=venue)
        book.void(at, twice, '二重に記録していた')
    school = book.session(day('2021-07-14'), 'outreach', 'mynumber', form='in-person', venue_kind='mall')
    book.tally(day('2021-07-14'), 'mynumber', 9, topic='application', channel='outreach', session=school,
               outcome='applied')
    book.correct(day('2021-07-15'), school, '会場の誤り', venue_kind='school')
    mall = book.session(day('2022-07-12'), 'outreach', 'mynumber', form='in-person', venue_kind='mall')
    book.tally(day('2022-07-12'), 'mynumber', 32, topic='application', channel='outreach', session=mall,
               outcome='applied')
    book.tally(day('2022-05-10'), 'mynumber', 7, topic='application', office='city-hall', channel='counter',
               outcome='applied')
