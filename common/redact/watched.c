#include "redact/watched.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "config/rows.h"
#include "redact/redactor.h"

// ---- gathering ----

// A provider may have another one's key.
static bool is_known(const struct rf_watched_list *list, const struct rf_secret *secret) {
    for (size_t i = 0; i < list->count; i++) {
        const struct rf_secret *known = &list->items[i].secret;
        bool same_file = secret->file == NULL
                             ? known->file == NULL
                             : known->file != NULL && strcmp(secret->file, known->file) == 0;
        if (same_file && strcmp(secret->value, known->value) == 0)
            return true;
    }
    return false;
}

static enum rf_err add(struct rf_watched_list *list, const struct rf_secret *secret,
                       struct rf_instant now) {
    if (secret->value == NULL || is_known(list, secret))
        return RF_OK;
    struct rf_watched *grown = realloc(list->items, (list->count + 1) * sizeof *grown);
    if (grown == NULL)
        return RF_ERR_NOMEM;
    list->items = grown;
    struct rf_watched *watched = &grown[list->count];
    // The configuration read the file before: the first looks compare its content.
    *watched = (struct rf_watched){.settles = rf_instant_add(now, RF_REDACTOR_UNSETTLED)};
    enum rf_err err = rf_secret_copy(&watched->secret, secret);
    list->count += err == RF_OK ? 1 : 0;
    return err;
}

// Recursive, as deep as lists are in lists: the table has none.
static enum rf_err add_rows(struct rf_watched_list *list, const struct rf_config_row *rows,
                            size_t count, const void *at,
                            struct rf_instant now) // NOLINT(misc-no-recursion)
{
    enum rf_err err = RF_OK;
    for (size_t i = 0; i < count && err == RF_OK; i++) {
        const struct rf_config_row *row = &rows[i];
        if (row->offset == RF_CONFIG_NOWHERE)
            continue;
        const void *value = (const char *)at + row->offset;
        if (row->type == RF_CONFIG_SECRET)
            err = add(list, value, now);
        const struct rf_config_list *items = row->type == RF_CONFIG_LIST ? value : NULL;
        for (size_t k = 0; items != NULL && k < items->count && err == RF_OK; k++)
            err = add_rows(list, row->items->rows, row->items->row_count,
                           (const char *)items->items + k * row->items->size, now);
    }
    return err;
}

// Whoever knows the path of a chat's webhook may write there.
static enum rf_err add_address(struct rf_watched_list *list, enum rf_config_shape shape, char *url,
                               struct rf_instant now) {
    char *host = url == NULL ? NULL : strstr(url, "://");
    char *path = host == NULL ? NULL : strchr(host + 3, '/');
    if (path == NULL || (shape != RF_SHAPE_SLACK && shape != RF_SHAPE_DISCORD))
        return RF_OK;
    return add(list, &(struct rf_secret){.value = path}, now);
}

static enum rf_err add_addresses(struct rf_watched_list *list, const struct rf_config *config,
                                 struct rf_instant now) {
    const struct rf_config_webhook *webhook = &config->alerter.webhook;
    const struct rf_config_alerter_webhook *absence = &config->health.alerter_webhook;
    const struct rf_config_channel *channels = config->alerter.channels.items;
    enum rf_err err = add_address(list, webhook->shape, webhook->url, now);
    if (err == RF_OK)
        err = add_address(list, absence->shape, absence->url, now);
    for (size_t i = 0; i < config->alerter.channels.count && err == RF_OK; i++)
        err = add_address(list, channels[i].shape, channels[i].url, now);
    return err;
}

enum rf_err rf_watched_gather(const struct rf_config *config, struct rf_instant now,
                              struct rf_watched_list *list) {
    *list = (struct rf_watched_list){0};
    enum rf_err err = add_rows(list, rf_config_rows, rf_config_row_count, config, now);
    if (err == RF_OK)
        err = add_addresses(list, config, now);
    if (err != RF_OK)
        rf_watched_fini(list);
    return err;
}

void rf_watched_fini(struct rf_watched_list *list) {
    for (size_t i = 0; i < list->count; i++)
        rf_secret_fini(&list->items[i].secret);
    free(list->items);
    *list = (struct rf_watched_list){0};
}

bool rf_watched_has(const struct rf_watched_list *list, const char *value) {
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].secret.value, value) == 0)
            return true;
    return false;
}

// ---- looking ----

static bool same_time(struct timespec a, struct timespec b) {
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool is_same(const struct stat *a, const struct stat *b) {
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           same_time(a->st_mtim, b->st_mtim) && same_time(a->st_ctim, b->st_ctim);
}

// The stat comes before the reading: a change between the two is seen by the next look.
static bool may_have_changed(struct rf_watched *watched, struct rf_instant now) {
    struct stat is = {0};
    if (stat(watched->secret.file, &is) != 0) // gone: the reading says why, once
        return true;
    if (is_same(&is, &watched->seen))
        return rf_instant_before(now, watched->settles);
    watched->seen = is;
    watched->settles = rf_instant_add(now, RF_REDACTOR_UNSETTLED);
    return true;
}

bool rf_watched_look(struct rf_watched *watched, struct rf_instant now, bool quiet, char **former) {
    struct rf_error error;
    bool changed = false;
    *former = NULL;
    if (watched->secret.file == NULL || !may_have_changed(watched, now))
        return false;
    char *before = strdup(watched->secret.value);
    if (rf_secret_refresh(&watched->secret, &changed, &error) != RF_OK) {
        watched->seen = (struct stat){0};
        if (!watched->warned && !quiet)
            rf_log(RF_LOG_WARNING, "a secret %s; its old value stays", error.message);
        watched->warned = true;
    } else {
        watched->warned = false;
    }
    if (changed) {
        *former = before;
        return true;
    }
    if (before != NULL)
        explicit_bzero(before, strlen(before));
    free(before);
    return false;
}
