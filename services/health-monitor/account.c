#include "account.h"

#include <stdio.h>

// The time since the last look, which ends at `utc`.
static void spend(struct health_account *account, struct rf_instant now, struct rf_utc utc) {
    struct rf_duration passed = rf_instant_since(now, account->looked);
    bool known = account->looked.ns != 0 && passed.ns <= HEALTH_ACCOUNT_GAP.ns;
    account->looked = now;
    if (known)
        health_availability_add(&account->availability, account->status,
                                rf_utc_add(utc, rf_ns(-passed.ns)), utc);
}

static void write_change(struct health_change *change, enum health_status from,
                         const struct health_sight *sight) {
    *change = (struct health_change){.at = sight->since, .from = from, .to = sight->status};
    snprintf(change->cause, sizeof change->cause, "%s", sight->cause);
    snprintf(change->why, sizeof change->why, "%s", sight->why);
}

// True: it is another one than before.
static bool follow_outage(struct health_outage *outage, const struct health_sight *sight) {
    bool open = outage->began.ns != 0 && outage->ended.ns == 0;
    if (sight->status == HEALTH_UP && open) {
        outage->ended = sight->since.ns > outage->began.ns ? sight->since : outage->began;
        return true;
    }
    if (sight->status < HEALTH_DEGRADED)
        return false;
    if (!open)
        *outage = (struct health_outage){.began = sight->since};
    outage->changes++;
    if (sight->status > outage->worst) {
        outage->worst = sight->status;
        snprintf(outage->cause, sizeof outage->cause, "%s", sight->cause);
        snprintf(outage->why, sizeof outage->why, "%s", sight->why);
    }
    return true;
}

unsigned health_account_look(struct health_account *account, const struct health_sight *sight,
                             struct rf_instant now, struct rf_utc utc,
                             struct health_change *change) {
    spend(account, now, utc);
    if (sight->status == account->status)
        return 0;
    write_change(change, account->status, sight);
    // What was so before we looked is known since now.
    if (account->status == HEALTH_UNKNOWN)
        change->at = utc;
    account->status = sight->status;
    return HEALTH_NEWS_CHANGE | (follow_outage(&account->outage, sight) ? HEALTH_NEWS_OUTAGE : 0u);
}

bool health_account_restore(struct health_account *account, enum health_status status,
                            struct rf_utc until, const struct health_outage *outage,
                            struct health_change *change) {
    const struct health_sight nobody = {
        .since = until, .cause = "monitor", .why = "the health monitor was not running"};
    account->outage = *outage;
    write_change(change, status, &nobody);
    return status != HEALTH_UNKNOWN;
}
