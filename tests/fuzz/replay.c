/* Runs files through a fuzz target as a test: replay FILE|FOLDER ... */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

static unsigned long ran;

static void run_file(const char *path) {
    size_t len;
    uint8_t *data = fuzz_load(path, &len);
    /* Without the NUL behind it, so that reading beyond the end shows. */
    uint8_t *exact = malloc(len > 0 ? len : 1);
    MUST(exact != NULL);
    memcpy(exact, data, len);
    free(data);
    if (getenv("VERBOSE") != NULL) {
        fprintf(stderr, "%s\n", path);
    }
    LLVMFuzzerTestOneInput(exact, len);
    free(exact);
    ran++;
}

static void run_folder(const char *path) {
    struct dirent **entries;
    int n = scandir(path, &entries, NULL, alphasort);
    MUST(n >= 0);
    for (int i = 0; i < n; i++) {
        char file[1024];
        if (entries[i]->d_name[0] != '.') {
            snprintf(file, sizeof file, "%s/%s", path, entries[i]->d_name);
            run_file(file);
        }
        free(entries[i]);
    }
    free(entries);
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        struct stat st;
        MUST(stat(argv[i], &st) == 0);
        if (S_ISDIR(st.st_mode)) {
            run_folder(argv[i]);
        } else {
            run_file(argv[i]);
        }
    }
    printf("%s: %lu inputs\n", strrchr(argv[0], '/') != NULL ? strrchr(argv[0], '/') + 1 : argv[0],
           ran);
    return ran == 0;
}
