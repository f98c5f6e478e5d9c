// The gateway: carries out script, speech and telephony calls at the providers.
//
//   core.c                 what comes in: requests, pushes, marks, time
//   attempt.c, settle.c    the way of a call, up to an attempt and from it on
//   call.c, hand.c         calls in hand
//   guard.c                the policy of each provider: <ringfence/policy.h>
//   queue.c, timed.c       who waits for a place, and who for a time
//   marks.c                providers that are unusable until something changes
//   recovery.c             who waits for a breaker, and where
//   barred.c               providers that the broker keeps this gateway from
//   room.c                 who waits for one of our own calls to end
//   shares.c               the accounts' limits, which the broker keeps for all gateways
//   keys.c, account.c      several keys of one provider, and which may be used now
//   audio.c, cache.c       speech, until it is on the disk, and what was spoken before
//   local.c                links of our own behind the providers: template, recording
//   answer.c               the one answer of a call, and events of its retries
//   note.c                 what the policies decided, for a caller who asks
//   provider.c, provider_*.c   the base service and its providers
//   judge.c, told.c        what a reply means by common/rules, and what of it may be told
//   serve.c, effects.c     the rim: what the broker says, and what the core wants done
//   transport.c, settings.c               HTTP; configuration and keys
//   retained.c, retained_keys.c, state_request.c   marks, keys and fallbacks as retained state
//   measures.c             what attempts came to, told each second
//   store.c, shelf.c, evict.c, disk.c, recording.c   audio's files, and what has to go
#include <stdlib.h>

#include <ringfence/id.h>

#include "base/clock.h"
#include "base/log.h"
#include "gateway.h"

#define KEYS_INTERVAL rf_seconds(1)

struct moment gateway_now(struct gateway *gateway) {
    return (struct moment){rf_loop_now(gateway->process->loop), rf_clock_utc()};
}

static void tell_waiting(struct gateway *gateway) {
    for (int s = 0; s < GATEWAY_SERVICE_COUNT; s++) {
        int64_t waiting = gateway->core.waiting[s];
        if (waiting == gateway->waiting[s])
            continue;
        gateway->waiting[s] = waiting;
        rf_worker_waiting(gateway->worker, gateway_service_name((enum gateway_service)s), waiting);
    }
}

void gateway_settle(struct gateway *gateway) {
    struct rf_instant due;
    tell_waiting(gateway);
    if (core_shares_news(&gateway->core))
        rf_worker_demand_soon(gateway->worker);
    if (core_wake(&gateway->core, &due))
        rf_timer_at(&gateway->wake, due);
    else
        rf_timer_stop(&gateway->wake);
    if (core_mark_stands(&gateway->core) && !rf_timer_running(&gateway->keys))
        rf_timer_after(&gateway->keys, KEYS_INTERVAL);
    if (gateway->draining && gateway->core.call_count == 0 &&
        rf_worker_unsent(gateway->worker) == 0) {
        measures_tell(gateway);
        rf_process_drained(gateway->process);
    }
}

static void on_wake(void *arg) {
    struct gateway *gateway = arg;
    core_tick(&gateway->core, gateway_now(gateway));
    gateway_settle(gateway);
}

static void on_keys(void *arg) {
    struct gateway *gateway = arg;
    gateway_keys_refresh(gateway);
    core_settings_changed(&gateway->core, gateway_now(gateway));
    gateway_settle(gateway);
}

static void tell_chain(struct gateway *gateway, enum gateway_service service,
                       const struct rf_config_chain *chain) {
    const char *names[RF_CONFIG_MAX_LINKS];
    for (size_t i = 0; i < chain->count; i++)
        names[i] = rf_provider_name(chain->links[i]);
    rf_worker_uses(gateway->worker, gateway_service_name(service), names, chain->count);
}

// Whom we ask for each service, for the broker to compare us with the other gateways.
static void tell_chains(struct gateway *gateway) {
    tell_chain(gateway, GATEWAY_SPEECH, &gateway->limits.speech);
    tell_chain(gateway, GATEWAY_SCRIPT, &gateway->limits.script);
    tell_chain(gateway, GATEWAY_TELEPHONY, &gateway->limits.telephony);
}

static enum rf_err start(struct rf_process *process, struct rf_error *error) {
    struct gateway *gateway = calloc(1, sizeof *gateway);
    enum rf_err err;
    if (gateway == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    process->state = gateway;
    gateway->process = process;
    rf_timer_init(&gateway->wake, process->loop, on_wake, gateway);
    rf_timer_init(&gateway->keys, process->loop, on_keys, gateway);
    measures_init(gateway);
    if ((err = gateway_settings_take(gateway, process->config, error)) != RF_OK ||
        (err = rf_redactor_new(process->config, RF_REDACTOR_SECRETS, rf_loop_now(process->loop),
                               &gateway->redactor, error)) != RF_OK ||
        (err = rf_http_new(process->loop, &gateway->http, error)) != RF_OK ||
        (err = store_start(gateway, error)) != RF_OK)
        return err;
    core_init(&gateway->core, &gateway_effects, gateway, &gateway->limits, gateway->settings,
              rf_random_u64());
    if ((err = gateway_recording_take(gateway, process->config, error)) != RF_OK)
        return err;
    const struct rf_worker_offer offers[] = {
        {gateway_service_name(GATEWAY_SPEECH), gateway->limits.speech_concurrency},
        {gateway_service_name(GATEWAY_SCRIPT), gateway->limits.script_concurrency},
        {gateway_service_name(GATEWAY_TELEPHONY), gateway->limits.telephony_concurrency},
    };
    if ((err = gateway_watch_keys(gateway, error)) != RF_OK ||
        (err = gateway_watch_marks(gateway, error)) != RF_OK ||
        (err = rf_worker_new(process->bus, offers, GATEWAY_SERVICE_COUNT, &gateway_from_broker,
                             gateway, &gateway->worker, error)) != RF_OK)
        return err;
    tell_chains(gateway);
    return RF_OK; // ready when the broker knows what we offer: serve.c
}

static void drain(struct rf_process *process) {
    struct gateway *gateway = process->state;
    gateway->draining = true;
    rf_worker_drain(gateway->worker);
    core_drain(&gateway->core, gateway_now(gateway));
    gateway_settle(gateway);
}

static enum rf_err reload(struct rf_process *process, const struct rf_config *fresh,
                          struct rf_error *error) {
    struct gateway *gateway = process->state;
    enum rf_err err = gateway_recording_take(gateway, fresh, error);
    if (err == RF_OK)
        err = rf_redactor_take(gateway->redactor, fresh, rf_loop_now(process->loop), error);
    if (err == RF_OK)
        err = gateway_settings_take(gateway, fresh, error);
    if (err != RF_OK)
        return err;
    tell_chains(gateway);
    core_settings_changed(&gateway->core, gateway_now(gateway));
    gateway_settle(gateway);
    return RF_OK;
}

static void add_queues(struct rf_process *process, json_t *queues) {
    const struct gateway *gateway = process->state;
    json_object_set_new(queues, "calls",
                        json_integer((json_int_t)rf_worker_in_hand(gateway->worker)));
}

static void stop(struct rf_process *process) {
    struct gateway *gateway = process->state;
    if (gateway == NULL)
        return;
    rf_timer_stop(&gateway->wake);
    rf_timer_stop(&gateway->keys);
    measures_fini(gateway);
    rf_http_destroy(&gateway->http);
    store_stop(gateway);
    rf_worker_destroy(&gateway->worker);
    state_requests_fini(gateway);
    core_fini(&gateway->core);
    gateway_settings_fini(gateway);
    rf_redactor_destroy(&gateway->redactor);
    free(gateway);
    process->state = NULL;
}

static const struct rf_service service = {
    .name = "service-gateway",
    .summary = "carries out script, speech and telephony calls at the providers",
    .details = "Signals: SIGTERM drains, SIGINT ends at once, SIGHUP reads the configuration and\n"
               "the keys again.",
    .uses_bus = true,
    .start = start,
    .drain = drain,
    .reload = reload,
    .queues = add_queues,
    .stop = stop,
};

int main(int argc, char **argv) {
    return rf_service_run(&service, argc, argv);
}
