// What the ledger keeps, read by SQL of its own.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#include "engine_world.h"
#include "ledger_parts.h"
#include "store/db.h"

struct reading {
    struct rf_store_job job;
    void (*fn)(void *arg, const struct world_row *row);
    void *arg;
    struct rf_text *text;
};

static enum rf_err add_rows(struct rf_db *db, struct rf_text *text, const char *sql, int columns,
                            struct rf_error *error) {
    struct rf_rows *rows;
    enum rf_err result = rf_db_query(db, error, &rows, sql, "");
    while (result == RF_OK && (result = rf_rows_next(rows, error)) == RF_OK)
        for (int i = 0; i < columns; i++)
            rf_text_add(text, "%s%s", rf_rows_text(rows, i), i + 1 < columns ? " " : "\n");
    rf_rows_end(&rows);
    return result == RF_ERR_NOT_FOUND ? RF_OK : result;
}

static enum rf_err run_rows(struct rf_store_job *job, struct rf_db *db, struct rf_error *error) {
    struct rf_text *text = ((struct reading *)job)->text;
    enum rf_err result =
        add_rows(db, text,
                 "SELECT id, fingerprint, rule, phase, live, told, severity, title, thread, opened,"
                 " last, resolved, events, subjects, deferred, set_aside, swallowed, acked, state"
                 " FROM incident ORDER BY id",
                 19, error);
    if (result == RF_OK)
        result =
            add_rows(db, text, "SELECT incident, hash FROM incident_seen ORDER BY 1, 2", 2, error);
    return result == RF_OK ? add_rows(db, text, "SELECT state FROM engine", 1, error) : result;
}

static enum rf_err run_each(struct rf_store_job *job, struct rf_db *db, struct rf_error *error) {
    const struct reading *reading = (struct reading *)job;
    struct rf_rows *r;
    enum rf_err result = rf_db_query(
        db, error, &r,
        "SELECT id, fingerprint, phase, told, opened, resolved, events, subjects, deferred,"
        " set_aside, swallowed, live, rule FROM incident ORDER BY opened",
        "");
    while (result == RF_OK && (result = rf_rows_next(r, error)) == RF_OK) {
        struct world_row row = {.id = rf_rows_text(r, 0),
                                .name = rf_rows_text(r, 1),
                                .phase = rf_rows_text(r, 2),
                                .told = rf_rows_text(r, 3),
                                .rule = rf_rows_text(r, 12),
                                .opened = rf_rows_number(r, 4),
                                .resolved = rf_rows_number(r, 5),
                                .events = rf_rows_number(r, 6),
                                .subjects = rf_rows_number(r, 7),
                                .deferred = rf_rows_number(r, 8),
                                .set_aside = rf_rows_number(r, 9),
                                .swallowed = rf_rows_number(r, 10),
                                .live = rf_rows_number(r, 11) != 0};
        reading->fn(reading->arg, &row);
    }
    rf_rows_end(&r);
    return result == RF_ERR_NOT_FOUND ? RF_OK : result;
}

static void no_done(struct rf_store_job *job, enum rf_err result, const struct rf_error *error) {
    (void)job, (void)result, (void)error;
}

char *world_rows(struct world *world) {
    struct rf_text text = {0};
    struct rf_error error;
    struct reading reading = {.job = {.run = run_rows, .done = no_done}, .text = &text};
    assert_int_equal(rf_store_now(world->ledger->store, &reading.job, &error), RF_OK);
    return rf_text_take(&text);
}

void world_each(struct world *world, void (*fn)(void *arg, const struct world_row *row),
                void *arg) {
    struct rf_error error;
    struct reading reading = {.job = {.run = run_each, .done = no_done}, .fn = fn, .arg = arg};
    assert_int_equal(rf_store_now(world->ledger->store, &reading.job, &error), RF_OK);
}
