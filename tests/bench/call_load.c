// A client of the set: script calls over the bus, so many in flight.
//   call_load CONFIG IN_FLIGHT WARMUP REQUESTS   ends when all are answered, and prints the figures
//   call_load CONFIG --park COUNT                sends COUNT calls and waits until stdin ends
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ringfence/bus.h>
#include <ringfence/id.h>

#include "base/clock.h"
#include "config/config.h"
#include "runtime/loop.h"
#include "samples.h"

#define DEADLINE rf_seconds(300)

struct load {
    struct rf_loop *loop;
    struct rf_bus *bus;
    struct samples samples;
    struct shot *shots; // in_flight of them
    size_t in_flight, sent;
    bool parks, begun;
    char instance[64];
};

struct shot {
    struct load *load;
    int64_t began_ns;
};

static void fire(struct load *load, struct shot *shot);

static void on_reply(void *arg, const struct rf_call_reply *reply) {
    struct shot *shot = arg;
    struct load *load = shot->load;
    if (load->parks)
        return;
    if (!reply->ok && load->samples.failed == 0)
        fprintf(stderr, "failed: %s %s: %s\n", reply->class, reply->code ? reply->code : "",
                reply->message ? reply->message : "");
    if (samples_end(&load->samples, shot->began_ns, reply->ok))
        rf_loop_stop(load->loop);
    else
        fire(load, shot);
}

static void fire(struct load *load, struct shot *shot) {
    char id[96], prompt[160];
    snprintf(id, sizeof id, "%s-%zu", load->instance, load->sent++);
    snprintf(prompt, sizeof prompt,
             "Write what a friendly AI agent says on the telephone to contact %zu: one greeting of "
             "at most 40 words, as plain text.",
             load->sent);
    json_t *params = json_pack("{s:s}", "prompt", prompt);
    struct rf_call_request request = {
        .id = id,
        .service = "script",
        .operation = "write",
        .deadline = rf_utc_add(rf_clock_utc(), DEADLINE).ns,
        .repeatable = true,
        .params = params,
        .campaign = "bench",
    };
    shot->began_ns = samples_now();
    rf_bus_call(load->bus, &request, on_reply, shot);
    json_decref(params);
}

static void on_change(void *arg, bool connected) {
    struct load *load = arg;
    if (!connected || load->begun)
        return;
    load->begun = true;
    for (size_t i = 0; i < load->in_flight; i++) {
        load->shots[i].load = load;
        fire(load, &load->shots[i]);
    }
    if (load->parks) {
        printf("sent\n");
        fflush(stdout);
    }
}

static void on_stdin(void *arg, int fd, unsigned events) {
    struct load *load = arg;
    char byte;
    (void)events;
    if (read(fd, &byte, 1) <= 0)
        rf_loop_stop(load->loop);
}

static int usage(void) {
    fprintf(stderr, "usage: call_load CONFIG IN_FLIGHT WARMUP REQUESTS\n"
                    "       call_load CONFIG --park COUNT\n");
    return 2;
}

int main(int argc, char **argv) {
    struct load load = {.parks = argc == 4 && strcmp(argv[2], "--park") == 0};
    struct rf_config *config = NULL;
    struct rf_error error;
    char id[RF_ULID_SIZE];
    if (!load.parks && argc != 5)
        return usage();
    load.in_flight = samples_number(load.parks ? argv[3] : argv[2], "IN_FLIGHT");
    samples_init(&load.samples, load.parks ? 1 : samples_number(argv[3], "WARMUP"),
                 load.parks ? 1 : samples_number(argv[4], "REQUESTS"));
    snprintf(load.instance, sizeof load.instance, "load-%s", rf_ulid_new(rf_clock_utc(), id));
    load.shots = calloc(load.in_flight, sizeof *load.shots);
    enum rf_err err = rf_config_load(argv[1], &config, &error);
    if (err == RF_OK && load.shots == NULL)
        err = rf_error_set(&error, RF_ERR_NOMEM, "out of memory");
    if (err == RF_OK && (load.loop = rf_loop_new()) == NULL)
        err = rf_error_set(&error, RF_ERR_NOMEM, "out of memory");
    if (err == RF_OK && load.parks)
        err = rf_loop_fd_set(load.loop, STDIN_FILENO, RF_LOOP_READ, on_stdin, &load);
    if (err == RF_OK)
        err = rf_bus_new(load.loop, &config->bus, "bench", load.instance, &load.bus, &error);
    if (err == RF_OK) {
        rf_bus_on_change(load.bus, on_change, &load);
        err = rf_loop_run(load.loop, &error);
    }
    if (err != RF_OK)
        fprintf(stderr, "%s\n", error.message);
    else if (!load.parks)
        samples_print(&load.samples);
    rf_bus_destroy(&load.bus);
    rf_loop_destroy(&load.loop);
    rf_config_destroy(&config);
    samples_fini(&load.samples);
    free(load.shots);
    return err == RF_OK ? 0 : 1;
}
