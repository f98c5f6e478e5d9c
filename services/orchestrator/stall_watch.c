#include "stall_watch.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "stall_rows.h"

#define LOOKS         10 // within the time that nothing may move
#define SHORTEST_WAIT rf_ms(100)
#define LONGEST_WAIT  rf_seconds(60)

struct rf_stall_watch {
    struct rf_stall_job job;
    struct rf_timer timer;
    bool busy;
    bool bad; // the last look failed, which was said
};

// Calls that are paced far apart are no standstill.
static struct rf_duration limit_of(const struct rf_config *config) {
    struct rf_duration limit = config->orchestrator.stalled_after;
    double pace = config->orchestrator.pace;
    if (pace > 0 && 3.0 / pace * (double)RF_NS_PER_S > (double)limit.ns)
        limit.ns = (int64_t)(3.0 / pace * (double)RF_NS_PER_S);
    return limit;
}

static void plan(struct rf_orchestrator *orchestrator) {
    const struct rf_config *config = orchestrator->process->config;
    struct rf_duration wait = rf_ns(config->orchestrator.stalled_after.ns / LOOKS);
    if (wait.ns > LONGEST_WAIT.ns || wait.ns == 0)
        wait = LONGEST_WAIT;
    if (wait.ns < SHORTEST_WAIT.ns)
        wait = SHORTEST_WAIT;
    rf_timer_after(&orchestrator->stall_watch->timer, wait);
}

static void on_done(struct rf_store_job *job, enum rf_err result, const struct rf_error *error) {
    struct rf_orchestrator *orchestrator = ((struct rf_stall_job *)job)->owner;
    struct rf_stall_watch *watch = orchestrator->stall_watch;
    watch->busy = false;
    if (orchestrator->stopping)
        return;
    if (result == RF_OK && watch->job.told)
        rf_outbox_kick(&orchestrator->outbox);
    if (result != RF_OK && !watch->bad)
        rf_log(RF_LOG_WARNING, "cannot look whether campaigns stand still: %s", error->message);
    watch->bad = result != RF_OK;
    rf_orchestrator_settle(orchestrator);
}

static void on_timer(void *arg) {
    struct rf_orchestrator *orchestrator = arg;
    struct rf_stall_watch *watch = orchestrator->stall_watch;
    plan(orchestrator);
    if (watch->busy || orchestrator->draining ||
        orchestrator->process->config->orchestrator.stalled_after.ns == 0)
        return;
    watch->busy = true;
    watch->job.limit = limit_of(orchestrator->process->config);
    watch->job.now = rf_clock_utc();
    watch->job.instant = rf_loop_now(orchestrator->process->loop);
    rf_store_submit(orchestrator->store, &watch->job.job);
}

enum rf_err rf_stall_watch_start(struct rf_orchestrator *orchestrator, struct rf_error *error) {
    struct rf_stall_watch *watch = calloc(1, sizeof *watch);
    if (!watch)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    orchestrator->stall_watch = watch;
    watch->job.job = (struct rf_store_job){.run = rf_stall_run, .done = on_done};
    watch->job.owner = orchestrator;
    rf_timer_init(&watch->timer, orchestrator->process->loop, on_timer, orchestrator);
    plan(orchestrator);
    return RF_OK;
}

void rf_stall_watch_stop(struct rf_orchestrator *orchestrator) {
    if (orchestrator->stall_watch)
        rf_timer_stop(&orchestrator->stall_watch->timer);
}

void rf_stall_watch_fini(struct rf_orchestrator *orchestrator) {
    if (orchestrator->stall_watch)
        rf_stall_fini(&orchestrator->stall_watch->job.stall);
    free(orchestrator->stall_watch);
    orchestrator->stall_watch = NULL;
}
