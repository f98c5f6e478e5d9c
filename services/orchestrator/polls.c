#include "polls.h"

static void append(struct rf_polls *polls, struct rf_polls_waiter *waiter) {
    if (!polls->first)
        polls->last = &polls->first;
    waiter->next = NULL;
    waiter->link = polls->last;
    *polls->last = waiter;
    polls->last = &waiter->next;
}

static void take_out(struct rf_polls *polls, struct rf_polls_waiter *waiter) {
    *waiter->link = waiter->next;
    if (waiter->next)
        waiter->next->link = waiter->link;
    else
        polls->last = waiter->link;
    waiter->link = NULL;
    waiter->next = NULL;
}

bool rf_polls_enter(struct rf_polls *polls, struct rf_polls_waiter *waiter) {
    if (waiter->asking || waiter->link)
        return false;
    if (polls->asking >= RF_POLLS_MOST || polls->first) {
        append(polls, waiter);
        return false;
    }
    waiter->asking = true;
    polls->asking++;
    return true;
}

void rf_polls_leave(struct rf_polls *polls, struct rf_polls_waiter *waiter) {
    if (waiter->link)
        take_out(polls, waiter);
    if (waiter->asking)
        polls->asking--;
    waiter->asking = false;
}

struct rf_polls_waiter *rf_polls_next(struct rf_polls *polls) {
    struct rf_polls_waiter *waiter = polls->first;
    if (!waiter || polls->asking >= RF_POLLS_MOST)
        return NULL;
    take_out(polls, waiter);
    waiter->asking = true;
    polls->asking++;
    return waiter;
}
