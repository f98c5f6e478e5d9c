#include "disk_writer.h"

#include <stdlib.h>

#include "store/sql.h"

// Written so that a group can be carried out again, should a commit that was told to have failed be
// there after all.
static const char *const texts[RF_DISK_STATEMENTS] = {
    [RF_DISK_BEGIN] = "BEGIN IMMEDIATE",
    [RF_DISK_COMMIT] = "COMMIT",
    [RF_DISK_ROLLBACK] = "ROLLBACK",
    [RF_DISK_EVENT] = "INSERT OR REPLACE INTO events (n, at, topic, frame) VALUES (?, ?, ?, ?)",
    [RF_DISK_STREAM] =
        "INSERT OR REPLACE INTO streams (id, name, last, heard, owner) VALUES (?, ?, ?, ?, ?)",
    [RF_DISK_STREAM_SEQ] = "UPDATE streams SET last = ?2, heard = ?3 WHERE id = ?1",
    [RF_DISK_STREAM_GONE] = "DELETE FROM streams WHERE id = ?",
    [RF_DISK_VALUE] =
        "INSERT OR REPLACE INTO state (key, version, value, expires) VALUES (?, ?, ?, ?)",
    [RF_DISK_VALUE_GONE] = "DELETE FROM state WHERE key = ?",
    [RF_DISK_VERSION] = "UPDATE marks SET version = ?",
};

enum rf_err rf_disk_writer_open(struct rf_disk_writer *writer, sqlite3 *db,
                                struct rf_error *error) {
    *writer = (struct rf_disk_writer){.db = db};
    for (int i = 0; i < RF_DISK_STATEMENTS; i++) {
        if (sqlite3_prepare_v3(db, texts[i], -1, SQLITE_PREPARE_PERSISTENT, &writer->statements[i],
                               NULL) != SQLITE_OK)
            return rf_sql_fail(db, error);
    }
    return RF_OK;
}

void rf_disk_writer_close(struct rf_disk_writer *writer) {
    for (int i = 0; i < RF_DISK_STATEMENTS; i++)
        sqlite3_finalize(writer->statements[i]);
    free(writer->moved);
    *writer = (struct rf_disk_writer){0};
}

static void bind_text(sqlite3_stmt *statement, int place, const char *text) {
    sqlite3_bind_text(statement, place, text, -1, SQLITE_STATIC);
}

// A binding can fail for want of memory alone; the step then misses a value that may not be NULL,
// and fails as well.
static enum rf_err step(struct rf_disk_writer *writer, enum rf_disk_statement which,
                        struct rf_error *error) {
    sqlite3_stmt *statement = writer->statements[which];
    int code = sqlite3_step(statement);
    enum rf_err err = code == SQLITE_DONE ? RF_OK : rf_sql_fail(writer->db, error);
    sqlite3_reset(statement);
    return err;
}

// ---- one record ----

static enum rf_err move_on(struct rf_disk_writer *writer, const struct rf_record *record,
                           struct rf_error *error) {
    struct rf_disk_moved moved = {record->stream, record->seq, record->at};
    // Most often it is the same one again.
    for (size_t i = writer->moved_count; i > 0; i--) {
        if (writer->moved[i - 1].stream == record->stream) {
            writer->moved[i - 1] = moved;
            return RF_OK;
        }
    }
    if (writer->moved_count == writer->moved_room) {
        size_t room = writer->moved_room == 0 ? 64 : writer->moved_room * 2;
        struct rf_disk_moved *array = realloc(writer->moved, room * sizeof *array);
        if (array == NULL)
            return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
        writer->moved = array;
        writer->moved_room = room;
    }
    writer->moved[writer->moved_count++] = moved;
    return RF_OK;
}

static enum rf_err write_event(struct rf_disk_writer *writer, const struct rf_record *record,
                               struct rf_error *error) {
    sqlite3_stmt *statement = writer->statements[RF_DISK_EVENT];
    sqlite3_bind_int64(statement, 1, record->number);
    sqlite3_bind_int64(statement, 2, record->at);
    bind_text(statement, 3, record->name);
    sqlite3_bind_blob64(statement, 4, record->body, record->body_size, SQLITE_STATIC);
    enum rf_err err = step(writer, RF_DISK_EVENT, error);
    writer->events++;
    writer->last = record->number;
    if (err == RF_OK && record->stream != 0)
        err = move_on(writer, record, error);
    return err;
}

static enum rf_err write_stream(struct rf_disk_writer *writer, const struct rf_record *record,
                                struct rf_error *error) {
    sqlite3_stmt *statement = writer->statements[RF_DISK_STREAM];
    sqlite3_bind_int64(statement, 1, record->stream);
    bind_text(statement, 2, record->name);
    sqlite3_bind_int64(statement, 3, record->seq);
    sqlite3_bind_int64(statement, 4, record->at);
    sqlite3_bind_text64(statement, 5, record->body, record->body_size, SQLITE_STATIC, SQLITE_UTF8);
    return step(writer, RF_DISK_STREAM, error);
}

static enum rf_err forget_stream(struct rf_disk_writer *writer, const struct rf_record *record,
                                 struct rf_error *error) {
    sqlite3_bind_int64(writer->statements[RF_DISK_STREAM_GONE], 1, record->stream);
    return step(writer, RF_DISK_STREAM_GONE, error);
}

static enum rf_err write_value(struct rf_disk_writer *writer, const struct rf_record *record,
                               struct rf_error *error) {
    sqlite3_stmt *statement = writer->statements[RF_DISK_VALUE];
    bind_text(statement, 1, record->name);
    sqlite3_bind_int64(statement, 2, record->number);
    sqlite3_bind_text64(statement, 3, record->body, record->body_size, SQLITE_STATIC, SQLITE_UTF8);
    sqlite3_bind_int64(statement, 4, record->at);
    writer->version = record->number;
    return step(writer, RF_DISK_VALUE, error);
}

static enum rf_err delete_value(struct rf_disk_writer *writer, const struct rf_record *record,
                                struct rf_error *error) {
    bind_text(writer->statements[RF_DISK_VALUE_GONE], 1, record->name);
    return step(writer, RF_DISK_VALUE_GONE, error);
}

static enum rf_err write_record(struct rf_disk_writer *writer, const struct rf_record *record,
                                struct rf_error *error) {
    switch (record->type) {
    case RF_RECORD_EVENT:
        return write_event(writer, record, error);
    case RF_RECORD_STREAM:
        return write_stream(writer, record, error);
    case RF_RECORD_STREAM_SEQ:
        return move_on(writer, record, error);
    case RF_RECORD_STREAM_GONE:
        return forget_stream(writer, record, error);
    case RF_RECORD_VALUE:
        return write_value(writer, record, error);
    case RF_RECORD_VALUE_GONE:
        return delete_value(writer, record, error);
    }
    return rf_error_set(error, RF_ERR_INVALID, "a record of an unknown type");
}

// ---- a group ----

// What many records of the group have changed is written once.
static enum rf_err write_sums(struct rf_disk_writer *writer, struct rf_error *error) {
    enum rf_err err = RF_OK;
    sqlite3_stmt *statement = writer->statements[RF_DISK_STREAM_SEQ];
    for (size_t i = 0; err == RF_OK && i < writer->moved_count; i++) {
        sqlite3_bind_int64(statement, 1, writer->moved[i].stream);
        sqlite3_bind_int64(statement, 2, writer->moved[i].seq);
        sqlite3_bind_int64(statement, 3, writer->moved[i].at);
        err = step(writer, RF_DISK_STREAM_SEQ, error);
    }
    if (err == RF_OK && writer->version != 0) {
        sqlite3_bind_int64(writer->statements[RF_DISK_VERSION], 1, writer->version);
        err = step(writer, RF_DISK_VERSION, error);
    }
    return err;
}

static enum rf_err write_records(struct rf_disk_writer *writer, const struct rf_disk_queue *queue,
                                 size_t *at, int64_t *position, struct rf_error *error) {
    size_t from = *at, next = *at, count = 0;
    struct rf_record record;
    while (rf_disk_queue_get(queue, &next, &record)) {
        bool full = count >= RF_DISK_GROUP_RECORDS || *at - from >= RF_DISK_GROUP_BYTES;
        if (full && !record.joined)
            break;
        enum rf_err err = write_record(writer, &record, error);
        if (err != RF_OK)
            return err;
        *at = next;
        *position = record.position;
        count++;
    }
    return write_sums(writer, error);
}

enum rf_err rf_disk_writer_group(struct rf_disk_writer *writer, const struct rf_disk_queue *queue,
                                 size_t *at, int64_t *position, struct rf_error *error) {
    size_t behind = *at;
    int64_t reached = *position;
    writer->moved_count = 0;
    writer->version = writer->events = 0;
    enum rf_err err = step(writer, RF_DISK_BEGIN, error);
    if (err == RF_OK)
        err = write_records(writer, queue, &behind, &reached, error);
    if (err == RF_OK)
        err = rf_sql_in_place(writer->db, error);
    if (err == RF_OK)
        err = step(writer, RF_DISK_COMMIT, error);
    if (err != RF_OK) {
        // A full disk may have ended the transaction already.
        if (!sqlite3_get_autocommit(writer->db))
            (void)!step(writer, RF_DISK_ROLLBACK, NULL);
        return err;
    }
    *at = behind;
    *position = reached;
    return RF_OK;
}
