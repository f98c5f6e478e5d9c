// Twilio: calls and the account (providers.md, section 4).

#include "twilio.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "http/form.h"

#define TIMEOUT_DEFAULT_S 60
#define TIMEOUT_MOST_S    600
#define TWIML_MOST        4000
#define CALL_CENTS        2

void sim_twilio_fail(unsigned status, int code, const char *message, struct sim_reply *reply) {
    sim_reply_json(reply, status,
                   json_pack("{s:i, s:s, s:o, s:i}", "code", code, "message", message, "more_info",
                             json_sprintf("https://www.twilio.com/docs/errors/%d", code), "status",
                             (int)status));
}

static const char *key(const struct sim *sim, const struct sim_request *request, const char *path,
                       char *room) {
    (void)sim;
    (void)path;
    (void)room;
    return request->password == NULL ? "" : request->password;
}

static void refuse(struct sim *sim, const char *value, struct sim_reply *reply) {
    (void)sim;
    (void)value;
    sim_twilio_fail(401, 20003, "Authenticate", reply);
    sim_reply_header(reply, "WWW-Authenticate", "Basic realm=\"Twilio API\"");
}

static void fail(struct sim *sim, unsigned status, struct sim_reply *reply) {
    if (status == 401)
        refuse(sim, "", reply);
    else if (status == 429)
        sim_twilio_fail(status, 20429, "Too Many Requests", reply);
    else
        sim_twilio_fail(status, 20000 + (int)status,
                        status >= 500 ? "An internal server error has occurred" : "Bad request",
                        reply);
}

// ---- a call ----

static json_t *date_or_null(int64_t ns) {
    if (ns == 0)
        return json_null();
    char text[64];
    time_t seconds = (time_t)(ns / RF_NS_PER_S);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S +0000", &utc);
    return json_string(text);
}

json_t *sim_twilio_call(const struct sim_call *call) {
    int64_t waited_ms =
        call->started_ns == 0 ? 0 : (call->started_ns - call->created_ns) / RF_NS_PER_MS;
    json_t *value = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:s, s:s}", "sid", call->sid,
        "account_sid", call->account, "to", call->to, "to_formatted", call->to, "from", call->from,
        "from_formatted", call->from, "date_created", date_or_null(call->created_ns),
        "date_updated", date_or_null(call->updated_ns), "start_time",
        date_or_null(call->started_ns), "end_time", date_or_null(call->ended_ns), "direction",
        "outbound-api", "api_version", "2010-04-01");
    json_object_set_new(value, "status", json_string(sim_call_status_name(call->status)));
    json_object_set_new(value, "duration",
                        sim_call_ended(call)
                            ? json_sprintf("%lld", (long long)sim_call_duration_s(call))
                            : json_null());
    json_object_set_new(value, "queue_time", json_sprintf("%lld", (long long)waited_ms));
    const char *heard = call->fate == SIM_FATE_MACHINE ? "machine_start" : "human";
    json_object_set_new(value, "answered_by",
                        call->detect && call->answered_ns != 0 ? json_string(heard) : json_null());
    static const char *const nulls[] = {"parent_call_sid", "phone_number_sid", "price",
                                        "forwarded_from",  "group_sid",        "caller_name",
                                        "annotation",      "trunk_sid"};
    for (size_t i = 0; i < sizeof nulls / sizeof nulls[0]; i++)
        json_object_set_new(value, nulls[i], json_null());
    json_object_set_new(value, "price_unit", json_string("USD"));
    json_object_set_new(
        value, "uri",
        json_sprintf(SIM_TWILIO_VERSION "/Accounts/%s/Calls/%s.json", call->account, call->sid));
    return value;
}

// ---- POST .../Calls.json ----

static bool is_utf8(const char *text) {
    json_t *value = json_string(text);
    json_decref(value);
    return value != NULL;
}

// What Twilio refuses before it looks at the number's reach. True: nothing.
static bool check_fields(const struct rf_form *form, struct rf_duration *timeout,
                         struct sim_reply *reply) {
    const char *to = rf_form_get(form, "To"), *from = rf_form_get(form, "From");
    const char *twiml = rf_form_get(form, "Twiml"), *seconds = rf_form_get(form, "Timeout");
    bool instructed = twiml != NULL || rf_form_get(form, "Url") != NULL ||
                      rf_form_get(form, "ApplicationSid") != NULL;
    char *end = NULL;
    long timeout_s = seconds == NULL ? TIMEOUT_DEFAULT_S : strtol(seconds, &end, 10);
    *timeout = rf_seconds(timeout_s);
    if (to == NULL || to[0] == '\0')
        sim_twilio_fail(400, 21201, "No 'To' number is specified", reply);
    else if (from == NULL || from[0] == '\0')
        sim_twilio_fail(400, 21213, "No 'From' number is specified", reply);
    else if (!sim_number_valid(from))
        sim_twilio_fail(400, 21212, "The 'From' number is not a valid phone number", reply);
    else if (!instructed)
        sim_twilio_fail(400, 21205, "Url parameter is required", reply);
    else if (twiml != NULL && !is_utf8(twiml))
        sim_twilio_fail(400, 12100, "Document parse failure", reply);
    else if (twiml != NULL && strlen(twiml) > TWIML_MOST)
        sim_twilio_fail(400, 21240, "The Twiml parameter is longer than 4000 characters", reply);
    else if (seconds != NULL &&
             (end == seconds || *end != '\0' || timeout_s < 1 || timeout_s > TIMEOUT_MOST_S))
        sim_twilio_fail(400, 21208, "The Timeout parameter is not valid", reply);
    else
        return true;
    return false;
}

static bool check_reach(const char *to, struct sim_reply *reply) {
    char message[256];
    switch (sim_fate_of(to)) {
    case SIM_FATE_REFUSED_INVALID:
        snprintf(message, sizeof message,
                 "The phone number you are attempting to call, %.40s, is not valid.", to);
        sim_twilio_fail(400, 21211, message, reply);
        return false;
    case SIM_FATE_REFUSED_UNREACHABLE:
        sim_twilio_fail(400, 21214, "'To' phone number cannot be reached", reply);
        return false;
    case SIM_FATE_REFUSED_COUNTRY:
        snprintf(message, sizeof message,
                 "Account not authorized to call %.40s. Perhaps you need to enable some "
                 "international permissions.",
                 to);
        sim_twilio_fail(400, 21215, message, reply);
        return false;
    case SIM_FATE_REFUSED_BLOCKED:
        sim_twilio_fail(400, 21216, "Account not allowed to call this number", reply);
        return false;
    default:
        return true;
    }
}

// The events that a dial wants to hear of: each in a field of its own; without one, the end alone.
// False: there is no such event.
static bool wanted_events(const struct rf_form *form, unsigned *events) {
    *events = 0;
    for (size_t i = 0; i < form->count; i++) {
        enum sim_callback_event event;
        if (strcmp(form->fields[i].name, "StatusCallbackEvent") != 0)
            continue;
        if (!sim_callback_event_parse(form->fields[i].value, &event))
            return false;
        *events |= 1U << event;
    }
    if (*events == 0)
        *events = 1U << SIM_CALLBACK_COMPLETED;
    return true;
}

static bool is_http(const char *url) {
    return url == NULL || strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0;
}

static bool check_callbacks(const struct rf_form *form, unsigned *events, struct sim_reply *reply) {
    if (!wanted_events(form, events))
        sim_twilio_fail(400, 21626, "Invalid StatusCallbackEvent", reply);
    else if (!is_http(rf_form_get(form, "StatusCallback")) ||
             !is_http(rf_form_get(form, "AsyncAmdStatusCallback")))
        sim_twilio_fail(400, 21609, "Invalid StatusCallback URL", reply);
    else
        return true;
    return false;
}

static void create(struct sim *sim, const struct sim_request *request, const struct rf_form *form,
                   const char *account, struct rf_utc now, struct sim_reply *reply) {
    struct rf_duration timeout;
    unsigned events;
    if (!check_callbacks(form, &events, reply) || !check_fields(form, &timeout, reply) ||
        !check_reach(rf_form_get(form, "To"), reply))
        return;
    struct sim_dial dial = {.account = account,
                            .to = rf_form_get(form, "To"),
                            .from = rf_form_get(form, "From"),
                            .twiml = rf_form_get(form, "Twiml"),
                            .timeout = timeout,
                            .detect = rf_form_get(form, "MachineDetection") != NULL,
                            .token = request->password,
                            .status_url = rf_form_get(form, "StatusCallback"),
                            .events = events};
    const char *async = rf_form_get(form, "AsyncAmd");
    if (async != NULL && strcmp(async, "true") == 0)
        dial.amd_url = rf_form_get(form, "AsyncAmdStatusCallback");
    struct sim_call *call;
    enum rf_err result = sim_calls_dial(&sim->calls, &dial, now, &call);
    if (result == RF_ERR_FULL)
        sim_twilio_fail(429, 22005, "The call queue is full", reply);
    else if (result != RF_OK)
        fail(sim, 500, reply);
    else
        sim_reply_json(reply, 201, sim_twilio_call(call));
}

// ---- one call ----

static void update(struct sim *sim, const struct rf_form *form, struct sim_call *call,
                   struct rf_utc now, struct sim_reply *reply) {
    const char *name = rf_form_get(form, "Status");
    enum sim_call_status status;
    if (name == NULL || !sim_call_status_parse(name, &status) ||
        (status != SIM_CALL_CANCELED && status != SIM_CALL_COMPLETED))
        sim_twilio_fail(400, 21218, "Status must be canceled or completed", reply);
    else if (!sim_calls_end(&sim->calls, call, status, now))
        sim_twilio_fail(400, 21220, "Call is not in-progress. Cannot redirect.", reply);
    else
        sim_reply_json(reply, 200, sim_twilio_call(call));
}

static void not_found(const struct sim_request *request, struct sim_reply *reply) {
    char message[300];
    snprintf(message, sizeof message, "The requested resource %.200s was not found", request->path);
    sim_twilio_fail(404, 20404, message, reply);
}

static void one_call(struct sim *sim, const struct sim_request *request, const struct rf_form *form,
                     const char *account, const char *sid, struct rf_utc now,
                     struct sim_reply *reply) {
    struct sim_call *call = sim_calls_find(&sim->calls, sid);
    if (call == NULL || strcmp(call->account, account) != 0)
        not_found(request, reply);
    else if (sim_request_is(request, "GET"))
        sim_reply_json(reply, 200, sim_twilio_call(call));
    else if (sim_request_is(request, "POST"))
        update(sim, form, call, now, reply);
    else
        sim_twilio_fail(405, 20004, "Method not allowed", reply);
}

static void account_json(const char *account, struct sim_reply *reply) {
    sim_reply_json(reply, 200,
                   json_pack("{s:s, s:s, s:s, s:s, s:s, s:o}", "sid", account, "owner_account_sid",
                             account, "friendly_name", "Simulated", "status", "active", "type",
                             "Full", "uri",
                             json_sprintf(SIM_TWILIO_VERSION "/Accounts/%s.json", account)));
}

// The real one shows it later than this, and tells subaccounts nothing.
static void balance_json(const struct sim *sim, const char *account, struct sim_reply *reply) {
    int64_t cents = (int64_t)sim->balance_cents - (int64_t)sim->calls.count * CALL_CENTS;
    sim_reply_json(
        reply, 200,
        json_pack("{s:s, s:o, s:s}", "account_sid", account, "balance",
                  json_sprintf("%s%lld.%02lld", cents < 0 ? "-" : "",
                               (long long)(llabs(cents) / 100), (long long)(llabs(cents) % 100)),
                  "currency", "USD"));
}

// Cuts ".json" off; false if `name` does not end so.
static bool cut_json(char *name) {
    size_t length = strlen(name);
    if (length <= 5 || strcmp(name + length - 5, ".json") != 0)
        return false;
    name[length - 5] = '\0';
    return true;
}

static void route(struct sim *sim, const struct sim_request *request, const struct rf_form *form,
                  char *account, struct rf_utc now, struct sim_reply *reply) {
    char *rest = strchr(account, '/');
    if (rest != NULL)
        *rest++ = '\0';
    bool whole = rest == NULL;
    if ((whole && !cut_json(account)) || strncmp(account, "AC", 2) != 0) {
        not_found(request, reply);
        return;
    }
    // An account's own sid as the user must be that account's; an API key (SK...) is not checked.
    if (strncmp(request->user, "SK", 2) != 0 && strcmp(request->user, account) != 0)
        refuse(sim, "", reply);
    else if (whole && sim_request_is(request, "GET"))
        account_json(account, reply);
    else if (!whole && strcmp(rest, "Balance.json") == 0 && sim_request_is(request, "GET"))
        balance_json(sim, account, reply);
    else if (!whole && strcmp(rest, "Calls.json") == 0 && sim_request_is(request, "POST"))
        create(sim, request, form, account, now, reply);
    else if (!whole && strcmp(rest, "Calls.json") == 0 && sim_request_is(request, "GET"))
        sim_twilio_list(sim, request, account, now, reply);
    else if (!whole && strncmp(rest, "Calls/", 6) == 0 && cut_json(rest))
        one_call(sim, request, form, account, rest + 6, now, reply);
    else
        not_found(request, reply);
}

static void handle(struct sim *sim, const struct sim_request *request, const char *path,
                   struct rf_utc now, struct sim_reply *reply) {
    static const char accounts[] = SIM_TWILIO_VERSION "/Accounts/";
    char id[64];
    struct rf_form form;
    char *account = NULL;
    if (strncmp(path, accounts, sizeof accounts - 1) != 0) {
        not_found(request, reply);
        return;
    }
    if (sim_request_form(request, &form) != RF_OK ||
        (account = strdup(path + sizeof accounts - 1)) == NULL)
        fail(sim, 500, reply);
    else
        route(sim, request, &form, account, now, reply);
    sim_request_id(sim, "RQ", id);
    sim_reply_header(reply, "Twilio-Request-Id", "%s", id);
    free(account);
    rf_form_fini(&form);
}

const struct sim_face sim_twilio = {"twilio", handle, key, refuse, fail};
