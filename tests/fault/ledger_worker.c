// A worker with a ledger, for the kill tests: a call is in the file, by its id, when it is carried
// out. Some take long, so that a kill finds calls in hand.
//   ledger_worker CONFIG NAME FILE SEED
// Lines: "c ID". When its stdin ends, it drains: it finishes what it has, and goes.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ringfence/rng.h>
#include <ringfence/worker.h>

#include "peer.h"

#define CAPACITY   8
#define LONGEST_MS 120

struct worker {
    struct peer peer;
    struct rf_worker *worker;
    struct rf_timer leaving;
    int file;
    struct rf_rng rng;
};

struct job {
    struct worker *worker;
    struct rf_timer timer;
    char *id;
};

static void on_done(void *arg) {
    struct job *job = arg;
    struct worker *worker = job->worker;
    struct rf_call_reply reply = {
        .id = job->id, .ok = true, .class = "ok", .sent = "yes", .worker = worker->peer.instance};
    rf_worker_reply(worker->worker, &reply);
    rf_worker_release(worker->worker, "ledger", 0);
    free(job->id);
    free(job);
}

static void on_request(void *arg, const struct rf_call_request *request) {
    struct worker *worker = arg;
    struct job *job = calloc(1, sizeof *job);
    char line[256];
    peer_check(job != NULL && (job->id = strdup(request->id)) != NULL, "out of memory");
    snprintf(line, sizeof line, "c %s\n", request->id);
    peer_append(worker->file, line);
    job->worker = worker;
    rf_timer_init(&job->timer, worker->peer.loop, on_done, job);
    rf_timer_after(&job->timer,
                   rf_ns((int64_t)(rf_rng_unit(&worker->rng) * LONGEST_MS * RF_NS_PER_MS)));
}

static void on_connected(void *arg, bool connected) {
    (void)arg;
    (void)connected;
}

static void on_leave(void *arg) {
    struct worker *worker = arg;
    if (rf_worker_in_hand(worker->worker) == 0 && rf_worker_unsent(worker->worker) == 0)
        rf_loop_stop(worker->peer.loop);
    else
        rf_timer_after(&worker->leaving, rf_ns(RF_NS_PER_MS));
}

static void on_end(void *arg) {
    struct worker *worker = arg;
    rf_worker_drain(worker->worker);
    on_leave(worker);
}

int main(int argc, char **argv) {
    static const struct rf_worker_handlers handlers = {.request = on_request,
                                                       .connected = on_connected};
    static const struct rf_worker_offer offer = {.service = "ledger", .capacity = CAPACITY};
    if (argc != 5) {
        fprintf(stderr, "usage: ledger_worker CONFIG NAME FILE SEED\n");
        return 2;
    }
    struct worker worker = {.file = peer_append_file(argv[3], "c"),
                            .rng = {(uint64_t)peer_number(argv[4])}};
    struct rf_error error;
    peer_open(&worker.peer, argv[1], argv[2], on_end, &worker);
    rf_timer_init(&worker.leaving, worker.peer.loop, on_leave, &worker);
    peer_check(rf_worker_new(worker.peer.bus, &offer, 1, &handlers, &worker, &worker.worker,
                             &error) == RF_OK,
               "no worker");
    peer_run(&worker.peer);
    rf_worker_destroy(&worker.worker);
    peer_close(&worker.peer);
    close(worker.file);
    return 0;
}
