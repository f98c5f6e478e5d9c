#include "engine_judge_parts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLAP_WINDOW (300 * RF_NS_PER_S)
#define SECOND      RF_NS_PER_S

#define SHORTEST_REMIND (3600 * SECOND) // of all the scripts' rules

void judge_wrong(const struct court *court, int line, const char *format, ...) {
    char text[400];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (getenv("RF_MODEL_TRACE") != NULL)
        script_print(court->script);
    for (size_t i = 0; getenv("RF_MODEL_TRACE") != NULL && i < court->world->telling_count; i++) {
        const struct telling *telling = &court->world->tellings[i];
        print_message("%9.1f %s%s %s (%s, %s) to %u\n",
                      (double)(telling->at.ns - SCRIPT_START) / (double)SECOND,
                      telling->digest ? "digest: " : "", rf_notice_name(telling->kind),
                      telling->name, telling->incident, telling->rule, telling->channels);
    }
    fail_msg("seed %d, %s: %s (judge's line %d)", (int)court->script->seed,
             court->world->kills == WORLD_WHOLE ? "whole" : "killed", text, line);
}

struct story *judge_story(struct court *court, const char *id, const char *name) {
    for (size_t i = 0; i < court->count; i++)
        if (strcmp(court->stories[i].id, id) == 0)
            return &court->stories[i];
    if (court->count == court->capacity) {
        court->capacity = court->capacity * 2 + 64;
        court->stories = realloc(court->stories, court->capacity * sizeof *court->stories);
    }
    struct story *story = &court->stories[court->count++];
    *story = (struct story){0};
    snprintf(story->id, sizeof story->id, "%s", id);
    snprintf(story->name, sizeof story->name, "%s", name);
    story->first = strtoul(id + 1, NULL, 10) - 1;
    if (id[0] != 'E' || story->first >= court->script->event_count)
        WRONG(court, "incident %s has no event's id", id);
    return story;
}

bool judge_is_open(const struct story *story) {
    return story->heard[0].open || story->heard[1].open || story->heard[2].open;
}

bool judge_was_told(const struct story *story) {
    bool told = judge_is_open(story);
    for (int c = 0; c < 3; c++)
        told = told || story->heard[c].over;
    return told;
}

// ---- one story on one channel at a time ----

static void begins(struct court *court, struct story *story, unsigned c) {
    struct heard *heard = &story->heard[c];
    if (heard->open || heard->over)
        WRONG(court, "channel %c hears twice that %s (%s) is open", "abc"[c], story -> name,
              story -> id);
    heard->open = true;
    for (size_t i = 0; i < court->count; i++) {
        const struct story *other = &court->stories[i];
        if (other != story && other->heard[c].open && judge_has_end(story->name) &&
            strcmp(other->name, story->name) == 0)
            WRONG(court, "channel %c hears that %s begins again (%s) before its end (%s)", "abc"[c],
                  story -> name, story -> id, other -> id);
    }
}

static void ends(struct court *court, struct story *story, unsigned c, bool digest) {
    struct heard *heard = &story->heard[c];
    if (heard->over)
        WRONG(court, "channel %c hears twice of the end of %s (%s)", "abc"[c], story -> name,
              story -> id);
    if (!heard->open && !digest)
        WRONG(court, "channel %c hears the end of %s (%s), and nothing before", "abc"[c],
              story -> name, story -> id);
    heard->open = false;
    heard->over = true;
}

// By the rules that are in force.
static int64_t remind_at(const struct court *court, int64_t at) {
    int64_t remind = script_rules[0].remind.ns;
    for (size_t i = 0; i < court->script->step_count; i++) {
        const struct script_step *step = &court->script->steps[i];
        if (step->kind == STEP_RULES && step->at.ns <= at)
            remind = script_rules[step->which].remind.ns;
    }
    return remind;
}

// One that a storm or a silence kept may hear of it later than the first one did.
static bool is_late(const struct court *court, const struct story *story, unsigned c, int64_t at) {
    return story->reminded != 0 && !(story->reminded & 1U << c) &&
           at - story->reminded_at < remind_at(court, at);
}

static void is_reminded(struct court *court, struct story *story, unsigned c, int64_t at) {
    bool late = is_late(court, story, c, at);
    for (size_t i = 0; !late && i < court->count; i++) // also those that it carries on
        if (court->stories[i].reminded_at > 0 && strcmp(court->stories[i].name, story->name) == 0 &&
            at - court->stories[i].reminded_at < SHORTEST_REMIND &&
            at != court->stories[i].reminded_at)
            WRONG(court, "channel %c is told too soon again that %s (%s) is open", "abc"[c],
                  story -> name, story -> id);
}

// An escalation comes once, and whoever hears of it first begins a new round.
static void note_reminded(const struct court *court, struct story *story, unsigned c,
                          bool escalated, int64_t at) {
    bool later = escalated ? story->escalated : is_late(court, story, c, at);
    story->escalated = story->escalated || escalated;
    if (later) {
        story->reminded |= 1U << c;
        return;
    }
    story->reminded = 1U << c;
    story->reminded_at = at;
}

// Who never heard of it may hear of it by its news, as their severity, or the rules, may be others.
static void goes_on(struct court *court, struct story *story, const struct telling *telling,
                    unsigned c) {
    struct heard *heard = &story->heard[c];
    int64_t at = telling->at.ns;
    if (heard->over)
        WRONG(court, "channel %c hears more of %s (%s) after its end", "abc"[c], story -> name,
              story -> id);
    if (telling->kind == RF_NOTICE_UPDATED && !telling->digest && !telling->flaps &&
        heard->spoke_at > 0 && at - heard->spoke_at < 60 * SECOND)
        WRONG(court, "channel %c hears news of %s (%s) %g s after its last notice", "abc"[c],
              story -> name, story -> id, (double)(at - heard->spoke_at) / (double)SECOND);
    heard->open = true;
    if (telling->kind == RF_NOTICE_REMINDER)
        is_reminded(court, story, c, at);
    if (telling->kind == RF_NOTICE_REMINDER || telling->kind == RF_NOTICE_ESCALATED)
        note_reminded(court, story, c, telling->kind == RF_NOTICE_ESCALATED, at);
}

// ---- who must not be told ----

// By what was said before `until`.
static bool is_silenced_by(const struct court *court, const char *name, int64_t at, int64_t until) {
    const struct script_step *active[SCRIPT_SILENCES] = {NULL};
    for (size_t i = 0; i < court->script->step_count; i++) {
        const struct script_step *step = &court->script->steps[i];
        if (step->at.ns >= until)
            break;
        if (step->kind == STEP_SILENCE || step->kind == STEP_UNSILENCE)
            active[step->which] = step->kind == STEP_SILENCE ? step : NULL;
    }
    for (size_t i = 0; i < SCRIPT_SILENCES; i++)
        if (active[i] != NULL && active[i]->from.ns <= at && active[i]->until.ns > at &&
            script_matches(active[i]->pattern, name))
            return true;
    return false;
}

// What was said in the same moment may have come before it or after it.
static bool is_silenced(const struct court *court, const char *name, int64_t at) {
    return is_silenced_by(court, name, at, at) && is_silenced_by(court, name, at, at + 1);
}

static void heeds_silences(struct court *court, const struct story *story,
                           const struct telling *telling, unsigned c) {
    bool told_before = telling->kind == RF_NOTICE_RESOLVED && story->heard[c].open;
    if (court->world->kills != WORLD_LOOSELY && !told_before &&
        is_silenced(court, telling->name, telling->at.ns))
        WRONG(court, "%s (%s) is silenced, and told to channel %c: %s", story->name, story->id,
              "abc"[c], rf_notice_name(telling->kind));
}

static bool is_ever_quiet(const struct court *court) {
    for (size_t i = 0; i < court->script->step_count; i++)
        if (court->script->steps[i].kind == STEP_RULES &&
            script_rules[court->script->steps[i].which].quiet)
            return true;
    return false;
}

// The later of its event's time and the last moment until which a silence held it.
static int64_t free_since(const struct court *court, const struct story *story, int64_t at) {
    int64_t since = court->at[story->first];
    for (size_t i = 0; i < court->script->step_count; i++) {
        const struct script_step *step = &court->script->steps[i];
        const int64_t ends[] = {step->at.ns, step->until.ns};
        for (int e = 0; e < 2; e++)
            if (ends[e] > since && ends[e] <= at && is_silenced(court, story->name, ends[e] - 1))
                since = ends[e];
    }
    return since;
}

// What the channel was told in this time.
static size_t notices_on(const struct court *court, unsigned c, int64_t after, int64_t until) {
    const char *last = "";
    size_t count = 0;
    for (size_t i = 0; i < court->world->telling_count; i++) {
        const struct telling *telling = &court->world->tellings[i];
        if (!(telling->channels & 1U << c) || telling->at.ns <= after || telling->at.ns > until ||
            strcmp(last, telling->notice) == 0)
            continue;
        last = telling->notice;
        count++;
    }
    return count;
}

// At most a storm's digest later; and at once on a channel that has no storm, whatever the others
// have: one has begun with as many notices as are told singly, which is two at least.
static void is_told_in_time(struct court *court, const struct story *story,
                            const struct telling *telling, unsigned c) {
    if (court->world->kills == WORLD_LOOSELY || telling->kind != RF_NOTICE_OPENED ||
        (strcmp(story->rule, "breaker") != 0 && strcmp(story->rule, "mine") != 0) ||
        is_ever_quiet(court))
        return;
    int64_t since = free_since(court, story, telling->at.ns), late = telling->at.ns - since;
    if (late > 75 * SECOND)
        WRONG(court, "channel %c is told of %s (%s) %g s late", "abc"[c], story -> name,
              story -> id, (double)late / (double)SECOND);
    if (late > SECOND && notices_on(court, c, since - 75 * SECOND, telling->at.ns - 1) < 2)
        WRONG(court, "channel %c has no storm, and is told of %s (%s) %g s late", "abc"[c],
              story -> name, story -> id, (double)late / (double)SECOND);
}

// A contact's trouble with a provider whose breaker is told to be open.
static void heeds_breakers(struct court *court, const struct story *story,
                           const struct telling *telling) {
    char breaker[32];
    if (telling->kind != RF_NOTICE_OPENED || strcmp(story->rule, "contact-exhausted") != 0)
        return;
    snprintf(breaker, sizeof breaker, "breaker/%s", strrchr(story->name, '/') + 1);
    for (size_t i = 0; i < court->count; i++) {
        const struct story *other = &court->stories[i];
        if (strcmp(other->name, breaker) != 0 || !judge_is_open(other) ||
            other->first > story->first)
            continue;
        bool open = true; // by its events
        for (size_t e = other->first + 1; e < court->script->event_count; e++)
            open = open && (court->at[e] > telling->at.ns ||
                            strcmp(court->script->events[e].name, breaker) != 0);
        if (open)
            WRONG(court, "%s (%s) is told while %s is open", story->name, story->id, breaker);
    }
}

// ---- how much is told ----

static void bounds(struct court *court) {
    const struct world *world = court->world;
    for (unsigned c = 0; c < 3; c++) {
        size_t within = 0;
        const char *last = "";
        size_t from = 0;
        for (size_t i = 0; i < world->telling_count; i++) {
            const struct telling *telling = &world->tellings[i];
            if (!(telling->channels & 1U << c) || strcmp(last, telling->notice) == 0)
                continue;
            last = telling->notice;
            within++;
            for (; world->tellings[from].at.ns <= telling->at.ns - 5 * SECOND; from++) {
                bool counts = world->tellings[from].channels & 1U << c &&
                              (from == 0 || strcmp(world->tellings[from].notice,
                                                   world->tellings[from - 1].notice) != 0);
                within -= counts;
            }
            // Two or three leave singly, those that a calm end released, and two digests.
            if (within > 2 * 3 + 2)
                WRONG(court, "channel %c gets %zu notices in five seconds, up to %s", "abc"[c],
                      within, telling -> notice);
        }
    }
}

static void flapping_bounds(struct court *court) {
    const struct world *world = court->world;
    for (size_t i = 0; i < world->telling_count; i++) {
        const struct telling *first = &world->tellings[i];
        size_t count[3] = {0};
        for (size_t j = i;
             j < world->telling_count && world->tellings[j].at.ns < first->at.ns + FLAP_WINDOW; j++)
            for (unsigned c = 0; c < 3; c++)
                count[c] += world->tellings[j].channels & 1U << c &&
                            strcmp(world->tellings[j].name, first->name) == 0;
        for (unsigned c = 0; c < 3; c++)
            if (count[c] > 10)
                WRONG(court, "channel %c is told of %s %zu times in the window of flapping",
                      "abc"[c], first -> name, count[c]);
    }
}

static void ids(struct court *court) {
    const struct world *world = court->world;
    for (size_t i = 1; i < world->telling_count; i++) {
        const struct telling *before = &world->tellings[i - 1], *telling = &world->tellings[i];
        bool same = strcmp(before->notice, telling->notice) == 0;
        if (same ? telling->order != before->order : telling->order <= before->order)
            WRONG(court, "notice %s is out of order", telling->notice);
        for (size_t j = 0; !same && j < i; j++)
            if (strcmp(world->tellings[j].notice, telling->notice) == 0)
                WRONG(court, "two notices have the id %s", telling->notice);
    }
}

static void hear(struct court *court, struct story *story, const struct telling *telling,
                 unsigned c) {
    heeds_silences(court, story, telling, c);
    is_told_in_time(court, story, telling, c);
    if (telling->kind == RF_NOTICE_OPENED)
        begins(court, story, c);
    else if (telling->kind == RF_NOTICE_RESOLVED)
        ends(court, story, c, telling->digest);
    else
        goes_on(court, story, telling, c);
    story->heard[c].spoke_at = telling->at.ns;
}

void judge(struct world *world) {
    struct court court = {.world = world, .script = world->script};
    judge_name_events(&court);
    judge_take_rows(&court);
    for (size_t i = 0; i < world->telling_count; i++) {
        const struct telling *telling = &world->tellings[i];
        struct story *story = judge_story(&court, telling->incident, telling->name);
        snprintf(story->rule, sizeof story->rule, "%s", telling->rule);
        heeds_breakers(&court, story, telling);
        judge_own_side(&court, story, telling);
        for (unsigned c = 0; c < 3; c++)
            if (telling->channels & 1U << c)
                hear(&court, story, telling, c);
    }
    ids(&court);
    bounds(&court);
    flapping_bounds(&court);
    judge_rows(&court);
    if (world->engine.count != 0)
        WRONG(&court, "%zu incidents are left", world->engine.count);
    free(court.names);
    free(court.at);
    free(court.stories);
}
