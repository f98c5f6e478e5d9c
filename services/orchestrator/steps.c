#include "steps.h"

#include <stdlib.h>
#include <string.h>

#include "ahead.h"
#include "base/crash_point.h"
#include "base/log.h"
#include "clock_watch.h"
#include "config/config.h"
#include "dial.h"
#include "dispatch.h"
#include "questions.h"
#include "reason.h"
#include "request.h"

static const struct rf_config *config_of(const struct rf_runner *runner) {
    return runner->orchestrator->process->config;
}

// ---- sending ----

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

void rf_steps_send(struct rf_runner *runner, const struct rf_steps_request *request, const char *id,
                   struct rf_utc send_before) {
    struct rf_orchestrator *orchestrator = runner->orchestrator;
    const struct rf_contact *contact = &runner->contact;
    char trace[RF_TRACE_SIZE];
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
        .trace = rf_contact_trace(contact, trace),
    };
    runner->called = rf_loop_now(orchestrator->process->loop);
    orchestrator->calls++;
    rf_bus_call(orchestrator->process->bus, &call, request->reply, runner);
    json_decref(request->params);
}

static void send_new(struct rf_runner *runner, const struct rf_steps_request *request) {
    char id[RF_ULID_SIZE];
    rf_steps_send(runner, request, rf_ulid_new(rf_clock_watch_now(runner->orchestrator), id),
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
    if (rf_claim_tested(&orchestrator->claim, runner->contact.step, runner->contact.row))
        rf_dispatch_tick(orchestrator);
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
    if (runner->contact.state == RF_CONTACT_DIAL)
        rf_questions_adopt(runner, &plan);
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
    const struct rf_steps_request request = {
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
    const struct rf_steps_request request = {
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
    rf_steps_send(runner, &request, dial->id, dial->send_before);
    RF_CRASH_POINT(orchestrator, dial_sent);
}

// ---- the states ----

void rf_steps_due(struct rf_runner *runner) {
    if (runner->contact.state == RF_CONTACT_ASK || runner->contact.state == RF_CONTACT_FOLLOW)
        rf_questions_due(runner);
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
        if (rf_ahead_go(runner))
            send_step(runner, "script", "write", rf_request_script(contact, config_of(runner)));
        break;
    case RF_CONTACT_SPEECH:
        if (rf_ahead_go(runner))
            send_step(runner, "speech", "speak", rf_request_speech(contact));
        break;
    case RF_CONTACT_DIAL:
        rf_dispatch_line_up(runner);
        break;
    case RF_CONTACT_ASK:
        rf_questions_go(runner, first_asked(runner));
        break;
    case RF_CONTACT_FOLLOW:
        rf_questions_go(runner, runner->due);
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
