// ringfence-broker: the bus of the set. Calls, events, retained state and the breakers' authority
// are decided in core.c and its parts; here they meet sockets, clocks and the disk.
//
//   core.c, status.c                             who gets what: routes of messages; its own life
//   events.c, journal.c, pages.c                 events in, published, and read in pages
//   streams.c, stream_book.c                     what is known of each publisher's, and whose it is
//   lineage.c                                    which journal it is
//   clients.c, subscribers.c                     who publishes and reads, and has taken what
//   scribe.c, record.h, restore.c                what goes to the disk, and comes back from it
//   states.c, values.c, watchers.c               retained state; alert_word.c tells of silences
//   dispatch.c, job.c, job_answer.c, hand.c,
//   answers.c                                    calls
//   seats.c, registration.c, places.c,
//   ranking.c, workers.c                         who carries them out
//   recovery.c, roster.c                         calls from before a restart
//   authority.c, authority_permit.c, _probe.c    the one breaker of each provider
//   jury.c, evidence.c                           on whose word it opens
//   ejection.c, authority_fleet.c, fleet.c       which gateway is kept from a provider
//   limit.c, limit_known.c, limit_tell.c         the limits of the provider accounts
//   pool.c, pool_room.c, pauses.c                one limit, shared out to the gateways
//   ground.c                                     time, sending and counters for all of them
//   setup.c                                      what it begins with
//   intake.c, sink.c, unread.c, endpoints.c      sockets
//   lines.c                                      its own log lines, as events
//   door.c, zap.c, keyring.c, rights.c,
//   revoked.c, admission.c                       keys and roles over TCP
//   disk.c, disk_*.c, data_dir.c                 disk
//   reader.c, page.c, page_query.c               pages read back from it
#include <malloc.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "broker.h"
#include "config/config.h"

// Frames from here on get pages of their own, which go back when the frame does.
#define LARGE_FRAME (4 * 1024 * 1024)

// glibc takes the first large frame that is freed for a reason to keep all that follow: it held two
// to three times what waits, for as long as the broker lives. What it keeps of the others is as
// before.
static void give_back_large_frames(void) {
#ifdef __GLIBC__
    (void)mallopt(M_MMAP_THRESHOLD, LARGE_FRAME);
    (void)mallopt(M_TRIM_THRESHOLD, 2 * LARGE_FRAME);
#endif
}

struct rf_now broker_now(const struct broker *broker) {
    return (struct rf_now){rf_loop_now(broker->process->loop), rf_clock_utc()};
}

void broker_settle(struct broker *broker) {
    struct rf_instant when;
    broker_flush_replies(broker);
    rf_disk_flush(broker->disk);
    broker_tell_health(broker);
    broker_tell_foreign(broker);
    if (!rf_core_wake(broker->core, &when))
        rf_timer_stop(&broker->timer);
    else if (!rf_timer_running(&broker->timer) || broker->timer.due.ns != when.ns)
        rf_timer_at(&broker->timer, when);
    if (broker->process->draining && rf_core_peers(broker->core) == 0)
        rf_process_drained(broker->process);
}

static void on_timer(void *arg) {
    struct broker *broker = arg;
    struct rf_now now = broker_now(broker);
    rf_core_tick(broker->core, &now);
    broker_settle(broker);
}

// As often as every other process writes its entry.
static void on_load_timer(void *arg) {
    struct broker *broker = arg;
    struct rf_now now = broker_now(broker);
    const struct rf_load load = {.rss_bytes = rf_registry_resident(),
                                 .lag_ns = rf_loop_lag(broker->process->loop).ns};
    rf_core_tell_load(broker->core, &load, &now);
    broker_settle(broker);
    rf_timer_after(&broker->load_timer, broker->process->config->bus.heartbeat);
}

static enum rf_err start(struct rf_process *process, struct rf_error *error) {
    give_back_large_frames();
    struct broker *broker = calloc(1, sizeof *broker);
    if (broker == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    process->state = broker;
    broker->process = process;
    broker->dir.data_lock = broker->dir.run_lock = -1;
    gethostname(broker->host, sizeof broker->host - 1);
    rf_timer_init(&broker->timer, process->loop, on_timer, broker);
    rf_timer_init(&broker->load_timer, process->loop, on_load_timer, broker);
    broker_init_reopening(broker);
    broker_stand_limits();
    const struct rf_config *config = process->config;
    enum rf_err err = rf_data_dir_open(&broker->dir, config->state_dir, config->run_dir, error);
    if (err == RF_OK)
        err = rf_door_open(&broker->door, process->loop, config, broker_on_refused, broker, error);
    if (err == RF_OK)
        err = rf_endpoints_open(&broker->endpoints, process->loop, &config->bus, config->run_dir,
                                &broker->door, error);
    // It is a start of the journal only from here on: one that cannot bind leaves none in it.
    if (err == RF_OK)
        err = broker_open_disk(broker, error);
    broker->journaling = err == RF_OK;
    if (err == RF_OK)
        err = broker_listen(broker, error);
    if (err == RF_OK)
        err = broker_watch_disk(broker, error);
    if (err != RF_OK)
        return err;
    struct rf_now now = broker_now(broker);
    rf_core_ready(broker->core, &now);
    on_load_timer(broker);
    rf_process_ready(process, "calls %s, workers %s, ingest %s, events %s", config->bus.calls,
                     config->bus.workers, config->bus.ingest, config->bus.events);
    return RF_OK;
}

static enum rf_err reload(struct rf_process *process, const struct rf_config *fresh,
                          struct rf_error *error) {
    struct broker *broker = process->state;
    enum rf_err err = broker_reload_keys(broker, fresh, error);
    if (err == RF_OK)
        broker_take_limits(broker, fresh);
    return err;
}

static void drain(struct rf_process *process) {
    struct broker *broker = process->state;
    struct rf_now now = broker_now(broker);
    rf_core_drain(broker->core, &now);
    broker_settle(broker);
}

// What is taken is kept, told of and answered before the sockets close.
static void end_in_order(struct broker *broker) {
    struct rf_now now = broker_now(broker);
    rf_core_stopped(broker->core, &now);
    rf_disk_finish(broker->disk);
    broker_hear_disk(broker);
    broker_flush_replies(broker);
    if (broker->core->scribe.given > broker->core->scribe.written)
        rf_log(RF_LOG_ERROR, "%s: %lld changes could not be written; none of them was acknowledged",
               rf_disk_path(broker->disk),
               (long long)(broker->core->scribe.given - broker->core->scribe.written));
}

static void stop(struct rf_process *process) {
    struct broker *broker = process->state;
    if (broker == NULL)
        return;
    rf_timer_stop(&broker->timer);
    rf_timer_stop(&broker->load_timer);
    rf_timer_stop(&broker->reopening);
    broker_unlisten(broker);
    broker_unwatch_disk(broker);
    if (broker->journaling)
        end_in_order(broker);
    rf_endpoints_close(&broker->endpoints);
    rf_reader_stop(&broker->reader);
    rf_disk_close(&broker->disk);
    rf_core_destroy(&broker->core);
    rf_door_close(&broker->door);
    rf_data_dir_close(&broker->dir);
    free(broker);
    process->state = NULL;
}

static struct rf_duration drain_timeout(const struct rf_config *config) {
    return config->broker.drain_timeout;
}

// A broker that alone is started anew has peers that stay, and lose nothing by it.
static void tell_who_stays(struct rf_process *process) {
    const struct broker *broker = process->state;
    rf_log(RF_LOG_INFO,
           "%zu peers have not left within broker.drain_timeout: they wait for the next broker",
           rf_core_peers(broker->core));
}

int main(int argc, char **argv) {
    static const struct rf_service service = {
        .name = "broker",
        .summary = "the bus of Ringfence: calls, events, retained state, circuit breakers",
        .details =
            "Binds the sockets calls, workers, ingest and events. Only one broker may use a\n"
            "state directory and a run directory. SIGTERM: serves until its peers have left,\n"
            "or until broker.drain_timeout.",
        .uses_bus = false,
        .lines = &broker_lines,
        .start = start,
        .drain = drain,
        .reload = reload,
        .stop = stop,
        .drain_timeout = drain_timeout,
        .overdue = tell_who_stays,
    };
    return rf_service_run(&service, argc, argv);
}
