// From the core to the sockets and the disk.
#include <unistd.h>

#include <ringfence/id.h>

#include "base/log.h"
#include "broker.h"

static enum rf_sent on_send(void *arg, const struct rf_peer *to, enum rf_message_type type,
                            const void *body) {
    struct broker *broker = arg;
    struct rf_frame frame;
    struct rf_error error;
    if (rf_wire_encode(type, body, &frame, &error) != RF_OK) {
        rf_log(RF_LOG_WARNING, "cannot send %s: %s", rf_message_type_name(type), error.message);
        return RF_SENT_FAILED;
    }
    enum rf_sent sent = rf_endpoints_send(&broker->endpoints, to, frame.data, frame.size);
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

static void on_reserve(void *arg, int line) {
    struct broker *broker = arg;
    rf_keeper_ask(&broker->keeper, (enum rf_line)line);
}

static void on_reserved(void *arg, int fd, unsigned events) {
    (void)events;
    struct broker *broker = arg;
    uint64_t count;
    if (read(fd, &count, sizeof count) < 0)
        return;
    struct rf_now now = broker_now(broker);
    for (int line = 0; line < RF_LINE_COUNT; line++) {
        bool failed;
        int64_t reserved = rf_keeper_reserved(&broker->keeper, (enum rf_line)line, &failed);
        if (failed)
            rf_log(RF_LOG_ERROR, "%s: cannot reserve numbers; tried again every second",
                   broker->dir.path);
        else
            rf_core_extend(broker->core, &now, (enum rf_line)line, reserved);
    }
}

struct rf_sink broker_sink(struct broker *broker) {
    return (struct rf_sink){broker, on_send, on_publish, on_new_id, on_reserve};
}

enum rf_err broker_watch_keeper(struct broker *broker, struct rf_error *error) {
    enum rf_err err = rf_loop_fd_set(broker->process->loop, broker->keeper.event_fd, RF_LOOP_READ,
                                     on_reserved, broker);
    return err == RF_OK ? RF_OK : rf_error_set(error, err, "cannot watch the disk's thread");
}

void broker_unwatch_keeper(struct broker *broker) {
    if (broker->keeper.event_fd >= 0)
        (void)!rf_loop_fd_set(broker->process->loop, broker->keeper.event_fd, 0, NULL, NULL);
}
