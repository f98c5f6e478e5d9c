// What the parts of the judge share.
#ifndef RF_TESTS_ENGINE_JUDGE_PARTS_H
#define RF_TESTS_ENGINE_JUDGE_PARTS_H

#include "engine_judge.h"

// An incident, as its notices and its row tell of it.
struct story {
    char id[RF_ALERT_ID_SIZE], name[160], rule[40];
    size_t first;     // its event's place
    bool open, over;  // told
    bool known[3];    // by channel: told of
    bool ended[3];    // told that it is over
    int64_t spoke_at; // newest notice
    int64_t reminded_at;
    int64_t first_at;
    int64_t digest_at; // newest notice, if it was a digest; of which kind
    enum rf_notice digest_kind;
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

// judge_is_alone: nothing swallows what has this name. judge_has_end: an event ends it, and that is
// told.
bool judge_is_alone(const char *name);
bool judge_has_end(const char *name);

// judge_name_events: fills in what stands there by event. judge_rows: what is kept at the end.
void judge_name_events(struct court *court);
void judge_rows(struct court *court);

#endif
