#include "monitor.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include <ringfence/bus.h>

#include "base/clock.h"
#include "base/log.h"

static void key_of(const struct health_target *target, char key[64]) {
    snprintf(key, 64, "provider/%s", rf_provider_name(target->provider));
}

// ---- what was retained ----

static enum health_status status_in(const json_t *value, const char *key) {
    enum health_status status = HEALTH_UNKNOWN;
    (void)health_status_parse(json_string_value(json_object_get(value, key)), &status);
    return status;
}

// Of an earlier version, which had no word of calls: its status was that of the probes.
static void restore(struct health_target *target, const json_t *value) {
    const char *why = json_string_value(json_object_get(value, "why"));
    struct rf_utc since = {json_integer_value(json_object_get(value, "since"))};
    enum health_status status = status_in(value, "status");
    if (status == HEALTH_UNKNOWN) // while our own side failed
        status = status_in(value, "told");
    bool older = json_object_get(value, "probes") == NULL;
    if (why == NULL || status == HEALTH_UNKNOWN)
        return;
    health_standing_restore(&target->standing, status, since, why);
    health_restore(&target->probes, older ? status : status_in(value, "probes"), since, why);
    health_passive_restore(&target->passive, status_in(value, "calls"),
                           rf_loop_now(target->monitor->process->loop));
}

static void on_retained(void *arg, const char *code, const struct rf_state_entry *entry) {
    struct health_target *target = arg;
    if (code == NULL && entry != NULL && entry->value != NULL) {
        restore(target, entry->value);
        forecast_watch_restore(target, json_object_get(entry->value, "forecast"));
    }
    rf_timer_after(&target->timer, rf_ns(0));
}

void health_target_begin(struct health_target *target) {
    char key[64];
    key_of(target, key);
    rf_bus_state_get(target->monitor->process->bus, key, on_retained, target);
}

void health_target_store(struct health_target *target) {
    const struct health_standing *standing = &target->standing;
    char key[64];
    if (standing->why[0] == '\0')
        return; // nothing was found out yet
    key_of(target, key);
    json_t *value =
        health_target_json(target, rf_loop_now(target->monitor->process->loop), rf_clock_utc());
    if (value == NULL) {
        rf_log(RF_LOG_ERROR, "cannot store the status of %s: out of memory", key);
        return;
    }
    rf_bus_state_put(target->monitor->process->bus, key, value, rf_ns(0), NULL, NULL);
    json_decref(target->told);
    target->told = value;
}

void health_target_refresh(struct health_target *target) {
    json_t *value =
        health_target_json(target, rf_loop_now(target->monitor->process->loop), rf_clock_utc());
    // What was never written has nothing to say yet.
    if (target->told != NULL && !json_equal(value, target->told))
        health_target_store(target);
    json_decref(value);
}

// ---- what is told ----

static void publish_change(struct health_target *target, enum health_status from) {
    static const enum rf_event_type types[] = {
        [HEALTH_UP] = RF_EVENT_PROVIDER_UP,
        [HEALTH_DEGRADED] = RF_EVENT_PROVIDER_DEGRADED,
        [HEALTH_DOWN] = RF_EVENT_PROVIDER_DOWN,
    };
    const struct health_standing *standing = &target->standing;
    const char *name = rf_provider_name(target->provider);
    json_t *data = json_pack("{s:s, s:I, s:s, s:s, s:b}", "from", health_status_name(from), "since",
                             (json_int_t)standing->since.ns, "why", standing->why, "cause",
                             standing->cause, "flapping", (int)standing->flapping);
    struct rf_event event = {
        .type = rf_event_type_name(types[standing->status]),
        .subject = name,
        .service = name,
        .data = data,
    };
    struct rf_error error;
    if (rf_bus_publish(target->monitor->process->bus, &event, &error) != RF_OK)
        rf_log(RF_LOG_ERROR, "cannot tell %s of %s: %s", event.type, name, error.message);
    json_decref(data);
}

static struct health_passive_rules calls_of(const struct rf_config_health *config) {
    return (struct health_passive_rules){.window = config->calls_window,
                                         .minimum = config->calls_minimum,
                                         .degraded = config->calls_degraded,
                                         .down = config->calls_down};
}

// Words that change with each answer are not worth a write: `worth_telling` if they are.
static void look(struct health_target *target, bool worth_telling) {
    const struct rf_config_health *config = &target->monitor->config->health;
    struct rf_instant now = rf_loop_now(target->monitor->process->loop);
    struct rf_utc utc = rf_clock_utc();
    enum health_status from;
    const struct health_passive_rules calls = calls_of(config);
    const struct health_flap_rules flap = {config->flap_changes, config->flap_within};
    const struct health_own_side *own = &target->monitor->own_side;
    bool calls_changed = health_passive_look(&target->passive, &calls, now);
    worth_telling |= calls_changed;
    if (own_side_holds(target, calls_changed && target->passive.status == HEALTH_DOWN))
        return; // within a probe's timeout it is known whose fault it is
    bool changed = own->failed ? health_standing_cover(&target->standing, own->what,
                                                       &target->passive, utc, &from)
                               : health_standing_look(&target->standing, &target->probes,
                                                      &target->passive, utc, &from);
    worth_telling |= health_standing_flaps(&target->standing, &flap, utc);
    if (changed && target->standing.status != HEALTH_UNKNOWN && target->standing.status != from)
        publish_change(target, from);
    history_watch_look(target);
    if (changed || worth_telling)
        health_target_store(target);
}

void health_target_look(struct health_target *target) {
    look(target, false);
}

static void plan_probe(struct health_target *target) {
    struct monitor *monitor = target->monitor;
    const struct rf_config_health *config = &monitor->config->health;
    // While answers speak against the status it is found out sooner what holds.
    bool sooner = target->probes.streak > 0 && config->fast_interval.ns < config->interval.ns;
    struct rf_duration wait = sooner ? config->fast_interval : config->interval;
    double share = config->jitter * (2 * rf_rng_unit(&monitor->rng) - 1);
    rf_timer_after(&target->timer, rf_ns(wait.ns + (int64_t)(share * (double)wait.ns)));
}

void health_target_told(struct health_target *target, const struct health_answer *answer) {
    const struct rf_config *config = target->monitor->config;
    const struct health_conditions conditions = {
        .slow_after = config->health.slow_after,
        .expect = config->providers[target->provider].probe_expect,
    };
    struct health_verdict verdict = health_judge(answer, &conditions);
    enum health_status from;
    // A fault of ours that comes or goes is worth a write.
    bool worth_telling =
        (verdict.ours || target->ours) && strcmp(target->probes.why, verdict.why) != 0;
    bool unseen = verdict.ours && answer->status == 0;
    if (unseen && !target->unseen)
        target->unseen_since = rf_clock_utc();
    target->unseen = unseen;
    target->ours = verdict.ours;
    own_side_seen(target, answer);
    if (health_record(&target->probes, &verdict, config->health.rise, own_side_fall(target),
                      rf_clock_utc(), &from)) {
        worth_telling = true;
        if (target->probes.status < from)
            health_passive_forget(&target->passive);
    }
    look(target, worth_telling);
    plan_probe(target);
}

void health_target_heard(struct health_target *target, const struct rf_measure *measure) {
    const struct health_passive_rules calls = calls_of(&target->monitor->config->health);
    struct rf_instant now = rf_loop_now(target->monitor->process->loop);
    health_passive_heard(&target->passive, measure, &calls, now);
    health_recent_heard(&target->recent, &measure->took, now);
    look(target, false);
}

void health_target_recovered(struct health_target *target) {
    bool worth_telling = target->passive.status != HEALTH_UNKNOWN;
    health_passive_forget(&target->passive);
    look(target, worth_telling);
}
