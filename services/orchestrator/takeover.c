#include "takeover.h"

#include <stdio.h>

#include <ringfence/id.h>

#include "base/clock.h"
#include "campaigns/schema.h"
#include "control.h"
#include "counts.h"
#include "enqueue.h"
#include "reason.h"
#include "record.h"
#include "store/db.h"
#include "store/member.h"

// Makes up to `limit` rows of a query ours; their numbers into `ids`. What it selects stands in a
// WITH ... AS MATERIALIZED: a plan that selects again for each row would not stop at the limit.
static enum rf_err take(struct rf_db *db, const char *sql, int64_t limit, int64_t *ids,
                        size_t *count, struct rf_error *error) {
    struct rf_rows *rows;
    *count = 0;
    enum rf_err err = rf_db_query(db, error, &rows, sql, "ii", limit, rf_member_of(db));
    if (err != RF_OK)
        return err;
    while ((err = rf_rows_next(rows, error)) == RF_OK && (int64_t)*count < limit)
        ids[(*count)++] = rf_rows_number(rows, 0);
    rf_rows_end(&rows);
    if (err == RF_OK) // nothing is taken: the transaction is rolled back
        return rf_error_set(error, RF_ERR_IO, "the database took over more than it was asked to");
    return err == RF_ERR_NOT_FOUND ? RF_OK : err;
}

static enum rf_err read_one(struct rf_db *db, int64_t id, struct rf_contact_list *list,
                            struct rf_error *error) {
    struct rf_rows *rows;
    enum rf_err err =
        rf_db_query(db, error, &rows,
                    "SELECT " RF_CONTACT_COLUMNS
                    " FROM contact c JOIN campaign k ON k.id = c.campaign WHERE c.id = ?",
                    "i", id);
    if (err == RF_OK)
        err = rf_contact_rows_read(rows, list, error);
    return err == RF_OK ? rf_contact_rows_dial(db, &list->items[list->count - 1], error) : err;
}

static enum rf_err take_contacts(struct rf_takeover *takeover, struct rf_db *db,
                                 struct rf_error *error) {
    int64_t ids[RF_TAKEOVER_MAX];
    size_t count;
    enum rf_err err = take(
        db,
        // +id: in order of the key a database would rather read the whole table than sort a few.
        "WITH picked AS MATERIALIZED (SELECT id FROM contact"
        " WHERE " RF_SCHEMA_RUNNING " AND " RF_MEMBER_ORPHANED(
            "contact.owner") " ORDER BY +id LIMIT ? /*! FOR UPDATE SKIP LOCKED */)"
                             " UPDATE contact SET owner = ? WHERE id IN (SELECT id FROM picked) "
                             "RETURNING id",
        RF_TAKEOVER_MAX, ids, &count, error);
    for (size_t i = 0; err == RF_OK && i < count; i++)
        err = read_one(db, ids[i], &takeover->contacts, error);
    takeover->more = count == RF_TAKEOVER_MAX;
    return err;
}

// Back into the queue, in the transaction that took the contact over.
static enum rf_err put_back(struct rf_takeover *takeover, struct rf_db *db,
                            struct rf_contact *contact, struct rf_error *error) {
    struct rf_plan plan;
    const struct rf_notice_step step = {.step = contact->step};
    rf_plan_put_back(contact, rf_reason_name(RF_REASON_TAKEN_OVER),
                     "its orchestrator is gone, and the next one had no place for it",
                     takeover->now, &plan);
    struct rf_record *record = rf_record_new(contact, &plan, takeover->now);
    if (!record)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    record->notices[0] = rf_notice_deferred(contact, &plan, &step, takeover->now);
    enum rf_err err = record->notices[0]
                          ? rf_record_run(&record->job, db, error)
                          : rf_error_set(error, RF_ERR_NOMEM, "out of memory for an event");
    takeover->returned++;
    rf_record_destroy(&record);
    return err;
}

// Keeps those for whom there is a place, and those with an open attempt.
static enum rf_err share_places(struct rf_takeover *takeover, struct rf_db *db,
                                struct rf_error *error) {
    struct rf_contact_list *list = &takeover->contacts;
    size_t kept = 0;
    int64_t room = takeover->room;
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].dial.state != RF_DIAL_NONE)
            room--;
    enum rf_err err = RF_OK;
    for (size_t i = 0; i < list->count; i++) {
        struct rf_contact *contact = &list->items[i];
        bool open = contact->dial.state != RF_DIAL_NONE;
        if (err != RF_OK || open || room > 0) {
            room -= open ? 0 : 1;
            struct rf_contact other = list->items[kept];
            list->items[kept++] = *contact;
            *contact = other;
        } else {
            err = put_back(takeover, db, contact, error);
        }
    }
    for (size_t i = kept; i < list->count; i++)
        rf_contact_clear(&list->items[i]);
    list->count = kept;
    return err;
}

static enum rf_err finish_campaigns(struct rf_db *db, struct rf_utc now, struct rf_error *error) {
    int64_t ids[RF_TAKEOVER_MAX];
    size_t count = 0;
    struct rf_rows *rows;
    enum rf_err err =
        rf_db_query(db, error, &rows,
                    "SELECT id FROM campaign WHERE state IN ('running', 'paused', 'cancelled')"
                    " AND finished IS NULL AND NOT EXISTS"
                    " (SELECT 1 FROM contact WHERE campaign = campaign.id"
                    "  AND " RF_SCHEMA_UNENDED ") LIMIT ?",
                    "i", (int64_t)RF_TAKEOVER_MAX);
    if (err != RF_OK)
        return err;
    while ((err = rf_rows_next(rows, error)) == RF_OK)
        ids[count++] = rf_rows_number(rows, 0);
    rf_rows_end(&rows);
    err = err == RF_ERR_NOT_FOUND ? RF_OK : err;
    for (size_t i = 0; err == RF_OK && i < count; i++)
        err = rf_record_finish(db, ids[i], now, error);
    return err;
}

static enum rf_err find_cancelled(struct rf_takeover *takeover, struct rf_db *db,
                                  struct rf_error *error) {
    int64_t found = 0;
    enum rf_err err = rf_db_number(db, error, &found,
                                   "SELECT EXISTS (SELECT 1 FROM campaign WHERE state = 'cancelled'"
                                   " AND finished IS NULL AND EXISTS (SELECT 1 FROM contact"
                                   "  WHERE campaign = campaign.id AND " RF_SCHEMA_UNENDED
                                   "  AND " RF_SCHEMA_IDLE "))",
                                   "");
    takeover->cancelled = found != 0;
    return err;
}

static enum rf_err find_reopening(struct rf_takeover *takeover, struct rf_db *db,
                                  struct rf_error *error) {
    int64_t found = 0;
    enum rf_err err = rf_db_number(db, error, &found, "SELECT EXISTS (SELECT 1 FROM reopen)", "");
    takeover->reopening = found != 0;
    return err;
}

// ---- streams ----

static enum rf_err read_stream(struct rf_db *db, int64_t row, struct rf_takeover_stream *stream,
                               struct rf_error *error) {
    struct rf_rows *rows;
    enum rf_err err =
        rf_db_query(db, error, &rows,
                    "SELECT name, coalesce ((SELECT min (seq) FROM outbox WHERE stream = ?), next)"
                    " FROM stream WHERE id = ?",
                    "ii", row, row);
    if (err == RF_OK && (err = rf_rows_next(rows, error)) == RF_OK) {
        stream->row = row;
        rf_plan_copy(stream->name, sizeof stream->name, rf_rows_text(rows, 0));
        stream->next = rf_rows_number(rows, 1);
    }
    rf_rows_end(&rows);
    return err;
}

static enum rf_err take_streams(struct rf_takeover *takeover, struct rf_db *db,
                                struct rf_error *error) {
    int64_t ids[RF_TAKEOVER_STREAMS] = {0};
    enum rf_err err = take(db,
                           "WITH picked AS MATERIALIZED (SELECT id FROM stream"
                           " WHERE " RF_MEMBER_ORPHANED(
                               "stream.owner") " ORDER BY id LIMIT ? /*! FOR UPDATE SKIP LOCKED */)"
                                               " UPDATE stream SET owner = ?, open = 0 WHERE id IN "
                                               "(SELECT id FROM picked) RETURNING id",
                           RF_TAKEOVER_STREAMS, ids, &takeover->stream_count, error);
    for (size_t i = 0; err == RF_OK && i < takeover->stream_count; i++)
        err = read_stream(db, ids[i], &takeover->streams[i], error);
    return err;
}

enum rf_err rf_takeover_run(struct rf_store_job *job, struct rf_db *db, struct rf_error *error) {
    struct rf_takeover *takeover = (struct rf_takeover *)job;
    rf_contact_list_clear(&takeover->contacts);
    takeover->returned = 0;
    enum rf_err err = rf_member_expire(db, error);
    if (err == RF_OK)
        err = take_streams(takeover, db, error);
    if (err == RF_OK)
        err = take_contacts(takeover, db, error);
    if (err == RF_OK)
        err = share_places(takeover, db, error);
    if (err == RF_OK)
        err = find_cancelled(takeover, db, error);
    if (err == RF_OK)
        err = find_reopening(takeover, db, error);
    if (err == RF_OK)
        err = finish_campaigns(db, takeover->now, error);
    if (err == RF_OK)
        err = rf_enqueue_left(db, RF_CONTROL_MOST, takeover->now, &takeover->starting, error);
    return err == RF_OK ? rf_counts_fold(db, error) : err;
}

enum rf_err rf_takeover_release_run(struct rf_store_job *job, struct rf_db *db,
                                    struct rf_error *error) {
    const struct rf_takeover_release *release = (const struct rf_takeover_release *)job;
    return rf_db_run(db, error,
                     "UPDATE contact SET owner = 0 WHERE id = ? AND owner = ?"
                     " AND " RF_SCHEMA_RUNNING,
                     "ii", release->contact, rf_member_of(db));
}

enum rf_err rf_takeover_open_run(struct rf_store_job *job, struct rf_db *db,
                                 struct rf_error *error) {
    struct rf_takeover_open *open = (struct rf_takeover_open *)job;
    int64_t row = 0;
    enum rf_err err =
        rf_db_number(db, error, &row,
                     "WITH picked AS MATERIALIZED (SELECT id FROM stream"
                     " WHERE open = 1 AND " RF_MEMBER_ORPHANED(
                         "stream.owner") " ORDER BY id LIMIT 1 /*! FOR UPDATE SKIP LOCKED */)"
                                         " UPDATE stream SET owner = ?"
                                         " WHERE id IN (SELECT id FROM picked) RETURNING id",
                     "i", rf_member_of(db));
    char id[RF_ULID_SIZE], name[64];
    (void)snprintf(name, sizeof name, "orchestrator-%s", rf_ulid_new(rf_clock_utc(), id));
    if (err == RF_ERR_NOT_FOUND)
        err = rf_db_number(db, error, &row,
                           "INSERT INTO stream (name, owner, next) VALUES (?, ?, 1) RETURNING id",
                           "ti", name, rf_member_of(db));
    return err == RF_OK ? read_stream(db, row, &open->stream, error) : err;
}

enum rf_err rf_takeover_forget_run(struct rf_store_job *job, struct rf_db *db,
                                   struct rf_error *error) {
    const struct rf_takeover_forget *forget = (const struct rf_takeover_forget *)job;
    return rf_db_run(db, error,
                     "DELETE FROM stream WHERE id = ? AND open = 0 AND owner = ? AND NOT EXISTS"
                     " (SELECT 1 FROM outbox WHERE stream = ?)",
                     "iii", forget->stream, rf_member_of(db), forget->stream);
}
