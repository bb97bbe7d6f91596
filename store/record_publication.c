/* A plan's figures, published. */
#include "store/internal.h"

/* The plan that the figures were worked out by, and its year. */
static int check_plan(struct recording *r, const Madoguchi__Publication *p, uint64_t *plan_seq,
                      struct error *e) {
    Document__Plan *plan;
    if (view_plan(record_view(r), p->plan, p->position, r->arena, &plan, plan_seq, e) < 0) {
        return -1;
    }
    if (!plan->has_from || !plan->has_to || (p->year >= plan->from && p->year <= plan->to)) {
        return 0;
    }
    return error_set(
        e, ERR_INVALID, "year",
        "year: the plan is of the fiscal years %u to %u. Publish one of these.",
        "year：この計画は %u 年度から %u 年度までです。その中の年度を指定してください。",
        plan->from, plan->to);
}

static Journal__Published **copy_figures(const Madoguchi__Publication *p, struct arena *a) {
    Journal__Published **list = arena_alloc(a, (p->n_figure + 1) * sizeof *list);
    Journal__Published *all = arena_alloc(a, (p->n_figure + 1) * sizeof *all);
    for (size_t i = 0; list != NULL && all != NULL && i < p->n_figure; i++) {
        journal__published__init(&all[i]);
        message_copy(&all[i].base, &p->figure[i]->base);
        list[i] = &all[i];
    }
    return all == NULL ? NULL : list;
}

int record_publication(struct recording *r, struct error *e) {
    const Madoguchi__Publication *p = r->request->publication;
    uint64_t plan_seq;
    size_t known = 0;
    if (check_plan(r, p, &plan_seq, e) < 0) {
        return -1;
    }
    for (size_t i = 0; i < p->n_figure; i++) {
        known += p->figure[i]->has_actual;
    }
    if (known == 0) {
        return error_set(e, ERR_STATE, "year",
                         "year: no indicator of FY%u has a value yet; there is nothing to publish. "
                         "`madoguchi indicators %.*s --year FY%u` shows why.",
                         "year：%u 年度に値のある指標がまだないので、公表するものがありません"
                         "（理由：madoguchi indicators %.*s --year FY%u）。",
                         p->year, (int)p->plan.len, (const char *)p->plan.data, p->year);
    }
    Journal__Publication *out = arena_alloc(r->arena, sizeof *out);
    Journal__Published **figures = copy_figures(p, r->arena);
    if (out == NULL || figures == NULL) {
        return view_no_room(e);
    }
    journal__publication__init(out);
    SET(out, plan, p->plan);
    SET(out, plan_seq, plan_seq);
    SET(out, year, p->year);
    SET(out, position, p->position);
    out->figure = figures;
    out->n_figure = p->n_figure;
    r->entry->body_case = JOURNAL__ENTRY__BODY_PUBLICATION;
    r->entry->publication = out;
    record_warn(r, "Published: %zu figures of %zu indicators, as they stood at entry #%llu.",
                "公表：値 %zu 件（指標 %zu 件中）。記録 #%llu までの数字です。", known, p->n_figure,
                (unsigned long long)p->position);
    return 0;
}
