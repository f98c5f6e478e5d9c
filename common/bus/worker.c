// The worker: its birth and death, and what the service says of its calls. What it tells the broker
// by itself is in worker_beat.c, what it hears from it in worker_heard.c.
#include <ringfence/worker.h>

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "bus/client.h"
#include "bus/message.h"
#include "bus/serving.h"

// So long the last words of a worker may take to leave the process: one that drains may have a
// thousand calls to hand back in its socket, at a broker that hands each on. Both stay within the
// 2 s in which a second signal ends a process.
#define GOODBYE_MS         200
#define DRAINED_GOODBYE_MS 1500

enum rf_err rf_worker_send(struct rf_worker *worker, enum rf_message_type type, const void *body) {
    return rf_message_send(worker->loop, worker->socket, type, body);
}

void rf_worker_flush_soon(struct rf_worker *worker) {
    if (worker->pulse.connected)
        rf_timer_after(&worker->flush, rf_ns(0));
}

// ---- what the service says ----

void rf_worker_release(struct rf_worker *worker, const char *service, int64_t waiting) {
    bool counted;
    const struct rf_ledger_offer *offer =
        rf_ledger_release(&worker->ledger, service, waiting, &counted);
    if (offer == NULL) {
        rf_log(RF_LOG_ERROR, "a place of %s was given back that nobody had", service);
        return;
    }
    rf_worker_credit_moved(worker);
    if (!counted)
        rf_timer_after(&worker->beat, rf_ns(0));
}

void rf_worker_waiting(struct rf_worker *worker, const char *service, int64_t waiting) {
    rf_ledger_waiting(&worker->ledger, service, waiting);
    rf_worker_credit_moved(worker);
}

void rf_worker_uses(struct rf_worker *worker, const char *service, const char *const *providers,
                    size_t count) {
    if (rf_ledger_uses(&worker->ledger, service, providers, count))
        rf_timer_after(&worker->beat, rf_ns(0));
    else
        rf_log(RF_LOG_ERROR, "%s is used for something, but not offered", service);
}

void rf_worker_drain(struct rf_worker *worker) {
    worker->ledger.draining = true;
    rf_timer_after(&worker->beat, rf_ns(0));
}

bool rf_worker_leased(const struct rf_worker *worker) {
    return worker->pulse.connected &&
           rf_instant_since(rf_loop_now(worker->loop), worker->leased).ns < worker->pulse.limit.ns;
}

size_t rf_worker_in_hand(const struct rf_worker *worker) {
    return rf_ledger_in_hand(&worker->ledger);
}

// ---- birth and death ----

enum rf_err rf_worker_new(struct rf_bus *bus, const struct rf_worker_offer *offers, size_t count,
                          const struct rf_worker_handlers *handlers, void *arg,
                          struct rf_worker **out, struct rf_error *error) {
    struct rf_worker *worker = calloc(1, sizeof *worker);
    enum rf_err err = rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    *out = NULL;
    if (worker == NULL)
        return err;
    worker->loop = bus->loop;
    worker->config = bus->config;
    worker->instance = bus->instance;
    worker->handlers = handlers;
    worker->arg = arg;
    worker->interval = rf_pulse_interval(bus->config->heartbeat, bus->config->heartbeat.ns);
    rf_timer_init(&worker->beat, worker->loop, rf_worker_beat, worker);
    rf_timer_init(&worker->flush, worker->loop, rf_worker_flush, worker);
    rf_pulse_init(&worker->pulse, rf_ns(bus->config->heartbeat.ns * bus->config->heartbeat_misses),
                  rf_loop_now(worker->loop));
    rf_outcomes_init(worker);
    rf_told_init(&worker->told);
    if (rf_ledger_init(&worker->ledger, offers, count) != RF_OK)
        goto cleanup;
    err = rf_socket_connect(ZMQ_DEALER, bus->config->workers, &bus->keys, &worker->socket, error);
    if (err == RF_OK)
        err = rf_handshake_watch(&worker->handshake, worker->loop, worker->socket,
                                 bus->config->workers, &bus->keys, error);
    if (err == RF_OK)
        err = rf_loop_socket_add(worker->loop, worker->socket, rf_worker_read, worker);
    if (err != RF_OK)
        goto cleanup;
    rf_timer_after(&worker->beat, rf_ns(0));
    *out = worker;
    return RF_OK;
cleanup:
    rf_worker_destroy(&worker);
    return err;
}

static void say_goodbye(struct rf_worker *worker) {
    struct rf_worker_bye bye = {.instance = worker->instance};
    (void)!rf_worker_send_all(worker);
    zsock_set_linger(worker->socket, worker->ledger.draining ? DRAINED_GOODBYE_MS : GOODBYE_MS);
    (void)!rf_worker_send(worker, RF_MESSAGE_worker_bye, &bye);
}

void rf_worker_destroy(struct rf_worker **out) {
    struct rf_worker *worker = *out;
    if (worker == NULL)
        return;
    *out = NULL;
    if (worker->pulse.connected)
        say_goodbye(worker);
    rf_timer_stop(&worker->beat);
    rf_timer_stop(&worker->flush);
    rf_handshake_end(&worker->handshake);
    if (worker->socket != NULL)
        rf_loop_socket_remove(worker->loop, worker->socket);
    zsock_destroy(&worker->socket);
    rf_told_fini(&worker->told);
    rf_wishes_fini(worker);
    rf_views_fini(worker);
    rf_backlog_fini(&worker->outcomes);
    if (worker->ledger.in_hand != NULL)
        rf_ledger_fini(&worker->ledger);
    free(worker);
}
