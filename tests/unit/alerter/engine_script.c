#include "engine_script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ringfence/messages.h>
#include <ringfence/rng.h>

#define STEPS 70

const struct script_rules script_rules[SCRIPT_RULES] = {
    {.breaker_rule = "breaker",
     .takes_keys = true,
     .storm = {2, {10 * RF_NS_PER_S}, {60 * RF_NS_PER_S}},
     .remind = {4 * 3600 * RF_NS_PER_S}},
    {.breaker_rule = "mine",
     .takes_keys = true,
     .rule_count = 2,
     .rules = {{.name = (char *)"mine",
                .on = (char *)"breaker.opened",
                .resolve = (char *)"breaker.closed",
                .channels = (char *)"a",
                .escalate_after = {600 * RF_NS_PER_S},
                .escalate_channels = (char *)"b,c"},
               {.name = (char *)"retries",
                .on = (char *)"retry.scheduled",
                .count = 3,
                .within = {60 * RF_NS_PER_S},
                .severity = (char *)"warning",
                .resolve_after = {900 * RF_NS_PER_S},
                .tell_resolved = true}},
     .storm = {3, {5 * RF_NS_PER_S}, {20 * RF_NS_PER_S}},
     .remind = {3600 * RF_NS_PER_S}},
    {.breaker_rule = "breaker",
     .takes_keys = false,
     .rule_count = 1,
     .rules = {{.name = (char *)"no-keys", .on = (char *)"key.*", .drop = true}},
     .storm = {2, {10 * RF_NS_PER_S}, {60 * RF_NS_PER_S}},
     .remind = {4 * 3600 * RF_NS_PER_S}},
    {.breaker_rule = "breaker",
     .takes_keys = true,
     .quiet = true,
     .storm = {2, {10 * RF_NS_PER_S}, {60 * RF_NS_PER_S}},
     .remind = {4 * 3600 * RF_NS_PER_S}},
    {.breaker_rule = "breaker",
     .takes_keys = true,
     .rule_count = 1,
     .rules = {{.name = (char *)"key",
                .on = (char *)"key.set_aside",
                .by = (char *)"subject key",
                .resolve = (char *)"key.cleared",
                .channels = (char *)"a"}},
     .storm = {2, {10 * RF_NS_PER_S}, {60 * RF_NS_PER_S}},
     .remind = {4 * 3600 * RF_NS_PER_S}},
    {.breaker_rule = "long",
     .takes_keys = true,
     .rule_count = 1,
     .rules = {{.name = (char *)"long",
                .on = (char *)"breaker.opened",
                .group = (char *)"breaker",
                .resolve = (char *)"breaker.closed",
                .lasting = {120 * RF_NS_PER_S}}},
     .storm = {2, {10 * RF_NS_PER_S}, {60 * RF_NS_PER_S}},
     .remind = {4 * 3600 * RF_NS_PER_S}},
};

static const char *const patterns[] = {"breaker/*",   "breaker/x1", "key/*",  "contact/*",
                                       "provider/x0", "*",          "mine/*", "own-side"};

bool script_matches(const char *pattern, const char *name) {
    size_t length = strlen(pattern);
    if (length > 0 && pattern[length - 1] == '*')
        return strncmp(pattern, name, length - 1) == 0;
    return strcmp(pattern, name) == 0;
}

// ---- drawing ----

static size_t below(struct rf_rng *rng, size_t most) {
    return (size_t)(rf_rng_next(rng) >> 11) % most;
}

static bool chance(struct rf_rng *rng, double share) {
    return rf_rng_unit(rng) < share;
}

static struct script_event *new_event(struct script *script, struct rf_utc at) {
    if (script->event_count == script->event_capacity) {
        script->event_capacity = script->event_capacity * 2 + 64;
        script->events = realloc(script->events, script->event_capacity * sizeof *script->events);
    }
    struct script_event *event = &script->events[script->event_count++];
    *event = (struct script_event){.ts = at.ns, .type = "foo.bar", .severity = "info"};
    snprintf(event->id, sizeof event->id, "E%zu", script->event_count);
    snprintf(event->data, sizeof event->data, "{}");
    return event;
}

static void on_provider(struct script_event *event, const char *area, const char *what,
                        const char *severity, bool begins, size_t which) {
    event->type = what;
    event->severity = severity;
    event->says = begins ? SAYS_BEGINS : SAYS_ENDS;
    snprintf(event->subject, sizeof event->subject, "x%zu", which);
    snprintf(event->name, sizeof event->name, "%s/%s", area, event->subject);
}

static void draw_breaker(struct script_event *event, bool begins, size_t which) {
    on_provider(event, "breaker", begins ? "breaker.opened" : "breaker.closed",
                begins ? "error" : "info", begins, which);
}

static void draw_provider(struct script_event *event, bool begins, size_t which) {
    on_provider(event, "provider", begins ? "provider.down" : "provider.up",
                begins ? "error" : "info", begins, which);
    if (!begins)
        snprintf(event->data, sizeof event->data, "{\"from\":\"down\"}");
}

static void draw_key(struct script_event *event, bool begins, size_t which) {
    event->type = begins ? "key.set_aside" : "key.cleared";
    event->severity = begins ? "warning" : "info";
    event->says = begins ? SAYS_BEGINS : SAYS_ENDS;
    snprintf(event->subject, sizeof event->subject, "k%zu", which);
    snprintf(event->data, sizeof event->data, "{\"key\":\"ab\"}");
    snprintf(event->name, sizeof event->name, "key/k%zu/ab", which);
}

static void draw_contact(struct rf_rng *rng, struct script_event *event) {
    static const char *const reasons[] = {"retries_exhausted", "permanent.auth", "interrupted"};
    event->deferred = chance(rng, 0.5);
    const char *reason = reasons[below(rng, 3)];
    event->type = event->deferred ? "contact.deferred" : "contact.set_aside";
    event->severity = event->deferred ? "warning" : "error";
    event->says = SAYS_COSTS;
    snprintf(event->subject, sizeof event->subject, "c%zu", below(rng, 20));
    snprintf(event->contact, sizeof event->contact, "%s", event->subject);
    snprintf(event->provider, sizeof event->provider, "x%zu", below(rng, 4));
    snprintf(event->data, sizeof event->data, "{\"provider\":\"%s\",\"reason\":\"%s\"}",
             event->provider, reason);
    if (!event->deferred)
        snprintf(event->name, sizeof event->name, "contact/spring/%s/%s", reason, event->provider);
}

static void draw_process(struct rf_rng *rng, struct script_event *event) {
    bool lost = chance(rng, 0.5);
    event->type = lost ? "process.lost" : "process.ready";
    event->severity = lost ? "critical" : "info";
    snprintf(event->subject, sizeof event->subject, "logger-%zu", below(rng, 5));
    snprintf(event->data, sizeof event->data, "{\"service\":\"logger\"}");
}

static void draw_event(struct script *script, struct rf_rng *rng, struct rf_utc at) {
    struct script_event *event = new_event(script, at);
    bool begins = chance(rng, 0.55);
    double what = rf_rng_unit(rng);
    if (what < 0.35)
        draw_breaker(event, begins, below(rng, 4));
    else if (what < 0.5)
        draw_provider(event, begins, below(rng, 5));
    else if (what < 0.6)
        draw_key(event, begins, below(rng, 8));
    else if (what < 0.85)
        draw_contact(rng, event);
    else if (what < 0.92)
        draw_process(rng, event);
    else if (what < 0.97) {
        event->type = "retry.scheduled";
        event->severity = "warning";
        snprintf(event->subject, sizeof event->subject, "x%zu", below(rng, 2));
    }
    if (event->says == SAYS_BEGINS && chance(rng, 0.03))
        event->severity = "critical";
    if (chance(rng, 0.05)) // late
        event->ts -= (int64_t)below(rng, 60) * RF_NS_PER_S;
    else if (chance(rng, 0.03)) // of a clock that is wrong
        event->ts = chance(rng, 0.5) ? 0 : event->ts + 3600 * RF_NS_PER_S;
    if (chance(rng, 0.04)) { // doubled
        struct script_event double_of = *event;
        struct script_event *again = new_event(script, at);
        memcpy(double_of.id, again->id, sizeof double_of.id);
        *again = double_of;
    }
}

// ---- steps ----

static struct script_step *new_step(struct script *script, enum script_kind kind,
                                    struct rf_utc at) {
    if (script->step_count == script->step_capacity) {
        script->step_capacity = script->step_capacity * 2 + 64;
        script->steps = realloc(script->steps, script->step_capacity * sizeof *script->steps);
    }
    struct script_step *step = &script->steps[script->step_count++];
    *step = (struct script_step){.kind = kind, .at = at, .first = script->event_count};
    return step;
}

static void end_events(struct script *script, struct script_step *step) {
    step->count = script->event_count - step->first;
}

static void draw_few(struct script *script, struct rf_rng *rng, struct rf_utc at) {
    struct script_step *step = new_step(script, STEP_EVENTS, at);
    for (size_t i = 0, count = 1 + below(rng, 4); i < count; i++)
        draw_event(script, rng, at);
    end_events(script, step);
}

static void draw_storm(struct script *script, struct rf_rng *rng, struct rf_utc at) {
    struct script_step *step = new_step(script, STEP_EVENTS, at);
    bool begins = chance(rng, 0.6);
    for (size_t i = 0, count = 5 + below(rng, 30); i < count; i++)
        draw_key(new_event(script, at), begins, below(rng, 40));
    end_events(script, step);
}

static struct rf_utc draw_flapping(struct script *script, struct rf_rng *rng, struct rf_utc at) {
    size_t which = below(rng, 4), count = 4 + below(rng, 12), gap = 1 + below(rng, 90);
    bool breaker = chance(rng, 0.6);
    for (size_t i = 0; i < count; i++) {
        struct script_step *step = new_step(script, STEP_EVENTS, at);
        if (breaker)
            draw_breaker(new_event(script, at), i % 2 == 0, which);
        else
            draw_provider(new_event(script, at), i % 2 == 0, which);
        end_events(script, step);
        at = rf_utc_add(at, rf_seconds((int64_t)gap));
    }
    return at;
}

static void draw_silence(struct script *script, struct rf_rng *rng, struct rf_utc at) {
    static const int64_t lengths[] = {30, 300, 3600, 9000};
    struct script_step *step = new_step(script, STEP_SILENCE, at);
    step->which = below(rng, SCRIPT_SILENCES);
    step->pattern = patterns[below(rng, sizeof patterns / sizeof patterns[0])];
    step->from = chance(rng, 0.3) ? rf_utc_add(at, rf_seconds(60)) : at;
    step->until = rf_utc_add(step->from, rf_seconds(lengths[below(rng, 4)]));
}

static struct rf_utc draw_step(struct script *script, struct rf_rng *rng, struct rf_utc at) {
    double what = rf_rng_unit(rng);
    if (what < 0.6)
        draw_few(script, rng, at);
    else if (what < 0.68)
        draw_storm(script, rng, at);
    else if (what < 0.76)
        at = draw_flapping(script, rng, at);
    else if (what < 0.84)
        draw_silence(script, rng, at);
    else if (what < 0.87)
        new_step(script, STEP_UNSILENCE, at)->which = below(rng, SCRIPT_SILENCES);
    else if (what < 0.92 && script->event_count > 0)
        new_step(script, STEP_ACK, at)->which = below(rng, script->event_count);
    else if (what < 0.96)
        new_step(script, STEP_RULES, at)->which = below(rng, SCRIPT_RULES);
    else
        new_step(script, STEP_WAIT, at);
    return at;
}

// Rules and silences are as at the beginning, and whatever is open ends.
static void draw_end(struct script *script, struct rf_utc at) {
    script->last_step = script->step_count;
    for (size_t i = 0; i < SCRIPT_SILENCES; i++)
        new_step(script, STEP_UNSILENCE, at)->which = i;
    new_step(script, STEP_RULES, at)->which = 0;
    at = rf_utc_add(at, rf_seconds(7200)); // all is told that is to be told
    new_step(script, STEP_WAIT, at);
    struct script_step *step = new_step(script, STEP_EVENTS, at);
    for (size_t i = 0; i < 5; i++) {
        draw_breaker(new_event(script, at), false, i);
        draw_provider(new_event(script, at), false, i);
    }
    for (size_t i = 0; i < 40; i++)
        draw_key(new_event(script, at), false, i);
    for (size_t i = 0; i < 100; i++) {
        struct script_event *event = new_event(script, at);
        event->type = "process.ready";
        snprintf(event->subject, sizeof event->subject, "logger-9");
        snprintf(event->data, sizeof event->data, "{\"service\":\"logger\"}");
    }
    end_events(script, step);
    new_step(script, STEP_WAIT, rf_utc_add(at, rf_seconds(30L * 3600)));
}

void script_draw(struct script *script, uint64_t seed) {
    static const int64_t gaps[] = {1, 1000, 5000, 5000, 30000, 100000, 400000, 4000000};
    struct rf_rng rng = {seed * 7919 + 1};
    struct rf_utc at = {SCRIPT_START};
    *script = (struct script){.seed = seed, .takes = {15, chance(&rng, 0.5) ? 12 : 15, 14}};
    new_step(script, STEP_RULES, at)->which = below(&rng, SCRIPT_RULES);
    for (int i = 0; i < STEPS; i++) {
        at = draw_step(script, &rng, at);
        at = rf_utc_add(at, rf_ms(gaps[below(&rng, sizeof gaps / sizeof gaps[0])]));
    }
    draw_end(script, at);
}

void script_fini(struct script *script) {
    free(script->events);
    free(script->steps);
    *script = (struct script){0};
}

void script_print(const struct script *script) {
    static const char *const kinds[] = {"events", "silence", "unsilence", "ack", "rules", "wait"};
    for (size_t i = 0; i < script->step_count; i++) {
        const struct script_step *step = &script->steps[i];
        double at = (double)(step->at.ns - SCRIPT_START) / (double)RF_NS_PER_S;
        printf("%9.1f %s %zu %s for %g s\n", at, kinds[step->kind], step->which,
               step->pattern == NULL ? "" : step->pattern,
               (double)(step->until.ns - step->from.ns) / (double)RF_NS_PER_S);
        for (size_t e = step->first; e < step->first + step->count; e++)
            printf("          %s %s %s %s %s\n", script->events[e].id, script->events[e].type,
                   script->events[e].subject, script->events[e].severity, script->events[e].data);
    }
}
