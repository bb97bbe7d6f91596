#include "client/mapping.h"

#include "client/mapping_text.h"

#include <string.h>

void mapping_free(struct mapping *m) {
    for (size_t i = 0; i < m->n_column; i++) {
        import_index_free(m->column[i].words);
    }
    arena_free(&m->arena);
}

const char *mapping_code(const struct mapping_column *column, const char *folded) {
    uint32_t number =
        import_index_find(column->words, import_index_hash(folded, strlen(folded)), folded);
    if (number > 0) {
        return column->code[number - 1];
    }
    uint32_t value;
    if (column->n_range > 0 && mapping_number(folded, &value) > 0) {
        for (unsigned i = 0; i < column->n_range; i++) {
            if (value >= column->range[i].from && value <= column->range[i].to) {
                return column->range[i].code;
            }
        }
    }
    return column->otherwise;
}
