#include "forecast.h"

#include <math.h>
#include <stdlib.h>

#define LATELY    3 // slots: the pace
#define GROUPS    9 // of the day, of which one or a few may hold what no contact took
#define TRUSTED   3 // fewer groups do not say which of them is out of line
#define CLEARANCE 1.1
#define MARGIN    0.9

const char *health_forecast_status_name(enum health_forecast_status status) {
    static const char *const names[] = {[HEALTH_FORECAST_UNKNOWN] = "unknown",
                                        [HEALTH_FORECAST_ENOUGH] = "enough",
                                        [HEALTH_FORECAST_SHORT] = "short"};
    return (unsigned)status <= HEALTH_FORECAST_SHORT ? names[status] : "unknown";
}

void health_forecast_restore(struct health_forecast *forecast, enum health_forecast_status status,
                             struct rf_utc since, bool measured, double each) {
    forecast->status = status;
    forecast->since = since;
    forecast->measured = measured && isfinite(each) && each >= 0;
    forecast->each = forecast->measured ? each : 0;
}

void health_forecast_served(struct health_forecast *forecast) {
    if (forecast->read) // what was used before the first reading is not known
        forecast->waiting++;
}

// ---- what was measured ----

static int64_t number_at(struct rf_instant now) {
    return now.ns / HEALTH_FORECAST_SLOT.ns;
}

static struct health_forecast_slot *slot_at(struct health_forecast *forecast,
                                            struct rf_instant now) {
    int64_t number = number_at(now);
    struct health_forecast_slot *slot = &forecast->slots[number % HEALTH_FORECAST_SLOTS];
    if (slot->number != number)
        *slot = (struct health_forecast_slot){.number = number};
    return slot;
}

// The latest `count` slots in one.
static struct health_forecast_slot latest(const struct health_forecast *forecast, int64_t count,
                                          struct rf_instant now, bool serving) {
    struct health_forecast_slot sum = {0};
    int64_t number = number_at(now);
    for (size_t i = 0; i < HEALTH_FORECAST_SLOTS; i++) {
        const struct health_forecast_slot *slot = &forecast->slots[i];
        if (slot->number <= number - count || (serving && slot->contacts == 0))
            continue;
        sum.used += slot->used;
        sum.contacts += slot->contacts;
        sum.covered_ns += slot->covered_ns;
    }
    return sum;
}

// The day's slots with contacts, oldest first, put together to groups of as many contacts each, of
// which what one takes is returned in `each`. What is left over joins the last group.
static size_t group(const struct health_forecast *forecast, struct rf_instant now, int64_t least,
                    double each[GROUPS + 1]) {
    struct health_forecast_slot sum = {0}, whole = {0};
    size_t count = 0;
    for (int64_t ago = HEALTH_FORECAST_SLOTS - 1; ago >= 0; ago--) {
        int64_t number = number_at(now) - ago;
        const struct health_forecast_slot *slot =
            &forecast->slots[(number % HEALTH_FORECAST_SLOTS + HEALTH_FORECAST_SLOTS) %
                             HEALTH_FORECAST_SLOTS];
        if (slot->number != number || slot->contacts == 0)
            continue;
        sum.used += slot->used;
        sum.contacts += slot->contacts;
        if (sum.contacts < least)
            continue;
        whole = sum;
        each[count++] = sum.used / (double)sum.contacts;
        sum = (struct health_forecast_slot){0};
    }
    if (count > 0 && sum.contacts > 0)
        each[count - 1] = (whole.used + sum.used) / (double)(whole.contacts + sum.contacts);
    return count;
}

static int ascending(const void *a, const void *b) {
    const double *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

// The median of means (Nemirovsky and Yudin, 1983; Jerrum, Valiant and Vazirani, 1986): as the
// mean, which the need of many contacts is a multiple of, but for a charge that is no contact's,
// such as a month's fee while some are served: it spoils the mean of one group, not the median. A
// median of single contacts would not do: where most of them take nothing, it is nothing.
static double each_of(const struct health_forecast *forecast, struct rf_instant now,
                      const struct health_forecast_slot *sum) {
    int64_t least = (sum->contacts + GROUPS - 1) / GROUPS;
    double each[GROUPS + 1];
    size_t count =
        group(forecast, now, least > HEALTH_FORECAST_LEAST ? least : HEALTH_FORECAST_LEAST, each);
    if (count < TRUSTED)
        return sum->used / (double)sum->contacts;
    qsort(each, count, sizeof *each, ascending);
    return (each[(count - 1) / 2] + each[count / 2]) / 2;
}

void health_forecast_read(struct health_forecast *forecast, const struct health_credit *credit,
                          struct rf_instant now) {
    double used = credit->spent - forecast->credit.spent;
    if (forecast->read && used >= 0) {
        struct health_forecast_slot *slot = slot_at(forecast, now);
        slot->used += used;
        slot->contacts += forecast->waiting;
        slot->covered_ns += rf_instant_since(now, forecast->read_at).ns;
        struct health_forecast_slot sum = latest(forecast, HEALTH_FORECAST_SLOTS, now, true);
        if (sum.contacts >= HEALTH_FORECAST_LEAST) {
            forecast->each = each_of(forecast, now, &sum);
            forecast->measured = true;
        }
    }
    forecast->waiting = 0;
    forecast->read = true;
    forecast->credit = *credit;
    forecast->read_at = now;
}

// ---- what is foreseen ----

// In units a nanosecond.
static double pace(const struct health_forecast *forecast, struct rf_instant now) {
    struct health_forecast_slot sum = latest(forecast, LATELY, now, false);
    if (sum.used <= 0)
        sum = latest(forecast, HEALTH_FORECAST_SLOTS, now, false);
    return sum.covered_ns > 0 ? sum.used / (double)sum.covered_ns : 0;
}

// When it has run out; 0: nothing is used, or in more time than anybody knows of.
static struct rf_utc runs_out(const struct health_forecast *forecast, struct rf_instant now,
                              struct rf_utc utc) {
    double each_ns = pace(forecast, now);
    double left = forecast->credit.left > 0 ? forecast->credit.left : 0;
    double lasts = each_ns > 0 ? left / each_ns : INFINITY;
    return lasts < 1e18 ? rf_utc_add(utc, rf_ns((int64_t)lasts)) : (struct rf_utc){0};
}

void health_forecast_look(const struct health_forecast *forecast, const struct health_need *need,
                          struct rf_instant now, struct rf_utc utc,
                          struct health_outlook *outlook) {
    const struct health_credit *credit = &forecast->credit;
    struct health_forecast_slot day = latest(forecast, HEALTH_FORECAST_SLOTS, now, false);
    *outlook = (struct health_outlook){.used_day = day.used, .within = rf_ns(day.covered_ns)};
    if (!forecast->read)
        return;
    if (!credit->endless)
        outlook->runs_out = runs_out(forecast, now, utc);
    if (!need->known)
        return;
    outlook->contacts = need->contacts;
    if (!forecast->measured)
        return;
    outlook->needed = (double)need->contacts * forecast->each;
    double missing = outlook->needed - (credit->left > 0 ? credit->left : 0);
    if (missing > 0 && forecast->each > 0 && !credit->endless)
        outlook->unserved = (int64_t)fmin(ceil(missing / forecast->each), (double)need->contacts);
}

// Whether all is there again before it runs out.
static bool resets_first(const struct health_forecast *forecast,
                         const struct health_outlook *outlook, struct rf_utc utc) {
    struct rf_utc resets = forecast->credit.resets;
    if (resets.ns <= utc.ns || outlook->runs_out.ns == 0)
        return false;
    double lasts = (double)rf_utc_since(outlook->runs_out, utc).ns;
    double margin = forecast->status == HEALTH_FORECAST_SHORT ? MARGIN : 1;
    return (double)rf_utc_since(resets, utc).ns <= lasts * margin;
}

static bool is_short(const struct health_forecast *forecast, const struct health_outlook *outlook,
                     struct rf_utc utc) {
    double clearance = forecast->status == HEALTH_FORECAST_SHORT ? CLEARANCE : 1;
    return !forecast->credit.endless && outlook->contacts > 0 &&
           outlook->needed * clearance > forecast->credit.left &&
           !resets_first(forecast, outlook, utc);
}

bool health_forecast_decide(struct health_forecast *forecast, const struct health_need *need,
                            const struct health_outlook *outlook, struct rf_utc utc,
                            enum health_forecast_status *from) {
    *from = forecast->status;
    if (!forecast->read || !need->known || (need->contacts > 0 && !forecast->measured))
        return false;
    enum health_forecast_status status =
        is_short(forecast, outlook, utc) ? HEALTH_FORECAST_SHORT : HEALTH_FORECAST_ENOUGH;
    if (status == forecast->status)
        return false;
    forecast->status = status;
    forecast->since = utc;
    return true;
}
