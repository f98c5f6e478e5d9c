// The health monitor: probes each provider in use, and watches our own processes.
//
//   probe.c           asks a provider how it is
//   status.c          decides from its answers, by rise and fall
//   passive.c         decides from what calls came to; attempts_watch.c hears of them
//   standing.c        decides from both
//   reach.c           decides whether it is our own side that fails; own_side_watch.c tells
//   skew.c            decides whether our own clock is right; skew_watch.c tells
//   monitor.c         tells of a change: event and retained value
//   account.c         accounts for its time and its outages: availability.c, recent.c (how long
//   calls
//                     took); history_watch.c looks, history.c keeps it on disk
//   value.c           its retained value; serve.c answers as the service "health"
//   certificate.c     decides whether its certificate is near its end; certificate_watch.c tells
//   forecast.c        decides whether its credit lasts for the campaigns, credit.c reads that;
//                     forecast_watch.c asks for both and tells
//   disk.c            decides whether enough is left of a disk; disk_watch.c looks and tells
//   absence.c         decides when to tell that no alerter is there; absence_tell.c posts it, and
//                     absence_kept.c keeps what was told
//   processes.c       decides which of our processes are lost
//   registry_watch.c  hears of them

#include <stdlib.h>

#include <ringfence/bus.h>
#include <ringfence/id.h>

#include "base/log.h"
#include "monitor.h"

static void on_probe_timer(void *arg) {
    probe_begin(arg);
}

static void on_bus_change(void *arg, bool connected) {
    struct monitor *monitor = arg;
    for (size_t i = 0; connected && i < monitor->target_count; i++)
        health_target_store(&monitor->targets[i]);
    absence_tell_look(monitor);
}

static bool is_target(const struct monitor *monitor, enum rf_provider provider) {
    for (size_t i = 0; i < monitor->target_count; i++)
        if (monitor->targets[i].provider == provider)
            return true;
    return false;
}

static void add_targets(struct monitor *monitor, const struct rf_config_chain *chain) {
    for (size_t i = 0; i < chain->count; i++) {
        if (is_target(monitor, chain->links[i]))
            continue;
        struct health_target *target = &monitor->targets[monitor->target_count++];
        *target = (struct health_target){.monitor = monitor, .provider = chain->links[i]};
        rf_timer_init(&target->timer, monitor->process->loop, on_probe_timer, target);
    }
}

static enum rf_err copy_keys(struct monitor *monitor, const struct rf_config *config,
                             struct rf_error *error) {
    for (size_t i = 0; i < monitor->target_count; i++) {
        struct health_target *target = &monitor->targets[i];
        if (rf_secret_copy(&target->key, &config->providers[target->provider].key) != RF_OK)
            return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    }
    return RF_OK;
}

static enum rf_err start(struct rf_process *process, struct rf_error *error) {
    struct monitor *monitor = calloc(1, sizeof *monitor);
    if (monitor == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    process->state = monitor;
    monitor->process = process;
    monitor->config = process->config;
    monitor->rng.state = rf_random_u64();
    enum rf_err result = rf_http_new(process->loop, &monitor->http, error);
    if (result == RF_OK)
        result = registry_watch_begin(monitor, error);
    if (result == RF_OK)
        result = attempts_watch_begin(monitor, error);
    if (result != RF_OK)
        return result;
    rf_bus_on_change(process->bus, on_bus_change, monitor);
    add_targets(monitor, &monitor->config->gateway.script);
    add_targets(monitor, &monitor->config->gateway.speech);
    add_targets(monitor, &monitor->config->gateway.telephony);
    if ((result = copy_keys(monitor, monitor->config, error)) != RF_OK)
        return result;
    own_side_begin(monitor);
    disk_watch_begin(monitor);
    if ((result = forecast_watch_begin(monitor, error)) != RF_OK)
        return result;
    history_watch_begin(monitor);
    if ((result = serve_begin(monitor, error)) != RF_OK)
        return result;
    if ((result = absence_tell_begin(monitor, error)) != RF_OK)
        return result;
    for (size_t i = 0; i < monitor->target_count; i++)
        health_target_begin(&monitor->targets[i]);
    rf_process_ready(process, "probing %zu providers every %.1f s", monitor->target_count,
                     rf_duration_s(monitor->config->health.interval));
    return RF_OK;
}

static enum rf_err reload(struct rf_process *process, const struct rf_config *fresh,
                          struct rf_error *error) {
    struct monitor *monitor = process->state;
    enum rf_err result = copy_keys(monitor, fresh, error);
    if (result != RF_OK)
        return result;
    monitor->config = fresh;
    for (size_t i = 0; i < monitor->target_count; i++)
        monitor->targets[i].certificate.look_at = (struct rf_instant){0};
    rf_timer_after(&monitor->disk_timer, rf_ns(0));
    absence_tell_look(monitor);
    return RF_OK;
}

static void drain(struct rf_process *process) {
    serve_drain(process->state);
    rf_process_drained(process);
}

static void stop(struct rf_process *process) {
    struct monitor *monitor = process->state;
    if (monitor == NULL)
        return;
    for (size_t i = 0; i < monitor->target_count; i++) {
        rf_timer_stop(&monitor->targets[i].timer);
        rf_secret_fini(&monitor->targets[i].key);
        json_decref(monitor->targets[i].told);
    }
    absence_tell_end(monitor);
    forecast_watch_end(monitor);
    serve_end(monitor);
    history_watch_end(monitor);
    rf_http_destroy(&monitor->http);
    disk_watch_end(monitor);
    registry_watch_end(monitor);
    free(monitor);
}

static const struct rf_service service = {
    .name = "health-monitor",
    .summary = "Probes the providers in use, and watches the processes of the set.",
    .details =
        "It asks each provider's probe_path every health.interval, hears what calls to it come to, "
        "and\n"
        "tells when a provider is down, degraded or up again (health.fall and health.rise answers "
        "in a\n"
        "row, health.calls), when its certificate is near its end, when its credit will not last "
        "for "
        "the\n"
        "campaigns, when one of our processes is "
        "gone without a word, and when little is "
        "left\n"
        "of a disk that this host's processes write to. A probe never costs money and never "
        "touches a breaker.",
    .uses_bus = true,
    .start = start,
    .drain = drain,
    .reload = reload,
    .stop = stop,
};

int main(int argc, char **argv) {
    return rf_service_run(&service, argc, argv);
}
