// How campaigns stand, from the counts that the database keeps: it takes as long for a million
// contacts as for ten.
#include <stdio.h>
#include <string.h>

#include "campaign_state.h"
#include "campaigns/schema.h"
#include "contact.h"
#include "put.h"
#include "rate.h"
#include "report.h"
#include "store/db.h"

static void add(json_t *object, const char *key, int64_t count) {
    rf_put_number(object, key, json_integer_value(json_object_get(object, key)) + count);
}

// Under what a state is counted: what is in the queue and was never begun is new to those who
// watch.
static const char *count_key(enum rf_contact_state state) {
    if (rf_contact_running(state))
        return "running";
    if (rf_contact_waiting(state))
        return "waiting";
    if (state == RF_CONTACT_DONE)
        return "done";
    return state == RF_CONTACT_SET_ASIDE ? "set_aside" : "new";
}

// ---- counts ----

// Contacts of one state, outcome and reason.
static void add_group(json_t *entry, const struct rf_rows *row) {
    enum rf_contact_state state = RF_CONTACT_NEW;
    const char *name = rf_rows_text(row, 0), *outcome = rf_rows_text(row, 1);
    const char *reason = rf_rows_text(row, 2);
    int64_t count = rf_rows_number(row, 3);
    (void)rf_contact_state_parse(name, &state);
    add(entry, "total", count);
    add(entry, count_key(state), count);
    if (state == RF_CONTACT_NEW)
        add(entry, "not_queued", count);
    if (outcome && outcome[0])
        add(json_object_get(entry, "outcomes"), outcome, count);
    if (state == RF_CONTACT_SET_ASIDE && reason && reason[0])
        add(json_object_get(entry, "reasons"), reason, count);
    if (rf_contact_waiting(state))
        (void)json_array_append_new(json_object_get(entry, "waits"),
                                    json_pack("{s:s,s:s,s:I}", "state", name, "reason",
                                              reason ? reason : "", "contacts", (json_int_t)count));
}

enum rf_err rf_report_counts(struct rf_db *db, int64_t campaign, json_t *entry,
                             struct rf_error *error) {
    static const char *const keys[] = {"total",   "new",  "not_queued", "running",
                                       "waiting", "done", "set_aside"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        rf_put_number(entry, keys[i], 0);
    (void)json_object_set_new(entry, "outcomes", json_object());
    (void)json_object_set_new(entry, "reasons", json_object());
    (void)json_object_set_new(entry, "waits", json_array());
    struct rf_rows *rows;
    enum rf_err err = rf_db_query(db, error, &rows,
                                  "SELECT state, outcome, reason, CAST (sum (count) AS BIGINT)"
                                  " FROM campaign_count WHERE campaign = ?"
                                  " GROUP BY state, outcome, reason HAVING sum (count) <> 0"
                                  " ORDER BY state, outcome, reason",
                                  "i", campaign);
    if (err != RF_OK)
        return err;
    while ((err = rf_rows_next(rows, error)) == RF_OK)
        add_group(entry, rows);
    rf_rows_end(&rows);
    return err == RF_ERR_NOT_FOUND ? RF_OK : err;
}

// ---- until when ----

// When the first of those is called who wait for their window, or for another call.
static void note_due(json_t *entry, const char *state, const char *reason, int64_t due) {
    enum rf_unreached how;
    const char *key = strcmp(state, "waiting.window") == 0 ? "window_opens"
                      : strcmp(state, "waiting.retry") == 0 && rf_unreached_parse(reason, &how)
                          ? "calls_again"
                          : NULL;
    const json_t *before = key ? json_object_get(entry, key) : NULL;
    if (key && (!before || due < json_integer_value(before)))
        rf_put_number(entry, key, due);
}

// When the first contact of each group that waits is due.
static enum rf_err read_waits(struct rf_db *db, int64_t campaign, json_t *entry,
                              struct rf_error *error) {
    size_t i;
    json_t *wait;
    json_array_foreach(json_object_get(entry, "waits"), i, wait) {
        const char *state = json_string_value(json_object_get(wait, "state"));
        const char *reason = json_string_value(json_object_get(wait, "reason"));
        int64_t due = 0;
        enum rf_err err =
            rf_db_number(db, error, &due,
                         reason[0] ? "SELECT due FROM contact WHERE campaign = ?"
                                     " AND " RF_SCHEMA_WAITING " AND state = ? AND reason = ?"
                                     " ORDER BY due LIMIT 1"
                                   : "SELECT due FROM contact WHERE campaign = ?"
                                     " AND " RF_SCHEMA_WAITING " AND state = ?"
                                     " AND reason IS NULL AND ? = '' ORDER BY due LIMIT 1",
                         "itt", campaign, state, reason);
        if (err == RF_ERR_NOT_FOUND)
            continue;
        if (err != RF_OK)
            return err;
        rf_put_number(wait, "until", due);
        note_due(entry, state, reason, due);
    }
    return RF_OK;
}

// ---- how fast ----

static enum rf_err read_rate(struct rf_db *db, int64_t campaign, struct rf_utc now,
                             struct rf_rate *rate, struct rf_error *error) {
    struct rf_rows *row;
    enum rf_err err =
        rf_db_query(db, error, &row,
                    "SELECT count (*), min (ended) FROM (SELECT ended FROM contact"
                    " WHERE campaign = ? AND ended > 0 AND ended > ?"
                    " ORDER BY ended DESC LIMIT ?) AS lately",
                    "iii", campaign, rf_rate_from(rate->since, now).ns, (int64_t)RF_RATE_MOST);
    if (err == RF_OK)
        err = rf_rows_next(row, error);
    if (err == RF_OK) {
        rate->ended = rf_rows_number(row, 0);
        rate->oldest.ns = rf_rows_number(row, 1);
    }
    rf_rows_end(&row);
    return err;
}

static enum rf_err add_rate(struct rf_db *db, int64_t campaign, struct rf_utc since,
                            struct rf_utc now, json_t *entry, struct rf_error *error) {
    struct rf_rate rate = {.since = since};
    struct rf_duration time;
    double per_minute;
    enum rf_err err = read_rate(db, campaign, now, &rate, error);
    if (err != RF_OK || !rf_rate_per_minute(&rate, now, &per_minute))
        return err;
    int64_t left = json_integer_value(json_object_get(entry, "total")) -
                   json_integer_value(json_object_get(entry, "done")) -
                   json_integer_value(json_object_get(entry, "set_aside"));
    (void)json_object_set_new(entry, "per_minute", json_real(per_minute));
    // What waits for a time of its own does not end sooner for our being fast.
    if (!json_object_get(entry, "window_opens") && !json_object_get(entry, "calls_again") &&
        rf_rate_left(per_minute, left, &time))
        rf_put_number(entry, "left_s", time.ns / RF_NS_PER_S);
    return RF_OK;
}

enum rf_err rf_report_behind(struct rf_db *db, int64_t campaign, struct rf_utc now, char *name,
                             size_t size, struct rf_error *error) {
    struct rf_rows *row;
    enum rf_err err = rf_db_query(
        db, error, &row,
        "SELECT name FROM campaign k WHERE state = 'running'"
        " AND priority > (SELECT priority FROM campaign WHERE id = ?)"
        " AND EXISTS (SELECT 1 FROM contact WHERE campaign = k.id AND " RF_SCHEMA_UNENDED
        "  AND " RF_SCHEMA_RUNNING ")"
        " AND EXISTS (SELECT 1 FROM contact WHERE campaign = ? AND " RF_SCHEMA_QUEUED
        "  AND step IN (0, 1, 2) AND due <= ?) ORDER BY priority DESC, id LIMIT 1",
        "iii", campaign, campaign, now.ns);
    if (err != RF_OK)
        return err;
    if ((err = rf_rows_next(row, error)) == RF_OK)
        (void)snprintf(name, size, "%s", rf_rows_text(row, 0));
    rf_rows_end(&row);
    return err;
}

// Nobody knows how long it is behind that one.
static enum rf_err add_behind(struct rf_db *db, int64_t campaign, struct rf_utc now, json_t *entry,
                              struct rf_error *error) {
    char name[96];
    if (json_integer_value(json_object_get(entry, "running")) > 0)
        return RF_OK;
    enum rf_err err = rf_report_behind(db, campaign, now, name, sizeof name, error);
    if (err == RF_OK) {
        rf_put_text(entry, "behind", name);
        (void)json_object_del(entry, "left_s");
    }
    return err == RF_ERR_NOT_FOUND ? RF_OK : err;
}
_Static_assert(RF_STEPS == 3, "rf_report_behind looks at each step, by which the queue is ordered");

// ---- the report ----

// The settings of its own, if it has any, and how often they were changed.
static void put_settings(json_t *entry, const struct rf_rows *row) {
    json_t *settings = rf_rows_null(row, 9) ? NULL : json_loads(rf_rows_text(row, 9), 0, NULL);
    rf_put_number(entry, "version", rf_rows_number(row, 8));
    if (settings)
        (void)json_object_set_new(entry, "settings", settings);
}

static enum rf_err add_campaign(struct rf_db *db, const struct rf_rows *row, struct rf_utc now,
                                json_t *entry, struct rf_error *error) {
    int64_t campaign = rf_rows_number(row, 0);
    int64_t started = rf_rows_number(row, 4), changed = rf_rows_number(row, 6);
    enum rf_campaign_state state = RF_CAMPAIGN_LOADING;
    (void)rf_campaign_state_parse(rf_rows_text(row, 2), &state);
    rf_put_text(entry, "name", rf_rows_text(row, 1));
    rf_put_text(entry, "state", rf_rows_text(row, 2));
    (void)json_object_set_new(entry, "finished", json_boolean(!rf_rows_null(row, 5)));
    rf_put_number(entry, "priority", rf_rows_number(row, 7));
    put_settings(entry, row);
    rf_put_number(entry, "created", rf_rows_number(row, 3));
    if (started > 0)
        rf_put_number(entry, "started", started);
    if (!rf_rows_null(row, 5))
        rf_put_number(entry, "ended", rf_rows_number(row, 5));
    if (changed > 0)
        rf_put_number(entry, "since", changed);
    enum rf_err err = rf_report_counts(db, campaign, entry, error);
    if (err == RF_OK)
        err = read_waits(db, campaign, entry, error);
    if (err == RF_OK && state == RF_CAMPAIGN_RUNNING)
        err = add_rate(db, campaign, (struct rf_utc){changed > started ? changed : started}, now,
                       entry, error);
    if (err == RF_OK && state == RF_CAMPAIGN_RUNNING)
        err = add_behind(db, campaign, now, entry, error);
    return err;
}

enum rf_err rf_report_status_run(struct rf_store_job *job, struct rf_db *db,
                                 struct rf_error *error) {
    struct rf_report *report = (struct rf_report *)job;
    json_t *campaigns = json_array();
    json_decref(report->result); // of an earlier run
    report->result = json_pack("{s:o}", "campaigns", campaigns);
    if (!report->result)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    struct rf_rows *rows;
    enum rf_err err =
        rf_db_query(db, error, &rows,
                    "SELECT id, name, state, created, started, finished, changed, priority,"
                    " version, settings"
                    " FROM campaign WHERE ? IS NULL OR name = ? ORDER BY id",
                    "tt", report->campaign, report->campaign);
    if (err != RF_OK)
        return err;
    while ((err = rf_rows_next(rows, error)) == RF_OK) {
        json_t *entry = json_object();
        err = add_campaign(db, rows, report->now, entry, error);
        (void)json_array_append_new(campaigns, entry);
        if (err != RF_OK)
            break;
    }
    rf_rows_end(&rows);
    return err == RF_ERR_NOT_FOUND ? RF_OK : err;
}
