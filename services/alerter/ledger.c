#include "ledger_parts.h"

#include <stdlib.h>
#include <string.h>

#include "store/db.h"

static const struct rf_migration migrations[] = {
    {1, "CREATE TABLE cursor (only INTEGER PRIMARY KEY CHECK (only = 1), n INTEGER NOT NULL);"
        "CREATE TABLE alert ("
        " id TEXT PRIMARY KEY, n INTEGER NOT NULL, at INTEGER NOT NULL, made INTEGER NOT NULL,"
        " severity TEXT NOT NULL, type TEXT NOT NULL, subject TEXT NOT NULL,"
        " incident TEXT NOT NULL, title TEXT NOT NULL, text TEXT NOT NULL,"
        " payload TEXT NOT NULL) WITHOUT ROWID;"
        "CREATE TABLE delivery ("
        " alert TEXT NOT NULL REFERENCES alert (id) ON DELETE CASCADE,"
        " channel TEXT NOT NULL CHECK (channel IN ('email', 'telegram', 'webhook')),"
        " state TEXT NOT NULL CHECK (state IN ('waiting', 'refused', 'done')),"
        " attempts INTEGER NOT NULL, due INTEGER NOT NULL, tried INTEGER NOT NULL,"
        " message TEXT NOT NULL, PRIMARY KEY (alert, channel)) WITHOUT ROWID;"
        "CREATE INDEX delivery_open ON delivery (alert) WHERE state <> 'done';"
        "CREATE INDEX alert_made ON alert (made);"},
    {2, "ALTER TABLE cursor ADD COLUMN journal TEXT NOT NULL DEFAULT '';"},
    // Alerts of before are told as they were made: each begins a thread of its own.
    {3, "ALTER TABLE alert ADD COLUMN kind TEXT NOT NULL DEFAULT 'opened';"
        "ALTER TABLE alert ADD COLUMN thread TEXT NOT NULL DEFAULT '';"
        "ALTER TABLE alert ADD COLUMN opened INTEGER NOT NULL DEFAULT 0;"
        "UPDATE alert SET thread = id, opened = at;"},
    // Incidents (incident.h). `live`: the engine still needs it. What nobody asks for by itself is
    // in `state`, as JSON. `told`: nothing, opened, resolved. Times are UTC nanoseconds, 0: not.
    {4, "ALTER TABLE alert ADD COLUMN ord INTEGER NOT NULL DEFAULT 0;"
        "UPDATE alert SET ord = n;"
        "CREATE TABLE incident ("
        " id TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, rule TEXT NOT NULL,"
        " phase TEXT NOT NULL CHECK (phase IN ('pending', 'open', 'resolved')),"
        " live INTEGER NOT NULL, told TEXT NOT NULL, severity TEXT NOT NULL,"
        " subject TEXT NOT NULL, service TEXT NOT NULL, campaign TEXT NOT NULL,"
        " title TEXT NOT NULL, thread TEXT NOT NULL, opened INTEGER NOT NULL,"
        " last INTEGER NOT NULL, resolved INTEGER NOT NULL, events INTEGER NOT NULL,"
        " subjects INTEGER NOT NULL, deferred INTEGER NOT NULL, set_aside INTEGER NOT NULL,"
        " swallowed INTEGER NOT NULL, acked INTEGER NOT NULL, acked_by TEXT NOT NULL,"
        " acked_why TEXT NOT NULL, state TEXT NOT NULL) WITHOUT ROWID;"
        "CREATE INDEX incident_live ON incident (opened) WHERE live = 1;"
        "CREATE INDEX incident_phase ON incident (phase, opened);"
        "CREATE TABLE incident_seen ("
        " incident TEXT NOT NULL REFERENCES incident (id) ON DELETE CASCADE,"
        " hash INTEGER NOT NULL, PRIMARY KEY (incident, hash)) WITHOUT ROWID;"
        "CREATE TABLE engine (only INTEGER PRIMARY KEY CHECK (only = 1),"
        " state TEXT NOT NULL);"},
    // Channels are known by their names. `made`: since when it waits, for its end as a dead letter.
    // `remote`: what the receiver calls the message.
    {5, "CREATE TABLE delivery_named ("
        " alert TEXT NOT NULL REFERENCES alert (id) ON DELETE CASCADE, channel TEXT NOT NULL,"
        " state TEXT NOT NULL CHECK (state IN ('waiting', 'refused', 'done', 'dead')),"
        " attempts INTEGER NOT NULL, due INTEGER NOT NULL, tried INTEGER NOT NULL,"
        " message TEXT NOT NULL, remote TEXT NOT NULL, made INTEGER NOT NULL,"
        " PRIMARY KEY (alert, channel)) WITHOUT ROWID;"
        "INSERT INTO delivery_named SELECT d.alert, d.channel, d.state, d.attempts, d.due, d.tried,"
        " d.message, '', a.made FROM delivery d JOIN alert a ON a.id = d.alert;"
        "DROP TABLE delivery;"
        "ALTER TABLE delivery_named RENAME TO delivery;"
        "CREATE INDEX delivery_open ON delivery (channel, alert)"
        " WHERE state IN ('waiting', 'refused');"
        "CREATE INDEX delivery_dead ON delivery (alert) WHERE state = 'dead';"
        // What is known of a channel: its group's new number, which took the place of `chat_of`;
        // since when it is down (0: it is not), and why.
        "CREATE TABLE channel ("
        " name TEXT PRIMARY KEY, chat TEXT NOT NULL, chat_of TEXT NOT NULL,"
        " down INTEGER NOT NULL, why TEXT NOT NULL) WITHOUT ROWID;"},
    {6, "CREATE INDEX alert_thread ON alert (thread);"},
    {7, "CREATE TABLE heartbeat (only INTEGER PRIMARY KEY CHECK (only = 1), at INTEGER NOT NULL);"},
    // Which incidents a notice tells of (concern.h); "": of its own alone.
    {8, "ALTER TABLE alert ADD COLUMN concerns TEXT NOT NULL DEFAULT '';"},
    // What is known of a mail's recipients (recipients.h); "": nothing.
    {9, "ALTER TABLE delivery ADD COLUMN recipients TEXT NOT NULL DEFAULT '';"},
};

enum rf_err rf_ledger_open(struct rf_loop *loop, const char *path, struct rf_ledger **ledger,
                           struct rf_error *error) {
    *ledger = calloc(1, sizeof **ledger);
    if (*ledger == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "no memory for the outbox");
    enum rf_err result = rf_store_open(
        loop, path, migrations, sizeof migrations / sizeof migrations[0], &(*ledger)->store, error);
    if (result != RF_OK) {
        free(*ledger);
        *ledger = NULL;
        return result;
    }
    rf_keeper_init(&(*ledger)->results, loop, (*ledger)->store, "what became of alerts");
    rf_keeper_init(&(*ledger)->pages, loop, (*ledger)->store, "alerts");
    return RF_OK;
}

void rf_ledger_close(struct rf_ledger **ledger) {
    if (*ledger == NULL)
        return;
    rf_keeper_close(&(*ledger)->results);
    rf_keeper_close(&(*ledger)->pages);
    rf_store_close(&(*ledger)->store);
    rf_keeper_fini(&(*ledger)->results);
    rf_keeper_fini(&(*ledger)->pages);
    free(*ledger);
    *ledger = NULL;
}

bool rf_ledger_pending(const struct rf_ledger *ledger) {
    return rf_store_pending(ledger->store) > 0 || !rf_keeper_idle(&ledger->results);
}

// ---- the start ----

struct load_job {
    struct rf_store_job job;
    bool known;
    struct rf_journal_place cursor;
    rf_ledger_load_fn *fn;
    void *arg;
};

static enum rf_err load_row(struct load_job *load, struct rf_rows *row, struct rf_error *error) {
    struct rf_delivery delivery = {
        .alert = (char *)(uintptr_t)rf_rows_text(row, 0),
        .incident = (char *)(uintptr_t)rf_rows_text(row, 2),
        .n = rf_rows_number(row, 3),
        .attempts = rf_rows_number(row, 4),
        .due = {rf_rows_number(row, 5)},
        .tried = {rf_rows_number(row, 6)},
        .refused = strcmp(rf_rows_text(row, 7), "refused") == 0,
        .made = {rf_rows_number(row, 8)},
        .partial = rf_rows_number(row, 10) > 0,
    };
    const char *concerns = rf_rows_text(row, 9);
    if (concerns[0] != '\0')
        delivery.concerns = (char *)(uintptr_t)concerns;
    return load->fn(load->arg, rf_rows_text(row, 1), &delivery, error);
}

static enum rf_err load_cursor(struct load_job *load, struct rf_db *db, struct rf_error *error) {
    struct rf_rows *row;
    enum rf_err result = rf_db_query(db, error, &row, "SELECT n, journal FROM cursor", "");
    if (result == RF_OK)
        result = rf_rows_next(row, error);
    load->known = result == RF_OK;
    if (load->known)
        load->cursor = rf_journal_place(rf_rows_number(row, 0), rf_rows_text(row, 1));
    rf_rows_end(&row);
    return result;
}

static enum rf_err run_load(struct rf_store_job *job, struct rf_db *db, struct rf_error *error) {
    struct load_job *load = (struct load_job *)job;
    struct rf_rows *rows = NULL;
    enum rf_err result = load_cursor(load, db, error);
    if (result == RF_OK || result == RF_ERR_NOT_FOUND)
        result = rf_db_query(db, error, &rows,
                             "SELECT d.alert, d.channel, a.incident, a.ord, d.attempts, d.due,"
                             " d.tried, d.state, d.made, a.concerns,"
                             " instr(d.recipients, '\"done\"') FROM delivery d JOIN alert a"
                             " ON a.id = d.alert WHERE d.state IN ('waiting', 'refused')"
                             " ORDER BY a.ord",
                             "");
    while (result == RF_OK && (result = rf_rows_next(rows, error)) == RF_OK)
        result = load_row(load, rows, error);
    rf_rows_end(&rows);
    return result == RF_ERR_NOT_FOUND ? RF_OK : result;
}

static void ignore_done(struct rf_store_job *job, enum rf_err result,
                        const struct rf_error *error) {
    (void)job, (void)result, (void)error;
}

enum rf_err rf_ledger_load(struct rf_ledger *ledger, bool *known, struct rf_journal_place *cursor,
                           rf_ledger_load_fn *fn, void *arg, struct rf_error *error) {
    struct load_job load = {.job = {.run = run_load, .done = ignore_done}, .fn = fn, .arg = arg};
    enum rf_err result = rf_store_now(ledger->store, &load.job, error);
    *known = load.known;
    *cursor = load.cursor;
    return result;
}
