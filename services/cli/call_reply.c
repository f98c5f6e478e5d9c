#include "call_reply.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <ringfence/class.h>

#include "events/field.h"
#include "member.h"
#include "table.h"

#define WORD_BYTES ((size_t)64)
#define LINE_BYTES 240

// ---- exit codes ----

int cli_call_exit(const struct rf_call_reply *reply) {
    // Frozen: scripts know them.
    static const int codes[RF_CLASS_COUNT] = {
        [RF_CLASS_TRANSIENT] = 11,        [RF_CLASS_RATE_LIMITED] = 12,
        [RF_CLASS_PERMANENT_AUTH] = 13,   [RF_CLASS_PERMANENT_QUOTA] = 14,
        [RF_CLASS_PERMANENT_CONFIG] = 15, [RF_CLASS_PERMANENT_INVALID] = 16,
        [RF_CLASS_AMBIGUOUS] = 17,        [RF_CLASS_LOCAL] = 18,
    };
    enum rf_class class;
    if (reply->ok)
        return CLI_OK;
    return rf_class_parse(reply->class, &class) && codes[class] != 0 ? codes[class] : CLI_FAILED;
}

// ---- what it gave ----

static void calls_text(const json_t *calls, struct rf_text *text) {
    struct cli_table table = {.columns = 3};
    char when[RF_TIME_TEXT_SIZE];
    size_t i;
    json_t *call;
    json_array_foreach(calls, i, call) {
        int64_t created = json_integer_value(json_object_get(call, "created"));
        cli_table_add(&table, cli_member_text(call, "sid"), WORD_BYTES);
        cli_table_add(&table, cli_member_text(call, "status"), WORD_BYTES);
        cli_table_add(&table, created > 0 ? rf_time_text((struct rf_utc){created}, when) : NULL,
                      sizeof when);
    }
    cli_table_text(&table, text);
    if (json_array_size(calls) == 0)
        rf_text_add(text, "no call to this number\n");
}

static void status_text(const json_t *result, struct rf_text *text) {
    const json_t *duration = json_object_get(result, "duration_s");
    rf_text_add_clean(text, cli_member_text(result, "sid"), WORD_BYTES);
    rf_text_add(text, " ");
    rf_text_add_clean(text, cli_member_text(result, "status"), WORD_BYTES);
    if (json_integer_value(duration) > 0)
        rf_text_add(text, ", %" JSON_INTEGER_FORMAT " s", json_integer_value(duration));
    rf_text_add(text, "\n");
}

static void audio_text(const struct rf_call_reply *reply, struct rf_text *text) {
    rf_text_add(text, "%" JSON_INTEGER_FORMAT " bytes of ",
                json_integer_value(json_object_get(reply->result, "size")));
    rf_text_add_clean(text, cli_member_text(reply->result, "format"), WORD_BYTES);
    if (reply->provider != NULL) {
        rf_text_add(text, " from ");
        rf_text_add_clean(text, reply->provider, WORD_BYTES);
    }
    rf_text_add(text, ", sha256 ");
    rf_text_add_clean(text, cli_member_text(reply->result, "audio"), 2 * WORD_BYTES);
    rf_text_add(text, "\n");
}

void cli_call_result(const struct cli_call *call, const struct rf_call_reply *reply,
                     struct rf_text *text) {
    const json_t *result = reply->result;
    const char *script = cli_member_text(result, "text");
    if (strcmp(call->service, "script") == 0 && *script != '\0') {
        rf_text_add(text, "%s\n", script);
    } else if (*cli_member_text(result, "audio") != '\0') {
        audio_text(reply, text);
    } else if (json_is_array(json_object_get(result, "calls"))) {
        calls_text(json_object_get(result, "calls"), text);
    } else if (*cli_member_text(result, "sid") != '\0') {
        status_text(result, text);
    } else {
        char *json = result != NULL ? json_dumps(result, JSON_INDENT(2)) : NULL;
        rf_text_add(text, "%s\n", json != NULL ? json : "done");
        free(json);
    }
}

// ---- why it failed ----

void cli_call_failure(const struct cli_call *call, const struct rf_call_reply *reply,
                      struct rf_utc now, struct rf_text *text) {
    char span[RF_TIME_TEXT_SIZE], when[RF_TIME_TEXT_SIZE];
    bool maybe = reply->sent != NULL && strcmp(reply->sent, "maybe") == 0;
    rf_text_add(text, "%s %s: ", call->service, call->operation);
    rf_text_add_clean(text, reply->class, WORD_BYTES);
    if (reply->code != NULL && strcmp(reply->code, reply->class) != 0) {
        rf_text_add(text, ", ");
        rf_text_add_clean(text, reply->code, WORD_BYTES);
    }
    if (reply->provider != NULL) {
        rf_text_add(text, ", ");
        rf_text_add_clean(text, reply->provider, WORD_BYTES);
    }
    rf_text_add(text, ": ");
    rf_text_add_clean(text, reply->message != NULL ? reply->message : "no reason was given",
                      LINE_BYTES);
    if (reply->attempts.count > 0)
        rf_text_add(text, " (%zu %s)", reply->attempts.count,
                    reply->attempts.count == 1 ? "attempt" : "attempts");
    if (reply->retry_at > now.ns)
        rf_text_add(text, "; it makes sense again in %s, at %s",
                    rf_span_text(rf_ns(reply->retry_at - now.ns), span),
                    rf_time_text((struct rf_utc){reply->retry_at}, when));
    if (maybe && !call->repeatable)
        rf_text_add(text, "; it may have taken effect: look before you repeat it%s",
                    call->rings ? " (ringfence call telephony find-call --to NUMBER)" : "");
}

// ---- how it went ----

// A length of time in three digits or so, as attempts last from one millisecond to minutes.
static const char *took_text(int64_t ns, char out[RF_TIME_TEXT_SIZE]) {
    double ms = (double)ns / 1e6;
    if (ms < 9.95)
        snprintf(out, RF_TIME_TEXT_SIZE, "%.1f ms", ms);
    else if (ms < 999.5)
        snprintf(out, RF_TIME_TEXT_SIZE, "%.0f ms", ms);
    else
        snprintf(out, RF_TIME_TEXT_SIZE, "%.2f s", ms / 1e3);
    return out;
}

// The gateway's clock may be another than ours: times are told from the first that it told.
static int64_t begin_of(const struct rf_call_reply *reply) {
    int64_t begin = INT64_MAX;
    for (size_t i = 0; i < reply->decisions.count; i++)
        begin = reply->decisions.items[i].at < begin ? reply->decisions.items[i].at : begin;
    for (size_t i = 0; i < reply->attempts.count; i++)
        begin = reply->attempts.items[i].began < begin ? reply->attempts.items[i].began : begin;
    return begin;
}

static void add_since(struct cli_table *table, int64_t at, int64_t begin) {
    cli_table_addf(table, "+%.3f s", (double)(at - begin) / RF_NS_PER_S);
}

static void decisions_text(const struct rf_call_reply *reply, int64_t begin, struct rf_text *text) {
    static const char *const heads[] = {"when", "policy", "link", "verdict", "why"};
    struct cli_table table = {.columns = 5};
    for (size_t i = 0; i < 5; i++)
        cli_table_add(&table, heads[i], WORD_BYTES);
    for (size_t i = 0; i < reply->decisions.count; i++) {
        const struct rf_decision *decision = &reply->decisions.items[i];
        add_since(&table, decision->at, begin);
        cli_table_add(&table, decision->policy, WORD_BYTES);
        cli_table_add(&table, decision->provider, WORD_BYTES);
        cli_table_add(&table, decision->verdict, WORD_BYTES);
        cli_table_add(&table, decision->detail, LINE_BYTES);
    }
    rf_text_add(text, "decisions\n");
    cli_table_text(&table, text);
}

static void add_attempt(struct cli_table *table, const struct rf_attempt *attempt, int64_t begin) {
    char span[RF_TIME_TEXT_SIZE], said[LINE_BYTES];
    snprintf(said, sizeof said, "%s%s%s", attempt->code != NULL ? attempt->code : "",
             attempt->code != NULL && attempt->message != NULL ? ": " : "",
             attempt->message != NULL ? attempt->message : "");
    add_since(table, attempt->began, begin);
    cli_table_add(table, attempt->provider, WORD_BYTES);
    if (attempt->status > 0)
        cli_table_addf(table, "%" PRId64, attempt->status);
    else
        cli_table_add(table, "none", WORD_BYTES);
    cli_table_add(table, attempt->class, WORD_BYTES);
    cli_table_add(table, took_text(attempt->took_ns, span), sizeof span);
    cli_table_add(table, attempt->waited_ns > 0 ? took_text(attempt->waited_ns, span) : NULL,
                  sizeof span);
    cli_table_add(table, attempt->request_id, WORD_BYTES);
    cli_table_add(table, said, 100);
}

static void attempts_text(const struct rf_call_reply *reply, int64_t begin, struct rf_text *text) {
    static const char *const heads[] = {"began", "provider", "status",     "class",
                                        "took",  "waited",   "request id", "what it said"};
    struct cli_table table = {.columns = 8};
    if (reply->attempts.count == 0) {
        rf_text_add(text, "attempts: none, nothing was sent to a provider\n");
        return;
    }
    for (size_t i = 0; i < 8; i++)
        cli_table_add(&table, heads[i], WORD_BYTES);
    for (size_t i = 0; i < reply->attempts.count; i++)
        add_attempt(&table, &reply->attempts.items[i], begin);
    rf_text_add(text, "attempts\n");
    cli_table_text(&table, text);
}

void cli_call_story(const struct rf_call_reply *reply, struct rf_duration took,
                    struct rf_text *text) {
    char span[RF_TIME_TEXT_SIZE];
    int64_t begin = begin_of(reply);
    if (reply->decisions.count > 0)
        decisions_text(reply, begin, text);
    attempts_text(reply, begin, text);
    rf_text_add(text, "%s in all", took_text(took.ns, span));
    if (reply->worker != NULL) {
        rf_text_add(text, ", carried out by ");
        rf_text_add_clean(text, reply->worker, WORD_BYTES);
    }
    rf_text_add(text, "\n");
}

// ---- for programs ----

static void set_text(json_t *object, const char *name, const char *text) {
    if (text != NULL)
        (void)json_object_set_new(object, name, json_string(text));
}

static void set_number(json_t *object, const char *name, int64_t number) {
    if (number != 0)
        (void)json_object_set_new(object, name, json_integer(number));
}

static json_t *attempt_json(const struct rf_attempt *attempt) {
    json_t *object =
        json_pack("{s:s, s:s, s:I, s:I}", "provider", attempt->provider, "class", attempt->class,
                  "began", (json_int_t)attempt->began, "took_ns", (json_int_t)attempt->took_ns);
    set_number(object, "status", attempt->status);
    set_text(object, "code", attempt->code);
    set_text(object, "message", attempt->message);
    set_number(object, "waited_ns", attempt->waited_ns);
    set_text(object, "request_id", attempt->request_id);
    set_text(object, "rule", attempt->rule);
    set_text(object, "key", attempt->key);
    return object;
}

static json_t *decision_json(const struct rf_decision *decision) {
    json_t *object = json_pack("{s:I, s:s, s:s}", "at", (json_int_t)decision->at, "policy",
                               decision->policy, "verdict", decision->verdict);
    set_text(object, "provider", decision->provider);
    set_text(object, "detail", decision->detail);
    return object;
}

json_t *cli_call_json(const struct rf_call_reply *reply) {
    json_t *attempts = json_array(), *decisions = json_array();
    for (size_t i = 0; i < reply->attempts.count; i++)
        (void)json_array_append_new(attempts, attempt_json(&reply->attempts.items[i]));
    for (size_t i = 0; i < reply->decisions.count; i++)
        (void)json_array_append_new(decisions, decision_json(&reply->decisions.items[i]));
    json_t *object = json_pack("{s:s, s:b, s:s, s:o, s:o}", "id", reply->id, "ok", reply->ok,
                               "class", reply->class, "attempts", attempts, "decisions", decisions);
    if (object == NULL)
        return NULL;
    set_text(object, "code", reply->code);
    set_text(object, "message", reply->message);
    set_text(object, "provider", reply->provider);
    set_text(object, "sent", reply->sent);
    if (reply->mark_made)
        (void)json_object_set_new(object, "mark_made", json_true());
    if (reply->destination)
        (void)json_object_set_new(object, "destination", json_true());
    if (reply->exhausted)
        (void)json_object_set_new(object, "exhausted", json_true());
    set_number(object, "retry_at", reply->retry_at);
    if (reply->result != NULL)
        (void)json_object_set(object, "result", reply->result);
    set_text(object, "worker", reply->worker);
    return object;
}
