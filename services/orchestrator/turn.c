#include "turn.h"

bool rf_turn_full(const struct rf_turn *turn) {
    return turn->limit > 0 && turn->running >= turn->limit;
}

static bool eligible(const struct rf_turn *turn) {
    return !turn->dry && !rf_turn_full(turn);
}

static struct rf_turn *first_of(struct rf_turn *turns, size_t count) {
    struct rf_turn *first = NULL;
    for (size_t i = 0; i < count; i++) {
        struct rf_turn *turn = &turns[i];
        if (eligible(turn) &&
            (!first || turn->priority > first->priority ||
             (turn->priority == first->priority && turn->running < first->running)))
            first = turn;
    }
    return first;
}

struct rf_turn *rf_turn_next(struct rf_turn *turns, size_t count, int64_t left, int64_t *want) {
    struct rf_turn *first = left > 0 ? first_of(turns, count) : NULL;
    if (!first)
        return NULL;
    // Up to where the next one stands; with several at the same height each gets its part.
    int64_t level = INT64_MAX, equals = 0;
    for (size_t i = 0; i < count; i++) {
        const struct rf_turn *turn = &turns[i];
        if (!eligible(turn) || turn->priority != first->priority)
            continue;
        if (turn->running == first->running)
            equals++;
        else if (turn->running < level)
            level = turn->running;
    }
    *want = equals > 1 ? (left + equals - 1) / equals : left;
    if (*want > level - first->running)
        *want = level - first->running;
    if (first->limit > 0 && *want > first->limit - first->running)
        *want = first->limit - first->running;
    return first;
}

void rf_turn_took(struct rf_turn *turn, int64_t want, int64_t got) {
    turn->running += got;
    turn->dry = got < want;
}
