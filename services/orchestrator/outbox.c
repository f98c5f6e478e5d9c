#include "outbox.h"

#include <stdlib.h>
#include <string.h>

#include "base/crash_point.h"
#include "base/log.h"
#include "notice.h"
#include "store/db.h"

#define PAGE 256
// After anything but a full stream was in the way.
#define TRY_AGAIN rf_seconds(1)

struct page_job {
    struct rf_store_job job;
    struct rf_outbox *outbox;
    uint64_t next;
    size_t count;
    struct {
        uint64_t seq;
        char *text;
    } rows[PAGE];
};

struct delete_job {
    struct rf_store_job job;
    struct rf_outbox *outbox;
    uint64_t seq;
};

// ---- after the acknowledgement ----

static enum rf_err delete_run(struct rf_store_job *job, struct rf_db *db, struct rf_error *error) {
    const struct delete_job *delete = (struct delete_job *)job;
    RF_CRASH_POINT(orchestrator, outbox_before_delete);
    return rf_db_run(db, error, "DELETE FROM outbox WHERE stream = ? AND seq <= ?", "ii",
                     delete->outbox->row, (int64_t) delete->seq);
}

static void delete_more(struct rf_outbox *outbox);

static void delete_done(struct rf_store_job *job, enum rf_err result,
                        const struct rf_error *error) {
    struct delete_job *delete = (struct delete_job *)job;
    struct rf_outbox *outbox = delete->outbox;
    outbox->deleting = false;
    if (result == RF_OK)
        outbox->deleted = delete->seq;
    else if (result != RF_ERR_CLOSED)
        rf_log(RF_LOG_WARNING, "outbox: sent events stay for a moment: %s", error->message);
    free(delete);
    if (result == RF_OK)
        delete_more(outbox);
    else if (result != RF_ERR_CLOSED && outbox->stream)
        rf_outbox_kick_later(outbox); // no acknowledgement may be to come
    outbox->settled(outbox->arg);
}

static void delete_more(struct rf_outbox *outbox) {
    if (outbox->deleting || outbox->acked <= outbox->deleted)
        return;
    struct delete_job *delete = calloc(1, sizeof *delete);
    if (!delete) {
        rf_outbox_kick_later(outbox);
        return;
    }
    delete->job.run = delete_run;
    delete->job.done = delete_done;
    delete->outbox = outbox;
    delete->seq = outbox->acked;
    outbox->deleting = true;
    rf_store_submit(outbox->store, &delete->job);
}

static void on_acked(void *arg, uint64_t seq) {
    struct rf_outbox *outbox = arg;
    RF_CRASH_POINT(orchestrator, outbox_acknowledged);
    if (seq > outbox->acked)
        outbox->acked = seq;
    // It was sent in an earlier life, whose deletion did not come to the disk.
    if (seq >= outbox->next)
        outbox->next = seq + 1;
    delete_more(outbox);
    if (outbox->blocked) {
        outbox->blocked = false;
        rf_outbox_kick(outbox);
    }
}

// ---- publishing ----

static enum rf_err page_run(struct rf_store_job *job, struct rf_db *db, struct rf_error *error) {
    struct page_job *page = (struct page_job *)job;
    struct rf_rows *rows;
    enum rf_err err = rf_db_query(db, error, &rows,
                                  "SELECT seq, event FROM outbox WHERE stream = ? AND seq >= ?"
                                  " ORDER BY seq LIMIT ?",
                                  "iii", page->outbox->row, (int64_t)page->next, (int64_t)PAGE);
    if (err != RF_OK)
        return err;
    while ((err = rf_rows_next(rows, error)) == RF_OK) {
        const char *text = rf_rows_text(rows, 1);
        page->rows[page->count].seq = (uint64_t)rf_rows_number(rows, 0);
        page->rows[page->count].text = strdup(text ? text : "");
        if (!page->rows[page->count].text) {
            err = rf_error_set(error, RF_ERR_NOMEM, "out of memory");
            break;
        }
        page->count++;
    }
    rf_rows_end(&rows);
    return err == RF_ERR_NOT_FOUND ? RF_OK : err;
}

// False: the stream takes no more for now.
static bool publish(struct rf_outbox *outbox, uint64_t seq, const char *text) {
    struct rf_error error = {0};
    struct rf_event event;
    json_t *root;
    if (seq < outbox->next)
        return true;
    enum rf_err err = rf_notice_parse(text, &event, &root, &error);
    if (err == RF_OK) {
        RF_CRASH_POINT(orchestrator, outbox_before_publish);
        err = rf_stream_publish(outbox->stream, seq, &event, &error);
        json_decref(root);
    }
    if (err == RF_OK) {
        outbox->next = seq + 1;
        return true;
    }
    if (err == RF_ERR_FULL) {
        outbox->blocked = true;
        return false;
    }
    if (outbox->told != seq)
        rf_log(RF_LOG_ERROR, "outbox: event %llu cannot be published, tried again every second: %s",
               (unsigned long long)seq, error.message);
    outbox->told = seq;
    rf_outbox_kick_later(outbox);
    return false;
}

static void page_done(struct rf_store_job *job, enum rf_err result, const struct rf_error *error) {
    struct page_job *page = (struct page_job *)job;
    struct rf_outbox *outbox = page->outbox;
    outbox->reading = false;
    bool more = outbox->again || page->count == PAGE;
    bool going = result == RF_OK && outbox->stream;
    bool failed = result != RF_OK && result != RF_ERR_CLOSED;
    if (failed && !outbox->unread)
        rf_log(RF_LOG_WARNING, "outbox: cannot be read, tried again every second: %s",
               error->message);
    outbox->unread = failed;
    if (failed && outbox->stream)
        rf_outbox_kick_later(outbox);
    for (size_t i = 0; i < page->count; i++) {
        going = going && publish(outbox, page->rows[i].seq, page->rows[i].text);
        free(page->rows[i].text);
    }
    free(page);
    outbox->again = false;
    outbox->ended = going && !more;
    if (going && more)
        rf_outbox_kick(outbox);
    outbox->settled(outbox->arg);
}

void rf_outbox_kick(struct rf_outbox *outbox) {
    if (outbox->reading || outbox->blocked) {
        outbox->again = true;
        return;
    }
    struct page_job *page = calloc(1, sizeof *page);
    if (!page) {
        rf_log(RF_LOG_WARNING, "outbox: out of memory, events wait");
        rf_outbox_kick_later(outbox);
        return;
    }
    page->job.run = page_run;
    page->job.done = page_done;
    page->outbox = outbox;
    page->next = outbox->next;
    outbox->reading = true;
    rf_store_submit(outbox->store, &page->job);
}

static void on_later(void *arg) {
    struct rf_outbox *outbox = arg;
    delete_more(outbox);
    rf_outbox_kick(outbox);
}

void rf_outbox_kick_later(struct rf_outbox *outbox) {
    rf_timer_after(&outbox->later, TRY_AGAIN);
}

bool rf_outbox_idle(const struct rf_outbox *outbox) {
    return !outbox->reading && !outbox->again;
}

bool rf_outbox_empty(const struct rf_outbox *outbox) {
    return outbox->ended && rf_outbox_idle(outbox) && !outbox->deleting &&
           outbox->deleted + 1 >= outbox->next;
}

enum rf_err rf_outbox_open(struct rf_outbox *outbox, const struct rf_takeover_stream *stream,
                           struct rf_loop *loop, struct rf_store *store, struct rf_bus *bus,
                           void (*settled)(void *arg), void *arg, struct rf_error *error) {
    *outbox =
        (struct rf_outbox){.row = stream->row, .store = store, .settled = settled, .arg = arg};
    rf_timer_init(&outbox->later, loop, on_later, outbox);
    outbox->next = (uint64_t)stream->next;
    outbox->acked = outbox->deleted = outbox->next - 1;
    enum rf_err err =
        rf_stream_new(bus, stream->name, outbox->next, on_acked, outbox, &outbox->stream, error);
    if (err == RF_OK)
        rf_outbox_kick(outbox);
    return err;
}

void rf_outbox_close(struct rf_outbox *outbox) {
    if (outbox->later.loop)
        rf_timer_stop(&outbox->later);
    rf_stream_destroy(&outbox->stream);
}
