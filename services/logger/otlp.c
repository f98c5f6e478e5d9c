#include "otlp.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ringfence/id.h>

#include "base/trace_context.h"
#include "base/utf8.h"
#include "events/sentence.h"
#include "events/text.h"
#include "otlp_value.h"

#define WORDS_BYTES 160

const struct rf_otlp_signal rf_otlp_logs = {"/v1/logs", "resourceLogs", "scopeLogs", "logRecords",
                                            "rejectedLogRecords"};
const struct rf_otlp_signal rf_otlp_traces = {"/v1/traces", "resourceSpans", "scopeSpans", "spans",
                                              "rejectedSpans"};

// ---- a record ----

static json_t *attributes_of(const struct rf_event *event) {
    json_t *all = json_array(), *item;
    const char *key;
    bool done = rf_otlp_add(all, "ringfence.n", rf_otlp_integer(event->n)) &&
                rf_otlp_add_text(all, "ringfence.id", event->id) &&
                rf_otlp_add_text(all, "ringfence.subject", event->subject) &&
                rf_otlp_add_text(all, "ringfence.service", event->service) &&
                rf_otlp_add_text(all, "ringfence.campaign", event->campaign) &&
                rf_otlp_add_text(all, "ringfence.contact", event->contact) &&
                rf_otlp_add_text(all, "ringfence.stream", event->stream) &&
                (event->seq <= 0 || rf_otlp_add(all, "ringfence.seq", rf_otlp_integer(event->seq)));
    if (event->trace != NULL && !rf_trace_is_id(event->trace))
        done = rf_otlp_add_text(all, "ringfence.trace", event->trace) && done;
    json_object_foreach(event->data, key, item) done = done && rf_otlp_add_datum(all, key, item);
    if (!done) {
        json_decref(all);
        return NULL;
    }
    return all;
}

static int severity_number(const char *severity) {
    static const struct {
        const char *name;
        int number; // SeverityNumber of logs/v1
    } all[] = {{"info", 9}, {"warning", 13}, {"error", 17}, {"critical", 21}};
    for (size_t i = 0; severity != NULL && i < sizeof all / sizeof all[0]; i++)
        if (strcmp(severity, all[i].name) == 0)
            return all[i].number;
    return 17; // unknown: as if it were an error, as everywhere
}

static bool add_sentence(json_t *record, const struct rf_event *event) {
    struct rf_text text = {0};
    rf_event_sentence(event, &text);
    char *sentence = rf_text_take(&text);
    bool done =
        sentence != NULL &&
        json_object_set_new(record, "body", json_pack("{s:s}", "stringValue", sentence)) == 0;
    free(sentence);
    return done;
}

static json_t *clean(const char *text) {
    char mended[512];
    rf_utf8_mend(text, strlen(text), mended, sizeof mended);
    return json_string(mended);
}

static json_t *record_of(const struct rf_event *event, struct rf_utc observed) {
    json_t *record = json_pack(
        "{s:o, s:o, s:i, s:o, s:o, s:o}", "timeUnixNano", json_sprintf("%" PRId64, event->ts),
        "observedTimeUnixNano", json_sprintf("%" PRId64, observed.ns), "severityNumber",
        severity_number(event->severity), "severityText", clean(event->severity), "eventName",
        clean(event->type), "attributes", attributes_of(event));
    bool done = record != NULL && add_sentence(record, event);
    if (done && rf_trace_is_id(event->trace))
        done = json_object_set_new(record, "traceId", json_string(event->trace)) == 0;
    json_t *all = done ? json_pack("{s:o, s:I, s:O}", "origin",
                                   clean(event->origin == NULL ? "" : event->origin), "n",
                                   (json_int_t)event->n, "item", record)
                       : NULL;
    json_decref(record);
    return all;
}

json_t *rf_otlp_record(const struct rf_redaction *redaction, const struct rf_event *event,
                       struct rf_utc observed) {
    struct rf_redacted_event redacted;
    if (rf_redact_event(redaction, event, &redacted) != RF_OK)
        return NULL;
    json_t *record = record_of(&redacted.event, observed);
    rf_redacted_event_fini(&redacted);
    return record;
}

// ---- a request ----

// "service-gateway" of "service-gateway-01M8...": one life of one process.
static void service_of(const char *origin, char *service, size_t size) {
    size_t length = strlen(origin), id = RF_ULID_SIZE - 1;
    if (length > id + 1 && origin[length - id - 1] == '-')
        length -= id + 1;
    snprintf(service, size, "%.*s", (int)length, origin);
}

static json_t *resource_of(const struct rf_otlp_signal *signal, const char *origin,
                           const char *host) {
    char service[256];
    json_t *attributes = json_array();
    service_of(origin[0] == '\0' ? "unknown" : origin, service, sizeof service);
    bool done = rf_otlp_add_text(attributes, "service.namespace", "ringfence") &&
                rf_otlp_add_text(attributes, "service.name", service) &&
                rf_otlp_add_text(attributes, "service.instance.id", origin) &&
                rf_otlp_add_text(attributes, "service.version", RF_VERSION) &&
                rf_otlp_add_text(attributes, "host.name", host);
    if (!done) {
        json_decref(attributes);
        return NULL;
    }
    // host.name and the version are the logger's, by whom all of it was observed.
    return json_pack("{s:{s:o}, s:[{s:{s:s, s:s}, s:[]}]}", "resource", "attributes", attributes,
                     signal->scopes, "scope", "name", "ringfence", "version", RF_VERSION,
                     signal->items);
}

static json_t *items_of(const struct rf_otlp_signal *signal, json_t *resource) {
    return json_object_get(json_array_get(json_object_get(resource, signal->scopes), 0),
                           signal->items);
}

static json_t *find(const struct rf_otlp_signal *signal, json_t *all, json_t *by_origin,
                    const char *origin, const char *host) {
    json_t *there = json_object_get(by_origin, origin);
    if (there != NULL)
        return there;
    there = resource_of(signal, origin, host);
    if (there == NULL || json_array_append_new(all, there) != 0 ||
        json_object_set(by_origin, origin, there) != 0)
        return NULL;
    return there;
}

char *rf_otlp_body(const struct rf_otlp_signal *signal, const json_t *entries, size_t first,
                   size_t count, const char *host) {
    json_t *all = json_array(), *by_origin = json_object();
    bool done = all != NULL && by_origin != NULL;
    for (size_t i = first; done && i < first + count; i++) {
        const json_t *entry = json_array_get(entries, i);
        const char *origin = json_string_value(json_object_get(entry, "origin"));
        json_t *there = find(signal, all, by_origin, origin, host);
        done = there != NULL &&
               json_array_append(items_of(signal, there), json_object_get(entry, "item")) == 0;
    }
    json_t *body = done ? json_pack("{s:O}", signal->resources, all) : NULL;
    char *text = body == NULL ? NULL : json_dumps(body, JSON_COMPACT);
    json_decref(body);
    json_decref(all);
    json_decref(by_origin);
    return text;
}

// ---- the answer ----

static void set_message(struct rf_otlp_verdict *verdict, const struct rf_http_reply *reply,
                        const char *words) {
    struct rf_text text = {0};
    if (reply->status > 0)
        rf_text_add(&text, "the collector answered %ld", reply->status);
    else
        rf_text_add(&text, "the collector did not answer");
    if (words == NULL || words[0] == '\0')
        words = reply->error_text;
    if (words != NULL && words[0] != '\0') {
        rf_text_add(&text, ": ");
        rf_text_add_clean(&text, words, WORDS_BYTES);
    }
    snprintf(verdict->message, sizeof verdict->message, "%s",
             text.failed ? "the collector did not take it" : text.data);
    rf_text_fini(&text);
}

// The JSON form has it as a text, and readers have to take a number as well.
static int64_t rejected_of(const struct rf_otlp_signal *signal, const json_t *partial) {
    const json_t *number = json_object_get(partial, signal->rejected);
    int64_t rejected = json_is_string(number) ? strtoll(json_string_value(number), NULL, 10)
                                              : json_integer_value(number);
    return rejected > 0 ? rejected : 0;
}

struct rf_otlp_verdict rf_otlp_reply(const struct rf_otlp_signal *signal,
                                     const struct rf_http_reply *reply) {
    struct rf_otlp_verdict verdict = {.outcome = RF_OTLP_LATER};
    json_t *body = json_loadb(reply->body, reply->body_size, 0, NULL);
    const json_t *partial = json_object_get(body, "partialSuccess");
    if (reply->failure == RF_HTTP_NONE && reply->status >= 200 && reply->status <= 299) {
        const char *words = json_string_value(json_object_get(partial, "errorMessage"));
        verdict.outcome = RF_OTLP_OK;
        verdict.rejected = rejected_of(signal, partial);
        if (verdict.rejected > 0 || (words != NULL && words[0] != '\0'))
            set_message(&verdict, reply, words);
    } else {
        if (reply->failure == RF_HTTP_NONE &&
            (reply->status == 400 || reply->status == 413 || reply->status == 422))
            verdict.outcome = RF_OTLP_REFUSED;
        // google.rpc.Status
        set_message(&verdict, reply, json_string_value(json_object_get(body, "message")));
    }
    json_decref(body);
    return verdict;
}
