// The one test permit of a half-open breaker: who gets it, and what becomes of it.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "authority_parts.h"

// So long others than the gateway whose test failed last may ask for the next one.
#define OTHERS_FIRST rf_seconds(2)

// A permit's text names the broker that gave it, as numbers begin anew with each broker.
static void write_permit(const struct rf_guard *guard, int64_t permit, char *out, size_t size) {
    snprintf(out, size, "%s/%lld", guard->authority->ground->instance, (long long)permit);
}

// The number of a permit that we gave; 0 for any other text.
int64_t rf_authority_read_permit(const struct rf_guard *guard, const char *text) {
    const char *instance = guard->authority->ground->instance;
    size_t length = strlen(instance);
    if (strncmp(text, instance, length) != 0 || text[length] != '/')
        return 0;
    char *end;
    long long permit = strtoll(text + length + 1, &end, 10);
    return *end == '\0' && permit > 0 ? permit : 0;
}

static void refuse(struct rf_authority *authority, const struct rf_seat *seat,
                   const struct rf_permit_request *request) {
    struct rf_permit_refused refused = {.call = request->call, .service = request->service};
    authority->ground->counters.permits_refused++;
    rf_ground_send(authority->ground, &seat->peer, RF_MESSAGE_permit_refused, &refused);
}

// The permit that is out comes back unused.
static void release(struct rf_guard *guard) {
    struct rf_breaker_ticket ticket = {.epoch = guard->breaker.epoch,
                                       .permit = guard->breaker.permit};
    rf_breaker_cancel(&guard->breaker, ticket, guard->authority->ground->now.instant);
    guard->holder[0] = '\0';
    rf_authority_set_timer(guard);
}

static bool holds(const struct rf_guard *guard, const struct rf_seat *seat, const char *call) {
    return guard->breaker.permit != 0 && strcmp(guard->holder, seat->instance) == 0 &&
           strcmp(guard->holder_call, call) == 0;
}

static bool admit(struct rf_guard *guard, const struct rf_seat *seat, const char *call) {
    struct rf_breaker_ticket ticket;
    struct rf_breaker_transition transition;
    bool changed;
    // tick() came before, so that no change is left for this to make.
    if (!rf_breaker_admit(&guard->breaker, guard->authority->ground->now.instant, &ticket, &changed,
                          &transition))
        return false;
    rf_authority_copy_text(guard->holder, sizeof guard->holder, seat->instance);
    rf_authority_copy_text(guard->holder_call, sizeof guard->holder_call, call);
    rf_authority_set_timer(guard);
    return true;
}

// Neither one that is ejected, nor, for a while, the one whose test failed last: if others are
// there, one of them is to say whether the provider is well.
static bool may_test(struct rf_guard *guard, const struct rf_seat *seat) {
    struct rf_duration open =
        rf_instant_since(guard->authority->ground->now.instant, guard->breaker.since);
    bool others = guard->fleet.alive - guard->fleet.ejected > 1;
    if (rf_authority_bars(guard, seat->instance, NULL))
        return false;
    return !others || strcmp(guard->tester, seat->instance) != 0 || open.ns >= OTHERS_FIRST.ns;
}

void rf_authority_permit(struct rf_authority *authority, const struct rf_seat *seat,
                         const struct rf_permit_request *request) {
    struct rf_guard *guard = rf_authority_find(authority, request->service);
    if (guard != NULL)
        rf_authority_tick(guard);
    // The holder is known by instance and call: longer texts than fit could be mistaken.
    if (guard == NULL || rf_breaker_gate(&guard->breaker) != RF_BREAKER_HALF_OPEN ||
        guard->breaker.epoch != request->epoch || !may_test(guard, seat) ||
        strlen(request->call) >= sizeof guard->holder_call ||
        strlen(seat->instance) >= sizeof guard->holder ||
        (!holds(guard, seat, request->call) && !admit(guard, seat, request->call))) {
        refuse(authority, seat, request);
        return;
    }
    char permit[128];
    write_permit(guard, guard->breaker.permit, permit, sizeof permit);
    struct rf_permit_granted granted = {
        .call = request->call,
        .service = request->service,
        .permit = permit,
        .epoch = guard->breaker.epoch,
        .lease_ns = rf_instant_since(guard->breaker.until, authority->ground->now.instant).ns,
    };
    authority->ground->counters.permits_granted++;
    // A permit that did not reach its holder is free at once.
    if (rf_ground_send(authority->ground, &seat->peer, RF_MESSAGE_permit_granted, &granted) !=
        RF_SENT_OK)
        release(guard);
}

void rf_authority_release(struct rf_authority *authority, const char *instance) {
    for (size_t i = 0; i < authority->count; i++) {
        struct rf_guard *guard = &authority->guards[i];
        if (guard->breaker.permit != 0 && strcmp(guard->holder, instance) == 0)
            release(guard);
    }
}
