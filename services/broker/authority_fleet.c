// Which gateway is kept from a provider, by suspicion or ejection: carries out what the jury finds.
#include <string.h>

#include "authority_parts.h"

static struct rf_instant now_of(const struct rf_guard *guard) {
    return guard->authority->ground->now.instant;
}

static uint32_t bit_of(const struct rf_guard *guard) {
    return UINT32_C(1) << (guard - guard->authority->guards);
}

// ---- the fleet ----

static uint32_t providers_of(const struct rf_authority *authority, const struct rf_offer *offer) {
    uint32_t providers = 0;
    for (size_t i = 0; i < offer->providers.count; i++) {
        for (size_t k = 0; k < authority->count; k++) {
            if (strcmp(authority->guards[k].provider, offer->providers.items[i]) == 0)
                providers |= UINT32_C(1) << k;
        }
    }
    return providers;
}

bool rf_authority_offers(struct rf_authority *authority, struct rf_seat *seat,
                         const struct rf_worker_heartbeat *heartbeat) {
    uint32_t serves = 0;
    struct rf_place *place;
    TAILQ_FOREACH(place, &seat->places, in_seat)
    place->uses = 0;
    for (size_t i = 0; i < heartbeat->offers.count; i++) {
        const struct rf_offer *offer = &heartbeat->offers.items[i];
        TAILQ_FOREACH(place, &seat->places, in_seat) {
            if (strcmp(place->queue->service, offer->service) == 0)
                place->uses |= providers_of(authority, offer);
        }
    }
    TAILQ_FOREACH(place, &seat->places, in_seat) {
        rf_place_shun(place, rf_authority_shuns(authority, seat->instance, place->uses));
        serves |= place->uses;
    }
    if (seat->draining)
        serves = 0;
    bool changed = serves != seat->serves;
    seat->serves = serves;
    return changed;
}

static void count_fleet(struct rf_guard *guard) {
    const struct rf_map_node *node = NULL;
    guard->fleet = (struct rf_fleet){0};
    while ((node = rf_map_next(&guard->authority->seats->by_instance, node)) != NULL) {
        const struct rf_seat *seat = RF_OWNER(node, struct rf_seat, by_instance);
        if ((seat->serves & bit_of(guard)) == 0)
            continue;
        guard->fleet.alive++;
        guard->fleet.ejected += rf_ejections_find(&guard->jury.ejections, seat->instance) != NULL;
    }
}

static const char *instance_of(const struct rf_guard *guard, uint64_t who) {
    const struct rf_map_node *node = NULL;
    while ((node = rf_map_next(&guard->authority->seats->by_instance, node)) != NULL) {
        const struct rf_seat *seat = RF_OWNER(node, struct rf_seat, by_instance);
        if (rf_ejection_who(seat->instance) == who)
            return seat->instance;
    }
    return NULL;
}

// ---- what follows ----

static void set_court(struct rf_guard *guard) {
    struct rf_instant when = guard->jury.until, over;
    bool waits = guard->jury.suspect != 0;
    if (rf_ejections_wake(&guard->jury.ejections, &over) &&
        (!waits || rf_instant_before(over, when))) {
        when = over;
        waits = true;
    }
    if (waits)
        rf_ground_start(guard->authority->ground, &guard->court, when);
    else
        rf_ground_stop(guard->authority->ground, &guard->court);
}

static void tell(struct rf_guard *guard, const char *instance, enum rf_barring what,
                 const struct rf_ejection *ejection, const char *why) {
    count_fleet(guard);
    set_court(guard);
    guard->authority->barred(guard->authority->arg, guard, instance, what, ejection, why);
}

static void clear_suspect(struct rf_guard *guard) {
    char instance[sizeof guard->suspect];
    if (guard->suspect[0] == '\0')
        return;
    memcpy(instance, guard->suspect, sizeof instance);
    guard->suspect[0] = '\0';
    tell(guard, instance, RF_BARRED_CLEARED, NULL, NULL);
}

void rf_authority_dismiss(struct rf_guard *guard) {
    rf_jury_dismiss(&guard->jury);
    clear_suspect(guard);
}

static void begin_suspicion(struct rf_guard *guard, const char *error) {
    const char *instance = instance_of(guard, guard->jury.suspect);
    if (instance == NULL) {
        (void)rf_jury_forget(&guard->jury, &guard->breaker, guard->jury.suspect, now_of(guard));
        return;
    }
    rf_authority_copy_text(guard->suspect, sizeof guard->suspect, instance);
    rf_authority_copy_text(guard->ejection_error, sizeof guard->ejection_error, error);
    tell(guard, guard->suspect, RF_BARRED_SUSPECTED, NULL, NULL);
}

// `by`: whose report decided.
static void eject(struct rf_guard *guard, const char *by) {
    const char *instance = instance_of(guard, guard->jury.culprit);
    struct rf_ejection *ejection =
        instance == NULL ? NULL
                         : rf_ejections_begin(&guard->jury.ejections, instance, now_of(guard));
    if (ejection == NULL) {
        clear_suspect(guard);
        return;
    }
    bool own = rf_ejection_who(by) == guard->jury.culprit;
    if (own)
        memcpy(guard->ejection_error, guard->last_error, sizeof guard->ejection_error);
    rf_authority_copy_text(guard->confirmed_by, sizeof guard->confirmed_by, own ? "" : by);
    guard->suspect[0] = '\0';
    guard->authority->ground->counters.workers_ejected++;
    tell(guard, ejection->instance, RF_BARRED_EJECTED, ejection, NULL);
}

void rf_authority_carry_out(struct rf_guard *guard, const struct rf_hearing *hearing,
                            const char *instance) {
    switch (hearing->verdict) {
    case RF_VERDICT_COUNT:
        break;
    case RF_VERDICT_IGNORE:
        guard->authority->ground->counters.outcomes_ignored++;
        break;
    case RF_VERDICT_SUSPECT:
        clear_suspect(guard);
        begin_suspicion(guard, guard->last_error);
        break;
    case RF_VERDICT_CLEAR:
    case RF_VERDICT_OPEN:
        clear_suspect(guard);
        break;
    case RF_VERDICT_EJECT:
        eject(guard, instance);
        break;
    }
}

bool rf_authority_accuse(struct rf_authority *authority, const char *provider, const char *instance,
                         const char *error) {
    struct rf_guard *guard = rf_authority_find(authority, provider);
    uint64_t who = rf_ejection_who(instance);
    if (guard == NULL || instance_of(guard, who) == NULL)
        return true;
    rf_authority_tick(guard);
    switch (rf_jury_accuse(&guard->jury, who, guard->fleet, now_of(guard))) {
    case RF_VERDICT_SUSPECT:
        begin_suspicion(guard, error);
        return false;
    case RF_VERDICT_CLEAR:
        clear_suspect(guard);
        return true;
    case RF_VERDICT_COUNT:
        return true;
    default:
        return false;
    }
}

// ---- time, and who comes and goes ----

static void readmit(struct rf_guard *guard, struct rf_ejection *ejection, const char *why) {
    rf_ejections_end(ejection, now_of(guard));
    tell(guard, ejection->instance, RF_BARRED_READMITTED, ejection, why);
}

static void wait_on(struct rf_guard *guard) {
    struct rf_hearing hearing =
        rf_jury_wait(&guard->jury, &guard->breaker, guard->fleet, now_of(guard));
    if (hearing.changed)
        rf_authority_announce(guard, &hearing.transition);
    if (hearing.verdict != RF_VERDICT_IGNORE)
        clear_suspect(guard);
}

void rf_authority_on_court(void *arg) {
    struct rf_guard *guard = arg;
    struct rf_ejection *over;
    rf_authority_tick(guard);
    while ((over = rf_ejections_due(&guard->jury.ejections, now_of(guard))) != NULL)
        readmit(guard, over, "its time is over");
    wait_on(guard);
    set_court(guard);
}

// Of those that stand and are there, the one whose time is over first.
static struct rf_ejection *first_back(struct rf_guard *guard) {
    struct rf_ejection *first = NULL;
    for (size_t i = 0; i < guard->jury.ejections.count; i++) {
        struct rf_ejection *row = &guard->jury.ejections.rows[i];
        if (row->stands && instance_of(guard, row->who) != NULL &&
            (first == NULL || rf_instant_before(row->until, first->until)))
            first = row;
    }
    return first;
}

void rf_authority_recount(struct rf_authority *authority, bool gathering) {
    for (size_t i = 0; i < authority->count; i++) {
        struct rf_guard *guard = &authority->guards[i];
        struct rf_ejection *back;
        count_fleet(guard);
        if (gathering)
            continue;
        while (guard->fleet.ejected * 2 > guard->fleet.alive && (back = first_back(guard)) != NULL)
            readmit(guard, back, "too few others are left");
        wait_on(guard);
    }
}

void rf_authority_lost(struct rf_authority *authority, const char *instance) {
    for (size_t i = 0; i < authority->count; i++) {
        struct rf_guard *guard = &authority->guards[i];
        if (rf_jury_forget(&guard->jury, &guard->breaker, rf_ejection_who(instance), now_of(guard)))
            clear_suspect(guard);
    }
}

void rf_authority_eject_again(struct rf_authority *authority, const char *provider,
                              const char *instance, int64_t times, struct rf_utc until) {
    struct rf_guard *guard = rf_authority_find(authority, provider);
    if (guard == NULL || rf_ejections_find(&guard->jury.ejections, instance) != NULL)
        return;
    struct rf_duration left = rf_utc_since(until, authority->ground->now.utc);
    struct rf_ejection *ejection = rf_ejections_restore(&guard->jury.ejections, instance, times,
                                                        left, authority->ground->now.instant);
    if (ejection == NULL)
        return;
    count_fleet(guard);
    set_court(guard);
}

// ---- what others ask ----

static bool suspects(const struct rf_guard *guard, const char *instance) {
    return guard->suspect[0] != '\0' && strcmp(guard->suspect, instance) == 0;
}

bool rf_authority_bars(struct rf_guard *guard, const char *instance, struct rf_instant *until) {
    struct rf_instant when = guard->jury.until;
    bool bars = suspects(guard, instance);
    if (!bars) {
        const struct rf_ejection *ejection = rf_ejections_find(&guard->jury.ejections, instance);
        bars = ejection != NULL;
        if (bars)
            when = ejection->until;
    }
    if (bars && until != NULL)
        *until = when;
    return bars;
}

bool rf_authority_shuns(struct rf_authority *authority, const char *instance, uint32_t providers) {
    for (size_t i = 0; i < authority->count; i++) {
        struct rf_guard *guard = &authority->guards[i];
        if ((providers & bit_of(guard)) != 0 && rf_authority_bars(guard, instance, NULL))
            return true;
    }
    return false;
}

struct rf_breaker_view rf_authority_view_of(struct rf_guard *guard, const char *instance) {
    struct rf_breaker_view view = rf_authority_view(guard);
    const struct rf_now *now = &guard->authority->ground->now;
    struct rf_instant until;
    if (rf_authority_bars(guard, instance, &until))
        view.ejected_until = rf_utc_add(now->utc, rf_instant_since(until, now->instant)).ns;
    view.suspected = suspects(guard, instance);
    return view;
}
