// Our own side: tells of it when no provider answers any more, and keeps the silence of one from
// being taken for its outage before the others were asked.
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include <ringfence/bus.h>

#include "base/clock.h"
#include "base/log.h"
#include "monitor.h"

static size_t place_of(const struct health_target *target) {
    return (size_t)(target - target->monitor->targets);
}

static struct health_reach *reach_of(const struct health_target *target) {
    return &target->monitor->reaches[place_of(target)];
}

static enum health_blame blame_of(const struct health_target *target) {
    const struct monitor *monitor = target->monitor;
    return health_reach_blame(monitor->reaches, monitor->target_count, place_of(target));
}

const char *own_side_vendor(enum rf_provider provider) {
    return rf_provider_name(provider == RF_PROVIDER_OPENAI_TTS ? RF_PROVIDER_OPENAI : provider);
}

static json_t *names_of(const struct monitor *monitor) {
    json_t *names = json_array();
    for (size_t i = 0; i < monitor->target_count; i++)
        json_array_append_new(names, json_string(rf_provider_name(monitor->targets[i].provider)));
    return names;
}

static void publish(struct monitor *monitor, enum rf_event_type type, const char *subject,
                    json_t *data) {
    struct rf_event event = {.type = rf_event_type_name(type), .subject = subject, .data = data};
    struct rf_error error;
    if (rf_bus_publish(monitor->process->bus, &event, &error) != RF_OK)
        rf_log(RF_LOG_ERROR, "cannot tell %s of %s: %s", event.type, subject, error.message);
    json_decref(data);
}

static void publish_failed(struct monitor *monitor, const char *why) {
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    snprintf(monitor->own_why, sizeof monitor->own_why, "%s", why);
    publish(monitor, RF_EVENT_OWN_SIDE_FAILED, monitor->own_side.what,
            json_pack("{s:s, s:I, s:s, s:o}", "host", host, "since",
                      (json_int_t)monitor->own_side.since_utc.ns, "why", why, "providers",
                      names_of(monitor)));
}

static void publish_recovered(struct monitor *monitor, struct rf_duration held) {
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    publish(monitor, RF_EVENT_OWN_SIDE_RECOVERED, monitor->own_side.what,
            json_pack("{s:s, s:I}", "host", host, "held_ns", (json_int_t)held.ns));
}

static void ask_now(struct health_target *target) {
    if (target->transfer == NULL)
        rf_timer_after(&target->timer, rf_ns(0));
}

// What nobody could answer says nothing of anybody: all begin anew.
static void begin_anew(struct monitor *monitor, const struct health_target *answered) {
    health_reach_forget(monitor->reaches, monitor->target_count);
    for (size_t i = 0; i < monitor->target_count; i++) {
        struct health_target *target = &monitor->targets[i];
        health_forget(&target->probes);
        health_passive_forget(&target->passive);
        if (target != answered)
            ask_now(target);
    }
}

static void turn(struct health_target *target, const char *why, struct rf_instant before) {
    struct monitor *monitor = target->monitor;
    if (monitor->own_side.failed) {
        publish_failed(monitor, why);
    } else {
        publish_recovered(monitor, rf_instant_since(monitor->own_side.since, before));
        begin_anew(monitor, target);
    }
    history_watch_own_side(monitor);
    for (size_t i = 0; i < monitor->target_count; i++)
        health_target_look(&monitor->targets[i]);
}

// One fell silent: each other vendor that has not answered since is asked at once.
static void ask_others(const struct health_target *silent) {
    struct monitor *monitor = silent->monitor;
    struct rf_instant since = reach_of(silent)->mute_since;
    for (size_t i = 0; i < monitor->target_count; i++) {
        const struct health_reach *reach = &monitor->reaches[i];
        if (reach->mute == 0 && strcmp(reach->vendor, reach_of(silent)->vendor) != 0 &&
            rf_instant_before(reach->answered, since))
            ask_now(&monitor->targets[i]);
    }
}

// One answered: the silence of others is theirs.
static void settle_others(const struct health_target *answered) {
    struct monitor *monitor = answered->monitor;
    for (size_t i = 0; i < monitor->target_count; i++) {
        struct health_target *target = &monitor->targets[i];
        if (target != answered && monitor->reaches[i].mute > 0 &&
            blame_of(target) == HEALTH_BLAME_PROVIDER) {
            (void)health_settle(&target->probes, monitor->config->health.fall);
            health_target_look(target);
        }
    }
}

void own_side_seen(struct health_target *target, const struct health_answer *answer) {
    struct monitor *monitor = target->monitor;
    struct rf_instant now = rf_clock_now(), before = monitor->own_side.since;
    enum health_sign sign = answer->status > 0 ? HEALTH_SIGN_ANSWER
                            : answer->no_name  ? HEALTH_SIGN_NAME
                                               : HEALTH_SIGN_MUTE;
    health_reach_seen(reach_of(target), sign, now);
    if (health_own_side_look(&monitor->own_side, monitor->reaches, monitor->target_count,
                             monitor->config->health.fall, now, rf_clock_utc()))
        turn(target, answer->failure_text, before);
    else if (sign == HEALTH_SIGN_ANSWER)
        settle_others(target);
    else if (!monitor->own_side.failed && blame_of(target) == HEALTH_BLAME_UNDECIDED)
        ask_others(target);
}

int64_t own_side_fall(const struct health_target *target) {
    int64_t fall = target->monitor->config->health.fall;
    if (reach_of(target)->mute == 0)
        return fall;
    bool theirs = !target->monitor->own_side.failed && blame_of(target) == HEALTH_BLAME_PROVIDER;
    return theirs ? fall : HEALTH_HELD;
}

// Calls fail on our own side too: before they make a provider down, it is asked itself.
bool own_side_holds(struct health_target *target, bool calls_fell) {
    const struct monitor *monitor = target->monitor;
    const struct health_reach *reach = reach_of(target);
    if (calls_fell) {
        target->calls_fell = rf_clock_now();
        ask_now(target);
    }
    if (target->passive.status != HEALTH_DOWN || target->standing.status == HEALTH_DOWN ||
        monitor->own_side.failed || health_reach_alone(monitor->reaches, monitor->target_count))
        return false;
    if (reach->mute == 0)
        return rf_instant_before(reach->answered, target->calls_fell);
    return blame_of(target) != HEALTH_BLAME_PROVIDER;
}

void own_side_begin(struct monitor *monitor) {
    for (size_t i = 0; i < monitor->target_count; i++)
        monitor->reaches[i].vendor = own_side_vendor(monitor->targets[i].provider);
}
