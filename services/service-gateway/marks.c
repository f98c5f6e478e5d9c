// Marks: a provider that is unusable for all until something changes. One call makes the mark, by
// compare-and-set; the others find it. Design section 4.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "internal.h"

#define AGAIN rf_seconds(1) // until a compare-and-set without an answer is tried again

// What a config error depends on, key included: another section makes its mark void.
static void section_fingerprint(const struct provider_settings *settings, char out[17]) {
    const struct rf_config_provider *c = settings->config;
    char hex[RF_SHA256_HEX_SIZE], text[2048], keys[17];
    keys_fingerprint(settings, keys);
    const char *parts[] = {c->base_url,
                           c->ca_file,
                           c->voice,
                           c->output_format,
                           c->model,
                           c->account_sid,
                           c->from,
                           keys,
                           c->proxy.url,
                           c->proxy.user,
                           c->proxy.password.fingerprint};
    size_t used = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts && used < sizeof text; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s\n",
                                 parts[i] != NULL ? parts[i] : "");
    rf_sha256_hex(text, used < sizeof text ? used : sizeof text - 1, hex);
    snprintf(out, 17, "%.16s", hex);
}

void marks_take(struct core *core) {
    for (int p = 0; p < RF_PROVIDER_COUNT; p++)
        section_fingerprint(&core->settings[p], core->sections[p]);
}

static const char *text_of(json_t *value, const char *name) {
    const char *text = json_string_value(json_object_get(value, name));
    return text != NULL ? text : "";
}

// Whether a mark's cause is another key or section than ours.
static bool is_void(const struct core *core, enum rf_provider p, json_t *value) {
    char keys[17];
    keys_fingerprint(&core->settings[p], keys);
    if (strcmp(text_of(value, "fingerprint"), keys) != 0)
        return true;
    return strcmp(text_of(value, "class"), rf_class_name(RF_CLASS_PERMANENT_CONFIG)) == 0 &&
           json_object_get(value, "section") != NULL &&
           strcmp(text_of(value, "section"), core->sections[p]) != 0;
}

// The text of the mark that stands, or NULL.
static const char *standing(const struct core *core, enum rf_provider p, struct rf_utc *until) {
    const struct mark_copy *mark = &core->marks[p];
    if (!mark->stands || is_void(core, p, mark->value))
        return NULL;
    until->ns = json_integer_value(json_object_get(mark->value, "until"));
    return text_of(mark->value, "message");
}

// To ask about calls that were placed is not billed, and their ends are wanted whatever keeps us
// from placing others: no money, a caller id, a country. Not with a key that is refused, and not of
// a provider that wants to be left alone.
static bool may_ask(const struct call *call, json_t *mark) {
    enum rf_class class;
    return (call->job.operation == GATEWAY_CALL_STATUS ||
            call->job.operation == GATEWAY_FIND_CALL) &&
           rf_class_parse(text_of(mark, "class"), &class) &&
           (class == RF_CLASS_PERMANENT_QUOTA || class == RF_CLASS_PERMANENT_CONFIG);
}

const char *mark_blocks(const struct core *core, const struct call *call, struct rf_utc *until) {
    enum rf_provider p = provider_now(call);
    return may_ask(call, core->marks[p].value) ? NULL : standing(core, p, until);
}

bool core_mark_stands(const struct core *core) {
    for (int p = 0; p < RF_PROVIDER_COUNT; p++)
        if (core->marks[p].stands)
            return true;
    return keys_aside(core);
}

// What takes the mark away, besides a person and a changed key, which always do.
static const char *clears(enum rf_provider p, const struct provider_verdict *verdict) {
    if (verdict->mark_for.ns > 0)
        return "time";
    if (verdict->class == RF_CLASS_PERMANENT_AUTH)
        return "key";
    // Only ElevenLabs has a cheap request that shows the quota (its subscription).
    if (verdict->class == RF_CLASS_PERMANENT_QUOTA && p == RF_PROVIDER_ELEVENLABS)
        return "probe";
    return "person";
}

static json_t *mark_value(const struct core *core, const struct call *call, enum rf_provider p,
                          struct moment at) {
    const struct provider_verdict *verdict = call->mark;
    char keys[17];
    keys_fingerprint(&core->settings[p], keys);
    json_t *value = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:I, s:s, s:s, s:s}", "class", rf_class_name(verdict->class),
        "code", verdict->code, "message", verdict->message, "fingerprint", keys, "section",
        call->sending.section, "since", (json_int_t)at.utc.ns, "contact",
        call->contact != NULL ? call->contact : "", "call", call->id, "clears", clears(p, verdict));
    if (value != NULL && call->campaign != NULL)
        (void)json_object_set_new(value, "campaign", json_string(call->campaign));
    if (value != NULL && verdict->way)
        (void)json_object_set_new(value, "way", json_true());
    if (value != NULL && verdict->mark_for.ns > 0)
        (void)json_object_set_new(value, "until",
                                  json_integer(rf_utc_add(at.utc, verdict->mark_for).ns));
    return value;
}

void mark_note_sent(struct core *core, struct call *call, const struct rf_secret *key) {
    snprintf(call->sending.key, sizeof call->sending.key, "%s", key->fingerprint);
    snprintf(call->sending.section, sizeof call->sending.section, "%s",
             core->sections[provider_now(call)]);
}

// Whether the answer is about the key and the section that we have now. One that was on its way
// when they changed says nothing about the new ones.
static bool is_current(const struct core *core, const struct call *call) {
    enum rf_provider p = provider_now(call);
    return keys_have(core, p, call->sending.key) &&
           (call->mark->class != RF_CLASS_PERMANENT_CONFIG ||
            strcmp(call->sending.section, core->sections[p]) == 0);
}

void mark_begin(struct core *core, struct call *call, const struct provider_verdict *verdict,
                struct moment at) {
    place_give(core, call);
    rf_policy_let_go(policy_of(core, call), &call->policy, at.now);
    if (call->mark == NULL && (call->mark = malloc(sizeof *call->mark)) == NULL) {
        link_refused(core, call, "marked", verdict->message, (struct rf_utc){0}, at);
        return;
    }
    *call->mark = *verdict;
    call->state = CALL_MARKING;
    mark_again(core, call, at);
}

void mark_again(struct core *core, struct call *call, struct moment at) {
    enum rf_provider p = provider_now(call);
    struct rf_utc until = {0};
    const char *marked = standing(core, p, &until);
    if (marked != NULL) { // another call was faster, and we know it already
        link_refused(core, call, "marked", marked, until, at);
        return;
    }
    if (!is_current(core, call) || !rf_instant_before(at.now, call->deadline)) {
        link_refused(core, call, "marked", call->mark->message, (struct rf_utc){0}, at);
        return;
    }
    json_t *value = mark_value(core, call, p, at);
    if (value == NULL) {
        link_refused(core, call, "marked", call->mark->message, (struct rf_utc){0}, at);
        return;
    }
    core->effects->mark(core->arg, p, call->id, value, call->mark->mark_for);
    json_decref(value);
}

// The call won: its contact is set aside, all others wait. The broker told of the mark when it was
// made, so that nothing is lost with us.
static void mark_won(struct core *core, enum rf_provider p, struct call *call, struct moment at) {
    if (call == NULL)
        return;
    struct link_failure failure = {.provider = p, .verdict = *call->mark, .mark_made = true};
    failure.exhausted = call->mark->class == RF_CLASS_RATE_LIMITED;
    if (call->mark->mark_for.ns > 0)
        failure.retry_at = rf_utc_add(at.utc, call->mark->mark_for);
    link_failed(core, call, &failure, at);
}

void core_marked(struct core *core, enum rf_provider p, const char *id, const char *code,
                 json_t *value, struct moment at) {
    struct call *call = hand_find(core, id);
    if (call != NULL && (call->state != CALL_MARKING || provider_now(call) != p))
        call = NULL;
    // An answer that was lost with the broker's connection is found again by the call's name in the
    // mark.
    bool won = code == NULL || strcmp(text_of(value, "call"), id) == 0;
    if (won)
        mark_won(core, p, call, at);
    else if (call != NULL && strcmp(code, "conflict") == 0 && value != NULL &&
             !is_void(core, p, value))
        link_refused(core, call, "marked", text_of(value, "message"),
                     (struct rf_utc){json_integer_value(json_object_get(value, "until"))}, at);
    else if (call != NULL && strcmp(code, "unconfirmed") == 0) // it may be our own way alone
        hand_back(core, call, at);
    else if (call != NULL) // no answer, or a mark under an older key that is about to be taken away
        timed_add(core, call, rf_instant_add(at.now, AGAIN));
    run_queues(core, at);
}

static void clear_if_void(struct core *core, enum rf_provider p) {
    struct mark_copy *mark = &core->marks[p];
    if (!mark->stands || mark->clearing || !is_void(core, p, mark->value))
        return;
    mark->clearing = true;
    mark->why = NULL;
    core->effects->unmark(core->arg, p, mark->version);
}

void mark_end(struct core *core, enum rf_provider p, const char *why) {
    struct mark_copy *mark = &core->marks[p];
    bool by_config = mark->stands && strcmp(text_of(mark->value, "class"),
                                            rf_class_name(RF_CLASS_PERMANENT_CONFIG)) == 0;
    if (!mark->stands || mark->clearing || by_config)
        return;
    mark->clearing = true;
    mark->why = why;
    core->effects->unmark(core->arg, p, mark->version);
}

void core_mark_changed(struct core *core, enum rf_provider p, int64_t version, json_t *value,
                       struct moment at) {
    struct mark_copy *mark = &core->marks[p];
    json_t *old = mark->value;
    bool stood = mark->stands;
    mark->stands = version != 0 && json_is_object(value);
    mark->version = version;
    mark->value = mark->stands ? json_incref(value) : NULL;
    json_decref(old);
    if (stood && !mark->stands)
        keys_release_all(core, p, at);
    clear_if_void(core, p);
    for (struct call *call = core->calls, *next; call != NULL; call = next) {
        struct rf_utc until = {0};
        next = call->next;
        if (call_is_local(call) || provider_now(call) != p ||
            (call->state != CALL_WAITING && call->state != CALL_PLACE))
            continue;
        const char *marked = mark_blocks(core, call, &until);
        if (marked != NULL)
            link_refused(core, call, "marked", marked, until, at);
    }
    run_queues(core, at);
}

void core_unmarked(struct core *core, enum rf_provider p, const char *code, struct moment at) {
    (void)at;
    struct mark_copy *mark = &core->marks[p];
    mark->clearing = false;
    if (code != NULL)
        return; // another was faster, or there was no answer: the watch tells, and we are asked
                // again
    publish_of(
        core, RF_EVENT_MARK_CLEARED, p,
        json_pack("{s:s}", "why",
                  mark->why != NULL ? mark->why : "the key or the configuration was changed"));
    mark->stands = false;
    json_decref(mark->value);
    mark->value = NULL;
}

void core_settings_changed(struct core *core, struct moment at) {
    policies_change(core, at);
    keys_take(core);
    marks_take(core);
    shares_refresh(core, at);
    for (int p = 0; p < RF_PROVIDER_COUNT; p++)
        clear_if_void(core, (enum rf_provider)p);
}
