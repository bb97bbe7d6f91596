#!/usr/bin/env python3
"""Five sheets as counters keep them, and what must be counted from them.

    python3 tests/sheets/make.py

writes, beside itself, NAME.csv (the sheet) and NAME.stats (what `madoguchi stats`
prints, one block a question). Their mapping files are written by hand. Everything is
made up; numbers come from a generator with a fixed start.
"""
import csv
import io
import os
import random
from collections import Counter

HERE = os.path.dirname(os.path.abspath(__file__))
DAYS = {4: 30, 5: 31, 6: 30, 7: 31, 8: 31, 9: 30, 10: 31, 11: 30, 12: 31, 1: 31, 2: 28, 3: 31}
MONTHS = [4, 5, 6, 7, 8, 9, 10, 11, 12, 1, 2, 3]
WIDE = str.maketrans('0123456789', '０１２３４５６７８９')


def year_of(month):
    return 2024 if month >= 4 else 2025


def era(month, day):
    """令和6年4月1日"""
    return f'令和{year_of(month) - 2018}年{month}月{day}日'


def short(month, day):
    return f'R{year_of(month) - 2018}.{month}.{day}'


def save(name, rows, encoding):
    out = io.StringIO()
    csv.writer(out, lineterminator='\r\n').writerows(rows)
    with open(os.path.join(HERE, name + '.csv'), 'wb') as f:
        f.write(out.getvalue().encode(encoding))


def stats(name, questions):
    """questions: (arguments of stats, columns, Counter by their values)."""
    with open(os.path.join(HERE, name + '.stats'), 'w', encoding='utf-8') as f:
        for arguments, columns, counter in questions:
            f.write(f'$ {arguments}\n{columns},count\n')
            for key in sorted(counter):
                if counter[key]:
                    f.write(','.join(key) + f',{counter[key]}\n')


def month_name(month):
    return f'{year_of(month)}-{month:02}'


FY = '--from FY2024 --to FY2024'


def migration(r):
    """移住相談受付簿: a line a case, dates of the era, blanks as above."""
    channels = [('電話', 'phone'), ('来庁', 'counter'), ('ﾒｰﾙ', 'mail'), ('オンライン', 'online'),
                ('相談会', 'event')]
    origins = [('東京都', 'tokyo'), ('神奈川', 'kanagawa'), ('埼玉県', 'saitama'), ('県外（仙台）', 'miyagi'),
               ('不明', 'unknown')]
    topics = [('住まい', 'housing'), ('空き家バンク', 'vacant-house'), ('仕事', 'work'), ('就農', 'farming'),
              ('子育て', 'childcare')]
    ages = [('２０代', '20s'), ('30代', '30s'), ('40', '40s'), ('５０代', '50s'), ('70歳以上', '70-over')]
    rows = [['令和６年度　移住相談受付簿'], ['', '', '', '', '', '', '', '', '', '', '担当：移住定住係'], [],
            ['No.', '受付日', '受付\n方法', '移住元', '年代', '相談内容', '結果', '結果日', '世帯', '人数', '備考']]
    by_month, by_topic, by_origin, moved, persons = Counter(), Counter(), Counter(), Counter(), Counter()
    by_channel, households = Counter(), 0
    number, people, last_channel = 0, 0, None
    for month in MONTHS:
        for day in sorted(r.sample(range(1, DAYS[month] + 1), 6)):
            for nth in range(r.choice([1, 1, 1, 2, 3])):
                number += 1
                channel, origin, age = r.choice(channels), r.choice(origins), r.choice(ages)
                chosen = r.sample(topics, r.choice([1, 1, 2]))
                date = '' if nth else r.choice([era(month, day), short(month, day)])
                row = [f'6-{number:03}', date, '〃' if channel == last_channel else channel[0], origin[0], age[0],
                       '、'.join(t[0] for t in chosen), '', '', '', '', r.choice(['', '再訪予定', 'パンフ送付'])]
                last_channel = channel
                if r.random() < 0.12 and month <= 12:
                    later = MONTHS[MONTHS.index(month) + r.choice([1, 2])]
                    n = r.choice([1, 2, 3, 4])
                    row[6:10] = ['移住', short(later, 15), '1', f'{n}人'.translate(WIDE)]
                    moved[month_name(later), 'moved'] += 1
                    persons['moved',] += n
                    people += n
                    households += 1
                rows.append(row)
                by_month[month_name(month), 'migration'] += 1
                by_topic[chosen[0][1],] += 1
                by_origin[origin[1],] += 1
                by_channel[channel[1],] += 1
    for _ in range(3):  # numbers written beforehand
        number += 1
        rows.append([f'6-{number:03}'] + [''] * 10)
    total = sum(by_month.values())
    rows.append(['合計', '', f'{total}件', '', '', '', '', '', households, people, ''])
    rows.append(['※ 電話は折り返しを含む。'])
    save('migration', rows, 'cp932')
    stats('migration', [
        (f'--by month,service {FY}', 'month,service', by_month),
        (f'--by topic {FY}', 'topic', by_topic), (f'--by channel {FY}', 'channel', by_channel),
        (f'--by origin --count cases {FY}', 'origin', by_origin),
        (f'--by month,outcome --count outcomes {FY}', 'month,outcome', moved),
        (f'--by outcome --count persons {FY}', 'outcome', persons)])


def citizen(r):
    """市民相談: topics by months, totals at the right and below."""
    topics = [('法律', 'legal'), ('不動産', 'real-estate'), ('税金', 'tax'), ('消費生活', 'consumer'),
              ('相続・遺言', 'inheritance'), ('家族', 'family'), ('近隣', 'neighbour'), ('その他', 'other')]
    rows = [['市民相談　月別・分野別件数（令和６年度）'], ['', '', '', '', '', '', '', '', '', '', '', '', '', '単位：件'],
            ['相談分野'] + [f'{m}月' for m in MONTHS] + ['計']]
    by_month, by_topic, sums = Counter(), Counter(), [0] * 12
    for label, code in topics:
        counts = [r.choice([0, 1, 2, 3, 5, 8, 13, 21]) for _ in MONTHS]
        if code == 'legal':
            counts[2] = 1203
        for i, n in enumerate(counts):
            by_month[month_name(MONTHS[i]), 'citizen'] += n
            sums[i] += n
        by_topic[code,] += sum(counts)
        rows.append([label] + [f'{n:,}' if n else r.choice(['', '－', '0']) for n in counts] + [f'{sum(counts):,}'])
    rows.append(['合　計'] + [f'{n:,}' for n in sums] + [f'{sum(sums):,}'])
    save('citizen', rows, 'utf-8-sig')
    stats('citizen', [(f'--by month,service {FY}', 'month,service', by_month),
                      (f'--by topic {FY}', 'topic', by_topic)])


def mynumber(r):
    """マイナンバーカード: a line a day, several counts, subtotals a month."""
    columns = [('申請', 'application', None), ('交付', 'collection', 'issued'), ('更新', 'renewal', None),
               ('電子証明書', 'certificate', None), ('暗証番号', 'pin', None)]
    rows = [['マイナンバーカード日計表', '', '', '', '', '', '令和６年度'],
            ['日付', '曜日'] + [c[0] for c in columns] + ['計']]
    by_month, by_topic, issued, all_sums = Counter(), Counter(), Counter(), [0] * 5
    for month in MONTHS:
        sums = [0] * 5
        for day in range(1, DAYS[month] + 1):
            if (day + month) % 7 in (0, 1):
                continue
            counts = [r.choice([0, 1, 3, 6, 12, 25]) for _ in columns]
            rows.append([f'{month}月{day}日'.translate(WIDE), r.choice('月火水木金')] +
                        [str(n).translate(WIDE) if n else '' for n in counts] + [sum(counts)])
            for i, n in enumerate(counts):
                sums[i] += n
                all_sums[i] += n
                by_month[month_name(month), 'mynumber'] += n
                by_topic[columns[i][1],] += n
                if columns[i][2]:
                    issued[month_name(month), columns[i][2]] += n
        rows.append([f'{month}月計', ''] + sums + [sum(sums)])
    rows.append(['合計', ''] + all_sums + [sum(all_sums)])
    save('mynumber', rows, 'cp932')
    stats('mynumber', [(f'--by month,service {FY}', 'month,service', by_month), (f'--by topic {FY}', 'topic', by_topic),
                       (f'--by month,outcome --count outcomes {FY}', 'month,outcome', issued)])


def freeform(r):
    """総合窓口の受付票: months as headings, days only, codes of any kind."""
    codes = [('法律', 'legal'), ('L2', 'inheritance'), ('3', 'tax'), ('consumer', 'consumer'), ('ＤＶ', 'dv'),
             ('その他', 'other')]
    ways = [('TEL', 'phone'), ('窓口', 'counter'), ('mail', 'mail')]
    rows = [['総合窓口　相談受付票'], ['（庁内限り）', '', '', '作成 R7.4.2'], ['凡例', 'L2 = 相続', '3 = 税', 'TEL = 電話'],
            [], ['日', '区分', '方法', '件数', 'メモ']]
    by_month, by_topic, by_channel, everything = Counter(), Counter(), Counter(), 0
    for month in MONTHS:
        rows.append([f'■ 令和{year_of(month) - 2018}年{month}月'])
        sub = 0
        for day in sorted(r.choices(range(1, DAYS[month] + 1), k=8)):
            code, way, n = r.choice(codes), r.choice(ways), r.choice([1, 1, 1, 2, 4])
            rows.append([r.choice([f'{day}', f'{day}日']), code[0], way[0], n, r.choice(['', '折返し', '要確認'])])
            by_month[month_name(month), 'citizen'] += n
            by_topic[code[1],] += n
            by_channel[way[1],] += n
            sub += n
        rows.append(['小計', '', '', sub])
        everything += sub
    rows.append(['総計', '', '', everything])
    save('freeform', rows, 'utf-8')
    stats('freeform', [(f'--by month,service {FY}', 'month,service', by_month), (f'--by topic {FY}', 'topic', by_topic),
                       (f'--by channel {FY}', 'channel', by_channel)])


def sessions(r):
    """移住セミナー等の開催実績: a line a session, attendees, what came of it."""
    kinds = [('セミナー', 'seminar'), ('移住フェア', 'fair'), ('体験ツアー', 'tour'), ('交流会', 'exchange')]
    forms = [('対面', 'in-person'), ('オンライン', 'online'), ('併用', 'hybrid')]
    rows = [['令和6年度 移住セミナー等 開催実績'], ['番号', '開催日', '種別', '開催方法', '会場', '参加世帯', '参加者数', '移住相談', '移住決定']]
    held, attendees, contacts, moved = Counter(), Counter(), Counter(), Counter()
    totals = [0, 0, 0, 0]
    for n, month in enumerate(sorted(MONTHS * 2, key=MONTHS.index), 1):
        kind, form = r.choice(kinds), r.choice(forms)
        households = r.choice([3, 5, 8, 12])
        numbers = [households, households + r.choice([0, 2, 4]), r.choice([0, 1, 2, 5]), r.choice([0, 0, 1, 2])]
        rows.append([f'S{n:02}', f'{year_of(month)}/{month}/{10 + n % 2 * 10}', kind[0], form[0],
                     r.choice(['有楽町 交流館', '市役所', '‐'])] + numbers)
        held[month_name(month), kind[1]] += 1
        attendees[kind[1],] += numbers[1]
        contacts[month_name(month), 'migration'] += numbers[2]
        moved[kind[1],] += numbers[3]
        totals = [a + b for a, b in zip(totals, numbers)]
    rows.append(['合計', f'{len(MONTHS) * 2}回', '', '', ''] + totals)
    save('sessions', rows, 'cp932')
    stats('sessions', [(f'--by month,session_kind --count sessions {FY}', 'month,session_kind', held),
                       (f'--by session_kind --count attendees {FY}', 'session_kind', attendees),
                       (f'--by month,service {FY}', 'month,service', contacts),
                       (f'--by session_kind --count outcomes {FY} outcome=moved', 'session_kind', moved)])


if __name__ == '__main__':
    for make in (migration, citizen, mynumber, freeform, sessions):
        make(random.Random(make.__name__))
