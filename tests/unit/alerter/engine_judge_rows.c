// What is kept at the end: counts, and whether all is over.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine_judge_parts.h"

bool judge_is_alone(const char *name) {
    return strncmp(name, "breaker/", 8) == 0 || strncmp(name, "key/", 4) == 0 ||
           strncmp(name, "mine/", 5) == 0;
}

bool judge_has_end(const char *name) {
    return judge_is_alone(name) || strncmp(name, "provider/", 9) == 0;
}

static void take_row(void *arg, const struct world_row *row) {
    struct court *court = arg;
    struct story *story = judge_story(court, row->id, row->name);
    story->row = *row;
    story->has_row = true;
    story->row_open = strcmp(row->phase, "open") == 0;
    snprintf(story->told, sizeof story->told, "%s", row->told);
    snprintf(story->rule, sizeof story->rule, "%s", row->rule);
}

// Where the next incident of the same name begins.
static size_t next_of(const struct court *court, const struct story *story) {
    size_t next = court->script->event_count;
    for (size_t i = 0; i < court->count; i++) {
        const struct story *other = &court->stories[i];
        if (other->has_row && other->first > story->first && other->first < next &&
            strcmp(other->name, story->name) == 0)
            next = other->first;
    }
    return next;
}

// The names that the events' incidents have under the rules of their time; "": it is no alert.
void judge_name_events(struct court *court) {
    const struct script *script = court->script;
    const struct script_rules *rules = &script_rules[0];
    court->names = calloc(script->event_count, sizeof *court->names);
    court->at = calloc(script->event_count, sizeof *court->at);
    for (size_t i = 0; i < script->step_count; i++) {
        const struct script_step *step = &script->steps[i];
        if (step->kind == STEP_RULES)
            rules = &script_rules[step->which];
        for (size_t e = step->first; e < step->first + step->count; e++) {
            court->at[e] = step->at.ns;
            const struct script_event *event = &script->events[e];
            const char *name = event->name;
            if (strncmp(name, "key/", 4) == 0 && !rules->takes_keys)
                name = "";
            bool mine =
                strncmp(name, "breaker/", 8) == 0 && strcmp(rules->breaker_rule, "mine") == 0;
            snprintf(court->names[e], sizeof court->names[e], "%s%s", mine ? "mine/" : "",
                     mine ? event->subject : name);
        }
    }
}

static void counts_events(struct court *court, const struct story *story) {
    int64_t events = 0;
    for (size_t e = story->first, next = next_of(court, story); e < next; e++)
        events += court->script->events[e].says == SAYS_BEGINS &&
                  strcmp(court->names[e], story->name) == 0;
    if (judge_is_alone(story->name) && (story->row.events != events || story->row.subjects != 1))
        WRONG(court, "%s (%s) counts %d events and %d subjects instead of %d and 1", story->name,
              story->id, (int)story->row.events, (int)story->row.subjects, (int)events);
}

// How many different contacts from the event `first` until its end by an event, and until the next
// incident of its name.
static void counts_cost(struct court *court, const struct story *story, bool deferred,
                        int64_t counted) {
    const char *provider = strrchr(story->name, '/') + 1;
    int64_t least = 0, most = 0;
    bool ended = false, seen[20] = {false};
    for (size_t e = story->first, next = next_of(court, story); e < next; e++) {
        const struct script_event *event = &court->script->events[e];
        // Whatever rule took its beginning.
        ended = ended || (event->says == SAYS_ENDS && strcmp(event->name, story->name) == 0);
        if (event->says != SAYS_COSTS || event->deferred != deferred ||
            strcmp(event->provider, provider) != 0)
            continue;
        bool *met = &seen[strtoul(event->contact + 1, NULL, 10)];
        most += !*met;
        least += !*met && !ended;
        *met = true;
    }
    if (counted < least || counted > most)
        WRONG(court, "%s (%s) counts %d contacts %s instead of %d to %d", story->name, story->id,
              (int)counted, deferred ? "deferred" : "set aside", (int)least, (int)most);
}

static bool was_silenced(const struct court *court, const struct story *story) {
    for (size_t i = 0; i < court->script->step_count; i++) {
        const struct script_step *step = &court->script->steps[i];
        if (step->kind == STEP_SILENCE && script_matches(step->pattern, story->name))
            return true;
    }
    return false;
}

// Each channel that heard of it heard of its end; and, of what no silence can have kept, all did.
static void is_settled_on(const struct court *court, const struct story *story, unsigned c) {
    const struct heard *heard = &story->heard[c];
    if (heard->open && judge_has_end(story->name) && strcmp(story->rule, "mine") != 0)
        WRONG(court, "channel %c never hears of the end of %s (%s)", "abc"[c], story -> name,
              story -> id);
    if (strcmp(story->rule, "breaker") == 0 && judge_was_told(story) && !heard->open &&
        !heard->over && !was_silenced(court, story))
        WRONG(court, "channel %c never hears of %s (%s), and others do", "abc"[c], story -> name,
              story -> id);
}

// At the end all is over, and who heard of its beginning heard so.
static void is_settled(const struct court *court, const struct story *story) {
    if (story->row.live || story->row_open)
        WRONG(court, "%s (%s) is still there at the end", story->name, story->id);
    if (judge_is_open(story) && strcmp(story->told, "resolved") != 0)
        WRONG(court, "%s (%s) was opened, and is told %s", story->name, story->id, story->told);
    bool must = judge_is_alone(story->name) && strcmp(story->rule, "long") != 0;
    if (must && !judge_was_told(story) && !was_silenced(court, story))
        WRONG(court, "%s (%s) was never told", story->name, story->id);
    for (unsigned c = 0; c < 3; c++)
        is_settled_on(court, story, c);
}

void judge_take_rows(struct court *court) {
    world_each(court->world, take_row, court);
}

void judge_rows(struct court *court) {
    for (size_t i = 0; i < court->count; i++) {
        const struct story *story = &court->stories[i];
        if (!story->has_row)
            WRONG(court, "%s (%s) is not kept", story->name, story->id);
        counts_events(court, story);
        if (strcmp(story->rule, "breaker") == 0) {
            counts_cost(court, story, true, story->row.deferred);
            counts_cost(court, story, false, story->row.set_aside);
        }
        is_settled(court, story);
    }
}
