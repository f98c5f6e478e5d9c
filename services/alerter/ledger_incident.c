// Incidents: stored with the page that changed them, and given back to the engine at the start.
#include <stdlib.h>
#include <string.h>

#include "ledger_parts.h"
#include "store/db.h"

// What is over is listed for so long; then it is removed, a few with each page.
#define KEEP_DAYS     30
#define PRUNE_AT_ONCE 100

// ---- a page ----

static enum rf_err put_incident(struct rf_db *db, const struct rf_incident *incident,
                                const char *state, struct rf_error *error) {
    return rf_db_run(
        db, error,
        "INSERT INTO incident (id, fingerprint, rule, phase, live, told, severity, subject,"
        " service, campaign, title, thread, opened, last, resolved, events, subjects, deferred,"
        " set_aside, swallowed, acked, acked_by, acked_why, state)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET phase = excluded.phase, live = excluded.live,"
        " told = excluded.told, severity = excluded.severity, title = excluded.title,"
        " thread = excluded.thread, opened = excluded.opened, last = excluded.last,"
        " resolved = excluded.resolved, events = excluded.events, subjects = excluded.subjects,"
        " deferred = excluded.deferred, set_aside = excluded.set_aside,"
        " swallowed = excluded.swallowed, acked = excluded.acked, acked_by = excluded.acked_by,"
        " acked_why = excluded.acked_why, state = excluded.state",
        "ttttittttttt" // id to thread
        "iiiiiiii"     // opened to swallowed
        "itt"          // acknowledged
        "t",
        incident->id, incident->fingerprint, incident->rule, rf_phase_name(incident->phase),
        (int64_t)incident->live, rf_told_name(incident->told), incident->severity,
        incident->subject, incident->service, incident->campaign, incident->title, incident->thread,
        incident->opened.ns, incident->last.ns, incident->resolved.ns, incident->events,
        incident->subjects, incident->deferred, incident->set_aside, incident->swallowed,
        incident->acked.ns, incident->acked_by, incident->acked_why, state);
}

// Nobody asks whom it met any more, nor for what never became one.
static enum rf_err end_incident(struct rf_db *db, const struct rf_incident *incident,
                                struct rf_error *error) {
    enum rf_err result =
        rf_db_run(db, error, "DELETE FROM incident_seen WHERE incident = ?", "t", incident->id);
    if (result == RF_OK && incident->phase == RF_PHASE_PENDING)
        result = rf_db_run(db, error, "DELETE FROM incident WHERE id = ?", "t", incident->id);
    return result;
}

static enum rf_err put_seen(struct rf_db *db, const struct rf_seen_row *seen,
                            struct rf_error *error) {
    return rf_db_run(db, error,
                     "INSERT INTO incident_seen (incident, hash) VALUES (?, ?)"
                     " ON CONFLICT DO NOTHING",
                     "ti", seen->incident->id, (int64_t)seen->hash);
}

enum rf_err rf_ledger_put_incidents(struct rf_db *db, const struct rf_ledger_page *page,
                                    struct rf_error *error) {
    const struct rf_engine_changes *changes = &page->changes;
    enum rf_err result = RF_OK;
    for (size_t i = 0; result == RF_OK && i < changes->incident_count; i++)
        result = put_incident(db, changes->incidents[i], changes->states[i], error);
    for (size_t i = 0; result == RF_OK && i < changes->seen_count; i++)
        result = put_seen(db, &changes->seen[i], error);
    for (size_t i = 0; result == RF_OK && i < changes->incident_count; i++)
        if (!changes->incidents[i]->live)
            result = end_incident(db, changes->incidents[i], error);
    if (result == RF_OK && changes->state != NULL)
        result = rf_db_run(db, error,
                           "INSERT INTO engine (only, state) VALUES (1, ?)"
                           " ON CONFLICT (only) DO UPDATE SET state = excluded.state",
                           "t", changes->state);
    if (result == RF_OK && changes->incident_count > 0)
        result = rf_db_run(db, error,
                           "DELETE FROM incident WHERE id IN (SELECT id FROM incident"
                           " WHERE phase = 'resolved' AND live = 0 AND opened < ?"
                           " ORDER BY opened LIMIT ?)",
                           "ii", page->now.ns - KEEP_DAYS * INT64_C(86400) * RF_NS_PER_S,
                           (int64_t)PRUNE_AT_ONCE);
    return result;
}

// ---- the start ----

struct load_incidents {
    struct rf_store_job job;
    struct rf_engine *engine;
    struct rf_incident **items;
    size_t count, capacity;
};

static bool take_texts(const struct rf_rows *row, struct rf_incident *incident) {
    char **const texts[] = {&incident->fingerprint, &incident->rule,     &incident->severity,
                            &incident->subject,     &incident->service,  &incident->campaign,
                            &incident->title,       &incident->acked_by, &incident->acked_why};
    bool done = true;
    for (int i = 0; i < 9; i++)
        done = rf_incident_set(texts[i], rf_rows_text(row, i + 1)) && done;
    return done;
}

static enum rf_err take_row(const struct rf_rows *row, const struct rf_channel_names *names,
                            struct rf_incident **taken, struct rf_error *error) {
    struct rf_incident *incident = *taken = rf_incident_new();
    if (incident == NULL || !take_texts(row, incident))
        return rf_error_set(error, RF_ERR_NOMEM, "no memory for incidents");
    const char *id = rf_rows_text(row, 0), *thread = rf_rows_text(row, 10);
    memcpy(incident->id, id, strnlen(id, sizeof incident->id - 1));
    memcpy(incident->thread, thread, strnlen(thread, sizeof incident->thread - 1));
    incident->phase = rf_phase_parse(rf_rows_text(row, 11));
    incident->told = rf_told_parse(rf_rows_text(row, 12));
    incident->opened.ns = rf_rows_number(row, 13);
    incident->last.ns = rf_rows_number(row, 14);
    incident->resolved.ns = rf_rows_number(row, 15);
    incident->events = rf_rows_number(row, 16);
    incident->subjects = rf_rows_number(row, 17);
    incident->deferred = rf_rows_number(row, 18);
    incident->set_aside = rf_rows_number(row, 19);
    incident->swallowed = rf_rows_number(row, 20);
    incident->acked.ns = rf_rows_number(row, 21);
    if (!rf_incident_restore(incident, rf_rows_text(row, 22), names))
        return rf_error_set(error, RF_ERR_INVALID, "the state of incident %s cannot be read", id);
    return RF_OK;
}

static enum rf_err keep_row(struct load_incidents *load, const struct rf_rows *row,
                            struct rf_error *error) {
    if (load->count == load->capacity) {
        size_t capacity = load->capacity == 0 ? 64 : 2 * load->capacity;
        struct rf_incident **larger = realloc(load->items, capacity * sizeof(struct rf_incident *));
        if (larger == NULL)
            return rf_error_set(error, RF_ERR_NOMEM, "no memory for incidents");
        load->items = larger;
        load->capacity = capacity;
    }
    struct rf_incident **taken = &load->items[load->count];
    enum rf_err result = take_row(row, &load->engine->names, taken, error);
    load->count += *taken != NULL;
    return result;
}

static int by_seq(const void *a, const void *b) {
    const struct rf_incident *const *left = a, *const *right = b;
    return ((*left)->seq > (*right)->seq) - ((*left)->seq < (*right)->seq);
}

static enum rf_err load_seen(struct rf_db *db, struct rf_incident *incident,
                             struct rf_error *error) {
    struct rf_rows *rows;
    enum rf_err result = rf_db_query(
        db, error, &rows, "SELECT hash FROM incident_seen WHERE incident = ?", "t", incident->id);
    while (result == RF_OK && (result = rf_rows_next(rows, error)) == RF_OK)
        rf_seen_add(&incident->seen, (uint64_t)rf_rows_number(rows, 0));
    rf_rows_end(&rows);
    return result == RF_ERR_NOT_FOUND ? RF_OK : result;
}

static enum rf_err load_state(struct load_incidents *load, struct rf_db *db,
                              struct rf_error *error) {
    int64_t order = 0;
    struct rf_rows *row = NULL;
    enum rf_err result =
        rf_db_number(db, error, &order, "SELECT coalesce(max(ord), 0) FROM alert", "");
    if (result == RF_OK)
        result = rf_db_query(db, error, &row, "SELECT state FROM engine", "");
    if (result == RF_OK)
        result = rf_rows_next(row, error);
    if (result == RF_OK || result == RF_ERR_NOT_FOUND)
        rf_engine_load_state(load->engine, result == RF_OK ? rf_rows_text(row, 0) : NULL, order);
    rf_rows_end(&row);
    return result == RF_ERR_NOT_FOUND ? RF_OK : result;
}

static enum rf_err run_load(struct rf_store_job *job, struct rf_db *db, struct rf_error *error) {
    struct load_incidents *load = (struct load_incidents *)job;
    struct rf_rows *rows = NULL;
    enum rf_err result = load_state(load, db, error);
    if (result == RF_OK)
        result = rf_db_query(
            db, error, &rows,
            "SELECT id, fingerprint, rule, severity, subject, service, campaign, title, acked_by,"
            " acked_why, thread, phase, told, opened, last, resolved, events, subjects, deferred,"
            " set_aside, swallowed, acked, state FROM incident WHERE live = 1",
            "");
    while (result == RF_OK && (result = rf_rows_next(rows, error)) == RF_OK)
        result = keep_row(load, rows, error);
    rf_rows_end(&rows);
    result = result == RF_ERR_NOT_FOUND ? RF_OK : result;
    for (size_t i = 0; result == RF_OK && i < load->count; i++)
        result = load_seen(db, load->items[i], error);
    return result;
}

static void ignore_done(struct rf_store_job *job, enum rf_err result,
                        const struct rf_error *error) {
    (void)job, (void)result, (void)error;
}

enum rf_err rf_ledger_load_incidents(struct rf_ledger *ledger, struct rf_engine *engine,
                                     struct rf_error *error) {
    struct load_incidents load = {.job = {.run = run_load, .done = ignore_done}, .engine = engine};
    enum rf_err result = rf_store_now(ledger->store, &load.job, error);
    if (result == RF_OK && load.count > 0)
        qsort(load.items, load.count, sizeof(struct rf_incident *), by_seq);
    for (size_t i = 0; i < load.count; i++) {
        if (result == RF_OK)
            rf_engine_load(engine, load.items[i]);
        else
            rf_incident_destroy(&load.items[i]);
    }
    free(load.items);
    return result;
}
