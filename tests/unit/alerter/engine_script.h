// What happens in a run of the engine's model: drawn from a seed, the same each time.
#ifndef RF_TESTS_ENGINE_SCRIPT_H
#define RF_TESTS_ENGINE_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ringfence/time.h>

#include "config/config.h"

#define SCRIPT_START    (INT64_C(1763981280) * RF_NS_PER_S) // 2025-11-24 10:48:00 UTC
#define SCRIPT_SILENCES 12

// What the event says, as the judge needs to know it.
enum script_says { SAYS_NOTHING, SAYS_BEGINS, SAYS_ENDS, SAYS_COSTS };

struct script_event {
    char id[24];
    const char *type, *severity;
    char subject[16], contact[16];
    char data[128]; // JSON
    int64_t ts;
    enum script_says says;
    char name[96];     // of the built-in rules' incident that it begins or ends
    char provider[16]; // of a contact
    bool deferred;
};

// A configuration of several that a reload takes in turn.
struct script_rules {
    const char *breaker_rule; // that takes breaker.opened; NULL: none does
    bool takes_keys, quiet;
    struct rf_config_alert_rule rules[3];
    size_t rule_count;
    struct rf_config_storm storm;
    struct rf_duration remind;
};
extern const struct script_rules script_rules[];
#define SCRIPT_RULES 6

enum script_kind { STEP_EVENTS, STEP_SILENCE, STEP_UNSILENCE, STEP_ACK, STEP_RULES, STEP_WAIT };

struct script_step {
    struct rf_utc at;
    enum script_kind kind;
    size_t first, count;       // events
    size_t which;              // silence, event of the incident, or rules
    const char *pattern;       // of a silence: incidents' names
    struct rf_utc from, until; // of it
};

struct script {
    uint64_t seed;
    struct script_event *events;
    size_t event_count, event_capacity;
    struct script_step *steps;
    size_t step_count, step_capacity;
    size_t last_step;  // before what ends all that is open
    unsigned takes[3]; // severities by channel, bits
};

void script_draw(struct script *script, uint64_t seed);
void script_fini(struct script *script);

// script_print: all of its steps, for who looks for what went wrong.
void script_print(const struct script *script);

// script_matches: whether a silence's pattern, a name that may end in a star, fits.
bool script_matches(const char *pattern, const char *name);

#endif
