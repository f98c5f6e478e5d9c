// The contacts whose traces are not at their end, and the last ones that are: so many at most. What
// is touched goes behind all others, so that whoever is to go stands in front. Pure.
#ifndef RF_LOGGER_OPEN_TRACE_H
#define RF_LOGGER_OPEN_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"

#define RF_TRACE_ID_SIZE 33

struct rf_open_trace {
    char id[RF_TRACE_ID_SIZE];
    char *contact, *campaign, *origin; // of the last event; never NULL
    int64_t began, last;               // of its work, and the last event
    int64_t wait_since;                // it waits; 0: it does not
    char wait_reason[48], wait_provider[32];
    int64_t follow_since;                        // its call exists since then; 0: it does not
    char fallback_call[32], fallback_origin[32]; // of this call: instead of whom; "": none
    int64_t run;                                 // 0; 1: it was tried again, and so on
    bool ended;
    bool stored; // a row of it is in the store
    bool touched;
    struct rf_map_node node;
    struct rf_open_trace *before, *behind;
};

struct rf_open_trace_list {
    struct rf_open_trace *first, *last;
};

struct rf_open_traces {
    struct rf_map map;
    struct rf_open_trace_list open, ended;
    char (*gone)[RF_TRACE_ID_SIZE]; // that had a row, since the last rf_open_traces_clean
    size_t gone_count, gone_room;
};

// Zero-initialised is empty.
void rf_open_traces_fini(struct rf_open_traces *traces);

struct rf_open_trace *rf_open_traces_find(const struct rf_open_traces *traces, const char *id);

// rf_open_traces_add: a new one, open and touched; NULL if out of memory.
struct rf_open_trace *rf_open_traces_add(struct rf_open_traces *traces, const char *id);

// rf_open_traces_touch: it was changed; `ended` says where it belongs from now on.
void rf_open_traces_touch(struct rf_open_traces *traces, struct rf_open_trace *trace, bool ended);

// rf_open_traces_tell: whose it is; a text that is NULL leaves the one before. False if out of
// memory.
bool rf_open_traces_tell(struct rf_open_trace *trace, const char *contact, const char *campaign,
                         const char *origin);

// rf_open_traces_over: with more than `most` of them, the one that is to go: the oldest that is at
// its end, or the oldest; else NULL.
struct rf_open_trace *rf_open_traces_over(const struct rf_open_traces *traces, size_t most);

// rf_open_traces_remove: frees it. False if out of memory to remember that it had a row: it stays.
bool rf_open_traces_remove(struct rf_open_traces *traces, struct rf_open_trace *trace);

// rf_open_traces_touched: one after the other of those touched since the last clean; NULL begins,
// and ends. rf_open_traces_clean: all of it is stored.
struct rf_open_trace *rf_open_traces_touched(const struct rf_open_traces *traces,
                                             const struct rf_open_trace *behind);
void rf_open_traces_clean(struct rf_open_traces *traces);

#endif
