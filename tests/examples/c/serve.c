// Serves the calls of a service: each is answered with its own operation and parameters, a while
// after it came.
//
//     serve RUN_DIR INSTANCE SERVICE CAPACITY MILLISECONDS
//
// Ends by SIGTERM.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ringfence/bus.h>
#include <ringfence/loop.h>
#include <ringfence/worker.h>

struct server {
    struct rf_loop *loop;
    struct rf_worker *worker;
    const char *service;
    struct rf_duration pause;
};

struct job {
    struct rf_timer timer;
    struct server *server;
    char *id, *operation;
    json_t *params;
};

// The answer comes first, the place second: a broker that knows of the place sends the next call.
static void finish(void *arg) {
    struct job *job = arg;
    json_t *result = json_pack("{s:s, s:O?}", "operation", job->operation, "params", job->params);
    struct rf_call_reply reply = {
        .id = job->id, .ok = true, .class = rf_class_name(RF_CLASS_OK), .result = result};
    rf_worker_reply(job->server->worker, &reply);
    rf_worker_release(job->server->worker, job->server->service, 0);
    json_decref(result);
    json_decref(job->params);
    free(job->operation);
    free(job->id);
    free(job);
}

// No more of these are in hand at once than the capacity says. What is not answered at its deadline
// the broker answers itself.
static void on_request(void *arg, const struct rf_call_request *request) {
    struct server *server = arg;
    struct job *job = calloc(1, sizeof *job);
    if (job == NULL)
        abort();
    job->server = server;
    job->id = strdup(request->id);
    job->operation = strdup(request->operation);
    job->params = json_incref(request->params);
    rf_timer_init(&job->timer, server->loop, finish, job);
    rf_timer_after(&job->timer, server->pause);
}

static void on_connected(void *arg, bool connected) {
    (void)arg;
    printf("%s\n", connected ? "registered" : "the broker is away");
    fflush(stdout);
}

int main(int argc, char **argv) {
    static const struct rf_worker_handlers handlers = {.request = on_request,
                                                       .connected = on_connected};
    if (argc != 6)
        return 2;
    char ingest[128], workers[128];
    struct rf_bus_config config = RF_BUS_CONFIG_DEFAULT;
    struct server server = {
        .loop = rf_loop_new(), .service = argv[3], .pause = rf_ms(atoi(argv[5]))};
    struct rf_worker_offer offer = {argv[3], atoi(argv[4])};
    struct rf_bus *bus = NULL;
    struct rf_error error = {0};
    snprintf(ingest, sizeof ingest, "ipc://%s/ingest", argv[1]);
    snprintf(workers, sizeof workers, "ipc://%s/workers", argv[1]);
    config.ingest = ingest;
    config.workers = workers;
    enum rf_err err = rf_bus_new(server.loop, &config, "example", argv[2], &bus, &error);
    if (err == RF_OK)
        err = rf_worker_new(bus, &offer, 1, &handlers, &server, &server.worker, &error);
    if (err == RF_OK)
        err = rf_loop_run(server.loop, &error);
    if (err != RF_OK)
        fprintf(stderr, "serve: %s\n", error.message);
    rf_worker_destroy(&server.worker);
    rf_bus_destroy(&bus);
    rf_loop_destroy(&server.loop);
    return 1; // it ends by a signal, or because it cannot go on
}
