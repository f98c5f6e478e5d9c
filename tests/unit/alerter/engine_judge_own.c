// Our own side (incident 25): several providers that go down together are one incident, and none of
// them is told by itself while that one is open.
#include <string.h>

#include "engine_judge_parts.h"

#define OWN_SIDE  "own-side"
#define PROVIDERS 3
#define TOGETHER  (15 * RF_NS_PER_S)
#define LATE      (60 * RF_NS_PER_S) // an event may tell of what was so long ago

static bool is_own_side(const char *name) {
    return strcmp(name, OWN_SIDE) == 0;
}

// How many providers went down shortly before the event, by those that were published.
static int down_before(const struct court *court, size_t event) {
    int64_t after = court->at[event] - TOGETHER - LATE;
    bool down[10] = {false};
    int count = 0;
    for (size_t e = event + 1; e-- > 0 && court->at[e] >= after;) {
        const struct script_event *made = &court->script->events[e];
        if (strcmp(made->type, "provider.down") != 0)
            continue;
        bool *known = &down[made->subject[1] - '0']; // x0 to x4
        count += !*known;
        *known = true;
    }
    return count;
}

// They may be told as one later than they went down.
static void has_enough(struct court *court, const struct story *story) {
    int most = 0;
    for (size_t e = 0; e <= story->first; e++) {
        int down = down_before(court, e);
        most = down > most ? down : most;
    }
    if (most < PROVIDERS)
        WRONG(court, "our own side (%s) is told, and %d providers at most went down together",
              story->id, most);
}

// By its row it was open for longer.
static bool is_open_beyond(const struct story *story, int64_t at) {
    return judge_is_open(story) && story->has_row &&
           (story->row.resolved == 0 || story->row.resolved > at);
}

void judge_own_side(struct court *court, const struct story *story, const struct telling *telling) {
    if (telling->kind != RF_NOTICE_OPENED)
        return;
    if (is_own_side(story->name))
        has_enough(court, story);
    if (strcmp(story->rule, "provider") != 0)
        return;
    for (size_t i = 0; i < court->count; i++)
        if (is_own_side(court->stories[i].name) &&
            is_open_beyond(&court->stories[i], telling->at.ns))
            WRONG(court, "%s (%s) is told while our own side (%s) is open", story->name, story->id,
                  court->stories[i].id);
}
