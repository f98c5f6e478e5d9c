// Ranking: the places of one service in the order in which calls go to them: the most credit first,
// among equals the one that waited longest; those that are `last` behind them. A heap, so that a
// call costs the same with one worker as with a thousand (nearly: a step for each doubling).
#ifndef RF_BROKER_RANKING_H
#define RF_BROKER_RANKING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What stands in a ranking; embedded in its owner.
struct rf_rank {
    int64_t credit; // calls that can be sent now; 0: none
    uint64_t turn;  // when it was served last
    bool last;      // after all others that have credit
    size_t at;      // its place in the heap; 0: in none
};

struct rf_ranking {
    struct rf_rank **items; // 1-based: items[0] is unused
    size_t count, capacity;
};

// rf_ranking_add: puts a rank in that is in no ranking. False if out of memory.
bool rf_ranking_add(struct rf_ranking *ranking, struct rf_rank *rank);

// rf_ranking_remove: takes it out, if it is in.
void rf_ranking_remove(struct rf_ranking *ranking, struct rf_rank *rank);

// rf_ranking_moved: its credit or turn has changed.
void rf_ranking_moved(struct rf_ranking *ranking, struct rf_rank *rank);

// rf_ranking_first: the first of all; NULL if none has any credit. rf_ranking_second: the first of
// the others.
struct rf_rank *rf_ranking_first(const struct rf_ranking *ranking);
struct rf_rank *rf_ranking_second(const struct rf_ranking *ranking);

void rf_ranking_fini(struct rf_ranking *ranking);

#endif
