// How values lie in memory: a flat array in the order of the text, and behind it a copy of the
// text, in which the texts of the values are unescaped in place. One block for all.
#ifndef RF_RULES_VALUE_PARTS_H
#define RF_RULES_VALUE_PARTS_H

#include "rules/value.h"

struct rf_value {
    const char *name; // in a map; else NULL
    union {
        const char *text;
        int64_t integer;
        double real;
    };
    uint32_t span; // how many values it is, with all that stand in it: the next one is behind them
    uint8_t type;
};

#endif
