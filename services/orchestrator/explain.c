#include "explain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dnc.h"
#include "put.h"
#include "store/db.h"
#include "why.h"

enum rf_err rf_explain_new(const json_t *params, const char *call, struct rf_utc now,
                           struct rf_explain **out, struct rf_error *error) {
    const char *contact = json_string_value(json_object_get(params, "contact"));
    *out = NULL;
    if (!contact || !contact[0])
        return rf_error_set(error, RF_ERR_INVALID,
                            "contact: expected its id, such as spring-7, or its number, such as "
                            "+12025550100");
    struct rf_explain *explain = calloc(1, sizeof *explain);
    if (explain) {
        explain->job.run = rf_explain_run;
        explain->call = strdup(call);
        explain->contact = strdup(contact);
        explain->now = now;
    }
    if (!explain || !explain->call || !explain->contact) {
        rf_explain_destroy(&explain);
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    }
    *out = explain;
    return RF_OK;
}

void rf_explain_destroy(struct rf_explain **pointer) {
    struct rf_explain *explain = *pointer;
    if (!explain)
        return;
    free(explain->call);
    free(explain->contact);
    json_decref(explain->result);
    free(explain);
    *pointer = NULL;
}

// ---- attempts ----

static json_t *attempt_entry(const struct rf_rows *row) {
    json_t *entry = json_object();
    rf_put_text(entry, "id", rf_rows_text(row, 0));
    rf_put_text(entry, "state", rf_rows_text(row, 1));
    (void)json_object_set_new(entry, "created", json_integer(rf_rows_number(row, 2)));
    rf_put_text(entry, "provider", rf_rows_text(row, 3));
    rf_put_text(entry, "sid", rf_rows_text(row, 4));
    rf_put_text(entry, "status", rf_rows_text(row, 5));
    if (rf_rows_number(row, 6) > 0)
        (void)json_object_set_new(entry, "ended", json_integer(rf_rows_number(row, 6)));
    if (!rf_rows_null(row, 7))
        (void)json_object_set_new(entry, "duration_s", json_integer(rf_rows_number(row, 7)));
    if (rf_rows_number(row, 8) != 0)
        (void)json_object_set_new(entry, "sent", json_false());
    return entry;
}

// All attempts of a contact as JSON; its texts are borrowed by tell_attempts.
static enum rf_err read_attempts(struct rf_db *db, int64_t contact, json_t *attempts,
                                 struct rf_error *error) {
    struct rf_rows *rows;
    enum rf_err err =
        rf_db_query(db, error, &rows,
                    "SELECT id, state, created, provider, sid, status, ended,"
                    " duration_s, unsent FROM attempt WHERE contact = ? ORDER BY created",
                    "i", contact);
    if (err != RF_OK)
        return err;
    while ((err = rf_rows_next(rows, error)) == RF_OK)
        (void)json_array_append_new(attempts, attempt_entry(rows));
    rf_rows_end(&rows);
    return err == RF_ERR_NOT_FOUND ? RF_OK : err;
}

static const char *text_of(const json_t *object, const char *key) {
    return json_string_value(json_object_get(object, key));
}

static bool unsent(const json_t *entry) {
    return json_is_false(json_object_get(entry, "sent"));
}

static void tell_attempt(const json_t *entry, struct rf_why_attempt *attempt) {
    const json_t *duration = json_object_get(entry, "duration_s");
    *attempt =
        (struct rf_why_attempt){.created = {json_integer_value(json_object_get(entry, "created"))},
                                .ended = {json_integer_value(json_object_get(entry, "ended"))},
                                .provider = text_of(entry, "provider"),
                                .sid = text_of(entry, "sid"),
                                .status = text_of(entry, "status"),
                                .duration_s = duration ? json_integer_value(duration) : -1};
    (void)rf_dial_state_parse(text_of(entry, "state"), &attempt->state);
}

// The last of those that were sent.
static void tell_attempts(const json_t *attempts, struct rf_why *why) {
    size_t i;
    json_t *entry;
    json_array_foreach(attempts, i, entry) {
        why->attempts_all += !unsent(entry);
        why->attempts_unsent += unsent(entry);
    }
    int64_t passed = 0;
    json_array_foreach(attempts, i, entry) {
        if (!unsent(entry) && ++passed > why->attempts_all - RF_WHY_ATTEMPTS)
            tell_attempt(entry, &why->attempts[why->attempt_count++]);
    }
}

// ---- the contact ----

#define COLUMNS                                                                                    \
    "c.id, c.line, k.name, k.state, c.phone, c.name, c.state, c.step, c.reason, c.message,"        \
    " c.outcome, c.due, c.ended, c.script IS NOT NULL, c.audio IS NOT NULL,"                       \
    " k.settings"

static json_t *contact_entry(const struct rf_why *why) {
    json_t *entry = json_object();
    rf_put_text(entry, "id", why->id);
    rf_put_text(entry, "campaign", why->campaign);
    rf_put_text(entry, "campaign_state", rf_campaign_state_name(why->campaign_state));
    rf_put_text(entry, "phone", why->phone);
    rf_put_text(entry, "name", why->name);
    rf_put_text(entry, "state", rf_contact_state_name(why->state));
    rf_put_text(entry, "step", rf_step_name(why->step));
    rf_put_text(entry, "reason", why->reason);
    rf_put_text(entry, "message", why->message);
    rf_put_text(entry, "outcome", why->outcome);
    if (rf_contact_waiting(why->state))
        (void)json_object_set_new(entry, "until", json_integer(why->due.ns));
    if (why->ended.ns > 0)
        (void)json_object_set_new(entry, "ended", json_integer(why->ended.ns));
    return entry;
}

// Out of the campaign's own settings, where they say so.
static int64_t max_calls_of(const char *settings, int64_t configured) {
    json_t *own = settings ? json_loads(settings, 0, NULL) : NULL;
    const char *text = text_of(own, "max_calls");
    int64_t calls = text ? strtoll(text, NULL, 10) : configured;
    json_decref(own);
    return calls;
}

static enum rf_err explain_one(struct rf_explain *explain, struct rf_db *db,
                               const struct rf_rows *row, struct rf_error *error) {
    char id[96];
    struct rf_text text = {0};
    json_t *attempts = json_array();
    struct rf_why why = {.id = id,
                         .campaign = rf_rows_text(row, 2),
                         .phone = rf_rows_text(row, 4),
                         .name = rf_rows_text(row, 5),
                         .step = (enum rf_step)rf_rows_number(row, 7),
                         .reason = rf_rows_text(row, 8),
                         .message = rf_rows_text(row, 9),
                         .outcome = rf_rows_text(row, 10),
                         .due = {rf_rows_number(row, 11)},
                         .ended = {rf_rows_number(row, 12)},
                         .written = rf_rows_number(row, 13) != 0,
                         .spoken = rf_rows_number(row, 14) != 0,
                         .max_calls = max_calls_of(rf_rows_text(row, 15), explain->max_calls),
                         .usable = explain->usable,
                         .marked = explain->marked,
                         .waiting_for = explain->waiting_for};
    (void)snprintf(id, sizeof id, "%s-%lld", why.campaign, (long long)rf_rows_number(row, 1));
    (void)rf_contact_state_parse(rf_rows_text(row, 6), &why.state);
    (void)rf_campaign_state_parse(rf_rows_text(row, 3), &why.campaign_state);
    enum rf_err err = read_attempts(db, rf_rows_number(row, 0), attempts, error);
    tell_attempts(attempts, &why);
    rf_why_text(&why, explain->now, &text);
    json_t *entry = contact_entry(&why);
    (void)json_object_set_new(entry, "attempts", attempts);
    rf_put_text(entry, "text", text.failed ? NULL : text.data);
    (void)json_array_append_new(json_object_get(explain->result, "contacts"), entry);
    rf_text_fini(&text);
    return err;
}

// "<campaign>-<line>": false if it is not of that form.
static bool take_apart(const char *contact, char *campaign, size_t size, int64_t *line) {
    const char *dash = strrchr(contact, '-');
    size_t digits = dash ? strspn(dash + 1, "0123456789") : 0;
    if (!dash || digits < 1 || digits > 18 || dash[1 + digits] || (size_t)(dash - contact) >= size)
        return false;
    memcpy(campaign, contact, (size_t)(dash - contact));
    campaign[dash - contact] = '\0';
    *line = strtoll(dash + 1, NULL, 10);
    return true;
}

// A number on the do-not-call list is not loaded at all.
static enum rf_err nobody(struct rf_db *db, const char *contact, struct rf_error *error) {
    char why[RF_DNC_TEXT_SIZE];
    bool barred = false;
    enum rf_err err = contact[0] == '+' ? rf_dnc_look(db, contact, &barred, why, error) : RF_OK;
    if (err != RF_OK)
        return err;
    if (barred)
        return rf_error_set(error, RF_ERR_NOT_FOUND,
                            "there is no contact %.96s; the number %s, so it is not loaded",
                            contact, why);
    return rf_error_set(error, RF_ERR_NOT_FOUND, "there is no contact %.96s", contact);
}

enum rf_err rf_explain_run(struct rf_store_job *job, struct rf_db *db, struct rf_error *error) {
    struct rf_explain *explain = (struct rf_explain *)job;
    struct rf_rows *rows = NULL;
    char campaign[96];
    int64_t line;
    enum rf_err err;
    explain->result = json_pack("{s:[]}", "contacts");
    if (!explain->result)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    // A number is looked for campaign by campaign, which an index serves (CROSS JOIN keeps SQLite
    // to that order).
    if (explain->contact[0] == '+')
        err = rf_db_query(db, error, &rows,
                          "SELECT " COLUMNS " FROM campaign k CROSS JOIN contact c"
                          " WHERE c.campaign = k.id AND c.phone = ? ORDER BY k.id DESC LIMIT ?",
                          "ti", explain->contact, (int64_t)RF_EXPLAIN_MOST);
    else if (take_apart(explain->contact, campaign, sizeof campaign, &line))
        err = rf_db_query(db, error, &rows,
                          "SELECT " COLUMNS " FROM campaign k JOIN contact c ON c.campaign = k.id"
                          " WHERE k.name = ? AND c.line = ?",
                          "ti", campaign, line);
    else
        err = rf_error_set(error, RF_ERR_INVALID,
                           "contact: expected its id, such as spring-7, or its number with a plus "
                           "and the country, such as +12025550100");
    if (err != RF_OK)
        return err;
    while ((err = rf_rows_next(rows, error)) == RF_OK)
        if ((err = explain_one(explain, db, rows, error)) != RF_OK)
            break;
    rf_rows_end(&rows);
    if (err == RF_ERR_NOT_FOUND && json_array_size(json_object_get(explain->result, "contacts")))
        return RF_OK;
    if (err == RF_ERR_NOT_FOUND)
        return nobody(db, explain->contact, error);
    return err;
}
