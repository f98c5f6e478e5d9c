// Makes one call and prints what came of it.
//
//     call RUN_DIR SERVICE OPERATION PARAMS_AS_JSON SECONDS
//
// Exits with 0 if the call succeeded, with 1 if it failed.
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <ringfence/bus.h>
#include <ringfence/id.h>
#include <ringfence/loop.h>

struct caller {
    struct rf_loop *loop;
    bool ok;
};

// Called once, whatever happens: without a worker, without a broker, after the deadline.
static void on_reply(void *arg, const struct rf_call_reply *reply) {
    struct caller *caller = arg;
    char *result = reply->result != NULL ? json_dumps(reply->result, JSON_ENCODE_ANY) : NULL;
    if (reply->ok)
        printf("ok %s\n", result != NULL ? result : "null");
    else
        printf("%s %s sent:%s %s\n", reply->class, reply->code != NULL ? reply->code : "-",
               reply->sent != NULL ? reply->sent : "-",
               reply->message != NULL ? reply->message : "");
    free(result);
    caller->ok = reply->ok;
    rf_loop_stop(caller->loop);
}

int main(int argc, char **argv) {
    if (argc != 6)
        return 2;
    char ingest[128], calls[128], id[RF_ULID_SIZE];
    struct timespec t;
    struct rf_bus_config config = RF_BUS_CONFIG_DEFAULT;
    struct caller caller = {.loop = rf_loop_new()};
    struct rf_bus *bus = NULL;
    struct rf_error error = {0};
    snprintf(ingest, sizeof ingest, "ipc://%s/ingest", argv[1]); // says whether the broker is there
    snprintf(calls, sizeof calls, "ipc://%s/calls", argv[1]);
    config.ingest = ingest;
    config.calls = calls;
    enum rf_err err = rf_bus_new(caller.loop, &config, "example", "call-1", &bus, &error);
    if (err == RF_OK) {
        clock_gettime(CLOCK_REALTIME, &t);
        struct rf_utc now = {t.tv_sec * RF_NS_PER_S + t.tv_nsec};
        json_t *params = json_loads(argv[4], 0, NULL);
        // The id names this one wish: whoever sends it twice has it carried out once.
        struct rf_call_request request = {
            .id = rf_ulid_new(now, id),
            .service = argv[2],
            .operation = argv[3],
            .params = params,
            .deadline = rf_utc_add(now, rf_ms((int64_t)(1000 * atof(argv[5])))).ns,
        };
        rf_bus_call(bus, &request, on_reply, &caller);
        json_decref(params);
        err = rf_loop_run(caller.loop, &error);
    }
    if (err != RF_OK)
        fprintf(stderr, "call: %s\n", error.message);
    rf_bus_destroy(&bus);
    rf_loop_destroy(&caller.loop);
    return err == RF_OK && caller.ok ? 0 : 1;
}
