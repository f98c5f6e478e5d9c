#include "visitors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/made_secret.h"
#include "config/secret.h"
#include "follow.h"

#define TOKEN_WORDS 3 // 192 bits

void console_visitors_fini(struct console_visitors *visitors) {
    for (size_t i = 0; i < visitors->count; i++) {
        free(visitors->items[i].name);
        rf_secret_fini(&visitors->items[i].token);
    }
    free(visitors->items);
    visitors->items = NULL;
    visitors->count = 0;
}

static enum rf_err add(struct console_visitors *visitors, const char *name,
                       enum rf_console_role role, const struct rf_secret *token) {
    struct rf_config_visitor *visitor = &visitors->items[visitors->count++];
    visitor->name = strdup(name);
    visitor->role = role;
    return visitor->name == NULL ? RF_ERR_NOMEM : rf_secret_copy(&visitor->token, token);
}

// The one whose token we made ourselves.
static enum rf_err add_made(struct console_visitors *visitors, const struct rf_config *config,
                            struct rf_error *error) {
    char *path = NULL, *made = NULL, *written = NULL;
    struct rf_secret token = {0};
    enum rf_err err = RF_ERR_NOMEM;
    if (asprintf(&path, "%s/console.token", config->state_dir) < 0)
        return rf_error_set(error, err, "out of memory");
    if (asprintf(&written, "file:%s", path) < 0) {
        free(path);
        return rf_error_set(error, err, "out of memory");
    }
    err = rf_made_secret(path, TOKEN_WORDS, &made, error);
    if (err == RF_OK && strlen(made) < RF_CONSOLE_TOKEN_LEAST)
        err = rf_error_set(error, RF_ERR_CONFIG,
                           "%s holds a token that can be guessed: remove it and a new one is made",
                           path);
    if (err == RF_OK)
        err = rf_secret_set(&token, written, NULL, error);
    if (err == RF_OK)
        err = add(visitors, "operator", RF_CONSOLE_OPERATOR, &token);
    if (made != NULL)
        explicit_bzero(made, strlen(made));
    rf_secret_fini(&token);
    free(made);
    free(written);
    free(path);
    return err;
}

enum rf_err console_visitors_take(struct console_visitors *visitors, const struct rf_config *config,
                                  struct rf_error *error) {
    const struct rf_config_list *list = &config->console.tokens;
    const struct rf_config_visitor *wanted = list->items;
    struct console_visitors fresh = {.items = calloc(list->count + 1, sizeof *fresh.items)};
    enum rf_err err = fresh.items == NULL ? RF_ERR_NOMEM : RF_OK;
    (void)rf_error_set(error, err, "out of memory");
    for (size_t i = 0; err == RF_OK && i < list->count; i++)
        err = add(&fresh, wanted[i].name, wanted[i].role, &wanted[i].token);
    if (err == RF_OK && list->count == 0)
        err = add_made(&fresh, config, error);
    console_visitors_fini(err == RF_OK ? visitors : &fresh);
    if (err == RF_OK)
        *visitors = fresh;
    return err;
}

bool console_visitors_refresh(struct console_visitors *visitors, struct rf_instant now) {
    bool any = false;
    if (!console_follow_due(&visitors->next, now))
        return false;
    for (size_t i = 0; i < visitors->count; i++)
        any |= console_follow(&visitors->items[i].token, "console token", visitors->items[i].name);
    return any;
}
