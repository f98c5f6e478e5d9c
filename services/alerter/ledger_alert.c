// Alerts: kept with the page of the journal that they come from, and read again to be sent.
#include "ledger_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/db.h"

// Alerts that wait for no channel any more are kept so long, to know them again should their event
// come a second time, and for `ringfence alert`; then they are removed, dead letters too, a few
// with each page.
#define KEEP_DAYS     30
#define PRUNE_AT_ONCE 100

// ---- pages ----

enum rf_err rf_ledger_put_alert(struct rf_db *db, const struct rf_alert *alert, struct rf_utc now,
                                bool *fresh, struct rf_error *error) {
    enum rf_err result =
        rf_db_run(db, error,
                  "INSERT INTO alert (id, n, at, made, severity, type, subject, incident, title,"
                  " text, payload, kind, thread, opened, ord, concerns)"
                  " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                  "tiiitttttttttiit", alert->id, alert->n, alert->at.ns, now.ns, alert->severity,
                  alert->type, alert->subject, alert->incident, alert->title, alert->text,
                  alert->payload, rf_notice_name(alert->kind), alert->thread, alert->opened.ns,
                  alert->order, alert->concerns);
    *fresh = result == RF_OK && rf_db_changes(db) == 1;
    return result;
}

enum rf_err rf_ledger_put_delivery(struct rf_db *db, const char *alert, const char *channel,
                                   struct rf_utc now, struct rf_error *error) {
    return rf_db_run(db, error,
                     "INSERT INTO delivery (alert, channel, state, attempts, due, tried, message,"
                     " remote, made) VALUES (?, ?, 'waiting', 0, ?, 0, '', '', ?)",
                     "ttii", alert, channel, now.ns, now.ns);
}

static enum rf_err put_notice(struct rf_db *db, const struct rf_ledger_page *page, size_t i,
                              struct rf_error *error) {
    const struct rf_alert *alert = &page->changes.alerts[i];
    enum rf_err result = rf_ledger_put_alert(db, alert, page->now, &page->fresh[i], error);
    for (int c = 0; page->fresh[i] && result == RF_OK && c < RF_CHANNELS_MOST; c++)
        if (alert->channels & 1U << c)
            result = rf_ledger_put_delivery(db, alert->id, page->names.names[c], page->now, error);
    return result;
}

static enum rf_err run_page(struct rf_kept *kept, struct rf_db *db, struct rf_error *error) {
    struct rf_ledger_page *page = (struct rf_ledger_page *)kept;
    enum rf_err result = RF_OK;
    const struct rf_engine_changes *changes = &page->changes;
    for (size_t i = 0; result == RF_OK && i < changes->alert_count; i++)
        result = put_notice(db, page, i, error);
    if (result == RF_OK)
        result = rf_ledger_put_incidents(db, page, error);
    if (result == RF_OK && page->moved)
        result = rf_db_run(db, error,
                           "INSERT INTO cursor (only, n, journal) VALUES (1, ?, ?)"
                           " ON CONFLICT (only) DO UPDATE SET n = excluded.n,"
                           " journal = excluded.journal",
                           "it", page->cursor.n, page->cursor.journal);
    if (result == RF_OK && changes->alert_count > 0)
        result = rf_db_run(db, error,
                           "DELETE FROM alert WHERE id IN (SELECT id FROM alert WHERE made < ?"
                           " AND NOT EXISTS (SELECT 1 FROM delivery WHERE alert = alert.id AND"
                           " state IN ('waiting', 'refused')) ORDER BY made LIMIT ?)",
                           "ii", page->now.ns - KEEP_DAYS * INT64_C(86400) * RF_NS_PER_S,
                           (int64_t)PRUNE_AT_ONCE);
    return result;
}

static void page_stored(struct rf_kept *kept) {
    struct rf_ledger_page *page = (struct rf_ledger_page *)kept;
    page->stored(page->arg);
}

// It is its owner's.
static void page_dropped(struct rf_kept *kept) {
    (void)kept;
}

void rf_ledger_submit_page(struct rf_ledger *ledger, struct rf_ledger_page *page) {
    page->kept = (struct rf_kept){.run = run_page, .stored = page_stored, .drop = page_dropped};
    rf_keeper_keep(&ledger->pages, &page->kept);
}

// ---- readings ----

static char *copy_column(struct rf_rows *row, int column, enum rf_err *result) {
    const char *text = rf_rows_text(row, column);
    char *copy = strdup(text == NULL ? "" : text);
    if (copy == NULL)
        *result = RF_ERR_NOMEM;
    return copy;
}

static void copy_id(const char *text, char id[RF_ALERT_ID_SIZE]) {
    snprintf(id, RF_ALERT_ID_SIZE, "%s", text == NULL ? "" : text);
}

static enum rf_err take_row(struct rf_rows *row, const char *id, struct rf_alert *alert) {
    enum rf_err result = RF_OK;
    copy_id(id, alert->id);
    alert->n = rf_rows_number(row, 0);
    alert->at.ns = rf_rows_number(row, 1);
    alert->severity = copy_column(row, 2, &result);
    alert->type = copy_column(row, 3, &result);
    alert->subject = copy_column(row, 4, &result);
    alert->incident = copy_column(row, 5, &result);
    alert->title = copy_column(row, 6, &result);
    alert->text = copy_column(row, 7, &result);
    alert->payload = copy_column(row, 8, &result);
    alert->kind = rf_notice_parse(rf_rows_text(row, 9));
    copy_id(rf_rows_text(row, 10), alert->thread);
    alert->opened.ns = rf_rows_number(row, 11);
    alert->order = rf_rows_number(row, 12);
    return result;
}

static enum rf_err read_alert(struct rf_db *db, const char *id, struct rf_alert *alert,
                              struct rf_error *error) {
    struct rf_rows *row = NULL;
    enum rf_err result = rf_db_query(db, error, &row,
                                     "SELECT n, at, severity, type, subject, incident, title,"
                                     " text, payload, kind, thread, opened, ord FROM alert"
                                     " WHERE id = ?",
                                     "t", id);
    if (result == RF_OK)
        result = rf_rows_next(row, error);
    if (result == RF_ERR_NOT_FOUND)
        rf_error_set(error, result, "the outbox has no alert %s", id);
    else if (result == RF_OK && (result = take_row(row, id, alert)) != RF_OK)
        rf_error_set(error, result, "no memory for alert %s", id);
    rf_rows_end(&row);
    return result;
}

// The first message of the thread that this channel took; it need not be that of the first notice.
static enum rf_err read_remote(struct rf_db *db, struct rf_ledger_reading *reading,
                               struct rf_error *error) {
    struct rf_rows *row = NULL;
    enum rf_err result = rf_db_query(db, error, &row,
                                     "SELECT d.remote FROM alert a JOIN delivery d ON"
                                     " d.alert = a.id WHERE a.thread = ? AND d.channel = ? AND"
                                     " d.remote <> '' ORDER BY a.ord LIMIT 1",
                                     "tt", reading->alert.thread, reading->channel);
    if (result == RF_OK && (result = rf_rows_next(row, error)) == RF_OK)
        snprintf(reading->remote, sizeof reading->remote, "%s", rf_rows_text(row, 0));
    rf_rows_end(&row);
    return result;
}

static enum rf_err read_recipients(struct rf_db *db, struct rf_ledger_reading *reading,
                                   struct rf_error *error) {
    struct rf_rows *row = NULL;
    enum rf_err result = rf_db_query(db, error, &row,
                                     "SELECT recipients FROM delivery WHERE alert = ? AND"
                                     " channel = ?",
                                     "tt", reading->id, reading->channel);
    if (result == RF_OK && (result = rf_rows_next(row, error)) == RF_OK) {
        reading->recipients = copy_column(row, 0, &result);
        if (result != RF_OK)
            rf_error_set(error, result, "no memory for alert %s", reading->id);
    }
    rf_rows_end(&row);
    return result == RF_ERR_NOT_FOUND ? RF_OK : result;
}

static enum rf_err run_read(struct rf_store_job *job, struct rf_db *db, struct rf_error *error) {
    struct rf_ledger_reading *reading = (struct rf_ledger_reading *)job;
    enum rf_err result = read_alert(db, reading->id, &reading->alert, error);
    if (result == RF_OK)
        result = read_recipients(db, reading, error);
    if (result != RF_OK || strcmp(reading->alert.thread, reading->id) == 0)
        return result;
    result = read_alert(db, reading->alert.thread, &reading->first, error);
    if (result == RF_OK || result == RF_ERR_NOT_FOUND)
        result = read_remote(db, reading, error);
    return result == RF_ERR_NOT_FOUND ? RF_OK : result;
}

static void read_done(struct rf_store_job *job, enum rf_err result, const struct rf_error *error) {
    struct rf_ledger_reading *reading = (struct rf_ledger_reading *)job;
    reading->done(reading->arg, result, error);
}

void rf_ledger_read(struct rf_ledger *ledger, struct rf_ledger_reading *reading) {
    rf_alert_fini(&reading->alert);
    rf_alert_fini(&reading->first);
    reading->remote[0] = '\0';
    free(reading->recipients);
    reading->recipients = NULL;
    reading->job = (struct rf_store_job){.run = run_read, .done = read_done};
    rf_store_submit(ledger->store, &reading->job);
}
