#include "runner.h"

#include <stdlib.h>
#include <string.h>

#include <ringfence/retry.h>

#include "ahead.h"
#include "attempt.h"
#include "base/crash_point.h"
#include "base/log.h"
#include "base/utf8.h"
#include "cancel.h"
#include "clock_watch.h"
#include "config/config.h"
#include "dial.h"
#include "dispatch.h"
#include "inherit.h"
#include "questions.h"
#include "reason.h"
#include "steps.h"

// When a store that failed is tried again; the contact does nothing else meanwhile.
static const struct rf_retry_policy storing = {.strategy = RF_RETRY_EXPONENTIAL,
                                               .initial_delay = {RF_NS_PER_S},
                                               .max_delay = {15 * RF_NS_PER_S},
                                               .backoff_factor = 2.0};
#define STORE_LOG_EVERY 20

static void go(struct rf_runner *runner);

static void on_timer(void *arg) {
    struct rf_runner *runner = arg;
    if (runner->letting_go) {
        rf_store_submit(runner->orchestrator->store, &runner->release.job);
    } else if (runner->retrying) {
        runner->retrying = false;
        rf_store_submit(runner->orchestrator->store, &runner->record->job);
    } else if (runner->resting) {
        runner->resting = false;
        go(runner);
    } else if (!runner->orchestrator->draining) {
        rf_steps_due(runner);
    }
}

// What is told of a dial names it: while it is open it is found by its id. Without memory for that
// its call is asked about alone.
static void track(struct rf_runner *runner) {
    if (!runner->tracked && runner->contact.dial.state != RF_DIAL_NONE)
        runner->tracked = rf_map_add_text(&runner->orchestrator->attempts, &runner->attempt,
                                          runner->contact.dial.id);
}

static void untrack(struct rf_runner *runner) {
    if (runner->tracked)
        rf_map_remove(&runner->orchestrator->attempts, &runner->attempt);
    runner->tracked = false;
    runner->told = (struct rf_told){0};
}

static void runner_destroy(struct rf_runner *runner) {
    untrack(runner);
    rf_polls_leave(&runner->orchestrator->polls, &runner->poll);
    *runner->link = runner->next;
    if (runner->next)
        runner->next->link = runner->link;
    runner->orchestrator->running--;
    rf_ahead_end(runner);
    rf_pace_leave(&runner->waiter);
    rf_timer_stop(&runner->timer);
    rf_record_destroy(&runner->record);
    rf_contact_clear(&runner->contact);
    rf_terms_drop(&runner->terms);
    free(runner);
}

// A dial that was stored and perhaps sent in an earlier life, or calls of which a restored database
// does not know: only the provider can tell.
static void doubt(struct rf_runner *runner, enum rf_reason reason) {
    struct rf_plan plan;
    rf_plan_stay(&runner->contact, &plan);
    plan.to = RF_CONTACT_ASK;
    plan.dial = RF_DIAL_UNKNOWN;
    rf_plan_copy(plan.reason, sizeof plan.reason, rf_reason_name(reason));
    const struct rf_notice_step step = {.step = RF_STEP_DIAL};
    rf_runner_decide(runner, &plan, &step);
}

// Nobody may call the number: nothing is paid for it any more. What was added to the list later
// than its claim is found by the last look before the dial.
static void bar(struct rf_runner *runner) {
    struct rf_plan plan;
    rf_dnc_plan(&runner->contact, "is on the do-not-call list", &plan);
    const struct rf_notice_step step = {.step = runner->contact.step};
    rf_runner_decide(runner, &plan, &step);
}

// Begins with what the contact's state asks for, as the database has it.
static void go(struct rf_runner *runner) {
    bool open = runner->contact.dial.state != RF_DIAL_NONE;
    if (runner->contact.state == RF_CONTACT_DIAL && open)
        doubt(runner, RF_REASON_RESTARTED);
    else if (runner->contact.barred && !open)
        bar(runner);
    else
        rf_steps_go(runner);
}

static bool begin(struct rf_orchestrator *orchestrator, struct rf_contact *contact) {
    struct rf_runner *runner = calloc(1, sizeof *runner);
    struct rf_terms *terms = runner ? rf_terms_hold(orchestrator, contact) : NULL;
    if (!terms) {
        free(runner);
        return false;
    }
    runner->orchestrator = orchestrator;
    runner->terms = terms;
    runner->contact = *contact;
    runner->contact.dial.known_since = rf_clock_now();
    *contact = (struct rf_contact){0};
    rf_timer_init(&runner->timer, orchestrator->process->loop, on_timer, runner);
    runner->next = orchestrator->runners;
    runner->link = &orchestrator->runners;
    if (runner->next)
        runner->next->link = &runner->next;
    orchestrator->runners = runner;
    orchestrator->running++;
    track(runner);
    if (runner->contact.dial.state != RF_DIAL_NONE) {
        struct rf_rules rules = rf_orchestrator_rules(orchestrator, NULL);
        rf_dial_distrust(&runner->contact.dial, &rules, rf_clock_watch_now(orchestrator));
    }
    go(runner);
    return true;
}

void rf_runner_begin_all(struct rf_orchestrator *orchestrator, struct rf_contact_list *from,
                         struct rf_contact_list *rest) {
    struct rf_contact_list list = *from;
    size_t begun = 0;
    *from = (struct rf_contact_list){0};
    while (begun < list.count && begin(orchestrator, &list.items[begun]))
        begun++;
    if (begun == list.count) {
        rf_contact_list_clear(&list);
        return;
    }
    list.count -= begun;
    memmove(list.items, list.items + begun, list.count * sizeof *list.items);
    rf_log(RF_LOG_ERROR, "out of memory: %zu contacts are gone on with later", list.count);
    *rest = list;
}

void rf_runner_stop_all(struct rf_orchestrator *orchestrator) {
    struct rf_runner *next;
    for (struct rf_runner *runner = orchestrator->runners; runner; runner = next) {
        next = runner->next;
        runner_destroy(runner);
    }
}

void rf_runner_clock_set(struct rf_orchestrator *orchestrator, struct rf_duration step) {
    for (struct rf_runner *runner = orchestrator->runners; runner; runner = runner->next) {
        runner->due = rf_utc_add(runner->due, step);
        runner->plan.due = rf_utc_add(runner->plan.due, step);
        if (runner->follow.missing.ns != 0)
            runner->follow.missing = rf_utc_add(runner->follow.missing, step);
        if (runner->record) // the store reads it just now
            runner->missed = rf_ns(rf_ns_add(runner->missed.ns, step.ns));
        else
            rf_dial_clock_set(&runner->contact.dial, step);
    }
}

void rf_runner_wait(struct rf_runner *runner, struct rf_utc due) {
    struct rf_duration wait = rf_utc_since(due, rf_clock_watch_now(runner->orchestrator));
    runner->due = due;
    rf_timer_after(&runner->timer, wait.ns > 0 ? wait : rf_ns(0));
}

// ---- writing ----

// The record is on the disk: the contact in memory follows.
static void take_over(struct rf_runner *runner) {
    struct rf_contact *contact = &runner->contact;
    struct rf_record *record = runner->record;
    contact->state = record->to;
    if (record->dial.state != RF_DIAL_NONE)
        contact->dial = record->dial;
    track(runner);
    if (record->dial.state == RF_DIAL_ABSENT || record->dial.state == RF_DIAL_ENDED) {
        untrack(runner);
        contact->dial = (struct rf_dial){0};
    }
    if (record->answered)
        contact->ask_since = (struct rf_utc){0};
    rf_dial_clock_set(&contact->dial, runner->missed);
    runner->missed = rf_ns(0);
    if (runner->intent)
        return;
    contact->step = record->step;
    contact->deferrals = record->deferrals;
    contact->spent = record->spent;
    contact->redials = record->redials;
    contact->interruptions = record->interruptions;
    memcpy(contact->unreached, record->unreached, sizeof contact->unreached);
    contact->last_unreached = record->last_unreached;
    if (record->script) {
        free(contact->script);
        contact->script = record->script;
        record->script = NULL;
    }
    if (record->audio[0]) {
        memcpy(contact->audio, record->audio, sizeof contact->audio);
        memcpy(contact->audio_format, record->audio_format, sizeof contact->audio_format);
        contact->spoken = record->now;
    }
}

void rf_runner_rest(struct rf_runner *runner) {
    rf_log(RF_LOG_ERROR, "out of memory: contact %s rests for a moment", runner->contact.id);
    runner->resting = true;
    rf_timer_after(&runner->timer, storing.initial_delay);
}

// The contact is not in progress any more.
static void leave(struct rf_runner *runner) {
    struct rf_orchestrator *orchestrator = runner->orchestrator;
    struct rf_instant now = rf_loop_now(orchestrator->process->loop);
    rf_claim_left(&orchestrator->claim, runner->contact.row, now);
    if (rf_contact_waiting(runner->contact.state)) {
        struct rf_duration wait =
            rf_utc_since(runner->plan.due, rf_clock_watch_now(runner->orchestrator));
        rf_claim_queued(&orchestrator->claim, rf_instant_add(now, wait));
    }
    runner_destroy(runner);
    rf_dispatch_tick(orchestrator);
}

static void go_on(struct rf_runner *runner) {
    struct rf_orchestrator *orchestrator = runner->orchestrator;
    bool intent = runner->intent;
    if (orchestrator->storing_bad)
        rf_log(RF_LOG_INFO, "contacts are stored again");
    orchestrator->storing_bad = false;
    runner->failures = 0;
    take_over(runner);
    if (rf_contact_ended(runner->contact.state))
        RF_CRASH_POINT(orchestrator, end_committed);
    else if (!intent && rf_contact_running(runner->contact.state))
        RF_CRASH_POINT(orchestrator, step_committed);
    if (runner->record->cancelled)
        rf_cancel_sweep(orchestrator);
    rf_record_destroy(&runner->record);
    rf_outbox_kick(&orchestrator->outbox);
    if (intent) {
        RF_CRASH_POINT(orchestrator, attempt_committed);
        if (runner->contact.dial.question) {
            rf_dispatch_not_dialled(runner);
            doubt(runner, RF_REASON_RESTORED);
        } else {
            rf_steps_dial(runner);
        }
    } else if (rf_contact_running(runner->contact.state)) {
        runner->due = runner->plan.due;
        runner->follow = (struct rf_follow){0};
        rf_steps_go(runner);
    } else {
        leave(runner);
    }
}

// The settings of the campaign have become others since they allowed this dial, or judged how its
// call ended: they are asked again.
static void decide_anew(struct rf_runner *runner) {
    rf_terms_learn(runner->orchestrator, runner->contact.campaign_row, runner->record->newer,
                   runner->record->settings);
    rf_record_destroy(&runner->record);
    if (!runner->intent)
        rf_questions_judge_anew(runner);
    else if (!rf_attempt_begin(runner))
        rf_dispatch_not_dialled(runner);
}

void rf_runner_put_back(struct rf_runner *runner) {
    struct rf_plan plan;
    rf_plan_put_back(&runner->contact, rf_reason_name(RF_REASON_PAUSED),
                     "its campaign does not run", rf_clock_watch_now(runner->orchestrator), &plan);
    const struct rf_notice_step step = {.step = RF_STEP_DIAL};
    rf_runner_decide(runner, &plan, &step);
}

void rf_runner_stop(struct rf_orchestrator *orchestrator, int64_t campaign) {
    rf_terms_stop(orchestrator, campaign);
    for (struct rf_runner *runner = orchestrator->runners; runner; runner = runner->next) {
        if (runner->contact.campaign_row != campaign || !runner->waiter.link)
            continue;
        rf_pace_leave(&runner->waiter);
        rf_runner_put_back(runner);
    }
}

// The attempt was refused: nobody may call the number; or its campaign is paused, and the contact
// is due as soon as it goes on; or another attempt, of this or another campaign, holds the number,
// and the contact comes later.
static void refused(struct rf_runner *runner) {
    struct rf_rules rules = rf_orchestrator_rules(runner->orchestrator, NULL);
    struct rf_plan plan;
    if (runner->record->paused) {
        rf_record_destroy(&runner->record);
        rf_runner_put_back(runner);
        rf_runner_stop(runner->orchestrator, runner->contact.campaign_row);
        return;
    }
    if (runner->record->barred)
        rf_dnc_plan(&runner->contact, runner->record->barred_why, &plan);
    else
        rf_plan_defer(&runner->contact, rf_reason_name(RF_REASON_NUMBER_IN_USE),
                      "another attempt to this number is open", &rules,
                      rf_clock_watch_now(runner->orchestrator), &plan);
    const struct rf_notice_step step = {.step = RF_STEP_DIAL};
    rf_record_destroy(&runner->record);
    rf_runner_decide(runner, &plan, &step);
}

static void on_released(struct rf_store_job *job, enum rf_err result,
                        const struct rf_error *error) {
    struct rf_runner *runner = ((struct rf_takeover_release *)job)->owner;
    struct rf_orchestrator *orchestrator = runner->orchestrator;
    if (orchestrator->stopping)
        return;
    if (result == RF_OK) {
        rf_inherit_soon(orchestrator);
        leave(runner);
    } else {
        if (runner->failures == 0)
            rf_log(RF_LOG_ERROR, "contact %s cannot be let go, trying again: %s",
                   runner->contact.id, error->message);
        rf_timer_after(&runner->timer, rf_retry_backoff(&storing, runner->failures++));
    }
    rf_orchestrator_settle(orchestrator);
}

// Somebody else has written the contact: it is let go, and read anew by whose it is.
static void let_go(struct rf_runner *runner) {
    rf_record_destroy(&runner->record);
    runner->letting_go = true;
    runner->failures = 0;
    runner->release = (struct rf_takeover_release){
        .job = {.run = rf_takeover_release_run, .done = on_released},
        .owner = runner,
        .contact = runner->contact.row,
    };
    rf_store_submit(runner->orchestrator->store, &runner->release.job);
}

// What the database refuses it will always refuse: the contact is set aside, and nothing is said of
// its attempt: the number is called by nobody until a person has looked. If that is refused as
// well, the place is free all the same.
static void deny(struct rf_runner *runner, const struct rf_error *error) {
    rf_log(RF_LOG_ERROR, "contact %s: the database refuses what is to be written: %s%s",
           runner->contact.id, error->message,
           runner->denied ? "; it rests until the next start" : "");
    if (runner->denied) {
        leave(runner);
        return;
    }
    struct rf_plan plan;
    rf_plan_stay(&runner->contact, &plan);
    plan.to = RF_CONTACT_SET_ASIDE;
    plan.class = RF_CLASS_LOCAL;
    rf_plan_copy(plan.reason, sizeof plan.reason, rf_reason_name(RF_REASON_STORE_REFUSED));
    rf_utf8_mend(error->message, strlen(error->message), plan.message, sizeof plan.message);
    const struct rf_notice_step step = {.step = runner->contact.step};
    runner->denied = true;
    rf_record_destroy(&runner->record);
    rf_runner_decide(runner, &plan, &step);
}

static void try_again(struct rf_runner *runner, const struct rf_error *error) {
    struct rf_duration wait = rf_retry_backoff(&storing, runner->failures);
    // What is wrong with the database is the same for all: said of the first only.
    if (runner->failures++ % STORE_LOG_EVERY == 0 && !runner->orchestrator->storing_bad) {
        rf_log(RF_LOG_ERROR, "contact %s cannot be stored, trying again: %s", runner->contact.id,
               error->message);
        runner->orchestrator->storing_bad = true;
    }
    runner->retrying = true;
    rf_timer_after(&runner->timer, wait);
}

static void on_recorded(struct rf_store_job *job, enum rf_err result,
                        const struct rf_error *error) {
    struct rf_runner *runner = ((struct rf_record *)job)->owner;
    struct rf_orchestrator *orchestrator = runner->orchestrator;
    if (orchestrator->stopping)
        return;
    bool anew = result == RF_ERR_CONFLICT && runner->record->stale &&
                !(runner->intent && runner->record->paused);
    if (runner->intent && !anew && (result == RF_ERR_CONFLICT || result == RF_ERR_INVALID))
        rf_dispatch_not_dialled(runner);
    if (result == RF_OK) {
        go_on(runner);
    } else if (anew) {
        decide_anew(runner);
    } else if (result == RF_ERR_CONFLICT && runner->intent) {
        refused(runner);
    } else if (result == RF_ERR_INVALID && runner->record->elsewhere) {
        let_go(runner);
    } else if (result == RF_ERR_INVALID || result == RF_ERR_CONFLICT) {
        deny(runner, error);
    } else {
        try_again(runner, error);
    }
    rf_orchestrator_settle(orchestrator);
}

static void submit(struct rf_runner *runner, struct rf_record *record, bool intent) {
    runner->intent = intent;
    runner->record = record;
    record->job.done = on_recorded;
    record->owner = runner;
    rf_store_submit(runner->orchestrator->store, &record->job);
}

// Whether a step is finished: to ask is none, nor is to go back by one.
static bool finishes_step(const struct rf_contact *contact, const struct rf_plan *plan) {
    return plan->to != RF_CONTACT_ASK && contact->state != RF_CONTACT_ASK &&
           plan->step >= contact->step;
}

// The step is finished, and the contact rests in front of the next one.
static bool add_rest(const struct rf_runner *runner, const struct rf_plan *plan,
                     const struct rf_notice_step *step, struct rf_record *record) {
    const struct rf_notice_step next = {.step = plan->step};
    record->notices[0] = rf_notice_step(&runner->contact, plan, step, record->now);
    record->notices[1] = rf_notice_deferred(&runner->contact, plan, &next, record->now);
    return record->notices[0] && record->notices[1];
}

// The events that tell of a plan.
static bool add_notices(const struct rf_runner *runner, const struct rf_plan *plan,
                        const struct rf_notice_step *step, struct rf_record *record) {
    const struct rf_contact *contact = &runner->contact;
    char **notice = &record->notices[0];
    if (plan->to == RF_CONTACT_DONE)
        *notice = rf_notice_done(contact, plan, record->now);
    else if (plan->to == RF_CONTACT_SET_ASIDE)
        *notice = rf_notice_set_aside(contact, plan, step, record->now);
    else if (rf_contact_waiting(plan->to) && plan->step > contact->step)
        return add_rest(runner, plan, step, record);
    else if (rf_contact_waiting(plan->to))
        *notice = rf_notice_deferred(contact, plan, step, record->now);
    else if (plan->to == RF_CONTACT_FOLLOW || finishes_step(contact, plan))
        *notice = rf_notice_step(contact, plan, step, record->now);
    else
        return true; // asking, dialling anew or speaking once more is told by its end
    return *notice != NULL;
}

void rf_runner_decide(struct rf_runner *runner, const struct rf_plan *plan,
                      const struct rf_notice_step *step) {
    struct rf_record *record =
        rf_record_new(&runner->contact, plan, rf_clock_watch_now(runner->orchestrator));
    if (!record || !add_notices(runner, plan, step, record)) {
        rf_record_destroy(&record);
        rf_runner_rest(runner);
        return;
    }
    record->version = runner->terms->version; // by which it was judged, if it was
    runner->plan = *plan;
    // Borrowed from a reply that is about to go.
    runner->plan.text = runner->plan.audio = runner->plan.audio_format = NULL;
    submit(runner, record, false);
}

void rf_runner_attempt(struct rf_runner *runner, struct rf_record *record) {
    if (record)
        submit(runner, record, true);
    else
        rf_runner_rest(runner);
}
