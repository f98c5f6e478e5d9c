// Cutting texts to what a receiver takes.
#ifndef RF_ALERTER_MEASURE_H
#define RF_ALERTER_MEASURE_H

#include <stddef.h>

struct rf_measure {
    size_t bytes, units, characters;
};

// What one ASCII character costs in units beyond itself, when it is escaped; NULL: nothing.
typedef size_t rf_cost_fn(char c);

// rf_measure_text: how much of `text` (valid UTF-8) fits into `limit` UTF-16 code units, whole
// characters only.
struct rf_measure rf_measure_text(const char *text, size_t limit, rf_cost_fn *cost);

// rf_measure_cut: `text` if it fits, else the longest beginning of it that does together with the
// "..." behind it. A new string; NULL: out of memory.
char *rf_measure_cut(const char *text, size_t limit, rf_cost_fn *cost);

#endif
