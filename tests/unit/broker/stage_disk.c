// The stage's disk: what it was told to keep, and a broker that goes on from it.
#include <stdio.h>
#include <stdlib.h>

#include "stage.h"

#include "keyring.h"

// The state of the tables that the records up to `written` make, as the real disk has them.
struct tables {
    struct rf_record *streams, *values, *events; // borrowed texts and bytes
    size_t stream_count, value_count, event_count;
    int64_t last, version, stream;
};

static struct rf_record *row_of(struct rf_record *rows, size_t count, const struct rf_record *like,
                                bool by_name) {
    for (size_t i = 0; i < count; i++) {
        if (by_name ? strcmp(rows[i].name, like->name) == 0 : rows[i].stream == like->stream)
            return &rows[i];
    }
    return NULL;
}

static void remove_row(struct rf_record *rows, size_t *count, struct rf_record *row) {
    if (row != NULL)
        *row = rows[--*count];
}

static void move_stream(struct tables *tables, const struct rf_record *record) {
    struct rf_record *row = row_of(tables->streams, tables->stream_count, record, false);
    if (row != NULL) {
        row->seq = record->seq;
        row->at = record->at;
    }
}

static void apply(struct tables *tables, const struct rf_record *record) {
    switch (record->type) {
    case RF_RECORD_EVENT:
        assert_true(record->number > tables->last);
        tables->events[tables->event_count++] = *record;
        tables->last = record->number;
        if (record->stream != 0)
            move_stream(tables, record);
        break;
    case RF_RECORD_STREAM:
        remove_row(tables->streams, &tables->stream_count,
                   row_of(tables->streams, tables->stream_count, record, false));
        assert_null(row_of(tables->streams, tables->stream_count, record, true));
        tables->streams[tables->stream_count++] = *record;
        if (record->stream > tables->stream)
            tables->stream = record->stream;
        break;
    case RF_RECORD_STREAM_SEQ:
        move_stream(tables, record);
        break;
    case RF_RECORD_STREAM_GONE:
        remove_row(tables->streams, &tables->stream_count,
                   row_of(tables->streams, tables->stream_count, record, false));
        break;
    case RF_RECORD_VALUE:
        assert_true(record->number > tables->version);
        tables->version = record->number;
        remove_row(tables->values, &tables->value_count,
                   row_of(tables->values, tables->value_count, record, true));
        tables->values[tables->value_count++] = *record;
        break;
    case RF_RECORD_VALUE_GONE:
        remove_row(tables->values, &tables->value_count,
                   row_of(tables->values, tables->value_count, record, true));
        break;
    }
}

// What was kept becomes history: position 0, in the queue of the next broker.
static void keep_history(struct stage *stage, const struct rf_disk_queue *old) {
    struct rf_record record;
    size_t at = 0;
    while (rf_disk_queue_get(old, &at, &record)) {
        if (record.position > stage->written)
            break;
        record.position = 0;
        assert_true(rf_disk_queue_put(&stage->disk, &record));
    }
    stage->given = stage->written = 0;
}

static void read_tables(const struct stage *stage, struct tables *tables) {
    struct rf_record record;
    size_t at = 0, count = stage->disk.count + 1;
    *tables = (struct tables){.streams = calloc(count, sizeof record),
                              .values = calloc(count, sizeof record),
                              .events = calloc(count, sizeof record)};
    while (rf_disk_queue_get(&stage->disk, &at, &record))
        apply(tables, &record);
}

static void add_start(struct stage *stage, int64_t last) {
    int64_t *reached = realloc(stage->reached, (stage->start_count + 1) * sizeof *reached);
    assert_non_null(reached);
    stage->reached = reached;
    reached[stage->start_count++] =
        last > stage->settings.found.last ? last : stage->settings.found.last;
    snprintf(stage->start, sizeof stage->start, "start-%zu", stage->start_count + 1);
    stage->settings.found.start = stage->start;
}

static void restore(struct stage *stage, const struct tables *tables) {
    for (size_t i = 0; i < stage->start_count; i++) {
        char id[32];
        snprintf(id, sizeof id, "start-%zu", i + 1);
        assert_int_equal(rf_core_restore_start(stage->core, id, stage->reached[i]), RF_OK);
    }
    for (size_t i = 0; i < tables->stream_count; i++) {
        const struct rf_record *row = &tables->streams[i];
        char owner[RF_CURVE_NAME_SIZE];
        snprintf(owner, sizeof owner, "%.*s", (int)row->body_size, (const char *)row->body);
        assert_int_equal(rf_core_restore_stream(stage->core, row->stream, row->name, row->seq,
                                                owner, (struct rf_utc){row->at}),
                         RF_OK);
    }
    for (size_t i = 0; i < tables->value_count; i++) {
        const struct rf_record *row = &tables->values[i];
        assert_int_equal(rf_core_restore_value(stage->core, row->name, row->number, row->body,
                                               row->body_size, (struct rf_utc){row->at}),
                         RF_OK);
    }
    for (size_t i = 0; i < tables->event_count; i++) {
        const struct rf_record *row = &tables->events[i];
        assert_int_equal(
            rf_core_restore_event(stage->core, row->number, row->name, row->body, row->body_size),
            RF_OK);
    }
}

void stage_restart(struct stage *stage, const char *instance, int64_t passed_over) {
    struct rf_disk_queue old = stage->disk;
    struct tables tables;
    stage->disk = (struct rf_disk_queue){0};
    stage_destroy_core(stage);
    keep_history(stage, &old);
    rf_disk_queue_fini(&old);
    read_tables(stage, &tables);
    add_start(stage, tables.last);
    stage->passed_over += passed_over;
    stage->settings.instance = instance;
    stage->settings.found.last = tables.last + stage->passed_over;
    stage->settings.found.version = tables.version + stage->passed_over;
    stage->settings.found.stream = tables.stream;
    // Restoring puts nothing into the queue, on whose memory the tables stand.
    stage_start(stage);
    restore(stage, &tables);
    free(tables.streams);
    free(tables.values);
    free(tables.events);
    rf_core_begin(stage->core);
    stage_settle(stage);
}

// Position of the last record to be kept with the one `count` further: what belongs together is
// kept together.
static int64_t some_further(const struct stage *stage, int64_t count) {
    struct rf_record record;
    size_t at = 0;
    int64_t position = stage->written + count;
    while (rf_disk_queue_get(&stage->disk, &at, &record)) {
        if (record.position == position + 1 && record.joined)
            position++;
    }
    return position < stage->given ? position : stage->given;
}

void stage_write_some(struct stage *stage, int64_t count) {
    stage_write(stage, some_further(stage, count));
}

void stage_write_untold(struct stage *stage, int64_t count) {
    stage->written = some_further(stage, count);
}
