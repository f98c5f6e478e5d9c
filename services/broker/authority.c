#include "authority.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void rf_authority_init(struct rf_authority *authority, struct rf_ground *ground,
                       rf_authority_changed_fn *changed, void *arg) {
    *authority = (struct rf_authority){.ground = ground, .changed = changed, .arg = arg};
}

void rf_authority_fini(struct rf_authority *authority) {
    for (size_t i = 0; i < authority->count; i++)
        rf_ground_stop(authority->ground, &authority->guards[i].timer);
    authority->count = 0;
}

// Cut between characters: a text that is not UTF-8 could not be told any more.
static void copy_text(char *out, size_t size, const char *text) {
    size_t length = strlen(text);
    if (length >= size) {
        length = size - 1;
        while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
            length--;
    }
    memcpy(out, text, length);
    out[length] = '\0';
}

static struct rf_guard *find(struct rf_authority *authority, const char *provider) {
    for (size_t i = 0; i < authority->count; i++) {
        if (strcmp(authority->guards[i].provider, provider) == 0)
            return &authority->guards[i];
    }
    return NULL;
}

static void set_timer(struct rf_guard *guard) {
    struct rf_instant when;
    if (rf_breaker_wake(&guard->breaker, &when))
        rf_ground_start(guard->authority->ground, &guard->timer, when);
    else
        rf_ground_stop(guard->authority->ground, &guard->timer);
}

static void announce(struct rf_guard *guard, const struct rf_breaker_transition *transition) {
    const struct rf_now *now = &guard->authority->ground->now;
    guard->cause = transition->cause;
    guard->since = now->utc;
    guard->until = (struct rf_utc){0};
    if (transition->to == RF_BREAKER_OPEN)
        guard->until = rf_utc_add(now->utc, rf_instant_since(guard->breaker.until, now->instant));
    guard->holder[0] = '\0';
    set_timer(guard);
    guard->authority->changed(guard->authority->arg, guard, transition);
}

static void tick(struct rf_guard *guard) {
    struct rf_breaker_transition transition;
    if (rf_breaker_tick(&guard->breaker, guard->authority->ground->now.instant, &transition))
        announce(guard, &transition);
    set_timer(guard);
}

static void on_timer(void *arg) {
    tick(arg);
}

bool rf_authority_add(struct rf_authority *authority, const char *provider,
                      const struct rf_breaker_policy *policy) {
    if (authority->count >= RF_AUTHORITY_MAX)
        return false;
    struct rf_guard *guard = &authority->guards[authority->count++];
    *guard = (struct rf_guard){
        .authority = authority, .provider = provider, .since = authority->ground->now.utc};
    rf_ground_timer(&guard->timer, on_timer, guard);
    rf_breaker_init(&guard->breaker, policy, authority->ground->now.instant);
    return true;
}

// ---- permits ----

// A permit's text names the broker that gave it, as numbers begin anew with each broker.
static void write_permit(const struct rf_guard *guard, int64_t permit, char *out, size_t size) {
    snprintf(out, size, "%s/%lld", guard->authority->ground->instance, (long long)permit);
}

// The number of a permit that we gave; 0 for any other text.
static int64_t read_permit(const struct rf_guard *guard, const char *text) {
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
    copy_text(guard->holder, sizeof guard->holder, seat->instance);
    copy_text(guard->holder_call, sizeof guard->holder_call, call);
    set_timer(guard);
    return true;
}

void rf_authority_permit(struct rf_authority *authority, const struct rf_seat *seat,
                         const struct rf_permit_request *request) {
    struct rf_guard *guard = find(authority, request->service);
    if (guard != NULL)
        tick(guard);
    // The holder is known by instance and call: longer texts than fit could be mistaken.
    if (guard == NULL || guard->breaker.state != RF_BREAKER_HALF_OPEN ||
        guard->breaker.epoch != request->epoch ||
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
        rf_authority_release(authority, seat->instance);
}

void rf_authority_release(struct rf_authority *authority, const char *instance) {
    for (size_t i = 0; i < authority->count; i++) {
        struct rf_guard *guard = &authority->guards[i];
        if (guard->breaker.permit == 0 || strcmp(guard->holder, instance) != 0)
            continue;
        struct rf_breaker_ticket ticket = {.epoch = guard->breaker.epoch,
                                           .permit = guard->breaker.permit};
        rf_breaker_cancel(&guard->breaker, ticket, authority->ground->now.instant);
        guard->holder[0] = '\0';
        set_timer(guard);
    }
}

// ---- outcomes ----

static void take_outcome(struct rf_authority *authority, const struct rf_outcome_report *report) {
    struct rf_guard *guard = find(authority, report->service);
    enum rf_class class;
    if (guard == NULL || !rf_class_parse(report->class, &class)) {
        authority->ground->counters.outcomes_ignored++;
        return;
    }
    struct rf_breaker_ticket ticket = {.epoch = report->epoch};
    if (report->permit != NULL && (ticket.permit = read_permit(guard, report->permit)) == 0) {
        authority->ground->counters.outcomes_ignored++;
        return;
    }
    tick(guard);
    authority->ground->counters.outcomes_taken++;
    bool present = ticket.epoch == guard->breaker.epoch;
    if (present && rf_class_counts(class) && report->error != NULL)
        copy_text(guard->last_error, sizeof guard->last_error, report->error);
    struct rf_breaker_transition transition;
    if (rf_breaker_record(&guard->breaker, ticket, class, authority->ground->now.instant,
                          &transition))
        announce(guard, &transition);
    set_timer(guard);
}

void rf_authority_outcomes(struct rf_authority *authority, struct rf_seat *seat,
                           const struct rf_worker_outcomes *outcomes) {
    for (size_t i = 0; i < outcomes->outcomes.count; i++) {
        const struct rf_outcome_report *report = &outcomes->outcomes.items[i];
        if (report->seq <= seat->outcome_seq) {
            authority->ground->counters.outcomes_repeated++;
            continue;
        }
        seat->outcome_seq = report->seq;
        take_outcome(authority, report);
    }
}

// ---- what others know ----

struct rf_breaker_view rf_authority_view(const struct rf_guard *guard) {
    return (struct rf_breaker_view){
        .service = guard->provider,
        .state = rf_breaker_state_name(guard->breaker.state),
        .epoch = guard->breaker.epoch,
        .until = guard->until.ns,
        .since = guard->since.ns,
        .cause = rf_breaker_cause_name(guard->cause),
    };
}

void rf_authority_learn(struct rf_authority *authority, const struct rf_breaker_view *views,
                        size_t count) {
    const struct rf_now *now = &authority->ground->now;
    for (size_t i = 0; i < count; i++) {
        struct rf_guard *guard = find(authority, views[i].service);
        enum rf_breaker_state state;
        if (guard == NULL || !rf_breaker_state_parse(views[i].state, &state) ||
            views[i].epoch <= guard->breaker.epoch)
            continue;
        // Also the same state under a higher epoch is to be told: outcomes are reported with it.
        struct rf_breaker_transition transition = {0};
        struct rf_duration left = rf_utc_since((struct rf_utc){views[i].until}, now->utc);
        rf_breaker_restore(&guard->breaker, state, views[i].epoch, left, now->instant, &transition);
        announce(guard, &transition);
    }
}
