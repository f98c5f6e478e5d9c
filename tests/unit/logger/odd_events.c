#include "odd_events.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "events/text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

// ---- chance ----

static uint64_t draw(struct odd_events *odd) {
    uint64_t z = odd->state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

static size_t below(struct odd_events *odd, size_t count) {
    return (size_t)(draw(odd) % count);
}

// ---- texts ----

static const char *const words[] = {
    "",
    " ",
    "a",
    "ok",
    "twilio",
    "spring-7.dial.1",
    "CA0123456789abcdef0123456789abcdef",
    "01M8J3X7HEY977SQA3AFJRXRK9",
    "orchestrator-01M8J3X7HEY977SQA3AFJRXRK9",
    "in-progress",
    "Service Unavailable",
    "caf\xC3\xA9",
    "\xF0\x9F\x98\x80",
    "line\nline\r\n\ttab",
    "\"quoted\\\"",
    "\xC2\x85",
    "\xE2\x80\xA8",
    "\xE2\x80\xA9",
    "\xE2\x80\x8B",
    "\xEF\xBC\x8B\xEF\xBC\x91",
    "\x01\x1f\x7f",
    "=cmd()",
    "1763981280123456789",
    "2025550123",
    "+12025550123",
    "[57 characters]",
    "[redacted]",
    "+1\342\200\24623#0a1b2c3d",
    "https://user:pw@example.com/?token=abcdefgh12345678",
    "%2B12025550123",
    "a=b",
    "x: y",
    "0",
    "--",
    "sk-",
    "Bearer ",
    "critical",
    "contact.done",
};

static const char *const names[] = {
    "phone",        "name",    "to",        "from",       "message",     "provider",  "attempts",
    "status",       "class",   "took_ns",   "step",       "reason",      "until",     "failures",
    "password",     "api_key", "x-api-key", "script",     "text",        "number",    "who",
    "why",          "sid",     "outcome",   "duration_s", "caf\xC3\xA9", "a",         "",
    "id",           "token",   "n",         "count",      "cause",       "mode",      "worker",
    "epoch",        "held_ns", "attempt",   "wait_ns",    "call",        "secret",    "transcript",
    "contact_name", "level",   "file",      "line",       "last",        "text_file",
};

static const char *of_corpus(struct odd_events *odd) {
    static const char *const kinds[] = {"secret", "phone", "clean"};
    const json_t *list = json_object_get(odd->corpus, kinds[below(odd, COUNT(kinds))]);
    const json_t *entry = json_array_get(list, below(odd, json_array_size(list)));
    return json_string_value(json_is_string(entry) ? entry : json_object_get(entry, "text"));
}

// The corpus's own secret, or a piece of the corpus, or a word, up to three in a row.
static char *text(struct odd_events *odd) {
    static const char *const between[] = {"", " ", "=", ": ", "/", "-", "\"", "\\u002B", "&amp;"};
    struct rf_text out = {0};
    size_t pieces = 1 + (below(odd, 4) == 0 ? below(odd, 3) : 0);
    for (size_t i = 0; i < pieces; i++) {
        size_t kind = below(odd, 8);
        const char *piece = kind == 0  ? json_string_value(json_object_get(odd->corpus, "own"))
                            : kind < 4 ? of_corpus(odd)
                                       : words[below(odd, COUNT(words))];
        if (i > 0)
            rf_text_add(&out, "%s", between[below(odd, COUNT(between))]);
        rf_text_add(&out, "%s", piece);
    }
    for (size_t times = below(odd, 60) == 0 ? 200 : 0; times > 0; times--)
        rf_text_add(&out, "%s", words[below(odd, COUNT(words))]);
    return rf_text_take(&out);
}

static char *text_or_none(struct odd_events *odd) {
    return below(odd, 4) == 0 ? NULL : text(odd);
}

// ---- data ----

static json_t *value(struct odd_events *odd, int depth);

static json_t *new_text(struct odd_events *odd) {
    char *made = text(odd);
    json_t *json = json_string(made);
    free(made);
    return json;
}

static int64_t number(struct odd_events *odd) {
    static const int64_t numbers[] = {
        0,          -1,           1,         42,        12025550123,
        2025550123, 442079460123, INT64_MAX, INT64_MIN, 1763981280123456789,
        127,        128,          255,       65536,     -33,
        -129};
    return below(odd, 3) == 0 ? (int64_t)(draw(odd) >> below(odd, 64))
                              : numbers[below(odd, COUNT(numbers))];
}

static json_t *object(struct odd_events *odd, int depth) // NOLINT(misc-no-recursion)
{
    json_t *json = json_object();
    size_t members = below(odd, 12);
    if (below(odd, 100) == 0)
        members = 10 + below(odd, 60); // more than are compared with each other, or listed
    bool redacted = false;             // of two names that become one, one member is lost in a tree
    for (size_t i = 0; i < members; i++) {
        char *key = NULL;
        if (!redacted && below(odd, 10) == 0) {
            redacted = true;
            key = text(odd);
        }
        struct rf_text numbered = {0};
        if (members > 12)
            rf_text_add(&numbered, "member_%zu", i);
        json_object_set_new(json,
                            key != NULL             ? key
                            : numbered.data != NULL ? numbered.data
                                                    : names[below(odd, COUNT(names))],
                            value(odd, depth + 1));
        rf_text_fini(&numbered);
        free(key);
    }
    return json;
}

static json_t *array(struct odd_events *odd, int depth) // NOLINT(misc-no-recursion)
{
    json_t *json = json_array();
    for (size_t items = below(odd, 5); items > 0; items--)
        json_array_append_new(json, value(odd, depth + 1));
    return json;
}

static json_t *value(struct odd_events *odd, int depth) // NOLINT(misc-no-recursion)
{
    static const double reals[] = {0.0, -0.5, 1e300, 3.141592653589793, 12025550123.0, 1e-7};
    switch (below(odd, depth > 4 ? 12 : 14)) {
    case 0:
        return json_boolean(below(odd, 2));
    case 1:
        return json_null();
    case 2:
        return json_real(reals[below(odd, COUNT(reals))]);
    case 3:
    case 4:
    case 5:
        return json_integer(number(odd));
    case 12:
        return array(odd, depth);
    case 13:
        return object(odd, depth);
    default:
        return new_text(odd);
    }
}

// ---- an event ----

void odd_event(struct odd_events *odd, struct rf_event *event) {
    bool known = below(odd, 8) != 0;
    *event = (struct rf_event){
        .id = text_or_none(odd),
        .n = (int64_t)(draw(odd) >> 1 >> below(odd, 62)),
        .stream = text_or_none(odd),
        .seq = (int64_t)(draw(odd) >> 1 >> below(odd, 62)),
        .ts = below(odd, 10) == 0 ? 0 : 1763981280123456789 + (int64_t)(draw(odd) >> 8),
        .origin = text_or_none(odd),
        .severity = below(odd, 8) == 0 ? text(odd) : strdup("warning"),
        .type = known ? strdup(rf_event_type_name((enum rf_event_type)below(odd, RF_EVENT_COUNT)))
                      : text(odd),
        .subject = text(odd),
        .service = text_or_none(odd),
        .campaign = text_or_none(odd),
        .contact = text_or_none(odd),
        .trace = text_or_none(odd),
        .data = below(odd, 10) == 0   ? NULL
                : below(odd, 10) == 0 ? array(odd, 0)
                                      : object(odd, 0),
    };
    assert_non_null(event->subject);
}

void odd_event_fini(struct rf_event *event) {
    const char *texts[] = {event->id,      event->stream,  event->origin,  event->severity,
                           event->type,    event->subject, event->service, event->campaign,
                           event->contact, event->trace};
    for (size_t i = 0; i < COUNT(texts); i++)
        free((char *)texts[i]);
    json_decref(event->data);
}
