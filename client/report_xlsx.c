#include "client/report_table.h"
#include "client/words.h"
int report_xlsx(const struct report_document *d, FILE *file, struct error *e) {
    (void)d;
    (void)file;
    return error_set(e, ERR_INTERNAL, "", SAY("Out of memory."));
}
