/* Indicators and proofs: what a plan's rules give for a year, kind by kind,
 * asked of the store itself and of the daemon.  Today is 2025-06-15. */
#include "proto/yaml.h"
#include "tests/kit_indicator.h"

#include <check.h>
#include <stdlib.h>

/* ---- annual, and what is empty ------------------------------------------ */

static const char moved[] =
    "  - {id: moved, name: M, kind: annual, terms: [{count: outcomes, where: [outcome=moved, "
    "service=migration]}], targets: [{period: FY2024, value: \"3\"}]}\n";

static void annual_counts_and_coverage(struct kit *k) {
    plan_put(k, moved);
    expect(k, "moved", 2023, "|3||||未集計");
    kit_ok(k, "coverage", "period", "FY2023", "service", "migration", NULL);
    expect(k, "moved", 2023, "0|3|0.0|||");
    kit_ok(k, "tally", "service", "migration", "date", "2024-03-31", "count", "0", "outcome",
           "moved", "outcome_count", "2", NULL);
    kit_ok(k, "tally", "service", "migration", "date", "2024-04-01", "outcome", "moved", NULL);
    expect(k, "moved", 2023, "2|3|66.7|||");
    /* Facts count without any coverage. */
    expect(k, "moved", 2024, "1|3|33.3|||未達成");
    prove(k, "moved", 2023, "outcome 2");
}

static void coverage_in_part(struct kit *k) {
    plan_put(k, moved);
    kit_ok(k, "coverage", "period", "2024-04-01..2024-09-30", "service", "migration", NULL);
    expect(k, "moved", 2024, "0|3|0.0||2024-09-30|未達成");
    kit_ok(k, "coverage", "period", "2025-04-01..", NULL);
    /* Never beyond the day asked. */
    expect(k, "moved", 2025, "0||||2025-06-15|");
    expect_as_of(k, "moved", 2025, 20250501, "0||||2025-05-01|");
    expect(k, "moved", 2026, "|||||未到来");
    expect_as_of(k, "moved", 2025, 20250331, "|||||基準日より後の年度");
    /* A gap inside is a part, too. */
    kit_ok(k, "coverage", "period", "2024-10-02..2025-03-31", "service", "migration", NULL);
    expect(k, "moved", 2024, "0|3|0.0||2025-03-31|未達成");
    kit_ok(k, "coverage", "period", "2024-10-01", "service", "migration", NULL);
    expect(k, "moved", 2024, "0|3|0.0|||未達成");
}

static void coverage_of_what(struct kit *k) {
    plan_put(k, "  - {id: moved, name: A, kind: annual, terms: [{count: outcomes, where: "
                "[service=migration, outcome=moved]}]}\n"
                "  - {id: stayed, name: B, kind: annual, terms: [{count: outcomes, where: "
                "[program=trial-stay, outcome=stayed]}]}\n"
                "  - {id: course, name: C, kind: annual, terms: [{count: sessions, where: "
                "[program=hr-course, session_kind=course]}]}\n"
                "  - {id: both, name: D, kind: annual, terms: [{count: contacts, where: "
                "[\"service=migration,citizen\"]}]}\n"
                "  - {id: any, name: E, kind: annual, terms: [{count: contacts}]}\n");
    kit_ok(k, "coverage", "period", "FY2021", "service", "migration", NULL);
    expect(k, "moved", 2021, "0|||||");
    expect(k, "stayed", 2021, "0|||||"); /* the outcome is of migration only */
    expect(k, "course", 2021, "|||||未集計");
    expect(k, "both", 2021, "|||||未集計");
    expect(k, "any", 2021, "|||||未集計");
    kit_ok(k, "coverage", "period", "FY2021", "service", "citizen", NULL);
    expect(k, "both", 2021, "0|||||");
    kit_ok(k, "coverage", "period", "FY2021", "program", "hr-course", NULL);
    expect(k, "course", 2021, "0|||||");
    expect(k, "any", 2021, "|||||未集計");
    /* A declaration that names more than the rule does not cover it. */
    kit_ok(k, "coverage", "period", "FY2022", "service", "migration", "program", "trial-stay",
           NULL);
    expect(k, "moved", 2022, "|||||未集計");
    expect(k, "stayed", 2022, "0|||||");
    kit_ok(k, "coverage", "period", "FY2023", NULL);
    expect(k, "any", 2023, "0|||||");
    expect(k, "course", 2023, "0|||||");
}

static void not_held(struct kit *k) {
    plan_put(k, "  - {id: tours, name: A, kind: annual, terms: [{count: sessions, where: "
                "[service=migration, session_kind=tour]}]}\n"
                "  - {id: fairs, name: B, kind: annual, terms: [{count: sessions, where: "
                "[service=migration, session_kind=fair]}]}\n");
    kit_ok(k, "coverage", "period", "FY2021", "service", "migration", NULL);
    uint64_t seq = kit_ok(k, "coverage", "period", "FY2021", "service", "migration", "session_kind",
                          "tour", "not_held", "yes", "reason", "感染症", NULL);
    expect(k, "tours", 2021, "|||||未実施");
    expect(k, "fairs", 2021, "0|||||");
    /* The more exact declaration holds, also when the other comes later. */
    kit_ok(k, "coverage", "period", "FY2021", "service", "migration", NULL);
    expect(k, "tours", 2021, "|||||未実施");
    kit_ok(k, "void", "seq", kit_text(k, seq), "reason", "誤り", NULL);
    expect(k, "tours", 2021, "0|||||");
    /* Not held for a part is covered; and facts are always counted. */
    kit_ok(k, "coverage", "period", "2022-04", "session_kind", "tour", "not_held", "yes", "reason",
           "雪", NULL);
    expect(k, "tours", 2022, "0||||2022-04-30|");
    kit_ok(k, "coverage", "period", "FY2023", "session_kind", "tour", "not_held", "yes", "reason",
           "雪", NULL);
    kit_hold(k, "tour", "2023-07-01", "service", "migration", NULL);
    expect(k, "tours", 2023, "1|||||");
}

static void cancelled(struct kit *k) {
    plan_put(k, "  - {id: tours, name: A, kind: annual, terms: [{count: sessions, where: "
                "[service=migration, session_kind=tour, day=holiday]}]}\n");
    kit_ok(k, "coverage", "period", "FY2024", NULL);
    const char *s = kit_plan(k, "tour", "2024-07-06", "service", "migration", NULL);
    expect(k, "tours", 2024, "0|||||");
    uint64_t planned = kit_head(k);
    kit_tick(k);
    kit_ok(k, "cancel", "session", s, "reason", "台風", NULL);
    uint64_t last = k->last.seq;
    kit_tick(k);
    expect(k, "tours", 2024, "|||||中止");
    expect_as_of(k, "tours", 2024, 20240705, "0||||2024-07-05|");
    /* Another that the rule does not look at changes nothing. */
    kit_plan(k, "tour", "2024-07-05", "service", "migration", NULL);
    kit_plan(k, "tour", "2024-07-06", "service", "akiya", NULL);
    expect(k, "tours", 2024, "|||||中止");
    /* One still planned: not all are cancelled. */
    const char *other = kit_plan(k, "tour", "2024-09-07", "service", "migration", NULL);
    expect(k, "tours", 2024, "0|||||");
    kit_ok(k, "hold", "session", other, "date", "2024-09-07", NULL);
    expect(k, "tours", 2024, "1|||||");
    expect_known(k, "tours", 2024, last, "|||||中止");
    expect_known(k, "tours", 2024, planned, "0|||||");
    prove(k, "tours", 2024, "session 1");
}

static void unknown_persons(struct kit *k) {
    plan_put(k, "  - {id: persons, name: A, kind: annual, terms: [{count: persons, where: "
                "[outcome=moved]}]}\n"
                "  - {id: households, name: B, kind: annual, terms: [{count: households, where: "
                "[outcome=moved]}]}\n"
                "  - {id: came, name: C, kind: annual, terms: [{count: attendees, where: "
                "[session_kind=fair]}]}\n");
    kit_ok(k, "tally", "service", "migration", "date", "2024-04-15", "outcome", "moved", NULL);
    kit_hold(k, "fair", "2024-04-15", NULL);
    expect(k, "persons", 2024, "|||||人数不明1件");
    expect(k, "came", 2024, "|||||参加人数不明1回");
    kit_ok(k, "tally", "service", "migration", "date", "2024-04-16", "count", "3", "outcome",
           "moved", "persons", "7", NULL);
    kit_hold(k, "fair", "2024-04-16", "persons", "30", NULL);
    expect(k, "persons", 2024, "7|||||ほか人数不明1件");
    expect(k, "households", 2024, "|||||世帯数不明4件");
    expect(k, "came", 2024, "30|||||ほか参加人数不明1回");
    prove(k, "persons", 2024, "outcome 1; outcome 3 persons 7");
    prove(k, "came", 2024, "session 1; session 1 persons 30");
}

static void several_terms(struct kit *k) {
    plan_put(k,
             "  - {id: sum, name: A, kind: annual, terms: [{count: sessions, where: "
             "[session_kind=tour]}, {count: sessions, where: [session_kind=fair]}]}\n"
             "  - {id: mixed, name: B, kind: annual, decimals: 1, terms: [{count: sessions, where: "
             "[session_kind=tour]}, {figure: flow-a}]}\n");
    kit_hold(k, "tour", "2023-07-01", NULL);
    kit_hold(k, "fair", "2023-07-01", NULL);
    kit_hold(k, "fair", "2023-07-02", NULL);
    expect(k, "sum", 2023, "3|||||");
    prove(k, "sum", 2023, "session 1; session 1; session 1");
    /* One empty and not covered: the sum is what is counted. */
    kit_hold(k, "tour", "2022-07-01", NULL);
    expect(k, "sum", 2022, "1|||||");
    /* None counted, one not covered: there is no sum. */
    kit_ok(k, "coverage", "period", "FY2021", "session_kind", "tour", NULL);
    expect(k, "sum", 2021, "|||||未集計");
    kit_ok(k, "coverage", "period", "FY2021", "session_kind", "fair", NULL);
    expect(k, "sum", 2021, "0|||||");
    expect(k, "mixed", 2023, "|||||未集計");
    figure(k, "flow-a", "FY2023", "2.25", "2024-03-31");
    expect(k, "mixed", 2023, "3.3||||2024-03-31|");
    prove(k, "mixed", 2023, "session 1; figure value 2.25");
}

/* ---- cumulative --------------------------------------------------------- */

static void cumulative(struct kit *k) {
    plan_put(k, "  - {id: all, name: A, kind: cumulative, terms: [{count: outcomes, where: "
                "[outcome=moved]}], baseline: [{value: \"9\", period: FY2016}, {value: \"6\", "
                "period: FY2017}], targets: [{period: FY2023, value: \"18\"}]}\n"
                "  - {id: later, name: B, kind: cumulative, since: 2019-04-01, terms: [{count: "
                "outcomes, where: [outcome=moved]}], baseline: [{value: \"6\", period: FY2017}]}\n"
                "  - {id: dash, name: C, kind: cumulative, since: 2018-04-01, terms: [{count: "
                "outcomes, where: [outcome=moved]}], baseline: [{value: \"―\", period: "
                "年度の印字なし}]}\n"
                "  - {id: persons, name: D, kind: cumulative, terms: [{count: persons, where: "
                "[outcome=moved]}], baseline: [{value: \"186\", period: FY2017}]}\n"
                "  - {id: cases, name: E, kind: cumulative, terms: [{count: active}], baseline: "
                "[{value: \"6\", period: FY2017}]}\n");
    kit_ok(k, "coverage", "period", "2018-04-01..2022-03-31", NULL);
    kit_ok(k, "tally", "service", "migration", "date", "2018-03-31", "outcome", "moved", "persons",
           "50", NULL);
    expect(k, "all", 2018, "6|18|33.3|||");
    kit_ok(k, "tally", "service", "migration", "date", "2018-04-01", "count", "2", "outcome",
           "moved", "persons", "3", NULL);
    kit_ok(k, "tally", "service", "migration", "date", "2020-04-01", "count", "4", "outcome",
           "moved", "persons", "5", NULL);
    expect(k, "all", 2016, "|18||||起点前");
    expect(k, "all", 2017, "6|18||||基準値");
    expect(k, "all", 2018, "8|18|44.4|||");
    expect(k, "all", 2019, "8|18|44.4|||");
    expect(k, "all", 2020, "12|18|66.7|||");
    expect(k, "all", 2023, "12|18|66.7||2022-03-31|未達成");
    expect(k, "all", 2026, "|||||未到来");
    prove(k, "all", 2020, "baseline 6; outcome 2 persons 3; outcome 4 persons 5");
    ck_assert_int_eq(prove_refused(k, "all", 2017), ERR_STATE);
    kit_said(k, "printed, not counted");
    /* Facts between the baseline and since are inside the baseline. */
    expect(k, "later", 2018, "|||||起点前");
    expect(k, "later", 2020, "10|||||");
    expect(k, "dash", 2017, "|||||起点前");
    expect(k, "dash", 2018, "2|||||");
    prove(k, "dash", 2018, "outcome 2 persons 3");
    expect(k, "persons", 2018, "189|||||");
    prove(k, "persons", 2018, "baseline persons 186; outcome 2 persons 3");
    /* Distinct counts are not added. */
    kit_log(k, "migration", "2018-05-01", NULL);
    expect(k, "cases", 2018, "|||||実件数・講座数は基準値に足せません");
}

static void cumulative_of_figures(struct kit *k) {
    plan_put(k, "  - {id: flow, name: A, kind: cumulative, decimals: 1, terms: [{figure: flow-a}], "
                "baseline: "
                "[{value: \"1.5\", period: FY2020}]}\n"
                "  - {id: stock, name: B, kind: cumulative, terms: [{figure: stock-a}], baseline: "
                "[{value: \"10\", period: FY2020}]}\n");
    expect(k, "flow", 2021, "|||||未集計");
    figure(k, "flow-a", "FY2020", "100", "2021-03-31");
    figure(k, "flow-a", "FY2021", "2", "2022-03-31");
    figure(k, "flow-a", "FY2023", "3", "2024-03-31");
    expect(k, "flow", 2021, "3.5||||2022-03-31|");
    expect(k, "flow", 2022, "3.5||||2022-03-31|一部の期間の値の計");
    expect(k, "flow", 2023, "6.5||||2024-03-31|一部の期間の値の計");
    prove(k, "flow", 2023, "baseline value 1.5; figure 2; figure 3");
    figure(k, "stock-a", "FY2021", "14", "2022-03-31");
    expect(k, "stock", 2021, "14||||2022-03-31|");
}

/* ---- window ------------------------------------------------------------- */

static void window(struct kit *k) {
    plan_put(k, "  - {id: five, name: A, kind: window, window: {from: FY2019, to: FY2023}, terms: "
                "[{count: outcomes, where: [outcome=married]}], baseline: [{value: \"13\", period: "
                "FY2013..FY2017}], targets: [{period: FY2019..FY2023, value: \"4\"}], scale: "
                "yearly}\n"
                "  - {id: figures, name: B, kind: window, window: {from: FY2019, to: FY2023}, "
                "terms: [{figure: flow-a}]}\n"
                "  - {id: programs, name: C, kind: window, window: {from: FY2019, to: FY2023}, "
                "terms: [{count: programs, where: [session_kind=course]}]}\n");
    kit_ok(k, "tally", "service", "marriage", "date", "2018-12-01", "outcome", "married", NULL);
    kit_ok(k, "tally", "service", "marriage", "date", "2019-12-01", "outcome", "married", NULL);
    kit_ok(k, "tally", "service", "marriage", "date", "2021-12-01", "outcome", "married", NULL);
    kit_ok(k, "tally", "service", "marriage", "date", "2023-12-01", "outcome", "married", "count",
           "2", NULL);
    kit_ok(k, "tally", "service", "marriage", "date", "2024-04-01", "outcome", "married", NULL);
    expect(k, "five", 2016, "|4||||期間前");
    expect(k, "five", 2017, "13|4||||基準値");
    expect(k, "five", 2018, "|4||||期間前");
    expect(k, "five", 2019, "1|4|25.0|||1/5年度");
    expect(k, "five", 2021, "2|4|50.0|||3/5年度");
    /* Judged at its end only, whatever the scale says. */
    expect(k, "five", 2023, "4|4|100.0|A||5/5年度; 達成、実績÷目標=100.0%→A（100%以上）");
    expect(k, "five", 2024, "|||||期間後");
    prove(k, "five", 2023, "outcome 1; outcome 1; outcome 2");
    prove(k, "five", 2024, "");
    ck_assert_int_eq(prove_refused(k, "five", 2017), ERR_STATE);
    figure(k, "flow-a", "FY2019", "1", "2020-03-31");
    figure(k, "flow-a", "FY2020", "2", "2021-03-31");
    expect(k, "figures", 2020, "3||||2021-03-31|2/5年度");
    figure(k, "flow-a", "FY2019..FY2023", "36", "2024-03-31");
    expect(k, "figures", 2023, "36||||2024-03-31|5/5年度");
    /* A course held in two years is one course. */
    kit_hold(k, "course", "2019-07-01", "program", "plaza-1", NULL);
    kit_hold(k, "course", "2020-07-01", "program", "plaza-1", NULL);
    kit_hold(k, "course", "2020-07-02", "program", "plaza-2", NULL);
    expect(k, "programs", 2020, "2|||||2/5年度");
    prove(k, "programs", 2020, "session 1; session 1");
}

/* ---- figures ------------------------------------------------------------ */

static void lone_figures_stand_as_printed(struct kit *k) {
    plan_put(k, "  - {id: views, name: A, kind: annual, decimals: 0, terms: [{figure: flow-a}], "
                "targets: [{period: FY2023, value: \"1500000\"}]}\n"
                "  - {id: rate, name: B, kind: ratio, decimals: 3, terms: [{figure: stock-a}], "
                "targets: [{period: FY2023, value: \"40.0\"}]}\n"
                "  - {id: times, name: C, kind: as-of, terms: [{figure: stock-b}], targets: "
                "[{period: FY2023, value: \"2\"}]}\n");
    figure(k, "flow-a", "R5", "1,207,069", "2024-03-31");
    expect(k, "views", 2023, "1207069|1500000|80.5||2024-03-31|未達成");
    figure(k, "stock-a", "FY2023", "36.3", "2024-03-01");
    expect(k, "rate", 2023, "36.3|40.0|90.8||2024-03-01|未達成");
    prove(k, "rate", 2023, "figure value 36.3");
    figure(k, "stock-b", "FY2023", "1、2", "2024-03-31");
    expect(k, "times", 2023, "1、2|2|||2024-03-31|");
    prove(k, "times", 2023, "figure value 1、2");
}

static void which_figure(struct kit *k) {
    plan_put(k, "  - {id: windows, name: A, kind: as-of, terms: [{figure: stock-a}], as_of: "
                "[{year: FY2022, date: 2022-06-01}]}\n"
                "  - {id: calls, name: B, kind: annual, terms: [{figure: flow-a}]}\n");
    figure(k, "stock-a", "FY2021", "4", "2021-05-20");
    figure(k, "stock-a", "FY2021", "8", "2022-03-31");
    figure(k, "stock-a", "FY2021", "5", "2021-06-20");
    expect(k, "windows", 2021, "8||||2022-03-31|");
    expect_as_of(k, "windows", 2021, 20210630, "5||||2021-06-20|");
    expect_as_of(k, "windows", 2021, 20210620, "5||||2021-06-20|");
    expect_as_of(k, "windows", 2021, 20210619, "4||||2021-05-20|");
    expect_as_of(k, "windows", 2021, 20210519, "|||||未集計");
    /* Of the same day the one recorded last; voided ones are gone. */
    uint64_t seq = figure(k, "stock-a", "FY2021", "9", "2022-03-31");
    expect(k, "windows", 2021, "9||||2022-03-31|");
    kit_tick(k);
    kit_ok(k, "void", "seq", kit_text(k, seq), "reason", "誤り", NULL);
    expect(k, "windows", 2021, "8||||2022-03-31|");
    expect_known(k, "windows", 2021, seq, "9||||2022-03-31|");
    seq = figure(k, "stock-a", "FY2021", "10", "2022-03-31");
    kit_tick(k);
    kit_ok(k, "correct", "seq", kit_text(k, seq), "value", "11", "reason", "転記", NULL);
    expect(k, "windows", 2021, "11||||2022-03-31|");
    expect_known(k, "windows", 2021, seq, "10||||2022-03-31|");
    /* A date pinned in the plan holds until another is asked for. */
    figure(k, "stock-a", "2022-05", "6", "2022-05-31");
    figure(k, "stock-a", "2022-07", "7", "2022-07-31");
    expect(k, "windows", 2022, "6||||2022-06-01|");
    expect_as_of(k, "windows", 2022, 20230331, "7||||2022-07-31|");
    /* A stock is not carried over into a year without one. */
    expect(k, "windows", 2023, "|||||未集計（前回 7、2022-07）");
    /* A flow is the sum of what is inside the year, without counting twice. */
    figure(k, "flow-a", "2023-04", "10", "2023-04-30");
    figure(k, "flow-a", "2023-05", "20", "2023-05-31");
    figure(k, "flow-a", "2023-05-10", "5", "2023-05-31");
    figure(k, "flow-a", "2023-03", "99", "2023-03-31");
    expect(k, "calls", 2023, "30||||2023-05-31|一部の期間の値の計");
    prove(k, "calls", 2023, "figure 10; figure 20");
    figure(k, "flow-a", "FY2023", "300", "2024-03-31");
    expect(k, "calls", 2023, "300||||2024-03-31|");
}

static void survey_of_several_years(struct kit *k) {
    plan_put(k, "  - {id: share, name: A, kind: ratio, terms: [{figure: stock-a}], baseline: "
                "[{value: \"7.82\", period: FY2014..FY2018}], targets: [{period: FY2016..FY2020, "
                "value: \"10.0\", label: 前期}, {period: FY2021..FY2025, value: \"10.0\"}]}\n");
    figure(k, "stock-a", "FY2016..FY2020", "9.10", "2021-03-31");
    expect(k, "share", 2018, "7.82|10.0||||基準値");
    expect(k, "share", 2019, "|10.0||||未集計");
    expect(k, "share", 2020, "9.10|10.0|91.0||2021-03-31|未達成");
}

/* ---- ratios ------------------------------------------------------------- */

static void ratio_of_counts_and_figures(struct kit *k) {
    plan_put(k,
             "  - {id: rate, name: A, kind: ratio, decimals: 1, terms: [{count: outcomes, where: "
             "[outcome=issued, service=mynumber]}], denominator: [{figure: stock-a}], targets: "
             "[{period: FY2024, value: \"66.7\"}], scale: bands}\n"
             "  - {id: published, name: B, kind: ratio, decimals: 1, terms: [{figure: stock-b}], "
             "beside: [{count: outcomes, where: [outcome=issued]}]}\n");
    kit_ok(k, "tally", "service", "mynumber", "date", "2024-04-15", "count", "2", "outcome",
           "issued", NULL);
    expect(k, "rate", 2024, "|66.7||||未集計");
    figure(k, "stock-a", "FY2024", "3", "2025-03-31");
    /* 66.666 % prints as 66.7 and is under it; 99.95 % of it prints as 100.0. */
    expect(k, "rate", 2024, "66.7|66.7|100.0|B|2025-03-31|未達成、実績÷目標=100.0%→B（80%以上）");
    prove(k, "rate", 2024, "outcome 2 numerator; figure 3 denominator");
    figure(k, "stock-a", "FY2024", "0", "2025-03-31");
    expect(k, "rate", 2024, "|66.7|||2025-03-31|分母が0");
    /* Our own count stands beside a published rate, never in its place. */
    expect(k, "published", 2024, "|||||未集計; 窓口の集計 2（期間中）");
    figure(k, "stock-b", "FY2024", "90.2", "2025-03-31");
    expect(k, "published", 2024, "90.2||||2025-03-31|窓口の集計 2（期間中）");
    prove(k, "published", 2024, "figure value 90.2");
}

static void frequency(struct kit *k) {
    plan_put(k, "  - {id: often, name: A, kind: frequency, decimals: 1, terms: [{count: sessions, "
                "where: [session_kind=consultation-day]}]}\n");
    kit_hold(k, "consultation-day", "2024-04-10", NULL);
    expect(k, "often", 2024, "|||||未集計");
    kit_ok(k, "coverage", "period", "2024-04", NULL);
    kit_hold(k, "consultation-day", "2024-05-10", NULL);
    expect(k, "often", 2024, "1.0||||2024-04-30|1回÷1か月");
    kit_ok(k, "coverage", "period", "2024-06-01..2024-08-30", NULL);
    kit_hold(k, "consultation-day", "2024-06-10", NULL);
    kit_hold(k, "consultation-day", "2024-06-20", NULL);
    kit_hold(k, "consultation-day", "2024-07-10", NULL);
    kit_hold(k, "consultation-day", "2024-08-10", NULL);
    expect(k, "often", 2024, "1.3||||2024-08-30|4回÷3か月");
    prove(k, "often", 2024, "session 1; session 1; session 1; session 1");
    expect_as_of(k, "often", 2024, 20240729, "1.5||||2024-07-29|3回÷2か月");
    kit_ok(k, "coverage", "period", "FY2023", NULL);
    expect(k, "often", 2023, "0.0|||||0回÷12か月");
    kit_ok(k, "coverage", "period", "FY2022", "not_held", "yes", "reason", "工事", NULL);
    expect(k, "often", 2022, "|||||未実施");
}

/* ---- baselines, targets, verdicts --------------------------------------- */

static void targets_of_several_years(struct kit *k) {
    plan_put(k, "  - {id: a, name: A, kind: annual, terms: [{count: contacts}], baseline: "
                "[{value: \"―\", period: FY2020}], targets: [{period: FY2021, value: \"4\"}, "
                "{period: FY2023, value: \"9\"}, {period: FY2023, value: \"10\"}]}\n"
                "  - {id: b, name: B, kind: annual, terms: [{count: contacts}], baseline: [{value: "
                "\"43\", period: 年度の印字なし}], targets: [{period: 年度の印字なし, value: "
                "\"50\"}]}\n");
    for (uint32_t year = 2019; year <= 2024; year++) {
        kit_ok(k, "tally", "service", "citizen", "date", date_text(k, year * 10000 + 701), "count",
               "5", NULL);
    }
    expect(k, "a", 2019, "5|4|125.0|||");
    expect(k, "a", 2020, "―|4||||基準値");
    expect(k, "a", 2021, "5|4|125.0|||達成");
    expect(k, "a", 2022, "5|10|50.0|||");
    expect(k, "a", 2023, "5|10|50.0|||未達成");
    expect(k, "a", 2024, "5|||||");
    ck_assert_str_eq(indicator(k, "a", 2022)->target_period.data == NULL ? "" : "set", "set");
    ck_assert(bytes_equal(indicator(k, "a", 2022)->target_period, "FY2023"));
    ck_assert(bytes_equal(indicator(k, "a", 2022)->baseline, "―"));
    ck_assert(bytes_equal(indicator(k, "a", 2022)->baseline_period, "FY2020"));
    /* No year printed: shown every year, the value of none. */
    expect(k, "b", 2020, "5|50|10.0|||");
    ck_assert(bytes_equal(indicator(k, "b", 2020)->baseline, "43"));
    ck_assert(bytes_equal(indicator(k, "b", 2020)->target_period, "年度の印字なし"));
}

static void verdicts(struct kit *k) {
    plan_put(k, "  - {id: once, name: A, kind: annual, terms: [{count: contacts}], targets: "
                "[{period: FY2023, value: \"6\"}], scale: bands}\n"
                "  - {id: yearly, name: B, kind: annual, terms: [{count: contacts}], targets: "
                "[{period: FY2023, value: \"6\"}], scale: yearly}\n"
                "  - {id: byhand, name: C, kind: annual, terms: [{count: contacts}], targets: "
                "[{period: FY2023, value: \"6\"}], scale: bands, verdicts: [{year: FY2023, letter: "
                "S, reason: 特別な年}, {year: FY2022, letter: B, source: 評価シート}]}\n"
                "  - {id: fewer, name: D, kind: annual, terms: [{count: contacts}], targets: "
                "[{period: FY2023, value: \"4\", comparator: 以下}], scale: alone}\n"
                "  - {id: about, name: E, kind: annual, terms: [{count: contacts}], targets: "
                "[{period: FY2023, value: \"5\", comparator: 程度}], scale: bands}\n"
                "  - {id: progress, name: F, kind: annual, terms: [{count: contacts}], baseline: "
                "[{value: \"2\", period: FY2019}], targets: [{period: FY2023, value: \"8\"}], "
                "scale: progress}\n");
    kit_ok(k, "tally", "service", "citizen", "date", "2022-07-01", "count", "5", NULL);
    kit_ok(k, "tally", "service", "citizen", "date", "2023-07-01", "count", "5", NULL);
    expect(k, "once", 2022, "5|6|83.3|||");
    expect(k, "once", 2023, "5|6|83.3|B||未達成、実績÷目標=83.3%→B（80%以上）");
    expect(k, "yearly", 2022, "5|6|83.3|B||未達成、実績÷目標=83.3%→B（80%以上）");
    expect(k, "byhand", 2023, "5|6|83.3|S||達成度は手入力: 特別な年");
    expect(k, "byhand", 2022, "5|6|83.3|B||達成度の出典: 評価シート");
    expect(k, "fewer", 2023, "5|4|80.0|×||目標は4以下; 未達成→×");
    expect(k, "about", 2023, "5|5|100.0|||目標は5程度");
    expect(k, "progress", 2023, "5|8|50.0|C||未達成、(実績-基準)÷(目標-基準)=50.0%→C（それ未満）");
}

/* ---- as of, known at, today's plan -------------------------------------- */

static void as_of_and_known_at(struct kit *k) {
    kit_tick(k);
    plan_put(k,
             "  - {id: issued, name: A, kind: annual, terms: [{count: outcomes, where: "
             "[service=mynumber, outcome=issued]}], as_of: [{year: FY2023, date: 2024-03-13}]}\n");
    uint64_t first = kit_ok(k, "tally", "service", "mynumber", "date", "2024-03-13", "count", "10",
                            "outcome", "issued", NULL);
    kit_tick(k);
    uint64_t second = kit_ok(k, "tally", "service", "mynumber", "date", "2024-03-14", "count", "3",
                             "outcome", "issued", NULL);
    expect(k, "issued", 2023, "10||||2024-03-13|");
    expect_as_of(k, "issued", 2023, 20240331, "13|||||");
    expect_as_of(k, "issued", 2023, 20240312, "|||||未集計");
    kit_tick(k);
    uint64_t correction =
        kit_ok(k, "correct", "seq", kit_text(k, first), "count", "11", "reason", "転記", NULL);
    expect(k, "issued", 2023, "11||||2024-03-13|");
    expect_known(k, "issued", 2023, second, "10||||2024-03-13|");
    prove_known(k, "issued", 2023, second, "outcome 10");
    prove(k, "issued", 2023, "outcome 11");
    kit_tick(k);
    plan_put(k, "  - {id: issued, name: A, kind: annual, terms: [{count: outcomes, where: "
                "[service=mynumber, outcome=issued]}]}\n");
    expect(k, "issued", 2023, "14|||||");
    expect_known(k, "issued", 2023, correction, "11||||2024-03-13|");
    expect_known_plan_now(k, "issued", 2023, second, "13|||||");
    ck_assert_ptr_null(indicators(k, &(struct asked){.from = 2023, .to = 2023, .known = 1}));
    ck_assert_int_eq(k->last.code, ERR_NOT_FOUND);
}

static void coverage_as_known(struct kit *k) {
    plan_put(k, moved);
    uint64_t before = kit_head(k);
    kit_tick(k);
    uint64_t seq = kit_ok(k, "coverage", "period", "FY2024", "service", "migration", NULL);
    kit_tick(k);
    uint64_t correction =
        kit_ok(k, "correct", "seq", kit_text(k, seq), "period", "2024-04", "reason", "誤り", NULL);
    kit_tick(k);
    expect(k, "moved", 2024, "0|3|0.0||2024-04-30|未達成");
    expect_known(k, "moved", 2024, seq, "0|3|0.0|||未達成");
    expect_known(k, "moved", 2024, before, "|3||||未集計");
    kit_ok(k, "void", "seq", kit_text(k, correction), "reason", "誤り", NULL);
    expect(k, "moved", 2024, "0|3|0.0|||未達成");
    expect_known(k, "moved", 2024, correction, "0|3|0.0||2024-04-30|未達成");
    kit_ok(k, "void", "seq", kit_text(k, seq), "reason", "誤り", NULL);
    expect(k, "moved", 2024, "|3||||未集計");
    expect_known(k, "moved", 2024, correction, "0|3|0.0||2024-04-30|未達成");
}

/* ---- the table ---------------------------------------------------------- */

static void every_indicator_every_year(struct kit *k) {
    FILE *out;
    char *text;
    size_t len;
    out = open_memstream(&text, &len);
    for (int i = 0; i < 60; i++) {
        fprintf(out,
                "  - {id: i%d, name: 指標の名前はこのように長いこともあるので試しておく%d, "
                "kind: annual, terms: [{count: contacts}]}\n",
                i, i);
    }
    fclose(out);
    plan_put(k, text);
    free(text);
    /* Without years: the plan's; five of each indicator, many pages. */
    const Madoguchi__Page *page = indicators(k, &(struct asked){0});
    ck_assert_uint_eq(page->n_indicator, 300);
    for (size_t i = 0; i < 300; i++) {
        ck_assert_uint_eq(page->indicator[i]->year, 2021 + i % 5);
        ck_assert(bytes_equal(page->indicator[i]->status, "provisional"));
        ck_assert(!page->indicator[i]->has_actual);
    }
    ck_assert(bytes_equal(page->indicator[299]->id, "i59"));
    ck_assert_uint_eq(indicators(k, &(struct asked){.from = 2024})->n_indicator, 120);
    ck_assert_uint_eq(indicators(k, &(struct asked){.from = 2030})->n_indicator, 60);
    ck_assert_uint_eq(indicators(k, &(struct asked){.to = 2022})->n_indicator, 120);
}

static uint64_t close_month(struct kit *k, uint32_t month) {
    Madoguchi__Closing closing = MADOGUCHI__CLOSING__INIT;
    Madoguchi__Request *r = kit_request(k, "coverage", NULL); /* with an id of its own */
    SET(&closing, month, month);
    r->body_case = MADOGUCHI__REQUEST__BODY_CLOSING;
    r->closing = &closing;
    struct kit_answer answer = kit_record(k, r);
    ck_assert_msg(answer.code == 0, "%s", answer.en);
    return answer.seq;
}

static bool is_final(struct kit *k, uint64_t known) {
    const struct asked asked = {.from = 2023, .to = 2023, .known = known};
    return bytes_equal(indicators(k, &asked)->indicator[0]->status, "final");
}

static void a_year_is_final_when_its_months_are_closed(struct kit *k) {
    plan_put(k, "  - {id: i, name: 指標, kind: annual, terms: [{count: contacts}]}\n");
    for (uint32_t i = 0; i < 11; i++) {
        close_month(k, i < 9 ? 202304 + i : 202401 + i - 9);
    }
    ck_assert(!is_final(k, 0));
    kit_tick(k);
    uint64_t before = kit_head(k);
    close_month(k, 202403);
    ck_assert(is_final(k, 0));
    ck_assert(!is_final(k, before)); /* it was not, then */
    ck_assert(
        bytes_equal(indicators(k, &(struct asked){.from = 2024, .to = 2024})->indicator[0]->status,
                    "provisional"));
}

int main(void) {
    static const struct kit_scenario list[] = {
        KIT(annual_counts_and_coverage),
        KIT(coverage_in_part),
        KIT(coverage_of_what),
        KIT(not_held),
        KIT(cancelled),
        KIT(unknown_persons),
        KIT(several_terms),
        KIT(cumulative),
        KIT(cumulative_of_figures),
        KIT(window),
        KIT(lone_figures_stand_as_printed),
        KIT(which_figure),
        KIT(survey_of_several_years),
        KIT(ratio_of_counts_and_figures),
        KIT(frequency),
        KIT(targets_of_several_years),
        KIT(verdicts),
        KIT(as_of_and_known_at),
        KIT(coverage_as_known),
        KIT(every_indicator_every_year),
        KIT(a_year_is_final_when_its_months_are_closed),
    };
    return kit_scenarios("indicator", list, sizeof list / sizeof list[0]);
}
