#include "ranking.h"

#include <stdlib.h>

static bool before(const struct rf_rank *a, const struct rf_rank *b) {
    if ((a->credit > 0) != (b->credit > 0))
        return a->credit > 0;
    if (a->last != b->last)
        return b->last;
    return a->credit != b->credit ? a->credit > b->credit : a->turn < b->turn;
}

static void place(struct rf_ranking *ranking, size_t at, struct rf_rank *rank) {
    ranking->items[at] = rank;
    rank->at = at;
}

static void sift_up(struct rf_ranking *ranking, size_t at) {
    struct rf_rank *rank = ranking->items[at];
    while (at > 1 && before(rank, ranking->items[at / 2])) {
        place(ranking, at, ranking->items[at / 2]);
        at /= 2;
    }
    place(ranking, at, rank);
}

static void sift_down(struct rf_ranking *ranking, size_t at) {
    struct rf_rank *rank = ranking->items[at];
    for (size_t child; (child = 2 * at) <= ranking->count; at = child) {
        if (child < ranking->count && before(ranking->items[child + 1], ranking->items[child]))
            child++;
        if (!before(ranking->items[child], rank))
            break;
        place(ranking, at, ranking->items[child]);
    }
    place(ranking, at, rank);
}

bool rf_ranking_add(struct rf_ranking *ranking, struct rf_rank *rank) {
    if (ranking->count + 1 >= ranking->capacity) {
        size_t capacity = ranking->capacity == 0 ? 16 : ranking->capacity * 2;
        struct rf_rank **items = realloc(ranking->items, capacity * sizeof(struct rf_rank *));
        if (items == NULL)
            return false;
        ranking->items = items;
        ranking->capacity = capacity;
    }
    place(ranking, ++ranking->count, rank);
    sift_up(ranking, rank->at);
    return true;
}

void rf_ranking_remove(struct rf_ranking *ranking, struct rf_rank *rank) {
    size_t at = rank->at;
    if (at == 0)
        return;
    rank->at = 0;
    struct rf_rank *last = ranking->items[ranking->count--];
    if (last == rank)
        return;
    place(ranking, at, last);
    rf_ranking_moved(ranking, last);
}

void rf_ranking_moved(struct rf_ranking *ranking, struct rf_rank *rank) {
    sift_up(ranking, rank->at);
    sift_down(ranking, rank->at);
}

static struct rf_rank *with_credit(struct rf_rank *rank) {
    return rank->credit > 0 ? rank : NULL;
}

struct rf_rank *rf_ranking_first(const struct rf_ranking *ranking) {
    return ranking->count == 0 ? NULL : with_credit(ranking->items[1]);
}

struct rf_rank *rf_ranking_second(const struct rf_ranking *ranking) {
    if (ranking->count < 2)
        return NULL;
    struct rf_rank *second = ranking->items[2];
    if (ranking->count > 2 && before(ranking->items[3], second))
        second = ranking->items[3];
    return with_credit(second);
}

void rf_ranking_fini(struct rf_ranking *ranking) {
    free(ranking->items);
    *ranking = (struct rf_ranking){0};
}
