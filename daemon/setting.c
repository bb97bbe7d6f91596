#include "daemon/setting.h"

#include "proto/address.h"

#include "daemon/speech.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --listen takes the place of the configuration's. */
static int override_listen(struct config *c, const struct serve_setting *setting, struct error *e) {
    if (setting->n_listen == 0) {
        return 0;
    }
    for (size_t i = 0; i < c->listen_count; i++) {
        free(c->listen[i]);
    }
    c->listen_count = 0;
    for (size_t i = 0; i < setting->n_listen; i++) {
        c->listen[i] = strdup(setting->listen[i]);
        if (c->listen[i] == NULL) {
            return error_set(e, ERR_INTERNAL, "", "Out of memory.", "メモリーが足りません。");
        }
        c->listen_count = i + 1;
    }
    return 0;
}

int setting_config(const struct serve_setting *setting, struct config **out, struct error *e) {
    if (setting->config != NULL) {
        if (config_read(setting->config, out, e) != 0) {
            return -1;
        }
    } else {
        *out = config_defaults();
        if (*out == NULL) {
            return error_set(e, ERR_INTERNAL, "", "Out of memory.", "メモリーが足りません。");
        }
    }
    if (setting->force_filesystem) {
        (*out)->force_filesystem = true;
    }
    if (override_listen(*out, setting, e) != 0) {
        config_free(*out);
        return -1;
    }
    return 0;
}

int setting_tls(const struct config *c, struct tls **out, struct error *e) {
    const struct tls_files files = {.certificate = c->tls_certificate,
                                    .key = c->tls_key,
                                    .client_ca = c->tls_client_ca,
                                    .alpn = ADDRESS_ALPN};
    *out = NULL;
    return c->tls_certificate != NULL ? tls_new(&files, out, e) : 0;
}

int setting_check_tls(const struct tls *tls, bool needed, struct error *e) {
    if (tls != NULL || !needed) {
        return 0;
    }
    return error_set(
        e, ERR_INVALID, "tls_certificate",
        "A TCP socket is listened on, and the configuration has no tls_certificate and "
        "tls_key. `madoguchid tls-init` makes them.",
        "TCP で待ち受けますが、設定に tls_certificate と tls_key がありません。"
        "`madoguchid tls-init` で作れます。");
}

int setting_again(const struct serve_setting *setting, bool tls_needed, struct config **config,
                  struct tls **tls, struct error *e) {
    if (setting_config(setting, config, e) != 0) {
        return -1;
    }
    if (setting_tls(*config, tls, e) == 0) {
        if (setting_check_tls(*tls, tls_needed, e) == 0) {
            return 0;
        }
        tls_free(*tls);
    }
    config_free(*config);
    return -1;
}

int command_check_config(const struct serve_setting *setting) {
    struct config *c;
    struct error e;
    if (setting_config(setting, &c, &e) != 0) {
        say_error(&e);
        return EXIT_REFUSED;
    }
    config_print(c, stdout);
    config_free(c);
    return EXIT_DONE;
}
