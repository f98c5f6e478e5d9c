// The skeleton that every process shares: arguments, configuration, loop, bus connection, signals,
// readiness, registration in the process registry, drain and stop. main.c fills a struct rf_service
// and returns rf_service_run().
#ifndef RF_RUNTIME_SERVICE_H
#define RF_RUNTIME_SERVICE_H

#include <jansson.h>
#include <stdbool.h>

#include <ringfence/error.h>
#include <ringfence/time.h>

struct rf_config;
struct rf_log_outlet;
struct rf_loop;
struct rf_bus;

// What a running service is given. Owned by rf_service_run; lives until after stop().
struct rf_process {
    struct rf_loop *loop;
    struct rf_bus *bus;             // NULL if the service does not use the bus
    const struct rf_config *config; // current configuration; replaced by a reload
    const char *service;            // "service-gateway"
    char instance[64];              // "<service>-<ULID>": one life of one process
    void *state;                    // what start() stored
    bool draining;
    struct rf_service_rim *rim; // private to service.c
};

struct rf_service {
    const char *name;    // the program's name, such as "alerter"
    const char *summary; // one line for --help
    const char *details; // further lines for --help, or NULL
    bool uses_bus;       // connect to the broker and register (not: broker, simulator)
    bool lines_alone; // its log lines stand on stderr alone (the logger: what it says of an event
                      // would be an event that it has to write, for ever)

    // lines: takes its log lines as events of type log.line, with the process as its argument.
    // NULL: they go over the bus, if it uses that.
    const struct rf_log_outlet *lines;

    // start: builds the service's state into process->state. Its sockets are open when it returns.
    // It calls rf_process_ready() now, or later when it can do its work.
    enum rf_err (*start)(struct rf_process *process, struct rf_error *error);

    // drain: SIGTERM came: take nothing new, finish what is in hand, then call
    // rf_process_drained(). NULL: there is nothing to finish. At the end of drain_timeout the
    // process stops all the same.
    void (*drain)(struct rf_process *process);

    // reload: SIGHUP came and `fresh` was read without error; process->config is still the old one.
    // RF_OK accepts it. Keys that changed and cannot take effect are told by the caller. NULL: the
    // service takes nothing while running.
    enum rf_err (*reload)(struct rf_process *process, const struct rf_config *fresh,
                          struct rf_error *error);

    // stop: frees the state; the loop has ended. Called also after a failed start (state may be
    // NULL).
    void (*stop)(struct rf_process *process);

    // queues: adds the lengths of its queues to its entry in the registry of processes, each a
    // number under its name; called after start(), often, and must be quick. NULL: it has none.
    void (*queues)(struct rf_process *process, json_t *queues);

    // drain_timeout: overrides the configuration's drain_timeout (the broker's is longer). NULL: as
    // set.
    struct rf_duration (*drain_timeout)(const struct rf_config *config);

    // overdue: drain_timeout is over before rf_process_drained() was called, and the process stops
    // now: the service says what that means. NULL: a warning that not all work has ended.
    void (*overdue)(struct rf_process *process);
};

// rf_service_run: parses --config FILE, --help, --version; reads the configuration (defaults
// without
// --config); runs until a signal. SIGTERM drains; SIGINT or a second SIGTERM ends at once.
// Returns the exit code: 0 after a clean end, 1 if it failed, 2 for wrong arguments, 78 for a bad
// configuration (EX_CONFIG of sysexits.h).
int rf_service_run(const struct rf_service *service, int argc, char **argv);

// rf_process_ready: tells once that the service can do its work: prints "NAME: ready: DETAIL" on
// stdout (one line), and registers as ready on the bus.
void rf_process_ready(struct rf_process *process, const char *format, ...) RF_PRINTF(2, 3);

// rf_process_drained: the drain is complete; the loop ends as soon as what was published is
// acknowledged.
void rf_process_drained(struct rf_process *process);

// rf_process_fail: an error that the service cannot survive: logs it and ends with exit code 1,
// never ready if it comes within start().
void rf_process_fail(struct rf_process *process, const struct rf_error *error);

#endif
