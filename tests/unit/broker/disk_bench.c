#include "disk_bench.h"

#include <poll.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char folder[] = "/tmp/rf-disk-XXXXXX";
struct rf_disk *disk;
struct rf_disk_found found;
int64_t position;
const struct rf_disk_limits no_limits; // everything stays

int make_folder(void **state) {
    (void)state;
    strcpy(folder, "/tmp/rf-disk-XXXXXX");
    position = 0;
    return mkdtemp(folder) == NULL ? -1 : 0;
}

int remove_folder(void **state) {
    (void)state;
    rf_disk_close(&disk);
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command); // NOLINT(bugprone-command-processor,cert-env33-c): our own path
}

void open_disk(void) {
    struct rf_error error = {0};
    (void)!rf_disk_open(folder, RF_DISK_SYNC_NORMAL, &no_limits, &disk, &found, &error);
    assert_string_equal(error.message, "");
    assert_int_equal(rf_disk_start(disk, &error), RF_OK);
}

void put(struct rf_record record) {
    record.position = ++position;
    rf_disk_put(disk, &record);
}

void put_event(int64_t n, int64_t stream, int64_t seq) {
    char frame[64];
    int size = snprintf(frame, sizeof frame, "frame %lld", (long long)n);
    put((struct rf_record){.type = RF_RECORD_EVENT,
                           .number = n,
                           .at = 7,
                           .stream = stream,
                           .seq = seq,
                           .name = "a.b/c",
                           .body = frame,
                           .body_size = (size_t)size});
}

void put_stream(int64_t stream, const char *name, int64_t seq) {
    put((struct rf_record){.type = RF_RECORD_STREAM,
                           .stream = stream,
                           .name = name,
                           .seq = seq,
                           .at = 5,
                           .body = "me",
                           .body_size = 2});
}

void put_value(const char *key, int64_t version, const char *json, int64_t expires) {
    put((struct rf_record){.type = RF_RECORD_VALUE,
                           .name = key,
                           .number = version,
                           .at = expires,
                           .body = json,
                           .body_size = strlen(json)});
}

bool next_progress(struct rf_disk_progress *progress, int wait_ms) {
    struct pollfd poll_it = {.fd = rf_disk_event(disk), .events = POLLIN};
    if (poll(&poll_it, 1, wait_ms) != 1)
        return false;
    rf_disk_look(disk, progress);
    return true;
}

void await_written(void) {
    struct rf_disk_progress progress = {0};
    rf_disk_flush(disk);
    while (progress.written < position)
        assert_true(next_progress(&progress, 30000));
    assert_int_equal(progress.written, position);
    assert_false(progress.failing);
}

// ---- what is found, as text ----

static char text[65536];
int64_t events_found, last_event, last_seq;

static void add(const char *format, ...) RF_PRINTF(1, 2);
static void add(const char *format, ...) {
    size_t length = strlen(text);
    va_list args;
    va_start(args, format);
    vsnprintf(text + length, sizeof text - length, format, args);
    va_end(args);
}

char starts_found[4096];

static enum rf_err on_start(void *arg, const char *start, int64_t reached) {
    (void)arg;
    size_t length = strlen(starts_found);
    snprintf(starts_found + length, sizeof starts_found - length, "%s %lld\n", start,
             (long long)reached);
    return RF_OK;
}

static enum rf_err on_stream(void *arg, int64_t stream, const char *name, int64_t last,
                             const char *owner, int64_t heard) {
    (void)arg;
    last_seq = last;
    add("stream %lld %s %lld %s %lld\n", (long long)stream, name, (long long)last, owner,
        (long long)heard);
    return RF_OK;
}

static enum rf_err on_value(void *arg, const char *key, int64_t version, const char *json,
                            size_t size, int64_t expires) {
    (void)arg;
    add("value %s %lld %.*s %lld\n", key, (long long)version, (int)size, json, (long long)expires);
    return RF_OK;
}

static enum rf_err on_event(void *arg, int64_t n, const char *topic, const void *frame,
                            size_t size) {
    char expected[64];
    snprintf(expected, sizeof expected, "frame %lld", (long long)n);
    assert_int_equal(size, strlen(expected));
    assert_memory_equal(frame, expected, size);
    if (arg != NULL)
        add("event %lld %s\n", (long long)n, topic);
    assert_true(n > last_event);
    last_event = n;
    events_found++;
    return RF_OK;
}

const char *load(int64_t tail, bool each) {
    struct rf_disk_taker taker = {each ? text : NULL, on_start, on_stream, on_value, on_event};
    struct rf_error error = {0};
    text[0] = starts_found[0] = '\0';
    events_found = last_event = last_seq = 0;
    (void)!rf_disk_open(folder, RF_DISK_SYNC_NORMAL, &no_limits, &disk, &found, &error);
    assert_string_equal(error.message, "");
    (void)!rf_disk_load(disk, tail, &taker, &error);
    assert_string_equal(error.message, "");
    return text;
}

void run_sql(const char *sql) {
    sqlite3 *db;
    char path[64];
    snprintf(path, sizeof path, "%s/broker.db", folder);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}
