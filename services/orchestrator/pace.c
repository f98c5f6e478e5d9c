#include "pace.h"

#include <stdlib.h>

struct rf_pace_campaign {
    int64_t campaign;
    double rate;
    struct rf_pace_limit limit;
};

static struct rf_duration interval_of(const struct rf_pace *pace, double rate) {
    double sharers = pace->sharers > 1 ? (double)pace->sharers : 1;
    return rate > 0 ? rf_ns((int64_t)((double)RF_NS_PER_S * sharers / rate)) : rf_ns(0);
}

static bool free_at(const struct rf_pace_limit *limit, struct rf_instant now) {
    return limit->interval.ns == 0 || !rf_instant_before(now, limit->next);
}

static struct rf_pace_place take(struct rf_pace_limit *limit, struct rf_instant now) {
    struct rf_instant before = limit->next;
    struct rf_instant from = rf_instant_add(now, rf_ms(-RF_PACE_SLACK_MS));
    if (rf_instant_before(from, limit->next))
        from = limit->next;
    if (limit->interval.ns > 0)
        limit->next = rf_instant_add(from, limit->interval);
    return (struct rf_pace_place){before, limit->next};
}

static void give_back(struct rf_pace_limit *limit, const struct rf_pace_place *place) {
    if (limit->next.ns == place->behind.ns)
        limit->next = place->before;
}

static void apply(struct rf_pace *pace) {
    pace->all.interval = interval_of(pace, pace->all_rate);
    for (size_t i = 0; i < pace->count; i++)
        pace->campaigns[i].limit.interval = interval_of(pace, pace->campaigns[i].rate);
}

void rf_pace_configure(struct rf_pace *pace, double all) {
    pace->all_rate = all;
    apply(pace);
}

void rf_pace_share(struct rf_pace *pace, int64_t sharers) {
    pace->sharers = sharers;
    apply(pace);
}

static struct rf_pace_campaign *find(const struct rf_pace *pace, int64_t campaign) {
    for (size_t i = 0; i < pace->count; i++)
        if (pace->campaigns[i].campaign == campaign)
            return &pace->campaigns[i];
    return NULL;
}

static bool in_line(const struct rf_pace *pace, int64_t campaign) {
    for (const struct rf_pace_waiter *waiter = pace->line; waiter; waiter = waiter->next)
        if (waiter->campaign == campaign)
            return true;
    return false;
}

void rf_pace_rate(struct rf_pace *pace, int64_t campaign, double rate) {
    struct rf_pace_campaign *known = find(pace, campaign);
    if (!known)
        return;
    known->rate = rate;
    known->limit.interval = interval_of(pace, rate);
}

static enum rf_err note(struct rf_pace *pace, const struct rf_pace_waiter *waiter) {
    if (find(pace, waiter->campaign)) {
        rf_pace_rate(pace, waiter->campaign, waiter->rate);
        return RF_OK;
    }
    if (pace->count == pace->room) {
        size_t room = pace->room ? pace->room * 2 : 8;
        struct rf_pace_campaign *campaigns =
            reallocarray(pace->campaigns, room, sizeof *pace->campaigns);
        if (!campaigns)
            return RF_ERR_NOMEM;
        pace->campaigns = campaigns;
        pace->room = room;
    }
    pace->campaigns[pace->count++] =
        (struct rf_pace_campaign){.campaign = waiter->campaign,
                                  .rate = waiter->rate,
                                  .limit.interval = interval_of(pace, waiter->rate)};
    return RF_OK;
}

// Forgets campaigns whose limit binds nobody any more.
static void forget(struct rf_pace *pace, struct rf_instant now) {
    for (size_t i = pace->count; i-- > 0;)
        if (free_at(&pace->campaigns[i].limit, now) && !in_line(pace, pace->campaigns[i].campaign))
            pace->campaigns[i] = pace->campaigns[--pace->count];
}

enum rf_err rf_pace_wait(struct rf_pace *pace, struct rf_pace_waiter *waiter) {
    enum rf_err err = note(pace, waiter);
    if (err != RF_OK)
        return err;
    struct rf_pace_waiter **link = &pace->line;
    while (*link && (*link)->priority >= waiter->priority)
        link = &(*link)->next;
    waiter->link = link;
    waiter->next = *link;
    if (waiter->next)
        waiter->next->link = &waiter->next;
    *link = waiter;
    return RF_OK;
}

void rf_pace_leave(struct rf_pace_waiter *waiter) {
    if (!waiter->link)
        return;
    *waiter->link = waiter->next;
    if (waiter->next)
        waiter->next->link = waiter->link;
    waiter->link = NULL;
    waiter->next = NULL;
}

struct rf_pace_waiter *rf_pace_next(struct rf_pace *pace, struct rf_instant now,
                                    struct rf_instant *due) {
    due->ns = INT64_MAX;
    for (struct rf_pace_waiter *waiter = pace->line; waiter; waiter = waiter->next) {
        struct rf_pace_limit *own = &find(pace, waiter->campaign)->limit;
        if (free_at(&pace->all, now) && free_at(own, now)) {
            waiter->all = take(&pace->all, now);
            waiter->own = take(own, now);
            rf_pace_leave(waiter);
            return waiter;
        }
        struct rf_instant at = own->interval.ns > 0 ? own->next : now;
        if (pace->all.interval.ns > 0 && rf_instant_before(at, pace->all.next))
            at = pace->all.next;
        if (rf_instant_before(at, *due))
            *due = at;
    }
    forget(pace, now);
    return NULL;
}

void rf_pace_give_back(struct rf_pace *pace, const struct rf_pace_waiter *waiter) {
    struct rf_pace_campaign *campaign = find(pace, waiter->campaign);
    give_back(&pace->all, &waiter->all);
    if (campaign)
        give_back(&campaign->limit, &waiter->own);
}

void rf_pace_fini(struct rf_pace *pace) {
    while (pace->line)
        rf_pace_leave(pace->line);
    free(pace->campaigns);
    *pace = (struct rf_pace){0};
}
