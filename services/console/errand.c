#include "errand.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "reply.h"

#define DEADLINE rf_seconds(5)

void *console_errand_new(const struct console_visit *visit, size_t size,
                         void (*fini)(struct console_errand *errand)) {
    struct console *console = visit->console;
    struct console_errand *errand = calloc(1, size);
    if (errand == NULL) {
        console_reply_error(visit->exchange, 503, "unavailable", "out of memory");
        return NULL;
    }
    errand->console = console;
    errand->exchange = visit->exchange;
    errand->route = visit->match->route;
    errand->fini = fini;
    errand->invalid = 400;
    memcpy(errand->subject, visit->match->subject, sizeof errand->subject);
    snprintf(errand->who, sizeof errand->who, "%s", visit->grant->visitor->name);
    errand->next = console->errands;
    if (errand->next != NULL)
        errand->next->previous = errand;
    console->errands = errand;
    return errand;
}

void console_errand_done(struct console_errand *errand) {
    if (errand->previous != NULL)
        errand->previous->next = errand->next;
    else
        errand->console->errands = errand->next;
    if (errand->next != NULL)
        errand->next->previous = errand->previous;
    if (errand->fini != NULL)
        errand->fini(errand);
    free(errand);
}

void console_errand_reply(struct console_errand *errand, json_t *json) {
    if (errand->exchange != NULL)
        console_reply_json(errand->exchange, 200, json);
    else
        json_decref(json);
    console_errand_done(errand);
}

void console_errand_refuse(struct console_errand *errand, unsigned status, const char *code,
                           const char *text) {
    if (errand->exchange != NULL)
        console_reply_error(errand->exchange, status, code, text);
    console_errand_done(errand);
}

// ---- calls ----

// What a reply that is no good one means to who asked here.
static void refuse(struct console_errand *errand, const struct rf_call_reply *reply) {
    char text[RF_ERROR_MESSAGE_SIZE + 64];
    const char *code = reply->code != NULL ? reply->code : reply->class;
    const char *message = reply->message != NULL ? reply->message : "";
    bool campaign = strcmp(errand->service, "campaign") == 0;
    if (strcmp(code, "no_worker") == 0)
        snprintf(text, sizeof text, "nobody answers; is ringfence-%s running?",
                 campaign ? "orchestrator" : "alerter");
    else
        snprintf(text, sizeof text, "%s", message[0] != '\0' ? message : code);
    if (strcmp(reply->class, "permanent.invalid") != 0)
        console_errand_refuse(errand, 503, "unavailable", text);
    else if (strcmp(code, rf_err_name(RF_ERR_NOT_FOUND)) == 0)
        console_errand_refuse(errand, 404, "not_found", text);
    else
        console_errand_refuse(errand, errand->invalid,
                              errand->invalid == 409 ? "conflict" : "bad_request", text);
}

static void on_reply(void *arg, const struct rf_call_reply *reply) {
    struct console_errand *errand = arg;
    errand->call[0] = '\0';
    if (reply->ok)
        errand->answered(errand, reply->result);
    else
        refuse(errand, reply);
}

void console_errand_call(struct console_errand *errand, const char *service, const char *operation,
                         json_t *params,
                         void (*answered)(struct console_errand *errand, json_t *result)) {
    struct rf_utc now = rf_clock_utc();
    errand->answered = answered;
    errand->service = service;
    if (params == NULL) {
        console_errand_refuse(errand, 503, "unavailable", "out of memory");
        return;
    }
    const struct rf_call_request request = {
        .id = rf_ulid_new(now, errand->call),
        .service = service,
        .operation = operation,
        .deadline = rf_utc_add(now, DEADLINE).ns,
        .repeatable = true,
        .params = params,
    };
    rf_bus_call(errand->console->process->bus, &request, on_reply, errand);
    json_decref(params);
}

// ---- ends ----

void console_errands_gone(struct console *console, const struct rf_http_exchange *exchange) {
    for (struct console_errand *errand = console->errands; errand != NULL; errand = errand->next)
        if (errand->exchange == exchange)
            errand->exchange = NULL;
}

void console_errands_end(struct console *console) {
    struct console_errand *next;
    for (struct console_errand *errand = console->errands; errand != NULL; errand = next) {
        next = errand->next;
        if (errand->call[0] != '\0')
            rf_bus_cancel(console->process->bus, errand->call);
        console_errand_done(errand);
    }
}
