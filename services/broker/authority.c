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

// 0 for what has no end.
static struct rf_utc date_of(const struct rf_guard *guard, struct rf_instant when) {
    const struct rf_now *now = &guard->authority->ground->now;
    if (when.ns == RF_BREAKER_NO_END.ns)
        return (struct rf_utc){0};
    return rf_utc_add(now->utc, rf_instant_since(when, now->instant));
}

// The way back.
static struct rf_instant instant_of(const struct rf_ground *ground, int64_t date) {
    if (date <= 0)
        return RF_BREAKER_NO_END;
    return rf_instant_add(ground->now.instant,
                          rf_utc_since((struct rf_utc){date}, ground->now.utc));
}

static void announce(struct rf_guard *guard, const struct rf_breaker_transition *transition) {
    const struct rf_now *now = &guard->authority->ground->now;
    guard->cause = transition->cause;
    guard->since = now->utc;
    guard->until = (struct rf_utc){0};
    if (transition->to == RF_BREAKER_OPEN)
        guard->until = date_of(guard, guard->breaker.until);
    guard->force_until = date_of(guard, guard->breaker.force_until);
    guard->holder[0] = '\0';
    set_timer(guard);
    guard->authority->changed(guard->authority->arg, guard, transition);
}

static void tick(struct rf_guard *guard) {
    struct rf_breaker_transition transition;
    guard->forced_before = guard->breaker.force;
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
    if (guard == NULL || rf_breaker_gate(&guard->breaker) != RF_BREAKER_HALF_OPEN ||
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
    struct rf_instant now = authority->ground->now.instant;
    struct rf_breaker_ticket ticket = {
        .epoch = report->epoch,
        .began = {rf_ns_sub(now.ns, report->took_ns)},
        .slow_told = report->slow_told,
    };
    if (report->permit != NULL && (ticket.permit = read_permit(guard, report->permit)) == 0) {
        authority->ground->counters.outcomes_ignored++;
        return;
    }
    tick(guard);
    authority->ground->counters.outcomes_taken++;
    bool present = ticket.epoch == guard->breaker.epoch;
    if (present && !report->slow && rf_class_counts(class) && report->error != NULL)
        copy_text(guard->last_error, sizeof guard->last_error, report->error);
    struct rf_breaker_transition transition;
    if (report->slow ? rf_breaker_slow(&guard->breaker, &ticket, now, &transition)
                     : rf_breaker_record(&guard->breaker, ticket, class, now, &transition))
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

// ---- a person's word ----

static bool carry_out(struct rf_guard *guard, const char *action, struct rf_instant until,
                      struct rf_breaker_transition *transition) {
    struct rf_breaker *breaker = &guard->breaker;
    struct rf_instant now = guard->authority->ground->now.instant;
    if (strcmp(action, "force_open") == 0)
        return rf_breaker_force_open(breaker, until, now, transition);
    if (strcmp(action, "force_closed") == 0)
        return rf_breaker_force_closed(breaker, until, now, transition);
    if (strcmp(action, "disable") == 0)
        return rf_breaker_disable(breaker, until, now, transition);
    return strcmp(action, "reset") == 0 && rf_breaker_reset(breaker, now, transition);
}

static void list_providers(const struct rf_authority *authority, char *out, size_t size) {
    size_t used = strlen(out);
    for (size_t i = 0; i < authority->count && used + 1 < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%s", i == 0 ? "" : ", ",
                                 authority->guards[i].provider);
}

const char *rf_authority_control(struct rf_authority *authority,
                                 const struct rf_breaker_control *control, char *message,
                                 size_t size) {
    const struct rf_now *now = &authority->ground->now;
    struct rf_guard *guard = find(authority, control->service);
    if (guard == NULL) {
        snprintf(message, size, "there is no such circuit breaker; expected one of ");
        list_providers(authority, message, size);
        return "unknown_service";
    }
    if (control->until > 0 && control->until <= now->utc.ns) {
        snprintf(message, size, "its end lies in the past; expected a time to come, or none");
        return "until_past";
    }
    if (control->who[0] == '\0' || control->why[0] == '\0') {
        snprintf(message, size, "expected who decides it, and why, for those who find it later");
        return "no_reason";
    }
    struct rf_instant until = instant_of(authority->ground, control->until);
    tick(guard);
    struct rf_breaker_transition transition;
    enum rf_breaker_force before = guard->breaker.force;
    if (!carry_out(guard, control->action, until, &transition)) {
        snprintf(message, size, "expected force_open, force_closed, disable or reset");
        return "unknown_action";
    }
    guard->forced_before = before;
    copy_text(guard->force_who, sizeof guard->force_who, control->who);
    copy_text(guard->force_why, sizeof guard->force_why, control->why);
    announce(guard, &transition);
    return NULL;
}

// ---- what others know ----

struct rf_breaker_view rf_authority_view(const struct rf_guard *guard) {
    bool is_forced = guard->breaker.force != RF_BREAKER_UNFORCED;
    return (struct rf_breaker_view){
        .service = guard->provider,
        .state = rf_breaker_state_name(rf_breaker_gate(&guard->breaker)),
        .epoch = guard->breaker.epoch,
        .until = rf_breaker_gate(&guard->breaker) == RF_BREAKER_OPEN ? guard->until.ns : 0,
        .since = guard->since.ns,
        .cause = rf_breaker_cause_name(guard->cause),
        .mode = rf_breaker_mode_name(guard->breaker.policy.mode),
        .force = is_forced ? rf_breaker_force_name(guard->breaker.force) : NULL,
        .force_until = is_forced ? guard->force_until.ns : 0,
        .force_who = is_forced ? guard->force_who : NULL,
        .force_why = is_forced ? guard->force_why : NULL,
    };
}

struct rf_breaker_snapshot rf_authority_figures(struct rf_guard *guard) {
    struct rf_breaker_snapshot snapshot;
    rf_breaker_snapshot(&guard->breaker, guard->authority->ground->now.instant, &snapshot);
    return snapshot;
}

// The force that came with a view is part of its state.
static void learn_force(struct rf_guard *guard, const struct rf_breaker_view *view,
                        struct rf_breaker_transition *transition) {
    enum rf_breaker_force force;
    if (view->force == NULL || !rf_breaker_force_parse(view->force, &force))
        return;
    rf_breaker_restore_force(&guard->breaker, force,
                             instant_of(guard->authority->ground, view->force_until));
    copy_text(guard->force_who, sizeof guard->force_who, view->force_who ? view->force_who : "");
    copy_text(guard->force_why, sizeof guard->force_why, view->force_why ? view->force_why : "");
    transition->to = guard->breaker.state;
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
        learn_force(guard, &views[i], &transition);
        announce(guard, &transition);
    }
}
