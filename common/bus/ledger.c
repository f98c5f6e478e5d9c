#include "bus/ledger.h"

#include <czmq.h>
#include <stdlib.h>
#include <string.h>

// Of so few places each one counts.
#define AT_ONCE_BELOW 8

// What stands under an id in hand.
struct in_hand {
    bool repeatable;
    int64_t remaining_ns;
};

static void free_in_hand(void **item) {
    free(*item);
    *item = NULL;
}

enum rf_err rf_ledger_init(struct rf_ledger *ledger, const struct rf_worker_offer *offers,
                           size_t count) {
    *ledger = (struct rf_ledger){.in_hand = zhashx_new()};
    ledger->offers = calloc(count == 0 ? 1 : count, sizeof *ledger->offers);
    if (ledger->in_hand == NULL || ledger->offers == NULL)
        goto cleanup;
    zhashx_set_destructor(ledger->in_hand, free_in_hand);
    for (size_t i = 0; i < count; i++) {
        ledger->offers[i].capacity = offers[i].capacity;
        ledger->offers[i].service = strdup(offers[i].service);
        ledger->count = i + 1;
        if (ledger->offers[i].service == NULL)
            goto cleanup;
    }
    return RF_OK;
cleanup:
    rf_ledger_fini(ledger);
    return RF_ERR_NOMEM;
}

void rf_ledger_fini(struct rf_ledger *ledger) {
    for (size_t i = 0; ledger->offers != NULL && i < ledger->count; i++)
        free(ledger->offers[i].service);
    free(ledger->offers);
    ledger->offers = NULL;
    ledger->count = 0;
    zhashx_destroy(&ledger->in_hand);
}

static struct rf_ledger_offer *find(struct rf_ledger *ledger, const char *service) {
    for (size_t i = 0; i < ledger->count; i++)
        if (strcmp(ledger->offers[i].service, service) == 0)
            return &ledger->offers[i];
    return NULL;
}

void rf_ledger_registered(struct rf_ledger *ledger) {
    for (size_t i = 0; i < ledger->count; i++) {
        struct rf_ledger_offer *offer = &ledger->offers[i];
        offer->old += offer->taken;
        offer->taken = 0;
        offer->released = offer->told = 0;
    }
}

enum rf_ledger_verdict rf_ledger_request(struct rf_ledger *ledger, const char *service,
                                         const char *id, bool repeatable, int64_t remaining_ns) {
    struct rf_ledger_offer *offer = find(ledger, service);
    if (offer == NULL)
        return RF_LEDGER_UNKNOWN;
    struct in_hand *call = zhashx_lookup(ledger->in_hand, id);
    if (call != NULL) {
        call->remaining_ns = remaining_ns;
        offer->released++;
        return RF_LEDGER_KNOWN;
    }
    call = malloc(sizeof *call);
    if (call == NULL)
        abort(); // as the hash does
    *call = (struct in_hand){repeatable, remaining_ns};
    (void)zhashx_insert(ledger->in_hand, id, call);
    offer->taken++;
    return RF_LEDGER_NEW;
}

int64_t rf_ledger_remaining(const struct rf_ledger *ledger, const char *id) {
    const struct in_hand *call = zhashx_lookup(ledger->in_hand, id);
    return call == NULL ? 0 : call->remaining_ns;
}

bool rf_ledger_answered(struct rf_ledger *ledger, const char *id, bool *repeatable) {
    const struct in_hand *call = zhashx_lookup(ledger->in_hand, id);
    *repeatable = call != NULL && call->repeatable;
    if (call != NULL)
        zhashx_delete(ledger->in_hand, id);
    return call != NULL;
}

static void set_waiting(struct rf_ledger_offer *offer, int64_t waiting) {
    offer->moved = offer->moved || offer->waiting != waiting;
    offer->waiting = waiting;
}

const struct rf_ledger_offer *rf_ledger_release(struct rf_ledger *ledger, const char *service,
                                                int64_t waiting, bool *counted) {
    struct rf_ledger_offer *offer = find(ledger, service);
    if (offer == NULL || offer->old + offer->taken == 0)
        return NULL;
    // Which of the calls it was does not matter: free places are the same either way.
    *counted = offer->old == 0;
    if (*counted) {
        offer->taken--;
        offer->released++;
    } else {
        offer->old--;
    }
    if (waiting >= 0)
        set_waiting(offer, waiting);
    return offer;
}

void rf_ledger_waiting(struct rf_ledger *ledger, const char *service, int64_t waiting) {
    struct rf_ledger_offer *offer = find(ledger, service);
    if (offer != NULL)
        set_waiting(offer, waiting);
}

// Of a quarter, so that a broker that hands out by what it was told still finds who is free.
bool rf_ledger_credit_due(int64_t capacity, int64_t left, int64_t untold) {
    return untold > 0 &&
           (capacity < AT_ONCE_BELOW || untold >= capacity / 4 || left < capacity / 4);
}

bool rf_ledger_due(const struct rf_ledger_offer *offer) {
    int64_t untold = offer->released - offer->told;
    // What is on its way to us has been taken off at the broker already: it is told when that
    // comes.
    int64_t left = rf_ledger_offered(offer) - offer->taken - untold;
    return offer->moved || rf_ledger_credit_due(offer->capacity, left, untold);
}

void rf_ledger_told(struct rf_ledger_offer *offer) {
    offer->told = offer->released;
    offer->moved = false;
}

bool rf_ledger_uses(struct rf_ledger *ledger, const char *service, const char *const *providers,
                    size_t count) {
    struct rf_ledger_offer *offer = find(ledger, service);
    if (offer == NULL)
        return false;
    offer->provider_count = count < RF_WORKER_MAX_PROVIDERS ? count : RF_WORKER_MAX_PROVIDERS;
    for (size_t i = 0; i < offer->provider_count; i++)
        offer->providers[i] = providers[i];
    return true;
}

int64_t rf_ledger_offered(const struct rf_ledger_offer *offer) {
    return offer->capacity > offer->old ? offer->capacity - offer->old : 0;
}

size_t rf_ledger_in_hand(const struct rf_ledger *ledger) {
    return zhashx_size(ledger->in_hand);
}
