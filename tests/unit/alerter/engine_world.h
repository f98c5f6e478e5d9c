// The engine with the ledger's real rows, a journal, silences, acknowledgements and time: what the
// alerter's intake does, in one thread, with kills wherever one can come.
#ifndef RF_TESTS_ENGINE_WORLD_H
#define RF_TESTS_ENGINE_WORLD_H

#include <ringfence/loop.h>
#include <ringfence/rng.h>

#include "engine.h"
#include "engine_script.h"
#include "ledger.h"

// One incident that one notice tells of: a digest gives many.
struct telling {
    char notice[RF_ALERT_ID_SIZE], thread[RF_ALERT_ID_SIZE];
    char incident[RF_ALERT_ID_SIZE]; // id
    char name[160];
    char rule[40];
    enum rf_notice kind; // of the line
    bool digest;
    unsigned channels;
    struct rf_utc at;
    int64_t order;
    bool flaps; // its title says so
};

enum world_kills {
    WORLD_WHOLE,  // none
    WORLD_EXACT,  // what was lost is done again at the same time: all must be as without
    WORLD_LOOSELY // the alerter is away for a while, and reads in other pages
};

struct world {
    const struct script *script;
    struct rf_config_alerter config;
    struct rf_zone *zone;
    struct rf_loop *loop;
    struct rf_ledger *ledger;
    struct rf_engine engine;
    struct rf_ledger_page page;
    bool stored;
    struct rf_rng rng;
    enum world_kills kills;
    int killed;
    struct rf_utc now, wake;
    size_t published, read; // events
    const struct script_rules *rules;
    bool silenced[SCRIPT_SILENCES];
    size_t said; // acknowledgements: all before this step

    struct telling *tellings;
    size_t telling_count, telling_capacity;
    struct rf_text notices; // all that was stored, as one text
};

// world_play: the whole script. world_rows: all that the ledger keeps of incidents, as a text.
void world_play(struct world *world, const struct script *script, enum world_kills kills,
                uint64_t seed);
char *world_rows(struct world *world);
void world_fini(struct world *world);

// world_each: calls `fn` for each incident that the ledger has.
struct world_row {
    const char *id, *name, *phase, *told, *rule;
    int64_t opened, resolved, events, subjects, deferred, set_aside, swallowed;
    bool live;
};
void world_each(struct world *world, void (*fn)(void *arg, const struct world_row *row), void *arg);

#endif
