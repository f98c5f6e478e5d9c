#include "set.h"

#include <stdlib.h>
#include <string.h>

#include "calendar/holidays.h"
#include "campaign.h"
#include "config/settings.h"
#include "control.h"
#include "dial_lock.h"
#include "notice.h"
#include "reopen.h"
#include "store/db.h"

static bool copy(char **out, const char *text) {
    free(*out);
    *out = text ? strdup(text) : NULL;
    return !text || *out;
}

static bool texts_only(const json_t *changes) {
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)changes, key, value) {
        if (!json_is_string(value))
            return false;
    }
    return true;
}

enum rf_err rf_set_new(const json_t *params, const char *call, struct rf_utc now,
                       struct rf_set **out, struct rf_error *error) {
    const char *campaign = json_string_value(json_object_get(params, "campaign"));
    const json_t *settings = json_object_get(params, "settings");
    const char *file = json_string_value(json_object_get(params, "file"));
    json_t *changes = json_object_get(params, "changes");
    *out = NULL;
    if (!rf_campaign_name_valid(campaign))
        return rf_error_set(error, RF_ERR_INVALID,
                            "campaign: expected a name of 1 to 64 letters, digits, '.', '_', '-'");
    if (settings &&
        (!json_is_string(settings) || json_string_length(settings) > RF_SETTINGS_MAX_BYTES))
        return rf_error_set(error, RF_ERR_INVALID, "settings: expected YAML of at most %zu bytes",
                            RF_SETTINGS_MAX_BYTES);
    if (changes && (!json_is_object(changes) || !texts_only(changes)))
        return rf_error_set(error, RF_ERR_INVALID, "changes: expected an object of texts");
    if (!settings && !changes)
        return rf_error_set(error, RF_ERR_INVALID, "expected settings or changes");
    struct rf_set *set = calloc(1, sizeof *set);
    if (!set || !copy(&set->call, call) || !copy(&set->campaign, campaign) ||
        !copy(&set->text, json_string_value(settings)) ||
        !copy(&set->file, file ? file : "settings")) {
        rf_set_destroy(&set);
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    }
    set->job.run = rf_set_read_run;
    set->changes = json_incref(changes);
    set->create = json_is_true(json_object_get(params, "create"));
    set->now = now;
    *out = set;
    return RF_OK;
}

void rf_set_destroy(struct rf_set **pointer) {
    struct rf_set *set = *pointer;
    if (!set)
        return;
    free(set->call);
    free(set->campaign);
    free(set->text);
    free(set->file);
    free(set->before);
    free(set->after);
    json_decref(set->changes);
    json_decref(set->result);
    free(set);
    *pointer = NULL;
}

enum rf_err rf_set_read_run(struct rf_store_job *job, struct rf_db *db, struct rf_error *error) {
    struct rf_set *set = (struct rf_set *)job;
    struct rf_control_campaign campaign = {0};
    struct rf_rows *row;
    enum rf_err err = rf_control_find(db, set->campaign, &campaign, error);
    set->known = err == RF_OK;
    set->row = campaign.row;
    set->state = campaign.state;
    set->version = 0;
    if (err == RF_ERR_NOT_FOUND && set->create)
        return copy(&set->before, NULL) ? RF_OK : RF_ERR_NOMEM;
    if (err == RF_OK && campaign.state == RF_CAMPAIGN_CANCELLED)
        return rf_error_set(error, RF_ERR_INVALID,
                            "campaign %s: no settings: it is cancelled, and that is for good",
                            set->campaign);
    if (err == RF_OK)
        err = rf_db_query(db, error, &row, "SELECT version, settings FROM campaign WHERE id = ?",
                          "i", campaign.row);
    if (err != RF_OK)
        return err;
    err = rf_rows_next(row, error);
    if (err == RF_OK) {
        set->version = rf_rows_number(row, 0);
        if (!copy(&set->before, rf_rows_text(row, 1)))
            err = rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    }
    rf_rows_end(&row);
    return err;
}

// ---- what is to be written ----

static enum rf_err change_all(const struct rf_set *set, json_t *settings, struct rf_error *error) {
    const char *key;
    json_t *value;
    enum rf_err err = RF_OK;
    json_object_foreach(set->changes, key, value) {
        if (err == RF_OK)
            err = rf_settings_change(settings, key, json_string_value(value), error);
    }
    return err;
}

// The file's settings, or those that there are, with the changes.
static enum rf_err make(const struct rf_set *set, const struct rf_config *config, json_t **settings,
                        struct rf_error *error) {
    enum rf_err err = RF_OK;
    if (set->text)
        err = rf_settings_read(config, set->text, strlen(set->text), set->file, settings, error);
    else
        *settings = set->before ? json_loads(set->before, 0, NULL) : json_object();
    if (err == RF_OK && !*settings)
        err = rf_error_set(error, RF_ERR_IO, "the settings of campaign %s cannot be read",
                           set->campaign);
    return err == RF_OK ? change_all(set, *settings, error) : err;
}

// Whether they can be used: the configuration and the files that they name are here.
static enum rf_err try_them(struct rf_set *set, const struct rf_config *config,
                            const json_t *settings, struct rf_error *error) {
    struct rf_config *own;
    struct rf_holidays *holidays = NULL;
    enum rf_err err = rf_settings_apply(config, settings, &own, error);
    if (err != RF_OK)
        return err;
    bool given = json_object_get(settings, "concurrency") != NULL;
    set->concurrency = given ? own->campaign.concurrency : -1;
    if (own->campaign.holidays) {
        err = rf_holidays_read(own->campaign.holidays, &holidays, error);
        if (err != RF_OK) {
            rf_error_prefix(error, "campaign.holidays: ");
            err = error->code = RF_ERR_CONFIG;
        }
    }
    rf_holidays_destroy(&holidays);
    rf_config_destroy(&own);
    return err;
}

static bool calendar_differs(const json_t *a, const json_t *b) {
    static const char *const keys[] = {"windows", "time_zone", "holidays"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const json_t *one = json_object_get(a, keys[i]), *other = json_object_get(b, keys[i]);
        if ((one || other) && !json_equal(one, other))
            return true;
    }
    return false;
}

static enum rf_err note(struct rf_set *set, const json_t *settings, bool *changed,
                        struct rf_error *error) {
    json_t *before = set->before ? json_loads(set->before, 0, NULL) : json_object();
    bool some = json_object_size(settings) > 0;
    *changed = !json_equal(before, settings);
    set->reopen = calendar_differs(before, settings);
    json_decref(before);
    free(set->after);
    set->after = some ? json_dumps(settings, JSON_COMPACT) : NULL;
    json_decref(set->result);
    set->result = json_pack("{s:s,s:s,s:I,s:b,s:O}", "campaign", set->campaign, "state",
                            rf_campaign_state_name(set->known ? set->state : RF_CAMPAIGN_LOADING),
                            "version", (json_int_t)set->version + (*changed ? 1 : 0), "changed",
                            *changed ? 1 : 0, "settings", settings);
    if ((some && !set->after) || !set->result)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    return RF_OK;
}

enum rf_err rf_set_decide(struct rf_set *set, const struct rf_config *config, bool *changed,
                          struct rf_error *error) {
    json_t *settings = NULL;
    enum rf_err err = make(set, config, &settings, error);
    if (err == RF_OK)
        err = try_them(set, config, settings, error);
    if (err == RF_OK)
        err = note(set, settings, changed, error);
    json_decref(settings);
    return err;
}

// ---- writing it ----

enum rf_err rf_set_write_run(struct rf_store_job *job, struct rf_db *db, struct rf_error *error) {
    struct rf_set *set = (struct rf_set *)job;
    enum rf_err err = rf_dial_lock_shut(db, error);
    if (err == RF_OK && !set->known)
        err = rf_db_run(db, error,
                        "INSERT INTO campaign (name, state, created) VALUES (?, 'loading', ?)"
                        " ON CONFLICT (name) DO NOTHING",
                        "ti", set->campaign, set->now.ns);
    if (err == RF_OK)
        err = rf_db_number(db, error, &set->row,
                           "UPDATE campaign SET settings = ?, version = version + 1,"
                           " concurrency = nullif (?, -1)"
                           " WHERE name = ? AND version = ? AND state <> 'cancelled' RETURNING id",
                           "titi", set->after, set->concurrency, set->campaign, set->version);
    if (err == RF_ERR_NOT_FOUND)
        return rf_error_set(error, RF_ERR_CONFLICT,
                            "campaign %s was changed by somebody else at the same moment",
                            set->campaign);
    if (err == RF_OK && set->reopen)
        err = rf_reopen_note(db, set->row, error);
    if (err != RF_OK)
        return err;
    char *text = rf_notice_set(set->campaign, set->version + 1,
                               json_object_get(set->result, "settings"), set->now);
    err = rf_notice_store(db, text, error);
    free(text);
    return err;
}
