#include "steps.h"

#include <stdlib.h>
#include <string.h>

#include "base/crash_point.h"
#include "base/log.h"
#include "clock_watch.h"
#include "config/config.h"
#include "dial.h"
#include "dispatch.h"
#include "follow.h"
#include "outcome.h"
#include "queue.h"
#include "reason.h"
#include "request.h"

static const struct rf_config *config_of(const struct rf_runner *runner) {
    return runner->orchestrator->process->config;
}

// ---- sending ----

struct request {
    const char *service, *operation;
    struct rf_duration deadline;
    bool repeatable;
    json_t *params; // taken over
    rf_reply_fn *reply;
};

// What even cannot be asked for is a matter of the configuration or of memory: back in the queue
// with it.
static void cannot_ask(struct rf_runner *runner, const char *why) {
    struct rf_rules rules = rf_orchestrator_rules(runner->orchestrator, NULL);
    const struct rf_call_reply reply = {
        .class = "local", .code = "request", .message = why, .sent = "no"};
    struct rf_plan plan;
    rf_plan_reply(&runner->contact, &reply, &rules, rf_clock_watch_now(runner->orchestrator),
                  &plan);
    const struct rf_notice_step step = {.step = runner->contact.step, .reply = &reply};
    rf_runner_decide(runner, &plan, &step);
}

static void send(struct rf_runner *runner, const struct request *request, const char *id,
                 struct rf_utc send_before) {
    struct rf_orchestrator *orchestrator = runner->orchestrator;
    const struct rf_contact *contact = &runner->contact;
    const struct rf_call_request call = {
        .id = id,
        .service = request->service,
        .operation = request->operation,
        .deadline = rf_utc_add(rf_clock_watch_now(runner->orchestrator), request->deadline).ns,
        .send_before = send_before.ns,
        .repeatable = request->repeatable,
        .params = request->params,
        .campaign = contact->campaign,
        .contact = contact->id,
    };
    runner->called = rf_loop_now(orchestrator->process->loop);
    orchestrator->calls++;
    rf_bus_call(orchestrator->process->bus, &call, request->reply, runner);
    json_decref(request->params);
}

static void send_new(struct rf_runner *runner, const struct request *request) {
    char id[RF_ULID_SIZE];
    send(runner, request, rf_ulid_new(rf_clock_watch_now(runner->orchestrator), id),
         (struct rf_utc){0});
}

// ---- script, speech, dial ----

// What a reply says about the service as a whole.
static void tell_claim(struct rf_runner *runner, const struct rf_call_reply *reply,
                       const struct rf_plan *plan) {
    struct rf_orchestrator *orchestrator = runner->orchestrator;
    struct rf_instant now = rf_loop_now(orchestrator->process->loop);
    if (plan->service_refused)
        rf_claim_refused(&orchestrator->claim, runner->contact.step, now);
    else if (reply->ok || plan->class != RF_CLASS_LOCAL)
        if (rf_claim_answered(&orchestrator->claim, runner->contact.step, now))
            rf_dispatch_release(orchestrator);
}

// A step that is finished while the next one's provider is down is not followed by a request that
// would only be refused.
static void rest(const struct rf_runner *runner, const struct rf_rules *rules,
                 struct rf_plan *plan) {
    const struct rf_claim *claim = &runner->orchestrator->claim;
    enum rf_provider provider;
    if (plan->step > runner->contact.step && rf_contact_running(plan->to) &&
        rf_claim_shut(claim, plan->step, &provider))
        rf_plan_rest(
            plan, rf_provider_name(provider),
            rf_reason_name(claim->marked[provider] ? RF_REASON_MARKED : RF_REASON_BREAKER_OPEN),
            rules, rf_clock_watch_now(runner->orchestrator));
}

static void on_step_reply(void *arg, const struct rf_call_reply *reply) {
    struct rf_runner *runner = arg;
    struct rf_orchestrator *orchestrator = runner->orchestrator;
    orchestrator->calls--;
    if (orchestrator->stopping)
        return;
    if (runner->contact.state == RF_CONTACT_DIAL)
        RF_CRASH_POINT(orchestrator, dial_reply_before_commit);
    else
        RF_CRASH_POINT(orchestrator, step_reply_before_commit);
    struct rf_rules rules = rf_orchestrator_rules(orchestrator, reply->provider);
    struct rf_plan plan;
    rf_plan_reply(&runner->contact, reply, &rules, rf_clock_watch_now(runner->orchestrator), &plan);
    if (plan.to == RF_CONTACT_ASK)
        rf_log(RF_LOG_WARNING,
               "contact %s: it is not known whether its call was placed (%s):"
               " asking the provider before anything is repeated",
               runner->contact.id, plan.reason);
    tell_claim(runner, reply, &plan);
    rest(runner, &rules, &plan);
    const struct rf_notice_step step = {
        .step = runner->contact.step,
        .took = rf_instant_since(rf_loop_now(orchestrator->process->loop), runner->called),
        .reply = reply};
    rf_runner_decide(runner, &plan, &step);
    rf_orchestrator_settle(orchestrator);
}

static void send_step(struct rf_runner *runner, const char *service, const char *operation,
                      json_t *params) {
    const struct request request = {
        .service = service,
        .operation = operation,
        .deadline = config_of(runner)->orchestrator.call_deadline,
        .repeatable = true,
        .params = params,
        .reply = on_step_reply,
    };
    if (params)
        send_new(runner, &request);
    else
        cannot_ask(runner, "the request cannot be made: out of memory, or text that is no UTF-8");
}

void rf_steps_dial(struct rf_runner *runner) {
    struct rf_error error = {0};
    const struct rf_dial *dial = &runner->contact.dial;
    const struct request request = {
        .service = "telephony",
        .operation = "dial",
        .deadline = config_of(runner)->orchestrator.dial_deadline,
        .params = rf_request_dial(&runner->contact, config_of(runner),
                                  rf_clock_watch_now(runner->orchestrator), &error),
        .reply = on_step_reply,
    };
    if (!request.params) {
        cannot_ask(runner, error.message);
        return;
    }
    send(runner, &request, dial->id, dial->send_before);
    RF_CRASH_POINT(orchestrator, dial_sent);
}

// ---- asking ----

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
    struct rf_dial *dial = &runner->contact.dial;
    tell_clock(runner, reply);
    rf_dial_asked(&runner->contact, dial, reply, &rules, rf_utc_add(now, rf_ns(-took.ns)),
                  rf_instant_since(runner->called, dial->known_since), now, &plan);
    if (plan.to == RF_CONTACT_ASK) {
        if (!orchestrator->draining)
            rf_runner_wait(runner, plan.due);
    } else {
        RF_CRASH_POINT(orchestrator, find_reply_before_commit);
        const struct rf_notice_step step = {.step = RF_STEP_DIAL, .reply = reply};
        rf_runner_decide(runner, &plan, &step);
    }
    rf_orchestrator_settle(orchestrator);
}

static void on_known(struct rf_store_job *job, enum rf_err result, const struct rf_error *error) {
    struct rf_queue_known *known = (struct rf_queue_known *)job;
    struct rf_runner *runner = known->owner;
    struct rf_orchestrator *orchestrator = runner->orchestrator;
    bool stopping = orchestrator->stopping;
    if (!stopping && result == RF_OK && !orchestrator->draining) {
        struct rf_rules rules = rf_orchestrator_rules(orchestrator, NULL);
        const struct request request = {
            .service = "telephony",
            .operation = "find_call",
            .deadline = config_of(runner)->orchestrator.dial_deadline,
            .repeatable = true,
            .params = rf_request_find(&runner->contact, &rules, rf_clock_watch_now(orchestrator),
                                      known->sids),
            .reply = on_found,
        };
        if (request.params)
            send_new(runner, &request);
        else
            result = RF_ERR_NOMEM;
    }
    if (!stopping && result != RF_OK) {
        // Without the sids that we know an old call could be taken for the new one.
        rf_log(RF_LOG_WARNING, "contact %s: the provider is asked later: %s", runner->contact.id,
               error->message[0] ? error->message : "out of memory");
        rf_runner_wait(runner, rf_utc_add(rf_clock_watch_now(runner->orchestrator),
                                          config_of(runner)->telephony.poll_max));
    }
    json_decref(known->sids);
    free(known->phone);
    free(known);
    if (!stopping)
        rf_orchestrator_settle(orchestrator);
}

static void ask(struct rf_runner *runner) {
    struct rf_queue_known *known = calloc(1, sizeof *known);
    char *phone = strdup(runner->contact.phone);
    if (!known || !phone) {
        free(known);
        free(phone);
        rf_runner_wait(runner, rf_utc_add(rf_clock_watch_now(runner->orchestrator),
                                          config_of(runner)->telephony.poll_max));
        return;
    }
    known->job.run = rf_queue_known_run;
    known->job.done = on_known;
    known->owner = runner;
    known->phone = phone;
    rf_store_submit(runner->orchestrator->store, &known->job);
}

// ---- following ----

// Whom the call did not reach may be called again.
static void ended(struct rf_runner *runner, const struct rf_call_reply *reply,
                  struct rf_plan *plan) {
    struct rf_orchestrator *orchestrator = runner->orchestrator;
    const char *heard = json_string_value(json_object_get(reply->result, "answered_by"));
    enum rf_unreached how = rf_outcome_unreached(plan->status, heard);
    const struct rf_config_campaign *campaign = rf_terms_campaign(runner->terms);
    if (how != RF_UNREACHED_NONE)
        rf_outcome_ended(&runner->contact, how, campaign,
                         rf_orchestrator_zone(orchestrator, &runner->contact, campaign),
                         rf_terms_holidays(runner->terms), rf_clock_watch_now(orchestrator), plan);
}

static void on_status(void *arg, const struct rf_call_reply *reply) {
    struct rf_runner *runner = arg;
    struct rf_orchestrator *orchestrator = runner->orchestrator;
    orchestrator->calls--;
    if (orchestrator->stopping)
        return;
    struct rf_rules rules = rf_orchestrator_rules(orchestrator, reply->provider);
    struct rf_plan plan;
    rf_follow_answer(&runner->contact, reply, &rules, &runner->follow,
                     rf_clock_watch_now(runner->orchestrator), &plan);
    if (plan.to == RF_CONTACT_DONE)
        ended(runner, reply, &plan);
    if (plan.to == RF_CONTACT_FOLLOW) {
        if (!orchestrator->draining)
            rf_runner_wait(runner, plan.due);
    } else {
        RF_CRASH_POINT(orchestrator, end_reply_before_commit);
        const struct rf_notice_step step = {.step = RF_STEP_DIAL, .reply = reply};
        rf_runner_decide(runner, &plan, &step);
    }
    rf_orchestrator_settle(orchestrator);
}

static void follow(struct rf_runner *runner) {
    const struct request request = {
        .service = "telephony",
        .operation = "call_status",
        .deadline = config_of(runner)->orchestrator.dial_deadline,
        .repeatable = true,
        .params = rf_request_status(&runner->contact),
        .reply = on_status,
    };
    if (request.params)
        send_new(runner, &request);
    else
        rf_runner_wait(runner, rf_utc_add(rf_clock_watch_now(runner->orchestrator),
                                          config_of(runner)->telephony.poll_max));
}

// ---- the states ----

void rf_steps_due(struct rf_runner *runner) {
    if (runner->contact.state == RF_CONTACT_ASK)
        ask(runner);
    else if (runner->contact.state == RF_CONTACT_FOLLOW)
        follow(runner);
    else if (runner->contact.state == RF_CONTACT_DIAL)
        rf_dispatch_line_up(runner);
}

static struct rf_utc first_asked(const struct rf_runner *runner) {
    const struct rf_dial *dial = &runner->contact.dial;
    struct rf_rules rules = rf_orchestrator_rules(runner->orchestrator, NULL);
    return rf_dial_first_asked(dial, &rules, rf_instant_since(rf_clock_now(), dial->known_since),
                               rf_clock_watch_now(runner->orchestrator));
}

void rf_steps_go(struct rf_runner *runner) {
    const struct rf_contact *contact = &runner->contact;
    if (runner->orchestrator->draining)
        return; // the next start goes on from here
    switch (contact->state) {
    case RF_CONTACT_SCRIPT:
        send_step(runner, "script", "write", rf_request_script(contact, config_of(runner)));
        break;
    case RF_CONTACT_SPEECH:
        send_step(runner, "speech", "speak", rf_request_speech(contact));
        break;
    case RF_CONTACT_DIAL:
        rf_dispatch_line_up(runner);
        break;
    case RF_CONTACT_ASK:
        rf_runner_wait(runner, first_asked(runner));
        break;
    case RF_CONTACT_FOLLOW:
        rf_runner_wait(runner, runner->due);
        break;
    case RF_CONTACT_NEW:
    case RF_CONTACT_SCHEDULED:
    case RF_CONTACT_WAIT_RETRY:
    case RF_CONTACT_WAIT_BREAKER:
    case RF_CONTACT_WAIT_WINDOW:
    case RF_CONTACT_DONE:
    case RF_CONTACT_SET_ASIDE:
        break; // not in progress
    }
}
