#include "ground.h"

#include <stdlib.h>

void rf_ground_start(struct rf_ground *ground, struct rf_timer *timer, struct rf_instant due) {
    timer->due = due;
    // As in the loop: a lease or a deadline that never ends would be worse than an end by a signal.
    if (!rf_timer_heap_put(&ground->timers, timer))
        abort();
}

void rf_ground_stop(struct rf_ground *ground, struct rf_timer *timer) {
    if (timer->place != 0)
        rf_timer_heap_take(&ground->timers, timer);
}

static void note_pause(struct rf_ground *ground, const struct rf_timer *first) {
    // What was due before the first run is of an earlier broker.
    if (first != NULL && ground->ran &&
        rf_instant_since(ground->now.instant, first->due).ns > ground->heartbeat.ns / 4)
        ground->resumed = ground->now.instant;
}

void rf_ground_run(struct rf_ground *ground) {
    struct rf_timer *timer;
    note_pause(ground, rf_timer_heap_first(&ground->timers));
    ground->ran = true;
    while ((timer = rf_timer_heap_first(&ground->timers)) != NULL &&
           !rf_instant_before(ground->now.instant, timer->due)) {
        rf_timer_heap_take(&ground->timers, timer);
        timer->fn(timer->arg);
    }
}

struct rf_instant rf_ground_lease_end(const struct rf_ground *ground, struct rf_instant heard) {
    struct rf_instant end = rf_instant_add(heard, ground->lease);
    struct rf_instant awake = rf_instant_add(ground->resumed, ground->heartbeat);
    return rf_instant_before(end, awake) ? awake : end; // a lease is longer than a heartbeat
}

bool rf_ground_listening(const struct rf_ground *ground, struct rf_instant *until) {
    *until = rf_instant_add(ground->resumed, ground->heartbeat);
    return ground->resumed.ns != 0 && rf_instant_before(ground->now.instant, *until);
}

enum rf_sent rf_ground_send(struct rf_ground *ground, const struct rf_peer *to,
                            enum rf_message_type type, const void *body) {
    size_t size = 0;
    enum rf_sent sent = ground->sink.send(ground->sink.arg, to, type, body, &size);
    ground->work += size;
    if (sent != RF_SENT_OK)
        ground->counters.sends_failed++;
    return sent;
}

enum rf_sent rf_ground_send_raw(struct rf_ground *ground, const struct rf_peer *to,
                                const struct rf_bytes *raw) {
    enum rf_sent sent = ground->sink.send_raw(ground->sink.arg, to, raw);
    if (sent != RF_SENT_OK)
        ground->counters.sends_failed++;
    return sent;
}

void rf_ground_refuse(struct rf_ground *ground, const struct rf_peer *to, const char *rid,
                      const char *code, const char *message) {
    struct rf_refusal refusal = {.rid = rid, .code = code, .message = message};
    rf_ground_send(ground, to, RF_MESSAGE_refusal, &refusal);
}
