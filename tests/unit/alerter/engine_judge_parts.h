// What the parts of the judge share.
#ifndef RF_TESTS_ENGINE_JUDGE_PARTS_H
#define RF_TESTS_ENGINE_JUDGE_PARTS_H

#include "engine_judge.h"

// What one channel heard of an incident.
struct heard {
    bool open, over;
    int64_t spoke_at; // newest notice
};

// An incident, as its notices and its row tell of it.
struct story {
    char id[RF_ALERT_ID_SIZE], name[160], rule[40];
    size_t first;          // its event's place
    struct heard heard[3]; // by channel
    int64_t reminded_at;   // when the first channel was reminded last; which were since
    unsigned reminded;
    bool escalated;
    struct world_row row; // its numbers
    bool has_row, row_open;
    char told[12];
};

struct court {
    struct world *world;
    const struct script *script;
    struct story *stories;
    size_t count, capacity;
    char (*names)[128]; // by event
    int64_t *at;        // so is this: when it was published
};

// judge_wrong: fails the test. judge_story: the incident's, begun if there is none.
#define WRONG(court, ...) judge_wrong(court, __LINE__, __VA_ARGS__)
void judge_wrong(const struct court *court, int line, const char *format, ...) RF_PRINTF(3, 4);
struct story *judge_story(struct court *court, const char *id, const char *name);

// judge_is_open: some channel was told that it is open, and not that it is over. judge_was_told:
// one was told anything.
bool judge_is_open(const struct story *story);
bool judge_was_told(const struct story *story);

// judge_is_alone: nothing swallows what has this name. judge_has_end: an event ends it, and that is
// told.
bool judge_is_alone(const char *name);
bool judge_has_end(const char *name);

// judge_own_side: what is told of providers that went down together.
void judge_own_side(struct court *court, const struct story *story, const struct telling *telling);

// judge_name_events: fills in what stands there by event. judge_take_rows: takes in what is kept at
// the end; judge_rows judges it.
void judge_name_events(struct court *court);
void judge_take_rows(struct court *court);
void judge_rows(struct court *court);

#endif
