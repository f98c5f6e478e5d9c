#include "authority_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void rf_authority_init(struct rf_authority *authority, struct rf_ground *ground,
                       const struct rf_seats *seats, rf_authority_changed_fn *changed,
                       rf_authority_barred_fn *barred, void *arg) {
    memset(authority, 0, sizeof *authority);
    authority->ground = ground;
    authority->seats = seats;
    authority->changed = changed;
    authority->barred = barred;
    authority->arg = arg;
}

void rf_authority_fini(struct rf_authority *authority) {
    for (size_t i = 0; i < authority->count; i++) {
        rf_ground_stop(authority->ground, &authority->guards[i].timer);
        rf_ground_stop(authority->ground, &authority->guards[i].court);
    }
    authority->count = 0;
}

// Cut between characters: a text that is not UTF-8 could not be told any more.
void rf_authority_copy_text(char *out, size_t size, const char *text) {
    size_t length = strlen(text);
    if (length >= size) {
        length = size - 1;
        while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
            length--;
    }
    memcpy(out, text, length);
    out[length] = '\0';
}

struct rf_guard *rf_authority_find(struct rf_authority *authority, const char *provider) {
    for (size_t i = 0; i < authority->count; i++) {
        if (strcmp(authority->guards[i].provider, provider) == 0)
            return &authority->guards[i];
    }
    return NULL;
}

void rf_authority_set_timer(struct rf_guard *guard) {
    struct rf_instant when, early;
    bool due = rf_breaker_wake(&guard->breaker, &when);
    if (guard->recovered && rf_breaker_early(&guard->breaker, &early) &&
        (!due || rf_instant_before(early, when))) {
        due = true;
        when = early;
    }
    if (due)
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

void rf_authority_announce(struct rf_guard *guard, const struct rf_breaker_transition *transition) {
    const struct rf_now *now = &guard->authority->ground->now;
    guard->cause = transition->cause;
    guard->recovered = false;
    guard->since = now->utc;
    guard->until = (struct rf_utc){0};
    if (transition->to == RF_BREAKER_OPEN)
        guard->until = date_of(guard, guard->breaker.until);
    guard->force_until = date_of(guard, guard->breaker.force_until);
    guard->holder[0] = '\0';
    rf_authority_set_timer(guard);
    guard->authority->changed(guard->authority->arg, guard, transition);
    rf_authority_dismiss(guard);
}

void rf_authority_tick(struct rf_guard *guard) {
    struct rf_breaker_transition transition;
    guard->forced_before = guard->breaker.force;
    if (rf_breaker_tick(&guard->breaker, guard->authority->ground->now.instant, &transition))
        rf_authority_announce(guard, &transition);
    rf_authority_try_early(guard);
    rf_authority_set_timer(guard);
}

static void on_timer(void *arg) {
    rf_authority_tick(arg);
}

bool rf_authority_add(struct rf_authority *authority, const char *provider,
                      const struct rf_breaker_policy *policy,
                      const struct rf_ejection_policy *ejection) {
    if (authority->count >= RF_AUTHORITY_MAX)
        return false;
    struct rf_guard *guard = &authority->guards[authority->count++];
    guard->authority = authority;
    guard->provider = provider;
    guard->since = authority->ground->now.utc;
    guard->jury.ejections.policy = *ejection;
    rf_ground_timer(&guard->timer, on_timer, guard);
    rf_ground_timer(&guard->court, rf_authority_on_court, guard);
    rf_breaker_init(&guard->breaker, policy, authority->ground->now.instant);
    return true;
}

// ---- outcomes ----

static void note_test(struct rf_guard *guard, const struct rf_seat *seat,
                      const struct rf_breaker_transition *transition) {
    if (transition->cause == RF_BREAKER_CAUSE_TEST_FAILED ||
        transition->cause == RF_BREAKER_CAUSE_TEST_SLOW)
        rf_authority_copy_text(guard->tester, sizeof guard->tester, seat->instance);
    else
        guard->tester[0] = '\0';
}

static void take_outcome(struct rf_authority *authority, const struct rf_seat *seat,
                         const struct rf_outcome_report *report) {
    struct rf_guard *guard = rf_authority_find(authority, report->service);
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
    if (report->permit != NULL &&
        (ticket.permit = rf_authority_read_permit(guard, report->permit)) == 0) {
        authority->ground->counters.outcomes_ignored++;
        return;
    }
    rf_authority_tick(guard);
    authority->ground->counters.outcomes_taken++;
    bool present = ticket.epoch == guard->breaker.epoch;
    if (present && !report->slow && rf_class_counts(class) && report->error != NULL)
        rf_authority_copy_text(guard->last_error, sizeof guard->last_error, report->error);
    struct rf_report said = {.who = rf_ejection_who(seat->instance),
                             .ticket = ticket,
                             .class = class,
                             .slow = report->slow};
    struct rf_hearing hearing =
        rf_jury_hear(&guard->jury, &guard->breaker, &said, guard->fleet, now);
    if (hearing.changed) {
        note_test(guard, seat, &hearing.transition);
        rf_authority_announce(guard, &hearing.transition);
    }
    rf_authority_set_timer(guard);
    rf_authority_carry_out(guard, &hearing, seat->instance);
}

void rf_authority_outcomes(struct rf_authority *authority, struct rf_seat *seat,
                           const struct rf_worker_outcomes *outcomes) {
    // What the worker does not keep any more was known to an earlier registration.
    if (outcomes->from - 1 > seat->outcome_seq)
        seat->outcome_seq = outcomes->from - 1;
    for (size_t i = 0; i < outcomes->outcomes.count; i++) {
        const struct rf_outcome_report *report = &outcomes->outcomes.items[i];
        if (report->seq <= seat->outcome_seq) {
            authority->ground->counters.outcomes_repeated++;
            continue;
        }
        // Those before it were lost with a connection: taken now, it would make them repeated ones.
        if (outcomes->from > 0 && report->seq - 1 > seat->outcome_seq) {
            authority->ground->counters.outcomes_early++;
            continue;
        }
        seat->outcome_seq = report->seq;
        take_outcome(authority, seat, report);
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
    struct rf_guard *guard = rf_authority_find(authority, control->service);
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
    rf_authority_tick(guard);
    struct rf_breaker_transition transition;
    enum rf_breaker_force before = guard->breaker.force;
    if (!carry_out(guard, control->action, until, &transition)) {
        snprintf(message, size, "expected force_open, force_closed, disable or reset");
        return "unknown_action";
    }
    guard->forced_before = before;
    rf_authority_copy_text(guard->force_who, sizeof guard->force_who, control->who);
    rf_authority_copy_text(guard->force_why, sizeof guard->force_why, control->why);
    rf_authority_announce(guard, &transition);
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
    rf_authority_copy_text(guard->force_who, sizeof guard->force_who,
                           view->force_who ? view->force_who : "");
    rf_authority_copy_text(guard->force_why, sizeof guard->force_why,
                           view->force_why ? view->force_why : "");
    transition->to = guard->breaker.state;
}

void rf_authority_learn(struct rf_authority *authority, const struct rf_breaker_view *views,
                        size_t count) {
    const struct rf_now *now = &authority->ground->now;
    for (size_t i = 0; i < count; i++) {
        struct rf_guard *guard = rf_authority_find(authority, views[i].service);
        enum rf_breaker_state state;
        if (guard == NULL || !rf_breaker_state_parse(views[i].state, &state) ||
            views[i].epoch <= guard->breaker.epoch)
            continue;
        // Also the same state under a higher epoch is to be told: outcomes are reported with it.
        struct rf_breaker_transition transition = {0};
        struct rf_duration left = rf_utc_since((struct rf_utc){views[i].until}, now->utc);
        rf_breaker_restore(&guard->breaker, state, views[i].epoch, left, now->instant, &transition);
        learn_force(guard, &views[i], &transition);
        // Whoever holds the permit of a broker that is gone began before now, and its lease, which
        // is longer than an attempt, is over then.
        rf_breaker_restore_test(&guard->breaker);
        rf_authority_announce(guard, &transition);
    }
}
