// What the broker begins with: its core, from the configuration, and as many connections as it may.
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "broker.h"
#include "config/config.h"

void broker_raise_descriptors(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        rf_log(RF_LOG_WARNING, "cannot raise the limit of open files");
}

struct rf_limit_rules broker_limit_rules(const struct rf_config *config, enum rf_provider p) {
    const struct rf_config_provider *provider = &config->providers[p];
    return (struct rf_limit_rules){
        .provider = rf_provider_name(p),
        .max_in_flight = provider->bulkhead.max_in_flight,
        .rate = provider->rate_limit.rate,
        .burst = provider->rate_limit.burst,
        .budget = provider->budget,
        .attempt_timeout = provider->timeout.attempt,
    };
}

struct rf_core *broker_make_core(struct broker *broker) {
    const struct rf_config *config = broker->process->config;
    struct rf_core_settings settings = {
        .instance = broker->process->instance,
        .host = broker->host,
        .version = RF_VERSION,
        .pid = getpid(),
        .heartbeat = config->bus.heartbeat,
        .heartbeat_misses = config->bus.heartbeat_misses,
        .queue_limit = (size_t)config->broker.queue_limit,
        .journal_events = (size_t)config->broker.journal_events,
        .journal_bytes = (size_t)config->broker.journal_bytes,
        .state_entries = (size_t)config->broker.state_entries,
        .stream_idle = config->broker.stream_idle,
        .guard_count = RF_PROVIDER_COUNT,
    };
    for (int i = 0; i < RF_LINE_COUNT; i++) {
        settings.lines[i].first = broker->keeper.lines[i].first;
        settings.lines[i].limit = broker->keeper.lines[i].reserved;
    }
    for (int i = 0; i < RF_PROVIDER_COUNT; i++) {
        const struct rf_config_ejection *ejection = &config->providers[i].ejection;
        settings.guards[i].ejection =
            (struct rf_ejection_policy){.time = ejection->time,
                                        .growth = ejection->growth,
                                        .max = ejection->max,
                                        .confirm_within = ejection->confirm_within};
        settings.guards[i].provider = rf_provider_name((enum rf_provider)i);
        settings.guards[i].policy = config->providers[i].breaker;
        settings.guards[i].policy.seed = (uint64_t)(broker_now(broker).utc.ns + i);
    }
    settings.account_count = RF_PROVIDER_COUNT;
    for (int i = 0; i < RF_PROVIDER_COUNT; i++)
        settings.accounts[i] = broker_limit_rules(config, (enum rf_provider)i);
    struct rf_sink sink = broker_sink(broker);
    struct rf_now now = broker_now(broker);
    return rf_core_new(&settings, &sink, &now);
}
