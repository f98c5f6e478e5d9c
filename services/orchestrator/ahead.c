#include "ahead.h"

#include "attempt.h"
#include "clock_watch.h"
#include "config/config.h"
#include "runner.h"

static bool has_room(const struct rf_runner *runner) {
    const struct rf_orchestrator *orchestrator = runner->orchestrator;
    return runner->ahead || orchestrator->ahead_ready + orchestrator->ahead_running <
                                orchestrator->process->config->orchestrator.prepare;
}

bool rf_ahead_go(struct rf_runner *runner) {
    struct rf_orchestrator *orchestrator = runner->orchestrator;
    struct rf_rules rules = rf_orchestrator_rules(orchestrator, NULL);
    struct rf_utc now = rf_clock_watch_now(orchestrator);
    struct rf_plan plan;
    // What else is against its call is told when it is due.
    if (rf_attempt_may(runner, &rules, now, &plan) || plan.to != RF_CONTACT_WAIT_WINDOW) {
        rf_ahead_end(runner);
        return true;
    }
    if (!rf_plan_ahead(&runner->contact, &rules, now, plan.due, has_room(runner))) {
        const struct rf_notice_step step = {.step = runner->contact.step};
        rf_runner_decide(runner, &plan, &step);
        return false;
    }
    orchestrator->ahead_running += runner->ahead ? 0 : 1;
    runner->ahead = true;
    return true;
}

void rf_ahead_end(struct rf_runner *runner) {
    runner->orchestrator->ahead_running -= runner->ahead ? 1 : 0;
    runner->ahead = false;
}
