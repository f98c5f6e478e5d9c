#include "runtime/service.h"

#include <czmq.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <unistd.h>

#include <ringfence/bus.h>
#include <ringfence/id.h>

#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "runtime/arguments.h"
#include "runtime/log_redact.h"
#include "runtime/log_relay.h"
#include "runtime/loop.h"
#include "runtime/notify.h"
#include "runtime/presence.h"
#include "runtime/registry.h"

enum {
    EXIT_WRONG_ARGUMENTS = 2,
    EXIT_WRONG_CONFIG = 78, // EX_CONFIG of sysexits.h
};

// A process that is told to end at once has this long for its last words; the promise is 2 s.
#define LAST_WORDS     rf_ms(500)
#define END_AT_ONCE_US 1800000

// What comes after the drain, stores that are closed included, takes no longer than this.
#define AFTER_DRAIN rf_ms(10000)

enum phase { RUNNING, DRAINING, LEAVING };

struct rf_service_rim {
    const struct rf_service *service;
    struct rf_config **configs; // all that were read, as parts may still point into an earlier one
    size_t config_count;
    int signal_fd;
    struct rf_registry registry;
    struct rf_log_relay relay;     // of our own log lines
    struct rf_log_redaction lines; // what is left of them on stderr
    struct rf_notify notify;       // the service manager
    struct rf_presence presence;   // `ringfence ready` on this host
    char status[512];              // what it was told last
    struct rf_timer drain_timer;   // end of the drain
    struct rf_timer leave_timer;   // looks whether the last words were heard
    struct rf_instant leave_until;
    enum phase phase;
    bool ready;
    int exit_code;
};

static bool keep_config(struct rf_process *process, struct rf_config *config) {
    struct rf_service_rim *rim = process->rim;
    struct rf_config **configs = realloc(rim->configs, (rim->config_count + 1) * sizeof *configs);
    if (configs == NULL)
        return false;
    rim->configs = configs;
    rim->configs[rim->config_count++] = config;
    process->config = config;
    return true;
}

static void publish(struct rf_process *process, enum rf_event_type type) {
    json_t *data = json_pack("{s:s, s:I, s:s}", "service", process->service, "pid",
                             (json_int_t)getpid(), "version", RF_VERSION);
    struct rf_event event = {
        .type = rf_event_type_name(type),
        .subject = process->instance,
        .data = data,
    };
    struct rf_error error;
    if (rf_bus_publish(process->bus, &event, &error) != RF_OK)
        rf_log(RF_LOG_WARNING, "cannot tell %s: %s", event.type, error.message);
    json_decref(data);
}

// ---- the end ----

static void on_leave_timer(void *arg) {
    struct rf_process *process = arg;
    struct rf_service_rim *rim = process->rim;
    bool heard = rf_log_relay_flush(&rim->relay) && rim->registry.left &&
                 rf_bus_unacknowledged(process->bus) == 0;
    if (heard || !rf_bus_connected(process->bus) ||
        !rf_instant_before(rf_loop_now(process->loop), rim->leave_until))
        rf_loop_stop(process->loop);
    else
        rf_timer_after(&rim->leave_timer, rf_ms(5));
}

// Tells the others that this is an orderly end, and stops when they have heard it, or after
// `limit`.
static void leave(struct rf_process *process, struct rf_duration limit) {
    struct rf_service_rim *rim = process->rim;
    rf_timer_stop(&rim->drain_timer);
    if (process->bus == NULL || !rf_bus_connected(process->bus)) {
        rf_loop_stop(process->loop);
        return;
    }
    if (rim->phase != LEAVING) {
        publish(process, RF_EVENT_PROCESS_STOPPED);
        rf_registry_leave(&rim->registry);
    }
    rim->phase = LEAVING;
    rim->leave_until = rf_instant_add(rf_loop_now(process->loop), limit);
    on_leave_timer(process);
}

static void end_at_once(struct rf_process *process) {
    rf_notify_stopping(&process->rim->notify, "ending at once",
                       rf_ns(END_AT_ONCE_US * RF_NS_PER_US));
    rf_presence_tell(&process->rim->presence, "ending", "");
    // Should anything hang from here on, the kernel ends us within the promised time.
    struct itimerval limit = {
        .it_value = {.tv_sec = END_AT_ONCE_US / 1000000, .tv_usec = END_AT_ONCE_US % 1000000}};
    signal(SIGALRM, SIG_DFL);
    setitimer(ITIMER_REAL, &limit, NULL);
    leave(process, LAST_WORDS);
}

static struct rf_duration drain_timeout(const struct rf_process *process) {
    const struct rf_service *service = process->rim->service;
    return service->drain_timeout != NULL ? service->drain_timeout(process->config)
                                          : process->config->drain_timeout;
}

static void on_drain_timeout(void *arg) {
    struct rf_process *process = arg;
    if (process->rim->service->overdue != NULL)
        process->rim->service->overdue(process);
    else
        rf_log(RF_LOG_WARNING, "not all work in hand ended within the drain timeout of %.1f s",
               rf_duration_s(drain_timeout(process)));
    leave(process, LAST_WORDS);
}

static void begin_drain(struct rf_process *process) {
    struct rf_service_rim *rim = process->rim;
    rim->phase = DRAINING;
    process->draining = true;
    rf_notify_stopping(&rim->notify, "finishing what is in hand",
                       rf_ns(drain_timeout(process).ns + AFTER_DRAIN.ns));
    rf_presence_tell(&rim->presence, "draining", "");
    if (process->bus != NULL)
        rf_registry_tell(&rim->registry, "draining");
    rf_timer_after(&rim->drain_timer, drain_timeout(process));
    if (rim->service->drain != NULL)
        rim->service->drain(process);
    else
        rf_process_drained(process);
}

void rf_process_drained(struct rf_process *process) {
    struct rf_service_rim *rim = process->rim;
    if (rim->phase != DRAINING)
        return;
    struct rf_duration left = rf_instant_since(rim->drain_timer.due, rf_loop_now(process->loop));
    leave(process, left);
}

void rf_process_fail(struct rf_process *process, const struct rf_error *error) {
    rf_log(RF_LOG_ERROR, "%s", error->message);
    process->rim->exit_code = EXIT_FAILURE;
    leave(process, LAST_WORDS);
}

// ---- signals ----

static void tell_change(void *arg, const char *key, bool reloadable) {
    const struct rf_process *process = arg;
    if (!reloadable || process->rim->service->reload == NULL)
        rf_log(RF_LOG_WARNING, "%s cannot change while running: it takes effect after a restart",
               key);
}

static void read_config_again(struct rf_process *process) {
    struct rf_service_rim *rim = process->rim;
    struct rf_config *fresh = NULL;
    struct rf_error error = {0};
    if (rf_config_load(process->config->file, &fresh, &error) != RF_OK ||
        (rim->service->reload != NULL && rim->service->reload(process, fresh, &error) != RF_OK)) {
        rf_log(RF_LOG_ERROR, "reload refused, the old configuration stays: %s", error.message);
        rf_config_destroy(&fresh);
        return;
    }
    rf_config_changed(process->config, fresh, tell_change, process);
    rf_log_relay_limit(&rim->relay, &fresh->log);
    if (!keep_config(process, fresh)) {
        // The service has taken it already, so it must live.
        rf_log(RF_LOG_ERROR, "out of memory");
        abort();
    }
    if (rf_log_redact_take(&rim->lines, fresh, &error) != RF_OK)
        rf_log(RF_LOG_ERROR, "lines here are redacted by the old configuration: %s", error.message);
    rf_log(RF_LOG_INFO, "configuration read again");
}

static void reload(struct rf_process *process) {
    const struct rf_service_rim *rim = process->rim;
    bool told = rim->ready && rim->phase == RUNNING;
    if (told)
        rf_notify_reloading(&rim->notify);
    read_config_again(process);
    if (told)
        rf_notify_ready(&rim->notify, rim->status);
}

static void on_signal(void *arg, int fd, unsigned events) {
    (void)events;
    struct rf_process *process = arg;
    struct signalfd_siginfo info;
    while (read(fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGHUP)
            reload(process);
        else if (info.ssi_signo == SIGTERM && process->rim->phase == RUNNING)
            begin_drain(process);
        else
            end_at_once(process);
    }
}

// Signals are blocked before any thread is made, so that no library's thread takes one.
static enum rf_err open_signals(struct rf_process *process, const sigset_t *signals) {
    struct rf_service_rim *rim = process->rim;
    rim->signal_fd = signalfd(-1, signals, SFD_NONBLOCK | SFD_CLOEXEC);
    if (rim->signal_fd < 0)
        return RF_ERR_IO;
    return rf_loop_fd_set(process->loop, rim->signal_fd, RF_LOOP_READ, on_signal, process);
}

// ---- the beginning ----

void rf_process_ready(struct rf_process *process, const char *format, ...) {
    struct rf_service_rim *rim = process->rim;
    if (rim->ready || rim->phase != RUNNING || rim->exit_code != EXIT_SUCCESS)
        return;
    rim->ready = true;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(rim->status, sizeof rim->status, format, arguments);
    va_end(arguments);
    printf("%s: ready: %s\n", process->service, rim->status);
    fflush(stdout);
    rf_notify_ready(&rim->notify, rim->status);
    rf_presence_tell(&rim->presence, "ready", rim->status);
    if (process->bus != NULL) {
        rf_registry_tell(&rim->registry, "ready");
        publish(process, RF_EVENT_PROCESS_READY);
    }
}

static void on_bus_change(void *arg, bool connected) {
    struct rf_process *process = arg;
    if (!connected)
        return;
    rf_registry_tell(&process->rim->registry, process->rim->registry.state);
    (void)rf_log_relay_flush(&process->rim->relay);
}

static enum rf_err open_bus(struct rf_process *process, struct rf_error *error) {
    const struct rf_bus_config *config = &process->config->bus;
    enum rf_err result = rf_bus_new(process->loop, config, process->service, process->instance,
                                    &process->bus, error);
    if (result != RF_OK)
        return result;
    rf_registry_init(&process->rim->registry, process->loop, process->bus, process->service,
                     process->instance, config->heartbeat, rf_registry_lease(config));
    rf_bus_on_change(process->bus, on_bus_change, process);
    return RF_OK;
}

static bool passes_lines_on(const struct rf_service *service) {
    return service->lines != NULL || (service->uses_bus && !service->lines_alone);
}

static enum rf_err pass_lines_on(struct rf_process *process, struct rf_error *error) {
    struct rf_service_rim *rim = process->rim;
    const struct rf_log_outlet *own = rim->service->lines;
    if (!passes_lines_on(rim->service))
        return RF_OK;
    return rf_log_relay_run(&rim->relay, process->loop, own != NULL ? own : &rf_log_outlet_bus,
                            own != NULL ? (void *)process : process->bus, error);
}

static void add_queues(void *arg, json_t *queues) {
    struct rf_process *process = arg;
    process->rim->service->queues(process, queues);
}

// Whoever cannot be asked does its work all the same.
static void open_presence(struct rf_process *process) {
    struct rf_error error;
    if (rf_presence_open(&process->rim->presence, process->loop, process->config->run_dir,
                         process->service, process->instance, &error) != RF_OK)
        rf_log(RF_LOG_WARNING, "\"ringfence ready\" will not find this process: %s", error.message);
}

static enum rf_err run(struct rf_process *process, const sigset_t *signals,
                       struct rf_error *error) {
    struct rf_service_rim *rim = process->rim;
    if (rf_notify_open(&rim->notify, error) != RF_OK)
        return error->code;
    process->loop = rf_loop_new();
    if (process->loop == NULL || open_signals(process, signals) != RF_OK)
        return rf_error_set(error, RF_ERR_IO, "cannot make an event loop");
    rf_timer_init(&rim->drain_timer, process->loop, on_drain_timeout, process);
    rf_timer_init(&rim->leave_timer, process->loop, on_leave_timer, process);
    rf_notify_run(&rim->notify, process->loop);
    open_presence(process);
    enum rf_err result = RF_OK;
    if (rim->service->uses_bus)
        result = open_bus(process, error);
    if (result == RF_OK)
        result = pass_lines_on(process, error);
    if (result == RF_OK)
        result = rim->service->start(process, error);
    if (result == RF_OK && rim->service->uses_bus && rim->service->queues != NULL) {
        rim->registry.queues_arg = process;
        rim->registry.queues = add_queues;
    }
    // A part that failed within start() has told why, and nobody was told yet that we are here.
    if (result == RF_OK && rim->exit_code == EXIT_SUCCESS)
        result = rf_loop_run(process->loop, error);
    return result;
}

static void finish(struct rf_process *process) {
    struct rf_service_rim *rim = process->rim;
    (void)rf_log_relay_flush(&rim->relay);
    if (rim->service->stop != NULL)
        rim->service->stop(process);
    rf_log_relay_close(&rim->relay);
    if (process->bus != NULL) {
        rf_registry_fini(&rim->registry);
        rf_bus_destroy(&process->bus);
    }
    if (process->loop != NULL) {
        rf_timer_stop(&rim->drain_timer);
        rf_timer_stop(&rim->leave_timer);
    }
    rf_notify_close(&rim->notify);
    rf_presence_close(&rim->presence);
    if (rim->signal_fd >= 0)
        close(rim->signal_fd);
    rf_loop_destroy(&process->loop);
    for (size_t i = 0; i < rim->config_count; i++)
        rf_config_destroy(&rim->configs[i]);
    free(rim->configs);
    zsys_shutdown();
    rf_log_redact_end(&rim->lines);
}

int rf_service_run(const struct rf_service *service, int argc, char **argv) {
    const char *config_file;
    switch (rf_arguments_parse(service, argc, argv, &config_file)) {
    case RF_ARGUMENTS_DONE:
        return EXIT_SUCCESS;
    case RF_ARGUMENTS_WRONG:
        return EXIT_WRONG_ARGUMENTS;
    case RF_ARGUMENTS_RUN:
        break;
    }
    rf_log_open(service->name);
    signal(SIGPIPE, SIG_IGN);
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);

    struct rf_service_rim rim = {.service = service, .signal_fd = -1};
    struct rf_process process = {.service = service->name, .rim = &rim};
    char id[RF_ULID_SIZE];
    snprintf(process.instance, sizeof process.instance, "%s-%s", service->name,
             rf_ulid_new(rf_clock_utc(), id));
    struct rf_config *config = NULL;
    struct rf_error error = {0};
    if (passes_lines_on(service))
        rf_log_relay_open(&rim.relay, service->name);
    if (rf_config_load(config_file, &config, &error) != RF_OK) {
        rf_log(RF_LOG_ERROR, "%s", error.message);
        rf_log_relay_close(&rim.relay);
        return EXIT_WRONG_CONFIG;
    }
    rf_log_relay_limit(&rim.relay, &config->log);
    if (!keep_config(&process, config)) {
        rf_log_relay_close(&rim.relay);
        rf_config_destroy(&config);
        return EXIT_FAILURE;
    }
    if (rf_log_redact_start(&rim.lines, config, &error) != RF_OK ||
        run(&process, &signals, &error) != RF_OK) {
        rf_log(RF_LOG_ERROR, "%s", error.message);
        rim.exit_code = error.code == RF_ERR_CONFIG ? EXIT_WRONG_CONFIG : EXIT_FAILURE;
    }
    finish(&process);
    return rim.exit_code;
}
