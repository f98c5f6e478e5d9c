#include "attempt.h"

#include "ahead.h"
#include "clock_watch.h"
#include "config/config.h"
#include "dial.h"
#include "outcome.h"
#include "reason.h"
#include "runner.h"
#include "store/lease.h"

// A lease on the store that is about to end is renewed, or lost, by then.
#define LEASE_RETRY_S 1

// By settings that cannot be used nobody is called: they may say when nobody may be.
bool rf_attempt_may(struct rf_runner *runner, const struct rf_rules *rules, struct rf_utc now,
                    struct rf_plan *plan) {
    const struct rf_terms *terms = runner->terms;
    const struct rf_config_campaign *campaign = rf_terms_campaign(terms);
    if (terms->problem[0]) {
        rf_plan_defer(&runner->contact, rf_reason_name(RF_REASON_SETTINGS), terms->problem, rules,
                      now, plan);
        return false;
    }
    const struct rf_holidays *holidays = rf_terms_holidays(terms);
    const struct rf_zone *zone = NULL;
    struct rf_error error = {0};
    enum rf_err err = RF_ERR_NOT_FOUND;
    if (rf_outcome_needs_zone(&runner->contact, campaign, holidays))
        err = rf_orchestrator_zone(runner->orchestrator, &runner->contact, campaign, &zone, &error);
    if (err != RF_OK && err != RF_ERR_NOT_FOUND) { // a fault of this machine, not of the contact
        rf_plan_defer(&runner->contact, rf_reason_name(RF_REASON_TIME_ZONE_UNREADABLE),
                      error.message, rules, now, plan);
        return false;
    }
    return rf_outcome_may_dial(&runner->contact, campaign, zone, holidays, now, plan);
}

// Whether it may be dialled until `until`; if not, what follows instead is being written.
static bool allowed(struct rf_runner *runner, const struct rf_rules *rules, struct rf_utc now,
                    struct rf_utc *until) {
    const struct rf_notice_step step = {.step = RF_STEP_DIAL};
    struct rf_plan plan;
    bool may = rf_attempt_may(runner, rules, now, &plan);
    *until = plan.due;
    may = may && !rf_plan_speak_again(&runner->contact, rules, now, &plan);
    if (!may)
        rf_runner_decide(runner, &plan, &step);
    return may;
}

bool rf_attempt_allowed(struct rf_runner *runner) {
    struct rf_rules rules = rf_orchestrator_rules(runner->orchestrator, NULL);
    struct rf_utc until;
    if (runner->terms->stopped) {
        rf_runner_put_back(runner);
        return false;
    }
    bool may = allowed(runner, &rules, rf_clock_watch_now(runner->orchestrator), &until);
    if (may)
        rf_ahead_end(runner);
    return may;
}

// No gateway sends it after another may have taken the contact over, nor after the window has shut.
static struct rf_dial make(const struct rf_runner *runner, const struct rf_rules *rules,
                           struct rf_utc now, struct rf_utc until) {
    const struct rf_orchestrator *orchestrator = runner->orchestrator;
    const struct rf_config_provider *twilio =
        &orchestrator->process->config->providers[RF_PROVIDER_TWILIO];
    bool question = runner->contact.ask_since.ns != 0; // about what was sent long ago
    struct rf_dial dial;
    char id[RF_ULID_SIZE];
    if (question)
        rf_dial_question(&dial, rf_ulid_new(now, id), &runner->contact, rules,
                         orchestrator->restored);
    else
        rf_dial_begin(&dial, rf_ulid_new(now, id), rules, now);
    rf_config_account(twilio, dial.account);
    rf_plan_copy(dial.sender, sizeof dial.sender, twilio->from);
    if (!question)
        dial.known_since = rf_clock_now();
    if (until.ns < dial.send_before.ns)
        dial.send_before = until;
    return dial;
}

bool rf_attempt_begin(struct rf_runner *runner) {
    struct rf_orchestrator *orchestrator = runner->orchestrator;
    struct rf_rules rules = rf_orchestrator_rules(orchestrator, NULL);
    struct rf_utc now = rf_clock_watch_now(runner->orchestrator), until;
    rules.send_margin =
        rf_lease_bound(rf_store_lease_end(orchestrator->store), rf_clock_now(),
                       orchestrator->process->config->orchestrator.store.lease, rules.send_margin);
    if (rules.send_margin.ns == 0) {
        rf_runner_wait(runner, rf_utc_add(now, rf_seconds(LEASE_RETRY_S)));
        return false;
    }
    if (!allowed(runner, &rules, now, &until))
        return false;
    struct rf_dial dial = make(runner, &rules, now, until);
    struct rf_record *record =
        rf_record_intent(&runner->contact, &dial, runner->terms->version, now);
    rf_runner_attempt(runner, record);
    return record != NULL;
}
