#include "client/mapping_guess_private.h"
#include "client/mapping_text.h"
#include "proto/guard.h"

#include <stdlib.h>
#include <string.h>

struct synonym {
    const char *field;
    const char *code;
    const char *words; /* folded, with blanks between them */
};

/* What headings are called. */
static const struct synonym headings[] = {
    {"date", NULL,
     "日付 受付日 相談日 受付年月日 相談年月日 年月日 月日 対応日 開催日 実施日 開催年月日 受理日 "
     "来庁日 "
     "受付月日 相談月日 開催月日 年月 date"},
    {"year", NULL, "年"},
    {"month", NULL, "月"},
    {"day", NULL, "日"},
    {"ref", NULL,
     "no no. № 番号 受付番号 受付no 受付no. 整理番号 整理no 通番 連番 管理番号 相談番号 通し番号 "
     "ref"},
    {"channel", NULL,
     "受付方法 相談方法 方法 手段 受付手段 相談手段 受付形態 相談形態 媒体 来庁電話別 受付区分 "
     "channel"},
    {"topic", NULL,
     "相談内容 内容 分野 相談分野 項目 相談項目 区分 相談区分 種類 相談種類 分類 相談種別 種別 "
     "主な内容 "
     "相談内容区分 業務 手続 手続き topic"},
    {"program", NULL, "事業 事業名 相談名 講座名 講座 program"},
    {"count", NULL, "件数 相談件数 受付件数 対応件数 問合せ件数 申請件数 交付件数 数 count"},
    {"nature", NULL, "性質 相談性質 nature"},
    {"origin", NULL,
     "移住元 居住地 現住所 現住地 都道府県 現居住地 居住都道府県 住所地 相談者住所 origin"},
    {"age", NULL, "年代 年齢 年齢層 年代別 相談者年代 age"},
    {"outcome", NULL, "結果 成果 対応結果 処理結果 相談結果 転帰 outcome"},
    {"households", NULL, "世帯 世帯数 参加世帯 参加世帯数 移住世帯 移住世帯数 組数 households"},
    {"persons", NULL,
     "人数 参加者数 参加人数 移住者数 移住人数 来場者数 参加者 受講者数 延べ人数 参加延べ人数 "
     "persons"},
    {"office", NULL, "窓口 庁舎 支所 担当窓口 受付窓口 受付場所 office"},
    {"venue", NULL, "会場 開催場所 場所 会場名 venue"},
    {"form", NULL, "開催方法 開催形式 形式 実施方法 form"},
    {"session_kind", NULL, "開催種別 イベント種別 行事種別 session_kind"},
    {"reason", NULL, "理由 reason"},
};

static const char left_out[] =
    "備考 メモ 氏名 名前 相談者 相談者名 相談者氏名 担当 担当者 対応者 記入者 電話番号 "
    "連絡先 住所 曜日 曜 時刻 時間 受付時間 性別 ふりがな フリガナ";

/* What words of cells mean, beside the catalogue's labels. */
static const struct synonym words[] = {
    {"channel", "counter", "来庁 来所 来訪 対面 窓口 来庁相談 面談 直接"},
    {"channel", "phone", "電話 tel tel. 電話相談 でんわ ℡"},
    {"channel", "mail", "メール mail email e-mail eメール 電子メール"},
    {"channel", "form", "フォーム 問合せフォーム webフォーム hp ホームページ"},
    {"channel", "online", "オンライン オンライン相談 zoom web web相談 リモート"},
    {"channel", "event", "イベント 相談会 フェア 移住フェア セミナー"},
    {"channel", "sns", "sns line"},
    {"channel", "outreach", "出張 出張相談 出張受付"},
    {"channel", "visit", "訪問 家庭訪問"},
    {"channel", "post", "郵送 郵便 手紙 文書"},
    {"topic", "vacant-house", "空き家バンク 空家 空き家 空き家情報"},
    {"topic", "housing", "住居 住宅 住まい 住むところ 家"},
    {"topic", "work", "仕事 就職 就業 求人 就労"},
    {"topic", "farming", "農業 就農 新規就農"},
    {"topic", "childcare", "子育て 教育 子育て・教育 保育"},
    {"topic", "subsidy", "補助金 支援金 助成金 補助制度 支援制度"},
    {"topic", "legal", "法律 法律相談"},
    {"topic", "tax", "税 税金 税務 税務相談"},
    {"topic", "consumer", "消費 消費生活 消費者"},
    {"topic", "inheritance", "相続 遺言 相続・遺言 相続遺言"},
    {"topic", "family", "家族 離婚 家庭 夫婦 家庭問題"},
    {"topic", "debt", "借金 債務 多重債務"},
    {"topic", "neighbour", "近隣 隣人 近隣トラブル"},
    {"topic", "pension-labour", "年金 労働"},
    {"topic", "collection", "交付 受取 受取り カード交付"},
    {"topic", "application", "申請 カード申請 申請受付"},
    {"topic", "renewal", "更新 カード更新"},
    {"topic", "certificate", "電子証明書 電子証明書更新 証明書更新"},
    {"topic", "pin", "暗証番号 暗証番号再設定 パスワード 初期化"},
    {"outcome", "issued", "交付 カード交付"},
    {"outcome", "moved", "移住 移住決定 移住済 転入"},
    {"outcome", "informed", "情報提供 案内 資料送付"},
    {"outcome", "continuing", "継続 継続中 対応中"},
    {"outcome", "resolved", "解決 完了 終了 終結"},
    {"outcome", "referred", "紹介 引継 引継ぎ 他機関紹介"},
    {"session_kind", "seminar", "セミナー 移住セミナー"},
    {"session_kind", "fair", "フェア 移住フェア 合同相談会"},
    {"session_kind", "tour", "ツアー 体験ツアー 移住体験ツアー"},
    {"session_kind", "consultation-day", "相談会 相談日 個別相談会"},
    {"session_kind", "exchange", "交流会"},
    {"form", "in-person", "対面 現地 会場 来場"},
    {"form", "online", "オンライン zoom web"},
    {"form", "hybrid", "併用 ハイブリッド"},
    {"age", "under-20", "10代 10歳代 20歳未満 未成年"},
    {"age", "70-over", "70代 70歳代 70代以上 70歳以上 80代 80歳代 80代以上"},
    {"office", "city-hall", "本庁 本庁舎 市役所 本所"},
    {"unknown", "unknown", "不明 未回答 無回答 未記入"},
};

static const struct synonym services[] = {
    {NULL, "migration", "移住 定住 uijターン"},
    {NULL, "mynumber", "マイナンバー 個人番号カード マイナ"},
    {NULL, "marriage", "結婚 婚活"},
    {NULL, "akiya", "空き家バンク 空家バンク"},
    {NULL, "citizen", "市民相談 法律相談 町民相談 村民相談 区民相談 総合窓口 生活相談"},
};

/* Whether the word is one of those with blanks between them. */
static bool is_listed(const char *list, const char *word) {
    size_t len = strlen(word);
    for (const char *p = list; len > 0 && (p = strstr(p, word)) != NULL; p += len) {
        if ((p == list || p[-1] == ' ') && (p[len] == ' ' || p[len] == '\0')) {
            return true;
        }
    }
    return false;
}

static int field_index(const char *name) {
    for (int i = 0; i < MAPPING_FIELDS; i++) {
        if (strcmp(mapping_fields[i], name) == 0) {
            return i;
        }
    }
    return -1;
}

int guess_field(const char *key, bool sessions) {
    if (is_listed(left_out, key)) {
        return -2;
    }
    for (size_t i = 0; i < sizeof headings / sizeof headings[0]; i++) {
        if (is_listed(headings[i].words, key)) {
            const char *field = headings[i].field;
            if (sessions && (strcmp(field, "topic") == 0 || strcmp(field, "channel") == 0)) {
                field = field[0] == 't' ? "session_kind" : "form";
            }
            return field_index(field);
        }
    }
    return -1;
}

int guess_total(const char *key) {
    static const char all[] = "合計 総計 計 総合計 年計 累計 年度計 合計件数 total";
    static const char part[] = "小計 月計 subtotal";
    return is_listed(all, key) ? 1 : is_listed(part, key) ? 2 : 0;
}

const char *guess_service(const struct guess *g, const char *text) {
    char one[64];
    for (size_t i = 0; i < sizeof services / sizeof services[0]; i++) {
        for (const char *p = services[i].words; *p != '\0';) {
            size_t len = strcspn(p, " ");
            snprintf(one, sizeof one, "%.*s", (int)len, p);
            ProtobufCBinaryData code = bytes_of(services[i].code);
            if (strstr(text, one) != NULL &&
                (g->catalogue == NULL || catalogue_service(g->catalogue, code) != NULL)) {
                return services[i].code;
            }
            p += len + (p[len] == ' ');
        }
    }
    return NULL;
}

/* ---- codes ---------------------------------------------------------------------------------- */

static bool is_for_service(const Document__Code *code, const char *service) {
    for (size_t i = 0; service != NULL && i < code->n_service; i++) {
        if (bytes_equal(code->service[i], service)) {
            return true;
        }
    }
    return service == NULL || code->n_service == 0;
}

static bool in_list(const struct guess *g, const Document__Code *code, const char *list) {
    return bytes_equal(code->list, list) && is_for_service(code, g->service) &&
           !(code->has_retired && code->retired <= g->today);
}

static const char *label_of(struct guess *g, ProtobufCBinaryData label) {
    const char *text = arena_strndup(&g->arena, label.data, label.len);
    return text != NULL ? mapping_fold(text, &g->arena) : NULL;
}

int guess_labels(struct guess *g) {
    const Document__Catalogue *c = g->catalogue != NULL ? catalogue_document(g->catalogue) : NULL;
    size_t n = c != NULL ? c->n_code : 0;
    g->label = arena_alloc(&g->arena, (n + 1) * sizeof *g->label);
    for (size_t i = 0; g->label != NULL && i < n; i++) {
        const Document__Code *code = c->code[i];
        struct guess_label *to = &g->label[i];
        *to = (struct guess_label){code, label_of(g, code->code), label_of(g, code->ja),
                                   label_of(g, code->en)};
        if (to->self == NULL || to->ja == NULL || to->en == NULL) {
            return -1;
        }
        g->n_label++;
    }
    return g->label != NULL ? 0 : -1;
}

static bool ends_with(const char *text, const char *end) {
    size_t n = strlen(text);
    size_t m = strlen(end);
    return n > m && strcmp(text + n - m, end) == 0;
}

/* The same but for what is left away: 東京 for 東京都, 30歳代 for 30代. */
static bool is_short_for(const char *word, const char *label) {
    static const char *const ends[] = {"都", "道", "府", "県", "相談"};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        size_t len = strlen(word);
        if (ends_with(label, ends[i]) && strlen(label) == len + strlen(ends[i]) &&
            strncmp(label, word, len) == 0) {
            return true;
        }
    }
    return ends_with(word, "歳代") && ends_with(label, "代") &&
           strlen(label) + strlen("歳") == strlen(word) &&
           strncmp(word, label, strlen(label) - strlen("代")) == 0;
}

static const char *by_synonym(const struct guess *g, const char *field, const char *list,
                              const char *word) {
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        const struct synonym *w = &words[i];
        const Document__Code *code =
            strcmp(w->field, field) == 0 || strcmp(w->field, "unknown") == 0
                ? catalogue_code(g->catalogue, list, bytes_of(w->code))
                : NULL;
        if (code != NULL && is_listed(w->words, word) && is_for_service(code, g->service)) {
            return w->code;
        }
    }
    return NULL;
}

enum guess_sure guess_code(const struct guess *g, const char *field, const char *word,
                           const char **out) {
    const char *list = catalogue_list_of(field);
    const struct guess_label *near = NULL;
    if (g->catalogue == NULL || list == NULL) {
        return GUESS_NONE;
    }
    for (size_t i = 0; i < g->n_label; i++) {
        const struct guess_label *l = &g->label[i];
        if (!in_list(g, l->code, list)) {
            continue;
        }
        if (strcmp(word, l->ja) == 0 || strcmp(word, l->self) == 0 || strcmp(word, l->en) == 0 ||
            is_short_for(word, l->ja)) {
            *out = l->self;
            return GUESS_SURE;
        }
        bool part = strlen(word) >= 2 * strlen("字") && strlen(l->ja) >= 2 * strlen("字") &&
                    (strstr(l->ja, word) != NULL || strstr(word, l->ja) != NULL);
        near = near == NULL && part ? l : near;
    }
    *out = by_synonym(g, field, list, word);
    if (*out != NULL) {
        return GUESS_SURE;
    }
    *out = near != NULL ? near->self : NULL;
    return near != NULL ? GUESS_NEAR : GUESS_NONE;
}

void guess_nearest(const struct guess *g, const char *field, const char *word, char *out,
                   size_t size) {
    const char *list = catalogue_list_of(field);
    const Document__Code *best[3] = {NULL, NULL, NULL};
    unsigned score[3] = {0, 0, 0};
    out[0] = '\0';
    for (size_t i = 0; list != NULL && i < g->n_label; i++) {
        const Document__Code *code = g->label[i].code;
        if (!in_list(g, code, list)) {
            continue;
        }
        unsigned ja = mapping_likeness(word, g->label[i].ja);
        unsigned self = mapping_likeness(word, g->label[i].self);
        unsigned likeness = ja > self ? ja : self;
        for (size_t k = 0; k < 3; k++) {
            if (likeness > score[k]) {
                memmove(&score[k + 1], &score[k], (2 - k) * sizeof score[0]);
                memmove(&best[k + 1], &best[k], (2 - k) * sizeof best[0]);
                score[k] = likeness;
                best[k] = code;
                break;
            }
        }
    }
    size_t used = 0;
    for (size_t k = 0; k < 3 && best[k] != NULL && used < size; k++) {
        used += (size_t)snprintf(out + used, size - used, "%s%.*s (%.*s)", k > 0 ? ", " : "",
                                 (int)best[k]->code.len, (const char *)best[k]->code.data,
                                 (int)best[k]->ja.len, (const char *)best[k]->ja.data);
    }
}
