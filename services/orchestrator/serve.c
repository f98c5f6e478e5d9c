#include "serve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crash_point.h"
#include "campaign.h"
#include "contacts/phone.h"
#include "dispatch.h"
#include "dnc.h"
#include "events/field.h"
#include "export.h"
#include "params.h"
#include "reply.h"
#include "report.h"
#include "serve_control.h"
#include "serve_set.h"

// Requests in hand at once; each waits for the store only.
#define CAPACITY 64

// ---- load ----

static void on_loaded(struct rf_store_job *job, enum rf_err result, const struct rf_error *error) {
    struct rf_campaign_load *load = (struct rf_campaign_load *)job;
    struct rf_orchestrator *orchestrator = load->owner;
    if (!orchestrator->stopping) {
        if (result == RF_OK)
            RF_CRASH_POINT(orchestrator, load_committed);
        json_t *value = result == RF_OK ? rf_campaign_load_result(load) : NULL;
        rf_reply_done(orchestrator, load->call, result, value, error);
        json_decref(value);
        rf_outbox_kick(&orchestrator->outbox);
        rf_orchestrator_settle(orchestrator);
    }
    rf_campaign_load_destroy(&load);
}

static void serve_load(struct rf_orchestrator *orchestrator,
                       const struct rf_call_request *request) {
    struct rf_error error = {0};
    struct rf_campaign_load *load;
    enum rf_err err = rf_campaign_load_new(request->params, rf_clock_utc(), &load, &error);
    if (err == RF_OK && !(load->call = strdup(request->id))) {
        rf_campaign_load_destroy(&load);
        err = rf_error_set(&error, RF_ERR_NOMEM, "out of memory");
    }
    if (err != RF_OK) {
        rf_reply_error(orchestrator, request->id, err, error.message);
        return;
    }
    load->owner = orchestrator;
    load->job.done = on_loaded;
    rf_store_submit(orchestrator->store, &load->job);
}

// ---- status, contacts ----

// "the calling window at 2026-11-30 08:00:00 UTC", when `key` of the campaign tells of a time. Of
// one that is past nobody waits for that any more.
static void append_due(json_t *campaign, const char *key, const char *what, struct rf_utc now,
                       char *out, size_t size) {
    struct rf_utc due = {json_integer_value(json_object_get(campaign, key))};
    char at[RF_TIME_TEXT_SIZE];
    size_t used = strlen(out);
    if (due.ns > now.ns)
        (void)snprintf(out + used, size - used, "%s%s at %s", used > 0 ? ", " : "", what,
                       rf_time_text(due, at));
    else
        (void)json_object_del(campaign, key);
}

// What holds a campaign up is known here, or in the database.
static void add_waiting_for(const struct rf_orchestrator *orchestrator, json_t *result) {
    size_t i;
    json_t *campaign;
    char claims[256];
    struct rf_utc now = rf_clock_utc();
    int64_t until = rf_orchestrator_usable(orchestrator).ns;
    (void)rf_claim_waiting_for(&orchestrator->claim, claims, sizeof claims);
    json_array_foreach(json_object_get(result, "campaigns"), i, campaign) {
        char text[sizeof claims + 128] = "";
        if (!json_is_true(json_object_get(campaign, "finished"))) {
            memcpy(text, claims, sizeof claims);
            append_due(campaign, "window_opens", "the calling window", now, text, sizeof text);
            append_due(campaign, "calls_again", "another call", now, text, sizeof text);
            if (until > 0 && !json_object_get(campaign, "window_opens") &&
                !json_object_get(campaign, "calls_again"))
                (void)json_object_set_new(campaign, "waiting_until", json_integer(until));
        }
        (void)json_object_set_new(campaign, "waiting_for", json_string(text));
        // While something is waited for nobody knows how long it takes.
        if (text[0])
            (void)json_object_del(campaign, "left_s");
    }
}

static void on_reported(struct rf_store_job *job, enum rf_err result,
                        const struct rf_error *error) {
    struct rf_report *report = (struct rf_report *)job;
    struct rf_orchestrator *orchestrator = report->owner;
    if (!orchestrator->stopping) {
        if (result == RF_OK)
            add_waiting_for(orchestrator, report->result);
        rf_reply_done(orchestrator, report->call, result, report->result, error);
        rf_orchestrator_settle(orchestrator);
    }
    rf_report_destroy(&report);
}

static void
serve_report(struct rf_orchestrator *orchestrator, const struct rf_call_request *request,
             enum rf_err (*run)(struct rf_store_job *, struct rf_db *, struct rf_error *)) {
    const char *campaign = json_string_value(json_object_get(request->params, "campaign"));
    struct rf_report *report = calloc(1, sizeof *report);
    if (report) {
        report->call = strdup(request->id);
        report->campaign = campaign ? strdup(campaign) : NULL;
    }
    if (!report || !report->call || (campaign && !report->campaign)) {
        rf_report_destroy(&report);
        rf_reply_error(orchestrator, request->id, RF_ERR_NOMEM, "out of memory");
        return;
    }
    report->job.run = run;
    report->job.done = on_reported;
    report->owner = orchestrator;
    report->states = json_incref(json_object_get(request->params, "states"));
    report->now = rf_clock_utc();
    report->after = json_integer_value(json_object_get(request->params, "after"));
    report->limit = json_integer_value(json_object_get(request->params, "limit"));
    if (report->limit < 1 || report->limit > RF_REPORT_PAGE_MAX)
        report->limit = RF_REPORT_PAGE_MAX;
    rf_store_submit(orchestrator->store, &report->job);
}

static void serve_status(struct rf_orchestrator *orchestrator,
                         const struct rf_call_request *request) {
    serve_report(orchestrator, request, rf_report_status_run);
}

static void serve_contacts(struct rf_orchestrator *orchestrator,
                           const struct rf_call_request *request) {
    if (json_is_string(json_object_get(request->params, "campaign")))
        serve_report(orchestrator, request, rf_report_contacts_run);
    else
        rf_reply_error(orchestrator, request->id, RF_ERR_INVALID, "campaign: expected a name");
}

static void serve_export(struct rf_orchestrator *orchestrator,
                         const struct rf_call_request *request) {
    if (!json_is_string(json_object_get(request->params, "campaign")))
        rf_reply_error(orchestrator, request->id, RF_ERR_INVALID, "campaign: expected a name");
    else if (!rf_export_states_valid(json_object_get(request->params, "states")))
        rf_reply_error(orchestrator, request->id, RF_ERR_INVALID,
                       "states: expected some of new, running, waiting, done, set_aside");
    else
        serve_report(orchestrator, request, rf_export_run);
}

// ---- the do-not-call list ----

static void on_changed(struct rf_store_job *job, enum rf_err result, const struct rf_error *error) {
    struct rf_dnc_change *change = (struct rf_dnc_change *)job;
    struct rf_orchestrator *orchestrator = change->owner;
    if (!orchestrator->stopping) {
        rf_outbox_kick(&orchestrator->outbox);
        json_t *value = result == RF_OK ? rf_dnc_change_result(change) : NULL;
        rf_reply_done(orchestrator, change->call, result, value, error);
        json_decref(value);
        rf_orchestrator_settle(orchestrator);
    }
    rf_dnc_change_destroy(&change);
}

static void serve_change(struct rf_orchestrator *orchestrator,
                         const struct rf_call_request *request, bool remove) {
    struct rf_error error = {0};
    struct rf_dnc_change *change;
    enum rf_err err = rf_dnc_change_new(request->params, remove, rf_clock_utc(), &change, &error);
    if (err == RF_OK && !(change->call = strdup(request->id))) {
        rf_dnc_change_destroy(&change);
        err = rf_error_set(&error, RF_ERR_NOMEM, "out of memory");
    }
    if (err != RF_OK) {
        rf_reply_error(orchestrator, request->id, err, error.message);
        return;
    }
    change->owner = orchestrator;
    change->job.done = on_changed;
    rf_store_submit(orchestrator->store, &change->job);
}

static void serve_dnc_add(struct rf_orchestrator *orchestrator,
                          const struct rf_call_request *request) {
    serve_change(orchestrator, request, false);
}

static void serve_dnc_remove(struct rf_orchestrator *orchestrator,
                             const struct rf_call_request *request) {
    serve_change(orchestrator, request, true);
}

static void on_listed(struct rf_store_job *job, enum rf_err result, const struct rf_error *error) {
    struct rf_dnc_list *list = (struct rf_dnc_list *)job;
    struct rf_orchestrator *orchestrator = list->owner;
    if (!orchestrator->stopping) {
        rf_reply_done(orchestrator, list->call, result, list->result, error);
        rf_orchestrator_settle(orchestrator);
    }
    rf_dnc_list_destroy(&list);
}

static void serve_dnc_list(struct rf_orchestrator *orchestrator,
                           const struct rf_call_request *request) {
    const char *after = json_string_value(json_object_get(request->params, "after"));
    struct rf_dnc_list *list = calloc(1, sizeof *list);
    if (after && rf_phone_problem(after)) {
        free(list);
        rf_reply_error(orchestrator, request->id, RF_ERR_INVALID, "after: expected a number");
        return;
    }
    if (!list || !(list->call = strdup(request->id))) {
        rf_dnc_list_destroy(&list);
        rf_reply_error(orchestrator, request->id, RF_ERR_NOMEM, "out of memory");
        return;
    }
    list->job.run = rf_dnc_list_run;
    list->job.done = on_listed;
    list->owner = orchestrator;
    list->after = after ? rf_phone_number(after) : 0;
    list->limit = json_integer_value(json_object_get(request->params, "limit"));
    if (list->limit < 1 || list->limit > RF_DNC_PAGE_MAX)
        list->limit = RF_DNC_PAGE_MAX;
    rf_store_submit(orchestrator->store, &list->job);
}

// ---- the operations ----

static const struct {
    const char *operation;
    void (*serve)(struct rf_orchestrator *orchestrator, const struct rf_call_request *request);
} operations[] = {
    {"load", serve_load},
    {"start", rf_serve_start_campaign},
    {"pause", rf_serve_pause},
    {"resume", rf_serve_resume},
    {"cancel", rf_serve_cancel},
    {"retry", rf_serve_retry},
    {"priority", rf_serve_priority},
    {"set", rf_serve_set},
    {"status", serve_status},
    {"contacts", serve_contacts},
    {"export", serve_export},
    {"why", rf_serve_why},
    {"dnc_add", serve_dnc_add},
    {"dnc_remove", serve_dnc_remove},
    {"dnc_list", serve_dnc_list},
};

static void refuse_operation(struct rf_orchestrator *orchestrator,
                             const struct rf_call_request *request) {
    char message[256] = "operation: expected one of";
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
        size_t used = strlen(message);
        (void)snprintf(message + used, sizeof message - used, "%s %s", i > 0 ? "," : "",
                       operations[i].operation);
    }
    rf_reply_error(orchestrator, request->id, RF_ERR_INVALID, message);
}

// What several operations have in common.
static enum rf_err check_params(const struct rf_call_request *request, struct rf_error *error) {
    static const struct rf_param campaigns[] = {
        {"campaign", RF_PARAM_TEXT}, {"contact", RF_PARAM_TEXT}, {"reason", RF_PARAM_TEXT},
        {"after", RF_PARAM_COUNT},   {"limit", RF_PARAM_COUNT},  {"by", RF_PARAM_TEXT},
        {"why", RF_PARAM_TEXT}};
    static const struct rf_param numbers[] = {
        {"after", RF_PARAM_TEXT}, {"limit", RF_PARAM_COUNT}, {"by", RF_PARAM_TEXT}};
    if (strncmp(request->operation, "dnc_", 4) == 0)
        return rf_params_check(request->params, numbers, sizeof numbers / sizeof *numbers, error);
    return rf_params_check(request->params, campaigns, sizeof campaigns / sizeof *campaigns, error);
}

static void on_request(void *arg, const struct rf_call_request *request) {
    struct rf_orchestrator *orchestrator = arg;
    struct rf_error error;
    enum rf_err err = check_params(request, &error);
    if (err != RF_OK) {
        rf_reply_error(orchestrator, request->id, err, error.message);
        return;
    }
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
        if (strcmp(request->operation, operations[i].operation) == 0) {
            operations[i].serve(orchestrator, request);
            return;
        }
    }
    refuse_operation(orchestrator, request);
}

static void on_connected(void *arg, bool connected) {
    struct rf_orchestrator *orchestrator = arg;
    if (!connected)
        return;
    // Not before: a campaign that is loaded by who waited for it would find no worker.
    rf_process_ready(orchestrator->process, "%lld contacts in progress, at most %lld at once",
                     (long long)orchestrator->running,
                     (long long)orchestrator->process->config->orchestrator.concurrency);
    rf_dispatch_tick(orchestrator);
}

enum rf_err rf_serve_start(struct rf_orchestrator *orchestrator, struct rf_error *error) {
    static const struct rf_worker_offer offers[] = {{RF_REPLY_SERVICE, CAPACITY}};
    static const struct rf_worker_handlers handlers = {.request = on_request,
                                                       .connected = on_connected};
    return rf_worker_new(orchestrator->process->bus, offers, 1, &handlers, orchestrator,
                         &orchestrator->worker, error);
}
