// From the core to the sockets and the disk.
#include <stdlib.h>
#include <string.h>

#include <ringfence/id.h>

#include "base/log.h"
#include "broker.h"

#define HOLDS_PAUSE (10 * RF_NS_PER_S)

static enum rf_sent on_send(void *arg, const struct rf_peer *to, enum rf_message_type type,
                            const void *body, size_t *size) {
    struct broker *broker = arg;
    // Whose key is no longer let in is told that, and nothing else.
    if (to->who != NULL && to->who->roles == 0 && type != RF_MESSAGE_refusal)
        return RF_SENT_GONE;
    struct rf_frame frame;
    struct rf_error error;
    if (rf_wire_encode(type, body, &frame, &error) != RF_OK) {
        rf_log(RF_LOG_WARNING, "cannot send %s: %s", rf_message_type_name(type), error.message);
        return RF_SENT_FAILED;
    }
    *size = frame.size;
    enum rf_sent sent = rf_endpoints_send(&broker->endpoints, to, &frame);
    rf_frame_free(&frame);
    return sent;
}

void broker_flush_replies(struct broker *broker) {
    broker->core->ground.counters.replies_undeliverable +=
        (int64_t)rf_endpoints_flush(&broker->endpoints);
}

static enum rf_sent send_reply(struct broker *broker, const struct rf_peer *to,
                               const struct rf_bytes *raw) {
    if (broker->endpoints.reply_count == RF_ENDPOINTS_REPLIES)
        broker_flush_replies(broker);
    return rf_endpoints_reply(&broker->endpoints, to, raw) ? RF_SENT_OK : RF_SENT_FULL;
}

static enum rf_sent on_send_raw(void *arg, const struct rf_peer *to, const struct rf_bytes *raw) {
    struct broker *broker = arg;
    struct rf_frame frame = {(void *)raw->data, raw->size};
    if (raw->size < RF_UNREAD_LARGE && to->socket == RF_SOCKET_CALLS)
        return send_reply(broker, to, raw);
    if (raw->size < RF_UNREAD_LARGE) // copied, not taken over
        return rf_endpoints_send(&broker->endpoints, to, &frame);
    frame.data = malloc(raw->size);
    if (frame.data == NULL)
        return RF_SENT_FULL;
    memcpy(frame.data, raw->data, raw->size);
    enum rf_sent sent = rf_endpoints_send(&broker->endpoints, to, &frame);
    rf_frame_free(&frame);
    return sent;
}

static void on_publish(void *arg, const char *topic, const void *frame, size_t size) {
    struct broker *broker = arg;
    rf_endpoints_publish(&broker->endpoints, topic, frame, size);
}

static void on_new_id(void *arg, struct rf_utc now, char out[RF_ULID_SIZE]) {
    (void)arg;
    rf_ulid_new(now, out);
}

static void on_write(void *arg, const struct rf_record *record) {
    struct broker *broker = arg;
    rf_disk_put(broker->disk, record);
}

static void on_read(void *arg, struct rf_page *page) {
    struct broker *broker = arg;
    rf_reader_ask(broker->reader, page);
}

static void on_spare(void *arg, int64_t number) {
    struct broker *broker = arg;
    rf_disk_spare(broker->disk, number);
}

// Once a change, and not for a disk that is late every now and then.
void broker_tell_health(struct broker *broker) {
    const struct rf_scribe *scribe = &broker->core->scribe;
    const char *path = rf_disk_path(broker->disk);
    if (scribe->failing != broker->disk_fails) {
        broker->disk_fails = scribe->failing;
        if (scribe->failing)
            rf_log(RF_LOG_ERROR,
                   "%s: cannot be written: %s; nothing is acknowledged until it can, "
                   "which is tried every second",
                   path, scribe->why);
        else
            rf_log(RF_LOG_WARNING, "%s: is written again, nothing was lost", path);
    }
    if (scribe->held != broker->holds) {
        struct rf_instant now = rf_loop_now(broker->process->loop);
        bool often = rf_instant_since(now, broker->holds_told).ns < HOLDS_PAUSE;
        if (scribe->held && often && !scribe->failing)
            return;
        broker->holds = scribe->held;
        if (scribe->held)
            broker->holds_told = now;
        rf_log(RF_LOG_WARNING,
               scribe->held ? "%s: publishers are held back: too much waits to be written"
                            : "%s: publishers are no longer held back",
               path);
    }
}

void broker_tell_foreign(struct broker *broker) {
    if (broker->foreign_told || broker->core->ground.counters.places_foreign == 0)
        return;
    broker->foreign_told = true;
    rf_log(RF_LOG_WARNING,
           "%s: a subscriber has read what this journal does not have: the database is another "
           "one, or an older copy; it goes on with what is here, and says so (journal.replaced)",
           rf_disk_path(broker->disk));
}

void broker_hear_disk(struct broker *broker) {
    struct rf_disk_progress progress;
    struct rf_now now = broker_now(broker);
    rf_disk_look(broker->disk, &progress);
    struct rf_kept kept = {progress.trimmed, progress.events, progress.bytes};
    rf_core_kept(broker->core, &now, &kept);
    rf_core_disk(broker->core, &now, progress.failing ? progress.why : NULL);
    rf_core_written(broker->core, &now, progress.written);
}

static void on_disk(void *arg, int fd, unsigned events) {
    (void)fd;
    (void)events;
    struct broker *broker = arg;
    broker_hear_disk(broker);
    broker_settle(broker);
}

static void on_pages(void *arg, int fd, unsigned events) {
    (void)fd;
    (void)events;
    struct broker *broker = arg;
    struct rf_now now = broker_now(broker);
    struct rf_page *page;
    rf_core_turn(broker->core);
    while (!rf_core_turn_over(broker->core) && (page = rf_reader_take(broker->reader)) != NULL) {
        if (page->failed)
            // An event of it would make its readers ask for the next page that cannot be read.
            rf_log_alone(RF_LOG_ERROR, "%s: a page of events cannot be read: %s",
                         rf_disk_path(broker->disk), page->why);
        rf_core_page(broker->core, &now, &page);
    }
    broker_settle(broker);
}

struct rf_sink broker_sink(struct broker *broker) {
    return (struct rf_sink){broker,    on_send,  on_send_raw, on_publish,
                            on_new_id, on_write, on_read,     on_spare};
}

enum rf_err broker_watch_disk(struct broker *broker, struct rf_error *error) {
    struct rf_loop *loop = broker->process->loop;
    enum rf_err err =
        rf_loop_fd_set(loop, rf_disk_event(broker->disk), RF_LOOP_READ, on_disk, broker);
    if (err == RF_OK)
        err = rf_loop_fd_set(loop, rf_reader_event(broker->reader), RF_LOOP_READ, on_pages, broker);
    return err == RF_OK ? RF_OK : rf_error_set(error, err, "cannot watch the disk's threads");
}

void broker_unwatch_disk(struct broker *broker) {
    struct rf_loop *loop = broker->process->loop;
    if (broker->disk != NULL)
        (void)!rf_loop_fd_set(loop, rf_disk_event(broker->disk), 0, NULL, NULL);
    if (broker->reader != NULL)
        (void)!rf_loop_fd_set(loop, rf_reader_event(broker->reader), 0, NULL, NULL);
}
