#include "ledger.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "runtime/loop.h"
#include "store/db.h"

// Alerts that every channel took are kept so long, to know them again should their event come a
// second time; then they are removed, a few with each page.
#define KEEP_DAYS     30
#define PRUNE_AT_ONCE 100
#define RETRY_WAIT    rf_seconds(1)

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
};

struct settle_job {
    struct rf_store_job job;
    struct settle_job *next, **link; // in the ledger's list
    struct rf_ledger *ledger;
    struct rf_timer timer; // the next try
    char id[RF_ALERT_ID_SIZE];
    char *type;
    char *message;
    enum rf_channel channel;
    struct rf_settlement settlement;
    rf_ledger_stored_fn *stored;
    void *arg;
    bool warned;
};

struct rf_ledger {
    struct rf_loop *loop;
    struct rf_store *store;
    struct settle_job *settling;
    bool closing;
};

enum rf_err rf_ledger_open(struct rf_loop *loop, const char *path, struct rf_ledger **ledger,
                           struct rf_error *error) {
    *ledger = calloc(1, sizeof **ledger);
    if (*ledger == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "no memory for the outbox");
    (*ledger)->loop = loop;
    enum rf_err result = rf_store_open(
        loop, path, migrations, sizeof migrations / sizeof migrations[0], &(*ledger)->store, error);
    if (result != RF_OK) {
        free(*ledger);
        *ledger = NULL;
    }
    return result;
}

static void settle_job_destroy(struct settle_job *job) {
    rf_timer_stop(&job->timer);
    free(job->type);
    free(job->message);
    free(job);
}

static void free_settle_job(struct settle_job *job) {
    *job->link = job->next;
    if (job->next != NULL)
        job->next->link = job->link;
    settle_job_destroy(job);
}

void rf_ledger_close(struct rf_ledger **ledger) {
    if (*ledger == NULL)
        return;
    (*ledger)->closing = true;
    rf_store_close(&(*ledger)->store);
    for (struct settle_job *job = (*ledger)->settling, *next; job != NULL; job = next) {
        next = job->next;
        settle_job_destroy(job);
    }
    free(*ledger);
    *ledger = NULL;
}

bool rf_ledger_pending(const struct rf_ledger *ledger) {
    return rf_store_pending(ledger->store) > 0 || ledger->settling != NULL;
}

// ---- the start ----

struct load_job {
    struct rf_store_job job;
    bool known;
    struct rf_journal_place cursor;
    rf_ledger_load_fn *fn;
    void *arg;
};

static bool parse_channel(const char *name, enum rf_channel *channel) {
    for (int i = 0; i < RF_CHANNEL_COUNT; i++) {
        if (strcmp(rf_channel_name((enum rf_channel)i), name) == 0) {
            *channel = (enum rf_channel)i;
            return true;
        }
    }
    return false;
}

static enum rf_err load_row(struct load_job *load, struct rf_rows *row, struct rf_error *error) {
    enum rf_channel channel;
    struct rf_delivery delivery = {
        .alert = (char *)(uintptr_t)rf_rows_text(row, 0),
        .incident = (char *)(uintptr_t)rf_rows_text(row, 2),
        .n = rf_rows_number(row, 3),
        .attempts = rf_rows_number(row, 4),
        .due = {rf_rows_number(row, 5)},
        .tried = {rf_rows_number(row, 6)},
        .refused = strcmp(rf_rows_text(row, 7), "refused") == 0,
    };
    if (!parse_channel(rf_rows_text(row, 1), &channel))
        return rf_error_set(error, RF_ERR_INVALID, "the outbox names an unknown channel");
    return load->fn(load->arg, channel, &delivery, error);
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
                             "SELECT d.alert, d.channel, a.incident, a.n, d.attempts, d.due,"
                             " d.tried, d.state FROM delivery d JOIN alert a ON a.id = d.alert"
                             " WHERE d.state <> 'done' ORDER BY a.n",
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

// ---- pages ----

static enum rf_err insert_alert(struct rf_db *db, const struct rf_ledger_page *page,
                                const struct rf_alert *alert, bool *fresh, struct rf_error *error) {
    enum rf_err result = rf_db_run(
        db, error,
        "INSERT INTO alert (id, n, at, made, severity, type, subject, incident, title,"
        " text, payload) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        "tiiittttttt", alert->id, alert->n, alert->at.ns, page->now.ns, alert->severity,
        alert->type, alert->subject, alert->incident, alert->title, alert->text, alert->payload);
    *fresh = result == RF_OK && rf_db_changes(db) == 1;
    for (int c = 0; *fresh && result == RF_OK && c < RF_CHANNEL_COUNT; c++)
        if (page->channels & 1U << c)
            result = rf_db_run(db, error,
                               "INSERT INTO delivery (alert, channel, state, attempts, due,"
                               " tried, message) VALUES (?, ?, 'waiting', 0, ?, 0, '')",
                               "tti", alert->id, rf_channel_name((enum rf_channel)c), page->now.ns);
    return result;
}

static enum rf_err run_page(struct rf_store_job *job, struct rf_db *db, struct rf_error *error) {
    struct rf_ledger_page *page = (struct rf_ledger_page *)job;
    enum rf_err result = RF_OK;
    for (size_t i = 0; result == RF_OK && i < page->count; i++)
        result = insert_alert(db, page, &page->alerts[i], &page->fresh[i], error);
    if (result == RF_OK)
        result = rf_db_run(db, error,
                           "INSERT INTO cursor (only, n, journal) VALUES (1, ?, ?)"
                           " ON CONFLICT (only) DO UPDATE SET n = excluded.n,"
                           " journal = excluded.journal",
                           "it", page->cursor.n, page->cursor.journal);
    if (result == RF_OK && page->count > 0)
        result = rf_db_run(db, error,
                           "DELETE FROM alert WHERE id IN (SELECT id FROM alert WHERE made < ?"
                           " AND NOT EXISTS (SELECT 1 FROM delivery WHERE alert = alert.id AND"
                           " state <> 'done') ORDER BY made LIMIT ?)",
                           "ii", page->now.ns - KEEP_DAYS * INT64_C(86400) * RF_NS_PER_S,
                           (int64_t)PRUNE_AT_ONCE);
    return result;
}

static void page_done(struct rf_store_job *job, enum rf_err result, const struct rf_error *error) {
    struct rf_ledger_page *page = (struct rf_ledger_page *)job;
    page->done(page->arg, result, error);
}

void rf_ledger_submit_page(struct rf_ledger *ledger, struct rf_ledger_page *page) {
    page->job = (struct rf_store_job){.run = run_page, .done = page_done};
    rf_store_submit(ledger->store, &page->job);
}

// ---- settlements ----

static enum rf_err run_settle(struct rf_store_job *job, struct rf_db *db, struct rf_error *error) {
    struct settle_job *settle = (struct settle_job *)job;
    const struct rf_settlement *s = &settle->settlement;
    const char *state = s->done ? "done" : s->refused ? "refused" : "waiting";
    return rf_db_run(db, error,
                     "UPDATE delivery SET state = ?, attempts = ?, due = ?, tried = ?,"
                     " message = ? WHERE alert = ? AND channel = ? AND state <> 'done'",
                     "tiiittt", state, s->attempts, s->due.ns, s->tried.ns, settle->message,
                     settle->id, rf_channel_name(settle->channel));
}

static void submit_settle(void *arg) {
    struct settle_job *settle = arg;
    rf_store_submit(settle->ledger->store, &settle->job);
}

static void settle_done(struct rf_store_job *job, enum rf_err result,
                        const struct rf_error *error) {
    struct settle_job *settle = (struct settle_job *)job;
    if (result != RF_OK) {
        if (!settle->warned)
            rf_log(RF_LOG_ERROR, "cannot keep what became of alert %s, goes on trying: %s",
                   settle->id, error->message);
        settle->warned = true;
        if (!settle->ledger->closing)
            rf_timer_after(&settle->timer, RETRY_WAIT);
        return;
    }
    if (settle->stored != NULL && !settle->ledger->closing)
        settle->stored(settle->arg, settle->id, settle->type, settle->settlement.attempts);
    free_settle_job(settle);
}

enum rf_err rf_ledger_settle(struct rf_ledger *ledger, const struct rf_alert *alert,
                             enum rf_channel channel, const struct rf_settlement *settlement,
                             const char *message, rf_ledger_stored_fn *stored, void *arg,
                             struct rf_error *error) {
    struct settle_job *settle = calloc(1, sizeof *settle);
    if (settle != NULL) {
        settle->type = strdup(alert->type);
        settle->message = strdup(message);
    }
    if (settle == NULL || settle->type == NULL || settle->message == NULL) {
        if (settle != NULL) {
            free(settle->type);
            free(settle->message);
        }
        free(settle);
        return rf_error_set(error, RF_ERR_NOMEM, "no memory to keep a delivery");
    }
    settle->job = (struct rf_store_job){.run = run_settle, .done = settle_done};
    settle->ledger = ledger;
    memcpy(settle->id, alert->id, sizeof settle->id);
    settle->channel = channel;
    settle->settlement = *settlement;
    settle->stored = stored;
    settle->arg = arg;
    rf_timer_init(&settle->timer, ledger->loop, submit_settle, settle);
    settle->link = &ledger->settling;
    settle->next = ledger->settling;
    if (settle->next != NULL)
        settle->next->link = &settle->next;
    ledger->settling = settle;
    submit_settle(settle);
    return RF_OK;
}

// ---- readings ----

static char *copy_column(struct rf_rows *row, int column, enum rf_err *result) {
    const char *text = rf_rows_text(row, column);
    char *copy = strdup(text == NULL ? "" : text);
    if (copy == NULL)
        *result = RF_ERR_NOMEM;
    return copy;
}

static enum rf_err run_read(struct rf_store_job *job, struct rf_db *db, struct rf_error *error) {
    struct rf_ledger_reading *reading = (struct rf_ledger_reading *)job;
    struct rf_alert *alert = &reading->alert;
    struct rf_rows *row = NULL;
    enum rf_err result = rf_db_query(db, error, &row,
                                     "SELECT n, at, severity, type, subject, incident, title,"
                                     " text, payload FROM alert WHERE id = ?",
                                     "t", reading->id);
    if (result == RF_OK)
        result = rf_rows_next(row, error);
    if (result == RF_ERR_NOT_FOUND)
        rf_error_set(error, result, "the outbox has no alert %s", reading->id);
    if (result == RF_OK) {
        memcpy(alert->id, reading->id, sizeof alert->id);
        alert->n = rf_rows_number(row, 0);
        alert->at.ns = rf_rows_number(row, 1);
        alert->severity = copy_column(row, 2, &result);
        alert->type = copy_column(row, 3, &result);
        alert->subject = copy_column(row, 4, &result);
        alert->incident = copy_column(row, 5, &result);
        alert->title = copy_column(row, 6, &result);
        alert->text = copy_column(row, 7, &result);
        alert->payload = copy_column(row, 8, &result);
        if (result != RF_OK)
            rf_error_set(error, result, "no memory for alert %s", reading->id);
    }
    rf_rows_end(&row);
    return result;
}

static void read_done(struct rf_store_job *job, enum rf_err result, const struct rf_error *error) {
    struct rf_ledger_reading *reading = (struct rf_ledger_reading *)job;
    reading->done(reading->arg, result, error);
}

void rf_ledger_read(struct rf_ledger *ledger, struct rf_ledger_reading *reading) {
    rf_alert_fini(&reading->alert);
    reading->job = (struct rf_store_job){.run = run_read, .done = read_done};
    rf_store_submit(ledger->store, &reading->job);
}
