#include "faults.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FAULTS_MOST 1000

static const struct kind {
    const char *name;
    bool carries_out; // unless the fault says otherwise
} kinds[] = {
    [SIM_FAULT_STATUS] = {"status", false},
    [SIM_FAULT_LATENCY] = {"latency", true},
    [SIM_FAULT_NO_REPLY] = {"no_reply", true},
    [SIM_FAULT_RESET_BEFORE] = {"reset_before", false},
    [SIM_FAULT_RESET_AFTER] = {"reset_after", true},
    [SIM_FAULT_HALF_REPLY] = {"half_reply", true},
    [SIM_FAULT_WRONG_TYPE] = {"wrong_type", false},
    [SIM_FAULT_EMPTY] = {"empty", false},
    [SIM_FAULT_DRIP] = {"drip", true},
    [SIM_FAULT_LOST] = {"lost", false},
    [SIM_FAULT_DOUBLED] = {"doubled", false},
    [SIM_FAULT_LATE] = {"late", false},
    [SIM_FAULT_WRONG_SIGNATURE] = {"wrong_signature", false},
};
#define KIND_COUNT (sizeof kinds / sizeof kinds[0])

const char *sim_fault_kind_name(enum sim_fault_kind kind) {
    return kinds[kind].name;
}

static bool is_of_callbacks(enum sim_fault_kind kind) {
    return kind >= SIM_FAULT_LOST;
}

// ---- reading ----

// Reads one fault; every function below takes its key out of `left`, so that what remains is
// unknown.
struct reading {
    const json_t *from;
    json_t *left;
    const char *where; // the fault's id, for messages
    struct rf_error *error;
    enum rf_err result;
};

static const json_t *take(struct reading *reading, const char *key) {
    const json_t *value = json_object_get(reading->from, key);
    json_object_del(reading->left, key);
    return json_is_null(value) ? NULL : value;
}

static void wrong(struct reading *reading, const char *key, const char *expected) {
    if (reading->result == RF_OK)
        reading->result = rf_error_set(reading->error, RF_ERR_INVALID, "fault %s: %s: expected %s",
                                       reading->where, key, expected);
}

static char *take_text(struct reading *reading, const char *key) {
    const json_t *value = take(reading, key);
    if (value == NULL)
        return NULL;
    if (!json_is_string(value)) {
        wrong(reading, key, "a string");
        return NULL;
    }
    char *copy = strdup(json_string_value(value));
    if (copy == NULL && reading->result == RF_OK)
        reading->result = rf_error_set(reading->error, RF_ERR_NOMEM, "out of memory");
    return copy;
}

static double take_number(struct reading *reading, const char *key, double absent, double least,
                          double most, const char *expected) {
    const json_t *value = take(reading, key);
    if (value == NULL)
        return absent;
    double number = json_number_value(value);
    if (!json_is_number(value) || number < least || number > most)
        wrong(reading, key, expected);
    return number;
}

static bool take_flag(struct reading *reading, const char *key, bool absent) {
    const json_t *value = take(reading, key);
    if (value == NULL)
        return absent;
    if (!json_is_boolean(value))
        wrong(reading, key, "true or false");
    return json_is_true(value);
}

static void take_match(struct reading *reading, struct sim_fault *fault) {
    const json_t *match = take(reading, "match");
    if (match == NULL)
        return;
    if (!json_is_object(match)) {
        wrong(reading, "match", "an object");
        return;
    }
    json_t *left = json_copy((json_t *)match);
    struct reading inner = {match, left, reading->where, reading->error, reading->result};
    fault->provider = take_text(&inner, "provider");
    fault->method = take_text(&inner, "method");
    fault->path = take_text(&inner, "path");
    fault->number = take_text(&inner, "number");
    fault->key = take_text(&inner, "key");
    fault->text = take_text(&inner, "text");
    if (json_object_size(left) > 0)
        wrong(&inner, json_object_iter_key(json_object_iter(left)),
              "no such key in match (provider, method, path, number, key, text)");
    reading->result = inner.result;
    json_decref(left);
}

static void take_kind(struct reading *reading, struct sim_fault *fault) {
    const json_t *value = take(reading, "kind");
    const char *name = json_is_string(value) ? json_string_value(value) : "";
    size_t kind = 0;
    while (kind < KIND_COUNT && strcmp(kinds[kind].name, name) != 0)
        kind++;
    if (kind == KIND_COUNT) {
        wrong(
            reading, "kind",
            "status, latency, no_reply, reset_before, reset_after, half_reply, wrong_type, empty, "
            "drip; of callbacks lost, doubled, late or wrong_signature");
        return;
    }
    fault->kind = (enum sim_fault_kind)kind;
    fault->carry_out = kinds[kind].carries_out;
}

static void take_body(struct reading *reading, struct sim_fault *fault) {
    const json_t *value = take(reading, "body");
    if (value == NULL)
        return;
    fault->body_json = !json_is_string(value);
    fault->body = fault->body_json ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY)
                                   : strdup(json_string_value(value));
    if (fault->body == NULL)
        wrong(reading, "body", "a text or JSON");
}

static void take_headers(struct reading *reading, struct sim_fault *fault) {
    const json_t *value = take(reading, "headers");
    if (value == NULL)
        return;
    const char *name;
    json_t *text;
    if (!json_is_object(value)) {
        wrong(reading, "headers", "an object of strings");
        return;
    }
    json_object_foreach((json_t *)value, name, text) {
        if (!json_is_string(text))
            wrong(reading, "headers", "an object of strings");
    }
    fault->headers = json_copy((json_t *)value);
}

static void take_times(struct reading *reading, struct sim_fault *fault, struct rf_utc now) {
    static const char seconds[] = "seconds, at least 0";
    double delay_ms = take_number(reading, "delay_ms", -1, 0, 3.6e6, "milliseconds, at least 0");
    double after_s = take_number(reading, "after_s", 0, 0, 1e6, seconds);
    double for_s = take_number(reading, "for_s", -1, 0, 1e6, seconds);
    fault->delay_given = delay_ms >= 0;
    fault->delay = rf_ns(fault->delay_given ? (int64_t)(delay_ms * RF_NS_PER_MS) : 0);
    fault->from_ns = now.ns + (int64_t)(after_s * RF_NS_PER_S);
    fault->until_ns = for_s < 0 ? INT64_MAX : fault->from_ns + (int64_t)(for_s * RF_NS_PER_S);
}

static uint64_t seed_of(const char *id, uint64_t seed) {
    uint64_t hash = UINT64_C(14695981039346656037); // FNV-1a
    for (const unsigned char *c = (const unsigned char *)id; *c != '\0'; c++)
        hash = (hash ^ *c) * UINT64_C(1099511628211);
    return hash ^ seed;
}

static enum rf_err read_fault(struct sim_fault *fault, const json_t *value, uint64_t seed,
                              struct rf_utc now, struct rf_error *error) {
    const char *id = json_string_value(json_object_get(value, "id"));
    if (!json_is_object(value))
        return rf_error_set(error, RF_ERR_INVALID, "faults: expected objects");
    if (id == NULL || id[0] == '\0')
        return rf_error_set(error, RF_ERR_INVALID, "faults: each fault needs an id (a string)");
    json_t *left = json_copy((json_t *)value);
    if (left == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    struct reading reading = {value, left, id, error, RF_OK};
    fault->id = take_text(&reading, "id");
    take_match(&reading, fault);
    take_kind(&reading, fault);
    take_body(&reading, fault);
    take_headers(&reading, fault);
    take_times(&reading, fault, now);
    fault->status = (unsigned)take_number(&reading, "status", 0, 200, 599, "200 to 599");
    fault->count = (int64_t)take_number(&reading, "count", -1, 0, 1e9, "a count, at least 0");
    fault->rate = take_number(&reading, "rate", 1, 0, 1, "0 to 1");
    fault->piece = (size_t)take_number(&reading, "piece", 0, 1, 1e6, "bytes, at least 1");
    fault->carry_out = take_flag(&reading, "carry_out", fault->carry_out);
    fault->hold = take_flag(&reading, "hold", false);
    bool names_callbacks =
        fault->provider != NULL && strcmp(fault->provider, SIM_FAULT_CALLBACKS) == 0;
    if (is_of_callbacks(fault->kind) != names_callbacks)
        wrong(&reading, "kind",
              "lost, doubled, late or wrong_signature with match.provider callbacks, others with "
              "another");
    if (fault->kind == SIM_FAULT_STATUS && fault->status == 0)
        wrong(&reading, "status", "the status to answer");
    if (json_object_size(left) > 0)
        wrong(&reading, json_object_iter_key(json_object_iter(left)), "no such key");
    fault->rng.state = seed_of(id, seed);
    json_decref(left);
    return reading.result;
}

static void fault_fini(struct sim_fault *fault) {
    free(fault->id);
    free(fault->provider);
    free(fault->method);
    free(fault->path);
    free(fault->number);
    free(fault->key);
    free(fault->text);
    free(fault->body);
    json_decref(fault->headers);
}

void sim_faults_fini(struct sim_faults *faults) {
    for (size_t i = 0; i < faults->count; i++)
        fault_fini(&faults->items[i]);
    free(faults->items);
    json_decref(faults->text);
    *faults = (struct sim_faults){0};
}

enum rf_err sim_faults_set(struct sim_faults *faults, const json_t *value, uint64_t seed,
                           struct rf_utc now, struct rf_error *error) {
    const json_t *list = json_object_get(value, "faults");
    size_t count = json_array_size(list);
    if (!json_is_array(list) || count > FAULTS_MOST)
        return rf_error_set(error, RF_ERR_INVALID,
                            "faults: expected {\"faults\": [...]} with at most %d", FAULTS_MOST);
    struct sim_faults fresh = {.items = calloc(count + 1, sizeof *fresh.items),
                               .text = json_deep_copy(list)};
    if (fresh.items == NULL || fresh.text == NULL) {
        sim_faults_fini(&fresh);
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    }
    enum rf_err result = RF_OK;
    for (size_t i = 0; i < count && result == RF_OK; i++) {
        fresh.count++;
        result = read_fault(&fresh.items[i], json_array_get(list, i), seed, now, error);
    }
    if (result != RF_OK) {
        sim_faults_fini(&fresh);
        return result;
    }
    sim_faults_fini(faults);
    *faults = fresh;
    return RF_OK;
}

// ---- deciding ----

static bool glob(const char *pattern, const char *text) {
    return text != NULL && fnmatch(pattern, text, 0) == 0;
}

static bool head_matches(const struct sim_fault *fault, const struct sim_facts *facts,
                         struct rf_utc now) {
    if (now.ns < fault->from_ns || now.ns >= fault->until_ns)
        return false;
    if (fault->count >= 0 && fault->hits >= (uint64_t)fault->count)
        return false;
    if (fault->provider != NULL && strcmp(fault->provider, facts->provider) != 0)
        return false;
    if (fault->method != NULL && strcasecmp(fault->method, facts->method) != 0)
        return false;
    return fault->path == NULL || glob(fault->path, facts->path) ||
           glob(fault->path, facts->face_path);
}

static bool contains(const char *text, const char *part) {
    return text != NULL && strstr(text, part) != NULL;
}

static bool rest_matches(const struct sim_fault *fault, const struct sim_facts *facts) {
    if (fault->key != NULL && (facts->key == NULL || strcmp(fault->key, facts->key) != 0))
        return false;
    if (fault->number != NULL &&
        (facts->number == NULL || strcmp(fault->number, facts->number) != 0))
        return false;
    return fault->text == NULL || contains(facts->body, fault->text) ||
           contains(facts->decoded_body, fault->text);
}

struct sim_fault *sim_faults_decide(struct sim_faults *faults, const struct sim_facts *facts,
                                    struct rf_utc now) {
    for (size_t i = 0; i < faults->count; i++) {
        struct sim_fault *fault = &faults->items[i];
        if (is_of_callbacks(fault->kind) != (strcmp(facts->provider, SIM_FAULT_CALLBACKS) == 0) ||
            !head_matches(fault, facts, now) || !rest_matches(fault, facts))
            continue;
        fault->matches++;
        if (fault->rate < 1 && rf_rng_unit(&fault->rng) >= fault->rate)
            continue;
        fault->hits++;
        return fault;
    }
    return NULL;
}

struct sim_fault *sim_faults_decide_early(struct sim_faults *faults, const struct sim_facts *facts,
                                          struct rf_utc now) {
    for (size_t i = 0; i < faults->count; i++) {
        struct sim_fault *fault = &faults->items[i];
        if (!head_matches(fault, facts, now))
            continue;
        if (fault->kind != SIM_FAULT_RESET_BEFORE || fault->number != NULL || fault->text != NULL ||
            fault->key != NULL || fault->rate < 1)
            return NULL;
        fault->matches++;
        fault->hits++;
        return fault;
    }
    return NULL;
}

json_t *sim_faults_json(const struct sim_faults *faults) {
    json_t *list = json_array();
    for (size_t i = 0; i < faults->count; i++) {
        json_t *item = json_deep_copy(json_array_get(faults->text, i));
        json_object_set_new(item, "hits", json_integer((json_int_t)faults->items[i].hits));
        json_object_set_new(item, "matches", json_integer((json_int_t)faults->items[i].matches));
        json_array_append_new(list, item);
    }
    return json_pack("{s:o}", "faults", list);
}
