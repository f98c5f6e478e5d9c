// A durable subscriber in a few lines, on the client library alone: event by event to a file.
//   durable_reader CONFIG PLACE FILE PREFIX
// Lines: "N TOPIC". PLACE is the library's own file. It ends with its stdin.
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <ringfence/bus.h>
#include <ringfence/loop.h>

#include "config/config.h"

static bool on_event(void *arg, const struct rf_event *event) {
    int file = *(int *)arg;
    return dprintf(file, "%lld %s/%s\n", (long long)event->n, event->type, event->subject) > 0;
}

static void on_stdin(void *arg, int fd, unsigned events) {
    char byte;
    (void)events;
    if (read(fd, &byte, 1) <= 0)
        rf_loop_stop(arg);
}

int main(int argc, char **argv) {
    if (argc != 5) {
        fprintf(stderr, "usage: durable_reader CONFIG PLACE FILE PREFIX\n");
        return 2;
    }
    struct rf_config *config = NULL;
    struct rf_loop *loop = rf_loop_new();
    struct rf_bus *bus = NULL;
    struct rf_durable *durable = NULL;
    struct rf_error error = {.message = "out of memory"};
    char instance[64];
    FILE *out = fopen(argv[3], "a");
    int file = out != NULL ? fileno(out) : -1;
    const char *const prefixes[] = {argv[4]};
    struct rf_durable_options options = {
        .path = argv[2], .name = "reader", .prefixes = prefixes, .prefix_count = 1};
    snprintf(instance, sizeof instance, "reader-%d", (int)getpid());
    enum rf_err err =
        loop == NULL || out == NULL ? RF_ERR_IO : rf_config_load(argv[1], &config, &error);
    if (err == RF_OK)
        err = rf_bus_new(loop, &config->bus, "test", instance, &bus, &error);
    if (err == RF_OK)
        err = rf_durable_new(bus, &options, on_event, &file, &durable, &error);
    if (err == RF_OK)
        err = rf_loop_fd_set(loop, STDIN_FILENO, RF_LOOP_READ, on_stdin, loop);
    if (err == RF_OK)
        err = rf_loop_run(loop, &error);
    if (err != RF_OK)
        fprintf(stderr, "%s\n", error.message);
    rf_durable_destroy(&durable);
    rf_bus_destroy(&bus);
    rf_loop_destroy(&loop);
    rf_config_destroy(&config);
    if (out != NULL)
        fclose(out);
    return err == RF_OK ? 0 : 1;
}
