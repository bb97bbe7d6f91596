#!/usr/bin/env python3
"""Writes the sample ledgers plans/ledgers/<city>.csv.

Their totals are the values printed in the five plans; every date and
particular is made up. Where a plan prints only a baseline or a target, the
sample adds up to that. Beside what counts each ledger has rows that must not:
README says which.

Standard library only, and the same output on every machine: nothing is
random, what looks it comes from a fixed sequence.

    python3 plans/ledgers/make.py
"""
import datetime
import sys

sys.dont_write_bytecode = True

from book import (AGES, CHANNELS, ORIGINS, TOPICS, Ledger, day, evenly, migration_cases, move,
                  moved_in, owners, spread, weekdays, weekends)
from ueda import ueda


def nagai():
    book = Ledger('nagai', '長井市 後期基本計画の総括')
    book.figures({'migrated-cases', 'trial-stay-uses', 'training-lectures', 'mynumber-issued'},
                 {'ikuboss-firms': '2020-02-29'})
    for fy in range(2014, 2024):
        book.coverage(fy, 'migration')
        if fy >= 2015:
            book.coverage(fy, 'mynumber')
        if fy >= 2017:
            book.coverage(fy, program='community-training')

    # Moves: 6 up to H29, inside the baseline; then 53.
    for fy, n in ((2014, 1), (2015, 1), (2016, 2), (2017, 2), (2018, 5), (2019, 7), (2020, 8), (2021, 10),
                  (2022, 11), (2023, 12)):
        for i, at in enumerate(evenly(weekdays(fy), n)):
            move(book, at, 1 + (i * 2 + fy) % 4, CHANNELS[i % 5], ORIGINS[(i + fy) % 12])
        migration_cases(book, fy, 24 + (fy - 2014) * 4, salt=fy)
        owners(book, fy, 6)
        moved_in(book, weekdays(fy)[100], 2)
        settled = move(book, weekdays(fy)[140], 2, 'phone', 'miyagi', outcome='settled')
        book.contact(weekdays(fy)[150], settled, channel='phone', nature='follow-up')
    twice = move(book, day('2021-06-21'), 3, 'online', 'kanagawa')
    book.void(day('2021-07-02'), twice, '同じ人を二重に記録していた')
    early = book.log(day('2020-10-12'), 'migration', 'housing', channel='counter', origin='chiba', age='30s',
                     outcome='moved', households=1, persons=2)
    book.correct(day('2020-10-20'), early, '転入届はまだ出ていなかった', outcome='continuing')

    # Trial stays: a case each; the program stands on the outcome.
    for fy, n in ((2017, 3), (2018, 6), (2019, 10), (2020, 8), (2021, 5), (2022, 3), (2023, 1)):
        for i, at in enumerate(evenly(weekdays(fy)[20:], n)):
            ref = book.log(at - datetime.timedelta(15), 'migration', 'trial-stay;farming', channel='mail',
                           origin=ORIGINS[(i * 5 + fy) % 12], age=AGES[i % 8])
            book.outcome(at, ref, 'stayed', households=1, persons=1 + i % 3, program='trial-stay')
        for i, at in enumerate(evenly(weekdays(fy)[30:], 2)):
            ref = book.log(at, 'migration', 'trial-stay', channel='phone', origin='saitama', age='50s',
                           program='trial-stay')
            book.outcome(at + datetime.timedelta(8), ref, 'withdrawn' if i else 'informed')
        ref = book.log(weekdays(fy)[60], 'migration', 'living;trial-stay', channel='mail', origin='aichi')
        book.outcome(weekdays(fy)[75], ref, 'stayed', households=1, persons=2)    # at an inn of their own

    # Training lectures; in R3 none was held although they are logged.
    for fy, n in ((2018, 2), (2019, 5), (2020, 4), (2021, 0), (2022, 6), (2023, 6)):
        for i, at in enumerate(evenly(weekdays(fy)[40:], n)):
            book.session(at, 'training', program='community-training', form='in-person',
                         venue_kind='facility', persons=14 + i * 3)
        book.session(weekdays(fy)[30], 'training', program='staff-training', form='in-person', persons=40)
        if fy != 2021:
            book.session(weekdays(fy)[200], 'exchange', program='community-training', form='in-person',
                         persons=18)
    book.session(day('2020-05-20'), 'training', program='community-training', form='in-person',
                 status='cancelled', reason='感染症のため')
    twice = book.session(day('2022-11-17'), 'training', program='community-training', persons=20)
    book.void(day('2022-11-18'), twice, '二重に記録していた')

    nagai_cards(book)
    nagai_citizen(book)
    book.write()


def nagai_cards(book):
    """Cards: 2,316 up to H29, inside the baseline; then the steps of the printed running total."""
    for fy, n in ((2015, 500), (2016, 1000), (2017, 816), (2018, 800), (2019, 1077), (2020, 2803),
                  (2021, 4888), (2022, 9278), (2023, 1637)):
        days = [d for d in weekdays(fy) if d >= datetime.date(2016, 1, 12)]
        home = n * 2 // 5 if fy == 2022 else 0       # homes were visited in R4
        sunday = n // 12
        for at, count in zip(days, spread(n - home - sunday, len(days), fy)):
            if count:
                book.tally(at, 'mynumber', count, topic='collection', office='city-hall',
                           channel='counter', outcome='issued')
        visits = [d for d in days if d.month in (10, 11, 12, 1, 2)]
        for at, count in zip(visits, spread(home, len(visits), fy + 1)):
            if count:
                book.tally(at, 'mynumber', count, topic='collection', office='off-site', channel='visit',
                           outcome='issued')
        sundays = [d for d in weekends(fy) if d.weekday() == 6 and d.day > 23 and d >= days[0]]
        for at, count in zip(sundays, spread(sunday, len(sundays), fy)):
            book.tally(at, 'mynumber', count, topic='collection', office='city-hall', channel='holiday',
                       outcome='issued')
        for i, at in enumerate(evenly(days, len(days) // 3)):
            book.tally(at, 'mynumber', 3 + (i * 7 + fy) % 9, topic='application', office='city-hall',
                       channel='counter', outcome='applied')
            book.tally(at, 'mynumber', 1 + i % 4, topic='certificate', office='city-hall',
                       channel='counter', outcome='renewed')
        for i, at in enumerate(evenly(days, 24)):
            book.tally(at, 'mynumber', 2 + i % 3, topic='pin', channel='phone', nature='inquiry')
            book.tally(at, 'citizen', 9 + i % 5, topic='other', nature='procedure', office='city-hall',
                       channel='counter', outcome='issued')           # certificates, not cards


def nagai_citizen(book):
    """Citizen consultation beside it: several topics to a case, referrals met and not met."""
    topics = ('legal', 'consumer', 'inheritance', 'debt', 'family', 'neighbour', 'mental', 'tax')
    for fy in range(2018, 2024):
        for i, at in enumerate(evenly(weekdays(fy), 48)):
            k = i + fy
            ref = book.log(at, 'citizen', topics[k % 8] + (f';{topics[(k + 3) % 8]}' if k % 3 == 0 else ''),
                           channel=('counter', 'phone', 'mail')[k % 3], office='centre', age=AGES[k % 8],
                           program='general' if k % 4 else 'legal', nature='inquiry' if k % 6 == 5 else None)
            book.outcome(at, ref, ('advised', 'referred', 'informed', 'resolved')[k % 4])
        for at in evenly(weekdays(fy), 4):
            book.decline(at, 'citizen', 2, 'full', program='legal')


def suzaka():
    book = Ledger('suzaka', '須坂市 前期基本計画')
    book.figures({'migrants', 'marriages', 'online-consultations', 'couples'}, {})
    for fy in range(2015, 2026):
        book.coverage(fy, 'migration')
        book.coverage(fy, 'marriage')
    # Persons who moved in: 186 up to 2019, inside the baseline; then 150.
    for fy, persons in ((2015, 30), (2016, 34), (2017, 38), (2018, 41), (2019, 43), (2020, 22), (2021, 24),
                        (2022, 25), (2023, 26), (2024, 26), (2025, 27)):
        n = persons * 2 // 5
        for i, (at, p) in enumerate(zip(evenly(weekdays(fy), n), spread(persons, n, fy))):
            move(book, at, p, CHANNELS[i % 6], ORIGINS[(i + fy) % 12])
        migration_cases(book, fy, 30, salt=fy)
        owners(book, fy, 6)
        moved_in(book, weekdays(fy)[80], 3)
        move(book, weekdays(fy)[160], 2, 'phone', 'gunma', outcome='settled')
    three = move(book, day('2022-09-05'), 4, 'counter', 'tokyo')
    book.void(day('2022-09-09'), three, '転入を取りやめた')
    four = book.log(day('2023-05-15'), 'migration', 'housing', channel='online', origin='saitama', age='30s',
                    outcome='moved', households=1, persons=5)
    book.correct(day('2023-05-22'), four, '転入ではなく転出だった', outcome='withdrawn')

    suzaka_marriage(book)
    suzaka_online(book)
    book.write()


def suzaka_marriage(book):
    """Marriages 13 in 2015-2019 and 15 in 2021-2025; those of 2020 are in neither. Couples 120 from 2021."""
    for fy, n in ((2015, 2), (2016, 2), (2017, 3), (2018, 3), (2019, 3), (2020, 2), (2021, 2), (2022, 3),
                  (2023, 3), (2024, 3), (2025, 4)):
        for i, at in enumerate(evenly(weekdays(fy)[30:], n)):
            ref = book.log(at - datetime.timedelta(40), 'marriage', 'matching', channel='counter',
                           age=('30s', '40s')[i % 2], office='centre')
            book.outcome(at, ref, 'married')
        for i, at in enumerate(evenly(weekdays(fy), 10)):
            ref = book.log(at, 'marriage', ('registration', 'counselling', 'parents')[i % 3],
                           channel=CHANNELS[i % 3], age=AGES[i % 4], office='centre')
            book.outcome(at, ref, ('registered', 'introduced')[i % 2])
        newcomer = book.log(weekdays(fy)[50], 'migration', 'living', channel='phone', origin='tokyo',
                            age='30s')
        book.outcome(weekdays(fy)[70], newcomer, 'married')       # without the city's scheme
    twice = book.log(day('2022-06-06'), 'marriage', 'matching', channel='counter', outcome='married')
    book.void(day('2022-06-10'), twice, '相手の相談票に記録済み')

    for fy, couples in ((2020, 9), (2021, 20), (2022, 22), (2023, 24), (2024, 26), (2025, 28)):
        for i, (at, c) in enumerate(zip(evenly(weekends(fy), 4), spread(couples, 4, fy))):
            party = book.session(at, 'exchange', 'marriage', 'marriage-party', form='in-person',
                                 venue_kind='facility', persons=24 + 2 * i)
            book.tally(at, 'marriage', c, topic='event', nature='procedure', session=party,
                       outcome='couple')
            book.tally(at, 'marriage', 3, topic='event', nature='procedure', session=party,
                       outcome='introduced')
        book.session(weekends(fy)[70], 'exchange', 'marriage', 'marriage-party', status='cancelled',
                     reason='申込みが少なかった')
        at = weekdays(fy)[120]                                        # at the office
        book.tally(at, 'marriage', 1, topic='matching', nature='procedure', outcome='couple')
        seminar = book.session(weekends(fy)[20], 'seminar', 'marriage', 'marriage-seminar',
                               form='in-person', persons=12)
        book.tally(weekends(fy)[20], 'marriage', 1, topic='event', nature='procedure', session=seminar,
                   outcome='couple')


def suzaka_online(book):
    """Consultations at online consultation days: 150 from 2020."""
    for fy, n in ((2020, 14), (2021, 20), (2022, 25), (2023, 28), (2024, 30), (2025, 33)):
        days = evenly(weekends(fy), 4)
        for at, count in zip(days, spread(n, 4, fy)):
            online = book.session(at, 'consultation-day', 'migration', form='online', persons=count)
            for i in range(count):
                ref = book.log(at, 'migration', TOPICS[i % 12], channel='online', session=online,
                               origin=ORIGINS[i % 12], age=AGES[i % 8])
                if i % 3 == 0:
                    book.contact(at + datetime.timedelta(10), ref, channel='phone', nature='follow-up')
                if i % 4 == 0:
                    book.contact(at + datetime.timedelta(3), ref, channel='mail')    # not at the session
            book.tally(at, 'migration', 2, topic='living', nature='inquiry', session=online, channel='online')
        tokyo = book.session(days[1] + datetime.timedelta(7), 'consultation-day', 'migration',
                             form='in-person', persons=6)
        book.tally(days[1] + datetime.timedelta(7), 'migration', 6, topic='housing', session=tokyo,
                   channel='event')
        seminar = book.session(days[2] + datetime.timedelta(7), 'seminar', 'migration', form='online',
                               persons=11)
        book.tally(days[2] + datetime.timedelta(7), 'migration', 5, topic='work', session=seminar,
                   channel='online')
        pairs = book.session(days[3] + datetime.timedelta(7), 'consultation-day', 'marriage', form='online',
                             persons=4)
        book.tally(days[3] + datetime.timedelta(7), 'marriage', 4, topic='counselling', session=pairs,
                   channel='online')
    late = book.session(day('2023-08-19'), 'consultation-day', 'migration', form='online', persons=2)
    for topic in ('work', 'housing'):
        book.log(day('2023-08-19'), 'migration', topic, channel='counter', session=late, origin='tokyo')
    book.correct(day('2023-08-21'), late, '会場で行った', form='in-person')


def yonezawa():
    book = Ledger('yonezawa', '米沢市 総合計画 第6章')
    book.figures({'intl-lectures', 'intl-lecture-attendees', 'shutoken-migrants', 'trial-stay-participants',
                  'okitama-seminars'}, {})
    for fy in range(2014, 2026):
        book.coverage(fy, 'migration')
    for fy in (2014, 2019):
        book.coverage(fy, program='intl-lecture')
        for i, at in enumerate(evenly(weekdays(fy), {2014: 31, 2019: 29}[fy])):
            attendees = spread({2014: 1100, 2019: 1395}[fy], {2014: 31, 2019: 29}[fy], fy)[i]
            book.session(at, 'course', program='intl-lecture', form='in-person', persons=attendees,
                         venue_kind=('school', 'facility')[i % 2])
        book.session(weekdays(fy)[77], 'exchange', program='intl-lecture', form='in-person', persons=60)
        book.session(weekdays(fy)[99], 'course', program='gender-course', form='in-person', persons=25)
        book.session(weekdays(fy)[111], 'course', program='intl-lecture', form='in-person',
                     status='cancelled', reason='講師の都合')
        twice = book.session(weekdays(fy)[33], 'course', program='intl-lecture', persons=44)
        book.void(weekdays(fy)[34], twice, '二重に記録していた')
        wrong = book.session(weekdays(fy)[133], 'course', program='intl-lecture', persons=30)
        book.correct(weekdays(fy)[134], wrong, '別の講座だった', program='other')
    yonezawa_moves(book)
    yonezawa_stays(book)
    book.write()


def yonezawa_moves(book):
    """From the capital region after an event: 91 persons in H27-H30, 114 in R3-R7, others between."""
    near = ('tokyo', 'kanagawa', 'saitama', 'chiba')
    for fy, persons in ((2014, 12), (2015, 20), (2016, 22), (2017, 24), (2018, 25), (2019, 18), (2020, 7),
                        (2021, 18), (2022, 22), (2023, 24), (2024, 25), (2025, 25)):
        n = persons * 2 // 5
        for i, (at, p) in enumerate(zip(evenly(weekdays(fy)[40:], n), spread(persons, n, fy))):
            route = None if i % 3 else 'event'          # a route set by hand beside the first contact's
            move(book, at, p, ('counter', 'event', 'outreach')[i % 3], near[(i + fy) % 4], route=route)
        for i, at in enumerate(evenly(weekdays(fy)[60:], 4)):
            move(book, at, 2, CHANNELS[i], near[i])                   # no event
            elsewhere = ('miyagi', 'osaka', 'ibaraki', 'fukushima')[i]
            move(book, at, 1 + i % 3, 'event', elsewhere)             # an event, but not from there
        move(book, weekdays(fy)[90], 2, 'event', 'tokyo', outcome='settled')
        moved_in(book, weekdays(fy)[95], 3, 'event', 'kanagawa')
        migration_cases(book, fy, 30, salt=fy)
    other = move(book, day('2022-12-05'), 3, 'event', 'tokyo')
    book.correct(day('2022-12-12'), other, '移住元の取り違え', origin='tochigi')
    came = move(book, day('2023-12-04'), 2, 'event', 'chiba')
    book.correct(day('2023-12-11'), came, '電話が最初だった', route='phone')
    twice = move(book, day('2024-02-05'), 4, 'outreach', 'saitama')
    book.void(day('2024-02-07'), twice, '二重に記録していた')


def yonezawa_stays(book):
    """Trial stays 9 persons in H30, and the target 30 in R7; seminars of the council 2 and 3."""
    for fy, persons in ((2017, 8), (2018, 9), (2019, 10), (2025, 30)):
        n = max(persons // 2, 4)
        for i, (at, p) in enumerate(zip(evenly(weekdays(fy)[30:], n), spread(persons, n, fy))):
            ref = book.log(at - datetime.timedelta(14), 'migration', 'trial-stay', channel='mail',
                           origin=ORIGINS[i % 12], age=AGES[i % 8], program='trial-stay')
            book.outcome(at, ref, 'stayed', households=1, persons=p)
            if i % 4 == 0:
                book.outcome(at + datetime.timedelta(30), ref, 'settled', households=1, persons=p)
        ref = book.log(weekdays(fy)[50], 'migration', 'living', channel='phone', origin='aichi')
        book.outcome(weekdays(fy)[60], ref, 'stayed', households=1, persons=2)
    for fy, n in ((2014, 0), (2019, 2), (2025, 3)):
        for at in evenly(weekends(fy), n) if n else ():
            book.session(at, 'seminar', 'migration', 'okitama-council', form='in-person', persons=17)
        book.session(weekends(fy)[30], 'seminar', 'migration', 'own-seminar', form='online', persons=9)
        book.session(weekends(fy)[44], 'fair', 'migration', 'okitama-council', form='in-person', persons=31)
        book.session(weekends(fy)[52], 'seminar', 'migration', 'okitama-council', status='cancelled',
                     reason='感染症のため')


def honjo():
    book = Ledger('honjo', '本庄市 基本計画')
    book.figures({'human-rights-attendees', 'hearings'}, {})
    # The plan prints no years: the sample puts its values into R3.
    fy = 2021
    book.coverage(fy, program='human-rights-training')
    book.coverage(fy, session_kind='hearing')
    book.coverage(fy, 'citizen')
    for at, persons in zip(evenly(weekdays(fy), 16), spread(843, 16, fy)):
        book.session(at, 'training', program='human-rights-training', form='in-person',
                     venue_kind='facility', persons=persons)
    for i, at in enumerate(evenly(weekdays(fy), 105)):
        book.session(at, 'hearing', form='online' if i % 7 == 6 else 'in-person', persons=6 + i % 19,
                     venue_kind=('facility', 'city-hall', 'school')[i % 3])
    book.session(day('2021-06-16'), 'training', program='staff-training', form='in-person', persons=55)
    book.session(day('2021-08-07'), 'festival', program='human-rights-training', form='in-person', persons=120)
    book.session(day('2021-09-08'), 'training', program='human-rights-training', status='cancelled',
                 reason='感染症のため')
    book.session(day('2021-09-09'), 'hearing', status='cancelled', reason='感染症のため')
    book.session(day('2020-10-14'), 'training', program='human-rights-training', form='in-person', persons=30)
    book.session(day('2020-10-15'), 'hearing', form='in-person', persons=12)
    wrong = book.session(day('2021-12-08'), 'training', program='human-rights-training', persons=48)
    book.correct(day('2021-12-09'), wrong, '別の研修だった', program='staff-training')
    twice = book.session(day('2021-12-10'), 'hearing', persons=9)
    book.void(day('2021-12-13'), twice, '二重に記録していた')
    topics = ('legal', 'administrative', 'real-estate', 'tax', 'pension-labour')
    for i, at in enumerate(evenly(weekdays(fy), 90)):
        ref = book.log(at, 'citizen', topics[i % 5], channel='counter', office='city-hall',
                       program=topics[i % 5], age=AGES[i % 8], nature='inquiry' if i % 8 == 7 else None)
        book.outcome(at, ref, ('advised', 'referred', 'resolved')[i % 3])
    for at in evenly(weekdays(fy), 8):
        book.decline(at, 'citizen', 2, 'full', program='legal')
    book.write()


if __name__ == '__main__':
    for city in (nagai, suzaka, yonezawa, ueda, honjo):
        city()
