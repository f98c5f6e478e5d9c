// What people do: orders to the orchestrator, circuit breakers, silences, acknowledgements. They go
// over the bus as those of the command line do, with the token's name as who it was.
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/severity.h"
#include "config/value.h"
#include "errand.h"
#include "handlers.h"
#include "reply.h"

#define WHY_BYTES 500
#define LONGEST   (31 * 86400e9)
#define ACK_KEEP  rf_seconds(INT64_C(31) * 86400)
#define SILENCES  "alert/silence/"
#define ACKS      "alert/ack/"

// A silence that was ended stays so long, for those who watch to hear that it is over.
#define ENDED_KEEP rf_seconds(1)

// An order, and what was said with it.
struct order {
    struct console_errand errand;
    char why[WHY_BYTES + 1];
    json_t *body, *value; // value: what is being written
    char id[RF_ULID_SIZE + 64];
    int64_t retried, asked, kept; // of a retry
    struct rf_breaker_control control;
};

static void order_fini(struct console_errand *errand) {
    struct order *order = (struct order *)errand;
    json_decref(order->body);
    json_decref(order->value);
}

static void refuse(struct order *order, const char *text) {
    console_errand_refuse(&order->errand, 400, "bad_request", text);
}

// The order in a request's body, with its why. NULL: it was answered.
static struct order *order_new(const struct console_visit *visit, const char *members,
                               bool needs_why) {
    json_t *body = console_read_body(visit->exchange, members);
    if (body == NULL)
        return NULL;
    struct order *order = console_errand_new(visit, sizeof *order, order_fini);
    if (order == NULL) {
        json_decref(body);
        return NULL;
    }
    order->body = body;
    json_t *why = json_object_get(body, "why");
    size_t length = json_string_length(why);
    if ((why != NULL && (!json_is_string(why) || length == 0 || length > WHY_BYTES)) ||
        (why == NULL && needs_why)) {
        refuse(order, "why: expected a text of 1 to 500 bytes, for those who find it later");
        return NULL;
    }
    snprintf(order->why, sizeof order->why, "%s", why != NULL ? json_string_value(why) : "");
    return order;
}

// "for", as the configuration writes a length of time; absent: 0. False: it was refused.
static bool read_length(struct order *order, struct rf_duration *length) {
    static const struct rf_config_row row = {
        .type = RF_CONFIG_DURATION, .least = 1e9, .most = LONGEST};
    const json_t *text = json_object_get(order->body, "for");
    struct rf_error error = {0};
    *length = rf_ns(0);
    if (text == NULL)
        return true;
    struct rf_config_source source = {.quoted = json_string_value(text)};
    enum rf_err err = source.quoted == NULL
                          ? rf_error_set(&error, RF_ERR_INVALID, "expected a text such as 10m")
                          : rf_config_value_set(&row, source.quoted, &source, length, &error);
    if (err == RF_OK)
        return true;
    rf_error_prefix(&error, "for: ");
    refuse(order, error.message);
    return false;
}

// ---- campaigns ----

static void ordered(struct console_errand *errand, json_t *result) {
    console_errand_reply(errand, json_incref(result));
}

void console_on_order(const struct console_visit *visit) {
    struct order *order = order_new(visit, "why", false);
    if (order == NULL)
        return;
    order->errand.invalid = 409;
    console_errand_call(&order->errand, "campaign",
                        order->errand.route == CONSOLE_ROUTE_PAUSE ? "pause" : "resume",
                        json_pack("{s:s, s:s, s:s}", "campaign", order->errand.subject, "by",
                                  order->errand.who, "why", order->why),
                        ordered);
}

static void retry_some(struct order *order, int64_t after);

static int64_t number_of(const json_t *result, const char *name) {
    return (int64_t)json_integer_value(json_object_get(result, name));
}

static void retried(struct console_errand *errand, json_t *result) {
    struct order *order = (struct order *)errand;
    const char *state = json_string_value(json_object_get(result, "state"));
    order->retried += number_of(result, "retried");
    order->asked += number_of(result, "asked");
    order->kept += number_of(result, "kept");
    if (number_of(result, "after") > 0) {
        retry_some(order, number_of(result, "after"));
        return;
    }
    console_errand_reply(
        errand, json_pack("{s:s, s:s, s:I, s:I, s:I}", "campaign", errand->subject, "state",
                          state != NULL ? state : "", "retried", (json_int_t)order->retried,
                          "asked", (json_int_t)order->asked, "kept", (json_int_t)order->kept));
}

static void retry_some(struct order *order, int64_t after) {
    json_t *params = json_pack("{s:s, s:s, s:s, s:I}", "campaign", order->errand.subject, "by",
                               order->errand.who, "why", order->why, "after", (json_int_t)after);
    static const char *const names[] = {"reason", "contact"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        json_t *value = json_object_get(order->body, names[i]);
        if (value != NULL)
            json_object_set(params, names[i], value);
    }
    console_errand_call(&order->errand, "campaign", "retry", params, retried);
}

void console_on_retry(const struct console_visit *visit) {
    struct order *order = order_new(visit, "why reason contact", false);
    if (order != NULL)
        retry_some(order, 0);
}

// ---- circuit breakers ----

static void on_controlled(void *arg, const char *code, const char *message) {
    struct order *order = arg;
    const struct rf_breaker_control *control = &order->control;
    if (code != NULL) {
        bool unknown = strcmp(code, "unknown_service") == 0;
        bool ours = unknown || strcmp(code, "until_past") == 0 || strcmp(code, "no_reason") == 0;
        console_errand_refuse(&order->errand,
                              unknown ? 404
                              : ours  ? 400
                                      : 503,
                              unknown ? "not_found"
                              : ours  ? "bad_request"
                                      : "unavailable",
                              message != NULL ? message : code);
        return;
    }
    json_t *told = json_pack("{s:s, s:s, s:s, s:s}", "service", control->service, "action",
                             control->action, "who", control->who, "why", control->why);
    if (control->until != 0)
        json_object_set_new(told, "until", json_integer((json_int_t)control->until));
    console_errand_reply(&order->errand, told);
}

void console_on_force(const struct console_visit *visit) {
    static const char *const actions[CONSOLE_ROUTES] = {[CONSOLE_ROUTE_FORCE_OPEN] = "force_open",
                                                        [CONSOLE_ROUTE_FORCE_CLOSED] =
                                                            "force_closed",
                                                        [CONSOLE_ROUTE_RESET] = "reset"};
    bool resets = visit->match->route == CONSOLE_ROUTE_RESET;
    struct order *order = order_new(visit, resets ? "why" : "why for", true);
    struct rf_duration length;
    if (order == NULL || !read_length(order, &length))
        return;
    order->control = (struct rf_breaker_control){.service = order->errand.subject,
                                                 .action = actions[order->errand.route],
                                                 .who = order->errand.who,
                                                 .why = order->why};
    if (length.ns > 0)
        order->control.until = rf_utc_add(rf_clock_utc(), length).ns;
    rf_bus_breaker_control(visit->console->process->bus, &order->control, on_controlled, order);
}

// ---- silences and acknowledgements: retained values, which the alerter watches ----

static void on_put(void *arg, const char *code, const struct rf_state_entry *entry) {
    struct order *order = arg;
    char text[160];
    (void)entry;
    if (code == NULL) {
        console_errand_reply(&order->errand,
                             json_pack("{s:s, s:O}", "id", order->id, "value", order->value));
        return;
    }
    snprintf(text, sizeof text, "it could not be kept: %.64s", code);
    if (strcmp(code, "conflict") == 0)
        console_errand_refuse(&order->errand, 409, "conflict",
                              "somebody else changed it meanwhile");
    else
        console_errand_refuse(&order->errand, 503, "unavailable", text);
}

static void put(struct order *order, const char *prefix, struct rf_duration keep) {
    char key[128];
    snprintf(key, sizeof key, "%s%s", prefix, order->id);
    if (order->value == NULL)
        console_errand_refuse(&order->errand, 503, "unavailable", "out of memory");
    else
        rf_bus_state_put(order->errand.console->process->bus, key, order->value, keep, on_put,
                         order);
}

static const char *text_of(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

static void on_found(struct console_errand *errand, json_t *result) {
    struct order *order = (struct order *)errand;
    const json_t *incidents = json_object_get(result, "incidents"), *open = NULL;
    for (size_t i = 0; i < json_array_size(incidents); i++)
        if (strcmp(text_of(json_array_get(incidents, i), "phase"), "open") == 0)
            open = json_array_get(incidents, i);
    if (open == NULL) {
        console_errand_refuse(errand, 409, "conflict", "the incident is not open");
        return;
    }
    snprintf(order->id, sizeof order->id, "%s", text_of(open, "id"));
    order->value = json_pack("{s:s, s:s, s:I, s:s, s:s}", "by", errand->who, "why", order->why,
                             "at", (json_int_t)rf_clock_utc().ns, "incident",
                             text_of(open, "incident"), "title", text_of(open, "title"));
    put(order, ACKS, ACK_KEEP);
}

void console_on_ack(const struct console_visit *visit) {
    struct order *order = order_new(visit, "why", false);
    if (order == NULL)
        return;
    order->errand.invalid = 404;
    console_errand_call(&order->errand, "alerter", "alert_show",
                        json_pack("{s:s}", "id", order->errand.subject), on_found);
}

// A pattern that no severity fits would silence nothing, without a word.
static bool fits_a_severity(const char *pattern) {
    for (int i = 0; i < RF_SEVERITIES; i++)
        if (fnmatch(pattern, rf_severity_name(i), 0) == 0)
            return true;
    return false;
}

// What is wrong with the patterns of a silence; NULL: nothing.
static const char *match_problem(json_t *match) {
    static const char *const keys[] = {"incident", "rule", "severity", "subject", "campaign"};
    const char *key;
    json_t *pattern;
    if (!json_is_object(match) || json_object_size(match) == 0)
        return "match: expected an object of patterns, such as {\"incident\": \"breaker/*\"}";
    json_object_foreach(match, key, pattern) {
        bool known = false;
        for (size_t i = 0; i < sizeof keys / sizeof *keys && !known; i++)
            known = strcmp(key, keys[i]) == 0;
        const char *text = json_string_value(pattern);
        if (!known)
            return "match: expected incident, rule, severity, subject or campaign";
        if (text == NULL || text[0] == '\0' || strlen(text) > WHY_BYTES)
            return "match: expected a pattern of 1 to 500 bytes, such as breaker/*";
        if (strcmp(key, "severity") == 0 && !fits_a_severity(text))
            return "match: severity: expected info, warning, error or critical";
    }
    return NULL;
}

void console_on_silence(const struct console_visit *visit) {
    struct order *order = order_new(visit, "match for why", true);
    struct rf_duration length;
    if (order == NULL || !read_length(order, &length))
        return;
    json_t *match = json_object_get(order->body, "match");
    const char *problem =
        length.ns == 0 ? "for: expected a length of time, such as 2h" : match_problem(match);
    if (problem != NULL) {
        refuse(order, problem);
        return;
    }
    struct rf_utc now = rf_clock_utc();
    rf_ulid_new(now, order->id);
    order->value = json_pack("{s:O, s:s, s:s, s:I, s:I}", "match", match, "by", order->errand.who,
                             "why", order->why, "from", (json_int_t)now.ns, "until",
                             (json_int_t)rf_utc_add(now, length).ns);
    put(order, SILENCES, length);
}

// It is ended where its version is still the one that was read: not deleted, so that who did it,
// and why, is told in the same act.
static void on_silence(void *arg, const char *code, const struct rf_state_entry *entry) {
    struct order *order = arg;
    char key[128];
    bool over = entry != NULL && json_object_get(entry->value, "ended_by") != NULL;
    if (code != NULL && strcmp(code, "not_found") != 0) {
        on_put(order, code, NULL);
        return;
    }
    if (code != NULL || entry == NULL || over) {
        console_errand_refuse(&order->errand, 404, "not_found", "there is no such silence");
        return;
    }
    order->value = json_deep_copy(entry->value);
    json_object_set_new(order->value, "until", json_integer((json_int_t)rf_clock_utc().ns));
    json_object_set_new(order->value, "ended_by", json_string(order->errand.who));
    json_object_set_new(order->value, "ended_why", json_string(order->why));
    snprintf(key, sizeof key, SILENCES "%s", order->id);
    rf_bus_state_cas(order->errand.console->process->bus, key, entry->version, order->value,
                     ENDED_KEEP, on_put, order);
}

void console_on_unsilence(const struct console_visit *visit) {
    struct order *order = order_new(visit, "why", false);
    char key[128];
    if (order == NULL)
        return;
    if (strlen(order->errand.subject) != RF_ULID_SIZE - 1) {
        console_errand_refuse(&order->errand, 404, "not_found", "there is no such silence");
        return;
    }
    snprintf(order->id, sizeof order->id, "%.26s", order->errand.subject);
    snprintf(key, sizeof key, SILENCES "%s", order->id);
    rf_bus_state_get(visit->console->process->bus, key, on_silence, order);
}
