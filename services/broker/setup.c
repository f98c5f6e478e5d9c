// What the broker begins with: its core, from the configuration and from what the disk has, and as
// many connections as it may.
#include <signal.h>
#include <unistd.h>

#include <ringfence/id.h>

#include "broker.h"
#include "config/config.h"
#include "runtime/open_files.h"

void broker_stand_limits(void) {
    // A limit on the size of files is a disk that fails, and not our end.
    signal(SIGXFSZ, SIG_IGN);
    rf_open_files_raise();
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

void broker_take_limits(struct broker *broker, const struct rf_config *config) {
    struct rf_now now = broker_now(broker);
    for (int i = 0; i < RF_PROVIDER_COUNT; i++) {
        const struct rf_limit_rules rules = broker_limit_rules(config, (enum rf_provider)i);
        rf_core_limits(broker->core, &now, &rules);
    }
    broker_settle(broker);
}

static struct rf_core *make_core(struct broker *broker, const struct rf_disk_found *found) {
    const struct rf_config *config = broker->process->config;
    struct rf_core_settings settings = {
        .instance = broker->process->instance,
        .host = broker->host,
        .version = RF_VERSION,
        .pid = getpid(),
        .seed = rf_random_u64(),
        .heartbeat = config->bus.heartbeat,
        .heartbeat_misses = config->bus.heartbeat_misses,
        .calls = {.waiting = (size_t)config->broker.queue_limit,
                  .bytes = (size_t)config->broker.queue_bytes,
                  .once = (size_t)config->broker.answers},
        .memory_events = (size_t)config->journal.memory_events,
        .memory_bytes = (size_t)config->journal.memory_bytes,
        .waiting_events = (size_t)config->journal.waiting_events,
        .waiting_bytes = (size_t)config->journal.waiting_bytes,
        .state_entries = (size_t)config->broker.state_entries,
        .stream_idle = config->broker.stream_idle,
        .subscriber_idle = config->journal.subscriber_idle,
        .found = {found->last, found->trimmed, found->version, found->stream, found->at,
                  found->journal, found->start},
        .guard_count = RF_PROVIDER_COUNT,
    };
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

static enum rf_err on_start(void *arg, const char *start, int64_t reached) {
    struct broker *broker = arg;
    return rf_core_restore_start(broker->core, start, reached);
}

static enum rf_err on_stream(void *arg, int64_t stream, const char *name, int64_t last,
                             const char *owner, int64_t heard) {
    struct broker *broker = arg;
    return rf_core_restore_stream(broker->core, stream, name, last, owner, (struct rf_utc){heard});
}

static enum rf_err on_value(void *arg, const char *key, int64_t version, const char *json,
                            size_t size, int64_t expires) {
    struct broker *broker = arg;
    return rf_core_restore_value(broker->core, key, version, json, size, (struct rf_utc){expires});
}

static enum rf_err on_event(void *arg, int64_t n, const char *topic, const void *frame,
                            size_t size) {
    struct broker *broker = arg;
    return rf_core_restore_event(broker->core, n, topic, frame, size);
}

enum rf_err broker_open_disk(struct broker *broker, struct rf_error *error) {
    const struct rf_config_journal *config = &broker->process->config->journal;
    struct rf_disk_found found;
    enum rf_disk_sync sync =
        config->sync == RF_JOURNAL_SYNC_FULL ? RF_DISK_SYNC_FULL : RF_DISK_SYNC_NORMAL;
    struct rf_disk_limits limits = {config->max_age.ns, config->max_events, config->max_bytes};
    enum rf_err err = rf_disk_open(broker->dir.path, sync, &limits, &broker->disk, &found, error);
    if (err == RF_OK)
        err = rf_reader_start(rf_disk_path(broker->disk), &broker->reader, error);
    if (err != RF_OK)
        return err;
    broker->core = make_core(broker, &found);
    if (broker->core == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    // One more than are kept: if it drops out again, it is known that there are older ones.
    const struct rf_disk_taker taker = {broker, on_start, on_stream, on_value, on_event};
    err = rf_disk_load(broker->disk, config->memory_events + 1, &taker, error);
    if (err != RF_OK)
        return err;
    rf_core_begin(broker->core);
    return rf_disk_start(broker->disk, error);
}
