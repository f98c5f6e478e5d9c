#include "questions.h"

#include <stdlib.h>
#include <string.h>

#include "base/crash_point.h"
#include "base/log.h"
#include "clock_watch.h"
#include "config/config.h"
#include "dial.h"
#include "outcome.h"
#include "queue.h"
#include "request.h"
#include "steps.h"

// That callbacks do not come is told so often at most.
#define UNTOLD_EVERY rf_seconds(60)

static const struct rf_config *config_of(const struct rf_runner *runner) {
    return runner->orchestrator->process->config;
}

static void begin(struct rf_runner *runner);

// A question is over: the next in line has its turn. One that cannot even be begun comes back here.
static void leave(struct rf_runner *runner) {
    struct rf_orchestrator *orchestrator = runner->orchestrator;
    struct rf_polls_waiter *waiter;
    runner->question[0] = '\0';
    rf_polls_leave(&orchestrator->polls, &runner->poll);
    if (orchestrator->asking_next)
        return;
    orchestrator->asking_next = true;
    while (!orchestrator->draining && !orchestrator->stopping &&
           (waiter = rf_polls_next(&orchestrator->polls)))
        begin(RF_OWNER(waiter, struct rf_runner, poll));
    orchestrator->asking_next = false;
}

static void later(struct rf_runner *runner) {
    leave(runner);
    rf_runner_wait(runner, rf_utc_add(rf_clock_watch_now(runner->orchestrator),
                                      config_of(runner)->telephony.poll_max));
}

static void send(struct rf_runner *runner, const char *operation, json_t *params,
                 rf_reply_fn *reply) {
    const struct rf_steps_request request = {
        .service = "telephony",
        .operation = operation,
        .deadline = config_of(runner)->orchestrator.dial_deadline,
        .repeatable = true,
        .params = params,
        .reply = reply,
    };
    if (!params) {
        later(runner);
        return;
    }
    (void)rf_ulid_new(rf_clock_watch_now(runner->orchestrator), runner->question);
    rf_steps_send(runner, &request, runner->question, (struct rf_utc){0});
}

// ---- whether there is a call ----

// The list of calls is read as if the clocks were right; calling windows cannot be.
static void tell_clock(const struct rf_runner *runner, const struct rf_call_reply *reply) {
    int64_t ahead = json_integer_value(json_object_get(reply->result, "clock_ahead_ns"));
    if (ahead != 0)
        rf_log(RF_LOG_WARNING,
               "contact %s: the provider's clock is %lld s %s a gateway's, which is more than"
               " telephony.clock_skew: look whether the machine's clock is synchronized",
               runner->contact.id, (long long)((ahead < 0 ? -ahead : ahead) / RF_NS_PER_S),
               ahead < 0 ? "behind" : "ahead of");
}

static void on_found(void *arg, const struct rf_call_reply *reply) {
    struct rf_runner *runner = arg;
    struct rf_orchestrator *orchestrator = runner->orchestrator;
    orchestrator->calls--;
    if (orchestrator->stopping)
        return;
    struct rf_rules rules =
        rf_orchestrator_rules(orchestrator, rf_provider_name(RF_PROVIDER_TWILIO));
    struct rf_plan plan;
    struct rf_utc now = rf_clock_watch_now(runner->orchestrator);
    struct rf_duration took =
        rf_instant_since(rf_loop_now(orchestrator->process->loop), runner->called);
    leave(runner);
    struct rf_dial *dial = &runner->contact.dial;
    tell_clock(runner, reply);
    rf_dial_asked(&runner->contact, dial, reply, &rules, rf_utc_add(now, rf_ns(-took.ns)),
                  rf_instant_since(runner->called, dial->known_since), now, &plan);
    if (plan.to == RF_CONTACT_ASK) {
        if (!orchestrator->draining)
            rf_runner_wait(runner, plan.due);
    } else {
        RF_CRASH_POINT(orchestrator, find_reply_before_commit);
        const struct rf_notice_step step = {
            .step = RF_STEP_DIAL, .reply = reply, .operation = "find_call"};
        rf_runner_decide(runner, &plan, &step);
    }
    rf_orchestrator_settle(orchestrator);
}

static void go_on_by_told(struct rf_runner *runner);

static void on_known(struct rf_store_job *job, enum rf_err result, const struct rf_error *error) {
    struct rf_queue_known *known = (struct rf_queue_known *)job;
    struct rf_runner *runner = known->owner;
    struct rf_orchestrator *orchestrator = runner->orchestrator;
    runner->looking = false;
    if (!orchestrator->stopping && runner->told.sid[0] && !orchestrator->draining) {
        go_on_by_told(runner); // meanwhile
    } else if (!orchestrator->stopping && result != RF_OK) {
        // Without the sids that we know an old call could be taken for the new one.
        rf_log(RF_LOG_WARNING, "contact %s: the provider is asked later: %s", runner->contact.id,
               error->message);
        later(runner);
    } else if (!orchestrator->stopping && !orchestrator->draining) {
        struct rf_rules rules = rf_orchestrator_rules(orchestrator, NULL);
        send(runner, "find_call",
             rf_request_find(&runner->contact, &rules, rf_clock_watch_now(orchestrator),
                             known->sids),
             on_found);
    }
    json_decref(known->sids);
    free(known->phone);
    free(known);
    if (!orchestrator->stopping)
        rf_orchestrator_settle(orchestrator);
}

static void ask(struct rf_runner *runner) {
    struct rf_queue_known *known = calloc(1, sizeof *known);
    char *phone = strdup(runner->contact.phone);
    if (!known || !phone) {
        free(known);
        free(phone);
        later(runner);
        return;
    }
    known->job.run = rf_queue_known_run;
    known->job.done = on_known;
    known->owner = runner;
    known->phone = phone;
    runner->looking = true;
    rf_store_submit(runner->orchestrator->store, &known->job);
}

// ---- how the call goes ----

// What follows a call that did not reach its person, by the settings of its campaign.
static void judge(struct rf_runner *runner, enum rf_unreached how, struct rf_plan *plan) {
    struct rf_orchestrator *orchestrator = runner->orchestrator;
    const struct rf_terms *terms = runner->terms;
    const struct rf_config_campaign *campaign = rf_terms_campaign(terms);
    struct rf_utc now = rf_clock_watch_now(orchestrator);
    if (terms->problem[0]) {
        struct rf_rules rules = rf_orchestrator_rules(orchestrator, NULL);
        rf_outcome_unjudged(how, terms->problem, &rules, now, plan);
        return;
    }
    const struct rf_zone *zone;
    struct rf_error error;
    if (rf_orchestrator_zone(orchestrator, &runner->contact, campaign, &zone, &error) != RF_OK)
        zone = NULL; // what became of it is looked at before the next dial
    rf_outcome_ended(&runner->contact, how, campaign, zone, rf_terms_holidays(terms), now, plan);
}

void rf_questions_judge_anew(struct rf_runner *runner) {
    const struct rf_plan *before = &runner->plan;
    const struct rf_notice_step step = {.step = RF_STEP_DIAL};
    struct rf_plan plan;
    rf_plan_stay(&runner->contact, &plan);
    rf_plan_copy(plan.provider, sizeof plan.provider, before->provider);
    rf_plan_copy(plan.sid, sizeof plan.sid, before->sid);
    plan.duration_s = before->duration_s;
    judge(runner, before->last_unreached, &plan);
    rf_runner_decide(runner, &plan, &step);
}

// Whom the call did not reach may be called again.
static void ended(struct rf_runner *runner, const struct rf_call_reply *reply,
                  struct rf_plan *plan) {
    const char *heard = json_string_value(json_object_get(reply->result, "answered_by"));
    if (!heard && runner->told.answered_by[0])
        heard = runner->told.answered_by;
    enum rf_unreached how = rf_outcome_unreached(plan->status, heard);
    if (how != RF_UNREACHED_NONE)
        judge(runner, how, plan);
}

// What the provider said of the call, asked or by itself.
static void heard(struct rf_runner *runner, const struct rf_call_reply *reply) {
    struct rf_orchestrator *orchestrator = runner->orchestrator;
    struct rf_rules rules = rf_orchestrator_rules(orchestrator, reply->provider);
    struct rf_plan plan;
    if (runner->told.status[0]) // nothing more is told: the rest is asked for
        rules.told_poll = rf_ns(0);
    rf_follow_answer(&runner->contact, reply, &rules, &runner->follow,
                     rf_clock_watch_now(runner->orchestrator), &plan);
    if (plan.to == RF_CONTACT_DONE)
        ended(runner, reply, &plan);
    if (plan.to == RF_CONTACT_FOLLOW) {
        if (!orchestrator->draining)
            rf_runner_wait(runner, plan.due);
    } else {
        RF_CRASH_POINT(orchestrator, end_reply_before_commit);
        const struct rf_notice_step step = {
            .step = RF_STEP_DIAL, .reply = reply, .operation = "call_status"};
        rf_runner_decide(runner, &plan, &step);
    }
}

// A call whose end had to be asked for, though the provider was to tell it.
static void note_untold(struct rf_runner *runner, const struct rf_call_reply *reply) {
    struct rf_orchestrator *orchestrator = runner->orchestrator;
    struct rf_instant now = rf_loop_now(orchestrator->process->loop);
    const char *status = json_string_value(json_object_get(reply->result, "status"));
    if (!config_of(runner)->telephony.callback_url || !rf_follow_terminal(status) ||
        runner->told.status[0] || rf_instant_before(now, orchestrator->untold_next))
        return;
    orchestrator->untold_next = rf_instant_add(now, UNTOLD_EVERY);
    rf_log(RF_LOG_WARNING,
           "nobody told the end of call %s, which had to be asked for: does telephony.callback_url"
           " lead to the console?",
           runner->contact.dial.sid);
}

static void on_status(void *arg, const struct rf_call_reply *reply) {
    struct rf_runner *runner = arg;
    struct rf_orchestrator *orchestrator = runner->orchestrator;
    orchestrator->calls--;
    if (orchestrator->stopping)
        return;
    leave(runner);
    note_untold(runner, reply);
    heard(runner, reply);
    rf_orchestrator_settle(orchestrator);
}

static void begin(struct rf_runner *runner) {
    if (runner->contact.state == RF_CONTACT_ASK)
        ask(runner);
    else
        send(runner, "call_status", rf_request_status(&runner->contact), on_status);
}

void rf_questions_due(struct rf_runner *runner) {
    if (rf_polls_enter(&runner->orchestrator->polls, &runner->poll))
        begin(runner);
}

// ---- what was told ----

void rf_questions_drop(struct rf_runner *runner) {
    if (runner->question[0]) {
        rf_bus_cancel(runner->orchestrator->process->bus, runner->question);
        runner->orchestrator->calls--;
    }
    leave(runner);
}

static bool is_told(const struct rf_runner *runner) {
    const struct rf_told *told = &runner->told;
    if (runner->contact.state == RF_CONTACT_ASK)
        return told->sid[0] != '\0';
    return runner->contact.state == RF_CONTACT_FOLLOW &&
           rf_told_ended(told, config_of(runner)->telephony.machine_detection);
}

void rf_questions_adopt(const struct rf_runner *runner, struct rf_plan *plan) {
    struct rf_rules rules = rf_orchestrator_rules(runner->orchestrator, NULL);
    if (runner->told.sid[0] && plan->to != RF_CONTACT_FOLLOW)
        rf_dial_told(&runner->contact, runner->told.sid, &rules,
                     rf_clock_watch_now(runner->orchestrator), plan);
}

// Follows the call that was told of, or ends it.
static void go_on_by_told(struct rf_runner *runner) {
    struct rf_call_reply reply = {.ok = true, .provider = rf_provider_name(RF_PROVIDER_TWILIO)};
    rf_questions_drop(runner);
    rf_timer_stop(&runner->timer);
    if (runner->contact.state == RF_CONTACT_ASK) {
        struct rf_plan plan = {.to = RF_CONTACT_ASK};
        rf_questions_adopt(runner, &plan);
        const struct rf_notice_step step = {.step = RF_STEP_DIAL, .reply = &reply};
        rf_runner_decide(runner, &plan, &step);
        return;
    }
    reply.result = rf_told_result(&runner->told);
    heard(runner, &reply); // without memory for it nothing was heard, and it is asked for
    json_decref(reply.result);
}

// Two calls of one dial: nothing of ours does that, and nobody else would notice.
static void tell_other(const struct rf_runner *runner, const char *sid) {
    rf_log(RF_LOG_ERROR,
           "contact %s: the provider tells of call %s for a dial whose call is %s: it may have "
           "dialled twice",
           runner->contact.id, sid, runner->contact.dial.sid);
}

void rf_questions_go(struct rf_runner *runner, struct rf_utc due) {
    const char *sid = runner->contact.dial.sid;
    if (sid[0] && runner->told.sid[0] && strcmp(runner->told.sid, sid) != 0) {
        tell_other(runner, runner->told.sid);
        runner->told = (struct rf_told){0};
    }
    if (is_told(runner))
        go_on_by_told(runner);
    else if (runner->told.status[0]) // it has ended, but not all of it was told
        rf_questions_due(runner);
    else
        rf_runner_wait(runner, due);
}

void rf_questions_told(struct rf_runner *runner, const struct rf_event *event) {
    struct rf_orchestrator *orchestrator = runner->orchestrator;
    enum rf_told_news news = rf_told_take(&runner->told, runner->contact.dial.sid, event);
    if (news == RF_TOLD_OTHER_CALL)
        tell_other(runner, event->subject);
    // Whatever is being written or looked up comes first, and looks here then.
    if (news == RF_TOLD_NOTHING || news == RF_TOLD_OTHER_CALL || orchestrator->draining ||
        runner->record || runner->looking || runner->letting_go || runner->resting)
        return;
    if (is_told(runner)) {
        go_on_by_told(runner);
    } else if (runner->contact.state == RF_CONTACT_FOLLOW && runner->told.status[0]) {
        rf_timer_stop(&runner->timer);
        rf_questions_due(runner);
    }
    rf_orchestrator_settle(orchestrator);
}
