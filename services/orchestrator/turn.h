// Whose turn it is when there are free places: the campaign of the highest priority, and among
// those of the same the one with the fewest contacts in progress, each below its own limit. Pure.
#ifndef RF_ORCHESTRATOR_TURN_H
#define RF_ORCHESTRATOR_TURN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A campaign that runs; one that is paused is not among them.
struct rf_turn {
    int64_t campaign;
    int64_t priority; // higher goes first
    int64_t running;  // contacts in progress
    int64_t limit;    // of them at most; 0: none of its own
    bool dry;         // it has nothing due
};

// rf_turn_next: whose turn it is with `left` places free, and how many of them it may take; NULL:
// nobody's. Asked again after each rf_turn_took it comes to an end: equal ones fill up evenly, and
// what one does not need goes to the others, then to lower priorities.
struct rf_turn *rf_turn_next(struct rf_turn *turns, size_t count, int64_t left, int64_t *want);

// rf_turn_took: it got `got` of the `want` that rf_turn_next offered.
void rf_turn_took(struct rf_turn *turn, int64_t want, int64_t got);

// rf_turn_full: whether a campaign has reached its own limit: what is due of it waits for one of
// its contacts to end, not for a time.
bool rf_turn_full(const struct rf_turn *turn);

#endif
