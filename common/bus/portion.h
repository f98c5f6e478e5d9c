// How many bytes are asked for, or sent, before an answer is waited for, so that a slow line brings
// that answer in time. Pure.
//
// A line of 64 kbit/s carries 8 KB a second: a page of 200 KB holds it for 25 s, and whatever is
// said behind it, heartbeats among it, comes that late. So a portion begins small, doubles as long
// as answers are quick, goes up by steps near the line's rate, and is halved by a late answer.
//
// An answer may also be late for what no portion changes: the other side's disk. Halving would only
// make it slower. Which of the two it is, two answers tell that belong to portions of different
// size: on a slow line the time follows the size, else it does not, and then the portion doubles.
#ifndef RF_BUS_PORTION_H
#define RF_BUS_PORTION_H

#include <stdbool.h>
#include <stddef.h>

#include <ringfence/time.h>

#define RF_PORTION_LEAST ((size_t)4 * 1024)
#define RF_PORTION_FIRST ((size_t)8 * 1024)

struct rf_portion {
    size_t bytes; // at once
    size_t most;
    size_t size; // of the answer before, and how long it took; 0: none is known
    struct rf_duration took;
    bool judged;      // two answers have told
    bool delayed;     // that it is not the line
    unsigned answers; // since then
};

// rf_portion_init: RF_PORTION_FIRST bytes, and never over `most`, which is no less.
void rf_portion_init(struct rf_portion *portion, size_t most);

// rf_portion_came: what was asked for, or sent, was answered after `took`. `size` bytes of it went
// over the line: a portion that was not half used shows nothing of what a full one would take, and
// lets none grow.
void rf_portion_came(struct rf_portion *portion, size_t size, struct rf_duration took);

// rf_portion_missed: no answer came within the time in which it is asked again.
void rf_portion_missed(struct rf_portion *portion);

#endif
