#include "clock_watch.h"

#include "base/log.h"
#include "calendar.h"
#include "dispatch.h"
#include "runner.h"

#define LOOK_EVERY rf_seconds(1)

static void move_along(struct rf_orchestrator *orchestrator);

static void on_shifted(struct rf_store_job *job, enum rf_err result, const struct rf_error *error) {
    struct rf_orchestrator *orchestrator = ((struct rf_shift *)job)->owner;
    bool say = rf_clock_owed_end(&orchestrator->clock_owed, result == RF_OK);
    if (orchestrator->stopping)
        return;
    if (say)
        rf_log(RF_LOG_WARNING,
               "waits are not moved along with the clock, trying again every second: %s",
               error->message);
    if (result == RF_OK) {
        move_along(orchestrator); // it may have been set once more meanwhile
        rf_dispatch_queued(orchestrator);
        rf_calendar_go_on(orchestrator);
    }
    rf_orchestrator_settle(orchestrator);
}

// What fails is owed until the timer's next turn.
static void move_along(struct rf_orchestrator *orchestrator) {
    if (!rf_clock_owed_begin(&orchestrator->clock_owed))
        return;
    orchestrator->shift = (struct rf_shift){
        .job = {.run = rf_shift_run, .done = on_shifted},
        .owner = orchestrator,
        .now = rf_clock_utc(),
        .step = orchestrator->clock_owed.moving,
        .alone = rf_orchestrator_alone(orchestrator),
    };
    rf_store_submit(orchestrator->store, &orchestrator->shift.job);
}

struct rf_utc rf_clock_watch_now(struct rf_orchestrator *orchestrator) {
    struct rf_utc now = rf_clock_utc();
    struct rf_duration step = rf_clock_set_look(&orchestrator->clock, now, rf_clock_boot());
    if (step.ns == 0 || orchestrator->stopping)
        return now;
    rf_log(RF_LOG_WARNING, "the clock was set %s by %.1f s: waits keep their length",
           step.ns < 0 ? "back" : "forward",
           (double)(step.ns < 0 ? -step.ns : step.ns) / (double)RF_NS_PER_S);
    rf_runner_clock_set(orchestrator, step);
    rf_clock_owed_add(&orchestrator->clock_owed, step);
    move_along(orchestrator);
    return now;
}

// Timers stand still while the machine sleeps: what was to be due by one of them may be overdue.
static void look_for_sleep(struct rf_orchestrator *orchestrator) {
    struct rf_duration slept =
        rf_clock_slept_look(&orchestrator->sleep, rf_clock_boot(), rf_clock_now());
    if (slept.ns == 0 || orchestrator->stopping)
        return;
    rf_log(RF_LOG_INFO, "the machine slept for %.1f s: looking at what is due by now",
           (double)slept.ns / (double)RF_NS_PER_S);
    rf_dispatch_queued(orchestrator);
}

static void on_timer(void *arg) {
    struct rf_orchestrator *orchestrator = arg;
    (void)rf_clock_watch_now(orchestrator);
    look_for_sleep(orchestrator);
    if (!orchestrator->stopping)
        move_along(orchestrator);
    rf_timer_after(&orchestrator->clock_timer, LOOK_EVERY);
}

enum rf_err rf_clock_watch_start(struct rf_orchestrator *orchestrator, struct rf_error *error) {
    rf_timer_init(&orchestrator->clock_timer, orchestrator->process->loop, on_timer, orchestrator);
    on_timer(orchestrator);
    // Where several share a database the last attempt may be of one whose clock is ahead.
    if (!rf_orchestrator_alone(orchestrator))
        return RF_OK;
    struct rf_shift shift = {
        .job.run = rf_shift_run, .now = rf_clock_utc(), .alone = true, .at_start = true};
    enum rf_err err = rf_store_now(orchestrator->store, &shift.job, error);
    if (err == RF_OK && shift.step.all.ns != 0)
        rf_log(RF_LOG_WARNING,
               "the clock was set back by %.1f s or more since the last dial: waits are shortened",
               (double)-shift.step.all.ns / (double)RF_NS_PER_S);
    return err;
}

void rf_clock_watch_stop(struct rf_orchestrator *orchestrator) {
    if (orchestrator->clock_timer.loop)
        rf_timer_stop(&orchestrator->clock_timer);
}
