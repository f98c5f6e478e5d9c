#include "otlp.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ringfence/id.h>

#include "base/utf8.h"
#include "events/sentence.h"
#include "events/text.h"

#define DEPTH_MOST  32
#define WORDS_BYTES 160
#define KEY_BYTES   240 // of a key of data

// ---- values: AnyValue of common/v1 ----

// 64 bits are texts in the JSON form of protobuf, as JSON's numbers have 53.
static json_t *integer(int64_t number) {
    return json_pack("{s:o}", "intValue", json_sprintf("%" PRId64, number));
}

static json_t *any_value(const json_t *value, int depth);

static json_t *any_list(const json_t *array, int depth) {
    json_t *values = json_array(), *item;
    size_t i;
    json_array_foreach((json_t *)(uintptr_t)array, i, item)(void)
        json_array_append_new(values, any_value(item, depth + 1));
    return json_pack("{s:{s:o}}", "arrayValue", "values", values);
}

static bool add_pair(json_t *pairs, const char *key, json_t *value) {
    json_t *pair = value == NULL ? NULL : json_pack("{s:s, s:o}", "key", key, "value", value);
    return json_array_append_new(pairs, pair) == 0;
}

static json_t *any_map(const json_t *object, int depth) {
    json_t *pairs = json_array(), *item;
    const char *key;
    json_object_foreach((json_t *)(uintptr_t)object, key, item)(void)
        add_pair(pairs, key, any_value(item, depth + 1));
    return json_pack("{s:{s:o}}", "kvlistValue", "values", pairs);
}

static json_t *any_value(const json_t *value, int depth) {
    if (depth > DEPTH_MOST)
        return json_pack("{s:s}", "stringValue", "(too deep)");
    switch (json_typeof(value)) {
    case JSON_STRING:
        return json_pack("{s:O}", "stringValue", value);
    case JSON_INTEGER:
        return integer(json_integer_value(value));
    case JSON_REAL:
        return json_pack("{s:O}", "doubleValue", value);
    case JSON_TRUE:
    case JSON_FALSE:
        return json_pack("{s:O}", "boolValue", value);
    case JSON_ARRAY:
        return any_list(value, depth);
    case JSON_OBJECT:
        return any_map(value, depth);
    case JSON_NULL:
        break;
    }
    return json_object(); // a value that is not set
}

// ---- a record ----

static bool add_text(json_t *attributes, const char *key, const char *text) {
    if (text == NULL || text[0] == '\0')
        return true;
    struct rf_text clean = {0};
    rf_text_add_clean(&clean, text, strlen(text) * 3 + 1);
    char *data = rf_text_take(&clean);
    bool done = data != NULL && add_pair(attributes, key, json_pack("{s:s}", "stringValue", data));
    free(data);
    return done;
}

// Cut between characters: half of one is no text, and a record that cannot be made holds all.
static bool add_datum(json_t *attributes, const char *key, const json_t *value) {
    struct rf_text name = {0};
    rf_text_add(&name, "ringfence.data.");
    rf_text_add_clean(&name, key, KEY_BYTES);
    char *data = rf_text_take(&name);
    bool done = data != NULL && add_pair(attributes, data, any_value(value, 0));
    free(data);
    return done;
}

static json_t *attributes_of(const struct rf_event *event) {
    json_t *all = json_array(), *item;
    const char *key;
    bool done = add_pair(all, "ringfence.n", integer(event->n)) &&
                add_text(all, "ringfence.id", event->id) &&
                add_text(all, "ringfence.subject", event->subject) &&
                add_text(all, "ringfence.service", event->service) &&
                add_text(all, "ringfence.campaign", event->campaign) &&
                add_text(all, "ringfence.contact", event->contact) &&
                add_text(all, "ringfence.stream", event->stream) &&
                (event->seq <= 0 || add_pair(all, "ringfence.seq", integer(event->seq)));
    if (event->trace != NULL && !rf_otlp_is_trace(event->trace))
        done = add_text(all, "ringfence.trace", event->trace) && done;
    json_object_foreach(event->data, key, item) done = done && add_datum(all, key, item);
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

bool rf_otlp_is_trace(const char *trace) {
    size_t digits = strspn(trace, "0123456789abcdef");
    return digits == 32 && trace[32] == '\0' && strspn(trace, "0") < 32;
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
    if (done && event->trace != NULL && rf_otlp_is_trace(event->trace))
        done = json_object_set_new(record, "traceId", json_string(event->trace)) == 0;
    json_t *all =
        done ? json_pack("{s:o, s:O}", "origin", clean(event->origin == NULL ? "" : event->origin),
                         "record", record)
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

static json_t *resource_logs(const char *origin, const char *host) {
    char service[256];
    json_t *attributes = json_array();
    service_of(origin[0] == '\0' ? "unknown" : origin, service, sizeof service);
    bool done = add_text(attributes, "service.namespace", "ringfence") &&
                add_text(attributes, "service.name", service) &&
                add_text(attributes, "service.instance.id", origin) &&
                add_text(attributes, "host.name", host);
    if (!done) {
        json_decref(attributes);
        return NULL;
    }
    // host.name is the logger's, by whom all of it was observed.
    return json_pack("{s:{s:o}, s:[{s:{s:s, s:s}, s:[]}]}", "resource", "attributes", attributes,
                     "scopeLogs", "scope", "name", "ringfence", "version", RF_VERSION,
                     "logRecords");
}

static json_t *records_of(json_t *resource_log) {
    return json_object_get(json_array_get(json_object_get(resource_log, "scopeLogs"), 0),
                           "logRecords");
}

static json_t *find(json_t *all, json_t *by_origin, const char *origin, const char *host) {
    json_t *there = json_object_get(by_origin, origin);
    if (there != NULL)
        return there;
    there = resource_logs(origin, host);
    if (there == NULL || json_array_append_new(all, there) != 0 ||
        json_object_set(by_origin, origin, there) != 0)
        return NULL;
    return there;
}

char *rf_otlp_body(const json_t *records, size_t first, size_t count, const char *host) {
    json_t *all = json_array(), *by_origin = json_object();
    bool done = all != NULL && by_origin != NULL;
    for (size_t i = first; done && i < first + count; i++) {
        const json_t *entry = json_array_get(records, i);
        const char *origin = json_string_value(json_object_get(entry, "origin"));
        json_t *there = find(all, by_origin, origin, host);
        done = there != NULL &&
               json_array_append(records_of(there), json_object_get(entry, "record")) == 0;
    }
    json_t *body = done ? json_pack("{s:O}", "resourceLogs", all) : NULL;
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
static int64_t rejected_of(const json_t *partial) {
    const json_t *number = json_object_get(partial, "rejectedLogRecords");
    int64_t rejected = json_is_string(number) ? strtoll(json_string_value(number), NULL, 10)
                                              : json_integer_value(number);
    return rejected > 0 ? rejected : 0;
}

struct rf_otlp_verdict rf_otlp_reply(const struct rf_http_reply *reply) {
    struct rf_otlp_verdict verdict = {.outcome = RF_OTLP_LATER};
    json_t *body = json_loadb(reply->body, reply->body_size, 0, NULL);
    const json_t *partial = json_object_get(body, "partialSuccess");
    if (reply->failure == RF_HTTP_NONE && reply->status >= 200 && reply->status <= 299) {
        const char *words = json_string_value(json_object_get(partial, "errorMessage"));
        verdict.outcome = RF_OTLP_OK;
        verdict.rejected = rejected_of(partial);
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
