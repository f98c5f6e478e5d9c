// When a transfer is given up for the time that it takes. libcurl knows a limit for the connection
// and one for the whole, and counts neither while a transfer waits to share another one's
// connection; its low-speed limit also counts the time in which the provider works on its answer.
// So the limits are ours, on one timer a transfer:
//
//   start ... connection stands ... first byte of the body ... end
//   |- connect_timeout -|- first_byte_timeout -|- stall_timeout, min_speed, over and over -|
//   |-------------------------------- timeout -------------------------------------------|
#include <stdio.h>

#include "http/transfer.h"

static struct rf_instant earlier(struct rf_instant a, struct rf_instant b) {
    return rf_instant_before(b, a) ? b : a;
}

static bool is_over(struct rf_instant since, struct rf_duration limit, struct rf_instant now) {
    return limit.ns > 0 && rf_instant_since(now, since).ns >= limit.ns;
}

static struct rf_instant next_due(const struct rf_http_transfer *t) {
    struct rf_instant due = rf_instant_add(t->started, t->timeout);
    if (t->begun == 0)
        return earlier(due, rf_instant_add(t->started, t->connect_timeout));
    if (t->body_size == 0)
        return t->first_byte_timeout.ns > 0
                   ? earlier(due, rf_instant_add(t->stood, t->first_byte_timeout))
                   : due;
    if (t->stall_timeout.ns > 0) {
        due = earlier(due, rf_instant_add(t->last_byte, t->stall_timeout));
        if (t->min_speed_bytes > 0)
            due = earlier(due, rf_instant_add(t->paced, t->stall_timeout));
    }
    return due;
}

// Most transfers end before the first limit: the timer is moved only to an earlier moment, and one
// that finds itself too early goes on.
static void arm(struct rf_http_transfer *t) {
    struct rf_instant due = next_due(t);
    if (!rf_timer_running(&t->timer) || rf_instant_before(due, t->timer.due))
        rf_timer_at(&t->timer, due);
}

// Whether the body came too slowly since `paced`; if not, a new count begins.
static bool is_too_slow(struct rf_http_transfer *t, struct rf_instant now) {
    if (t->min_speed_bytes == 0 || !is_over(t->paced, t->stall_timeout, now))
        return false;
    double seconds = (double)rf_instant_since(now, t->paced).ns / (double)RF_NS_PER_S;
    if ((double)t->paced_bytes < (double)t->min_speed_bytes * seconds)
        return true;
    t->paced = now;
    t->paced_bytes = 0;
    return false;
}

static double seconds_of(struct rf_duration d) {
    return (double)d.ns / (double)RF_NS_PER_S;
}

static void on_timer(void *arg) {
    struct rf_http_transfer *t = arg;
    struct rf_instant now = rf_loop_now(t->http->loop);
    char words[96];
    if (is_over(t->started, t->timeout, now)) {
        snprintf(words, sizeof words, "no whole reply within %g s", seconds_of(t->timeout));
        rf_http_timed_out(t, t->begun > 0 ? RF_HTTP_TIMEOUT : RF_HTTP_CONNECT, words);
    } else if (t->begun == 0 && is_over(t->started, t->connect_timeout, now)) {
        snprintf(words, sizeof words, "no connection within %g s", seconds_of(t->connect_timeout));
        rf_http_timed_out(t, RF_HTTP_CONNECT, words);
    } else if (t->begun > 0 && t->body_size == 0 && is_over(t->stood, t->first_byte_timeout, now)) {
        snprintf(words, sizeof words, "no byte of a body within %g s",
                 seconds_of(t->first_byte_timeout));
        rf_http_timed_out(t, RF_HTTP_FIRST_BYTE, words);
    } else if (t->body_size > 0 && is_over(t->last_byte, t->stall_timeout, now)) {
        snprintf(words, sizeof words, "no further byte for %g s after %zu bytes",
                 seconds_of(t->stall_timeout), t->body_size);
        rf_http_timed_out(t, RF_HTTP_STALLED, words);
    } else if (t->body_size > 0 && is_too_slow(t, now)) {
        snprintf(words, sizeof words, "%zu bytes in %g s, fewer than %zu a second", t->paced_bytes,
                 seconds_of(rf_instant_since(now, t->paced)), t->min_speed_bytes);
        rf_http_timed_out(t, RF_HTTP_STALLED, words);
    } else {
        arm(t);
    }
}

void rf_http_timeout_start(struct rf_http_transfer *t) {
    t->started = rf_loop_now(t->http->loop);
    rf_timer_init(&t->timer, t->http->loop, on_timer, t);
    arm(t);
}

void rf_http_timeout_stood(struct rf_http_transfer *t) {
    t->stood = rf_loop_now(t->http->loop);
    arm(t);
}

void rf_http_timeout_bytes(struct rf_http_transfer *t, size_t size) {
    bool first = t->body_size == size;
    t->last_byte = rf_loop_now(t->http->loop);
    if (first) {
        t->paced = t->last_byte;
        t->paced_bytes = 0;
        arm(t);
    }
    t->paced_bytes += size;
}
