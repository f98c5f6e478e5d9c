#include "config/rows.h"

#include <string.h>

#include "config/config.h"

#define US 1e3
#define MS 1e6
#define S  1e9
#define M  (60 * S)
#define H  (3600 * S)

#define AT(member) offsetof(struct rf_config, member)

#define LIVE  true  // takes effect by SIGHUP
#define FIXED false // needs a restart

// clang-format off
// The macros stand for initializers and for pieces of strings, where parentheses would be wrong.
// NOLINTBEGIN(bugprone-macro-parentheses)

#define ROW(key_, type_, at, fallback_, least_, most_, live, help_) \
    {.key = key_, .type = RF_CONFIG_##type_, .offset = at, .fallback = fallback_, \
     .least = least_, .most = most_, .reloadable = live, .help = help_}
#define RATE(key_, at, least_, most_, live, help_) \
    {.key = key_, .type = RF_CONFIG_NUMBER, .offset = at, .fallback = "0", \
     .least = least_, .most = most_, .or_zero = true, .reloadable = live, .help = help_}
#define TEXT(key_, type_, at, fallback_, live, help_) \
    {.key = key_, .type = RF_CONFIG_##type_, .offset = at, .fallback = fallback_, \
     .reloadable = live, .help = help_}
#define WORDS(key_, type_, at, fallback_, words_, live, help_) \
    {.key = key_, .type = RF_CONFIG_##type_, .offset = at, .fallback = fallback_, \
     .words = words_, .reloadable = live, .help = help_}
#define DERIVED(key_, type_, at, derived_, live, help_) \
    {.key = key_, .type = RF_CONFIG_##type_, .offset = at, .derived = derived_, \
     .reloadable = live, .help = help_}
#define INHERIT(key_, type_, at, from, least_, most_, live, help_) \
    {.key = key_, .type = RF_CONFIG_##type_, .offset = at, .inherits = from, \
     .least = least_, .most = most_, .reloadable = live, .help = help_}
#define LIST(key_, at, items_, live, help_) \
    {.key = key_, .type = RF_CONFIG_LIST, .offset = at, .items = items_, \
     .reloadable = live, .help = help_}

// A policy's keys are listed once. ITEM says whose they are: OWN, those of `defaults`; HEIR, those of
// a provider, each inherited from the same key of defaults; SECTION, those of a section with the
// list's own defaults (`name` is its key, `id` its member).
#define OWN(live, name, id, key_, type_, member, fallback_, least_, most_, words_, help_) \
    {.key = "defaults." key_, .type = RF_CONFIG_##type_, .offset = RF_CONFIG_NOWHERE, .fallback = fallback_, \
     .least = least_, .most = most_, .words = words_, .reloadable = live, .help = help_}
#define HEIR(live, name, id, key_, type_, member, fallback_, least_, most_, words_, help_) \
    {.key = "providers." name "." key_, .type = RF_CONFIG_##type_, .offset = AT(providers[id].member), \
     .inherits = "defaults." key_, .least = least_, .most = most_, .words = words_, .reloadable = live, .help = help_}
#define SECTION(live, name, id, key_, type_, member, fallback_, least_, most_, words_, help_) \
    {.key = name "." key_, .type = RF_CONFIG_##type_, .offset = AT(id.member), .fallback = fallback_, \
     .least = least_, .most = most_, .words = words_, .reloadable = live, .help = help_}
#define RETRY(ITEM, name, id) \
    ITEM(LIVE, name, id, "retry.initial_delay", DURATION, retry.initial_delay, "5s", 1 * MS, 1 * H, NULL, "wait before the first retry"), \
    ITEM(LIVE, name, id, "retry.backoff_factor", NUMBER, retry.backoff_factor, "2", 1, 100, NULL, "each wait is this many times the one before"), \
    ITEM(LIVE, name, id, "retry.max_retries", COUNT, retry.max_retries, "3", 0, 100, NULL, "retries after the first attempt; 0: none"), \
    ITEM(LIVE, name, id, "retry.max_delay", DURATION, retry.max_delay, "60s", 1 * MS, 24 * H, NULL, "no wait is longer; a longer Retry-After ends the call"), \
    ITEM(LIVE, name, id, "retry.jitter", JITTER, retry, "20%", 0, 0, NULL, "spreads the waits: a share, or none, full, equal, decorrelated")
#define BREAKER(ITEM, name, id) \
    ITEM(FIXED, name, id, "breaker.failure_threshold", COUNT, breaker.failure_threshold, "5", 0, RF_BREAKER_MAX_THRESHOLD, NULL, "so many failed attempts in a row open it; 0: off"), \
    ITEM(FIXED, name, id, "breaker.failure_interval", DURATION, breaker.failure_interval, "10m", 1 * S, 24 * H, NULL, "older failures do not count"), \
    ITEM(FIXED, name, id, "breaker.failure_rate", SHARE, breaker.failure_rate, "0%", 0, 1, NULL, "this share of failed attempts in the window opens it; 0%: off"), \
    ITEM(FIXED, name, id, "breaker.slow_rate", SHARE, breaker.slow_rate, "0%", 0, 1, NULL, "this share of slow attempts in the window opens it; 0%: off"), \
    ITEM(FIXED, name, id, "breaker.slow_after", DURATION, breaker.slow_after, "0s", 0, 10 * M, NULL, "an attempt is slow when it takes so long, also while it still runs; 0s: none is"), \
    ITEM(FIXED, name, id, "breaker.window", WORD, breaker.window, "count", 0, 0, "count|time", "of both rates: the latest window_calls, or the last window_time"), \
    ITEM(FIXED, name, id, "breaker.window_calls", COUNT, breaker.window_calls, "100", 1, RF_WINDOW_MAX_CALLS, NULL, "size of a count-based window"), \
    ITEM(FIXED, name, id, "breaker.window_time", DURATION, breaker.window_time, "60s", 100 * MS, 24 * H, NULL, "length of a time-based window"), \
    ITEM(FIXED, name, id, "breaker.minimum_calls", COUNT, breaker.minimum_calls, "10", 1, 1000000, NULL, "with fewer attempts in the window no rate opens it"), \
    ITEM(FIXED, name, id, "breaker.recovery_timeout", DURATION, breaker.recovery_timeout, "30s", 10 * MS, 1 * H, NULL, "how long it stays open before the test request"), \
    ITEM(FIXED, name, id, "breaker.recovery_growth", NUMBER, breaker.recovery_growth, "1", 1, 100, NULL, "after a failed test it stays open so many times as long as before; 1: no growth"), \
    ITEM(FIXED, name, id, "breaker.recovery_max", DURATION, breaker.recovery_max, "10m", 0, 24 * H, NULL, "but never longer than this; 0s: no bound"), \
    ITEM(FIXED, name, id, "breaker.recovery_jitter", SHARE, breaker.recovery_jitter, "0%", 0, 1, NULL, "spreads the time that it stays open, up and down"), \
    ITEM(FIXED, name, id, "breaker.early_half_open", SHARE, breaker.early_share, "100%", 0, 1, NULL, "after this share of that a probe that finds the provider well again begins the test, once an outage; 100%: none does"), \
    ITEM(FIXED, name, id, "breaker.success_threshold", COUNT, breaker.success_threshold, "1", 1, 100, NULL, "so many good test requests in a row close it"), \
    ITEM(FIXED, name, id, "breaker.test_lease", DURATION, breaker.test_lease, "45s", 10 * MS, 1 * H, NULL, "a test request without a result is given up after this; longer than timeout.attempt"), \
    ITEM(FIXED, name, id, "breaker.confirm_within", DURATION, ejection.confirm_within, "30s", 1 * MS, 10 * M, NULL, "it opens on one gateway's word alone only when no other one was asked for so long"), \
    ITEM(FIXED, name, id, "breaker.ejection_time", DURATION, ejection.time, "30s", 0, 1 * H, NULL, "a gateway whose calls alone fail is kept from the provider for so long; 0s: none is, and one word opens it"), \
    ITEM(FIXED, name, id, "breaker.ejection_growth", NUMBER, ejection.growth, "2", 1, 100, NULL, "and each time that it fails again, so many times as long"), \
    ITEM(FIXED, name, id, "breaker.ejection_max", DURATION, ejection.max, "10m", 1 * MS, 24 * H, NULL, "but never longer; after so long without, it begins anew"), \
    ITEM(FIXED, name, id, "breaker.mode", WORD, breaker.mode, "enforce", 0, 0, "enforce|observe|disabled", "observe: decides and tells, but holds nothing back; disabled: neither"), \
    ITEM(FIXED, name, id, "breaker.ignore", CLASSES, breaker.ignore, "", 0, 0, "transient|ambiguous", "classes of failures that shall not count")
#define TIMEOUT(ITEM, name, id) \
    ITEM(LIVE, name, id, "timeout.connect", DURATION, timeout.connect, "5s", 10 * MS, 1 * M, NULL, "to a connection, TLS included"), \
    ITEM(LIVE, name, id, "timeout.attempt", DURATION, timeout.attempt, "15s", 10 * MS, 10 * M, NULL, "one attempt in all"), \
    ITEM(LIVE, name, id, "timeout.first_byte", DURATION, timeout.first_byte, "0s", 0, 10 * M, NULL, "from the connection to the first byte of the reply's body; 0s: no limit of its own"), \
    ITEM(LIVE, name, id, "timeout.stall", DURATION, timeout.stall, "5s", 0, 10 * M, NULL, "after the first byte: no byte, or fewer than min_speed a second, for so long; 0s: no limit"), \
    ITEM(LIVE, name, id, "timeout.min_speed", SIZE, timeout.min_speed, "64B", 0, 1073741824, NULL, "bytes a second that a reply's body must bring, over timeout.stall; 0B: no limit")
#define STRATEGIES "exponential|linear|constant"
#define SEVERITIES "info|warning|error|critical"
#define LIMITS(ITEM, name, id) \
    ITEM(LIVE, name, id, "retry.strategy", WORD, retry.strategy, "exponential", 0, 0, STRATEGIES, "how the waits grow: by backoff_factor, by initial_delay, or not"), \
    ITEM(LIVE, name, id, "breaker.when_open", WORD, when_open, "fail", 0, 0, "fail|wait", "what a call does that meets an open breaker, if no other link serves it: it fails, or waits for recovery within its deadline"), \
    ITEM(LIVE, name, id, "retry.budget.ratio", SHARE, budget.ratio, "20%", 0, 10, NULL, "retries of all gateways may be so many of their calls in the window"), \
    ITEM(LIVE, name, id, "retry.budget.min_retries", COUNT, budget.min_retries, "10", 0, 1000000, NULL, "but so many in a window, however few the calls; those that wait count"), \
    ITEM(LIVE, name, id, "retry.budget.window", DURATION, budget.window, "10s", 100 * MS, 1 * H, NULL, "how far back calls and retries count"), \
    ITEM(LIVE, name, id, "bulkhead.max_in_flight", COUNT, bulkhead.max_in_flight, "0", 0, 10000, NULL, "attempts at once with the account, of all gateways together; 0: only gateway.concurrency limits them"), \
    ITEM(LIVE, name, id, "bulkhead.max_queue", COUNT, bulkhead.max_queue, "100", 0, 1000000, NULL, "calls of one gateway that wait for a place, first come, first served; further ones are refused"), \
    ITEM(LIVE, name, id, "rate_limit.rate", NUMBER, rate_limit.rate, "0", 0, 1000000, NULL, "attempts begun a second with each key, by all gateways together; 0: no limit of our own"), \
    ITEM(LIVE, name, id, "rate_limit.burst", COUNT, rate_limit.burst, "1", 1, 1000000, NULL, "so many at once after a rest. With 1 the next attempt waits until the connection of the one before stands: a handshake of 100 ms halves a rate of 10 a second (48 %, with 2: 96 %). One whose connection takes longer than 500 ms gives its turn to the others and waits for another one, before anything is sent"), \
    ITEM(LIVE, name, id, "rate_limit.follow", DURATION, rate_limit.follow, "60s", 0, 1 * H, NULL, "what replies tell of the provider's own limit (x-ratelimit-remaining) holds calls back, so long at most; 0s: not"), \
    ITEM(LIVE, name, id, "adaptive.algorithm", WORD, adaptive.algorithm, "off", 0, 0, "off|aimd|gradient", "each gateway finds from refusals and latency how many attempts at once are well, below bulkhead.max_in_flight"), \
    ITEM(LIVE, name, id, "adaptive.min", COUNT, adaptive.min, "1", 1, 10000, NULL, "the limit found is never lower"), \
    ITEM(LIVE, name, id, "adaptive.max", COUNT, adaptive.max, "64", 1, 10000, NULL, "and never higher"), \
    ITEM(LIVE, name, id, "adaptive.initial", COUNT, adaptive.initial, "8", 1, 10000, NULL, "it begins here"), \
    ITEM(LIVE, name, id, "adaptive.decrease", NUMBER, adaptive.decrease, "0.9", 0.1, 0.99, NULL, "the limit times this after a refusal"), \
    ITEM(LIVE, name, id, "adaptive.slow_after", DURATION, adaptive.slow_after, "10s", 0, 10 * M, NULL, "aimd: a slower reply is taken as a refusal; 0s: none is"), \
    ITEM(LIVE, name, id, "adaptive.tolerance", NUMBER, adaptive.tolerance, "1.5", 1, 10, NULL, "gradient: latency may be so many times the usual one"), \
    ITEM(LIVE, name, id, "adaptive.smoothing", NUMBER, adaptive.smoothing, "0.2", 0.01, 1, NULL, "gradient: weight of each new limit"), \
    ITEM(LIVE, name, id, "hedge.enabled", BOOL, hedge.enabled, "no", 0, 0, NULL, "a slow call is sent a second time, and the first good answer wins; of speech and script alone, never a dial"), \
    ITEM(LIVE, name, id, "hedge.delay", DURATION, hedge.delay, "2s", 1 * MS, 10 * M, NULL, "when it counts as slow"), \
    ITEM(LIVE, name, id, "hedge.percentile", SHARE, hedge.percentile, "0%", 0, 1, NULL, "or when it is slower than this share of the recent ones; 0%: hedge.delay"), \
    ITEM(LIVE, name, id, "hedge.min_samples", COUNT, hedge.min_samples, "20", 1, 128, NULL, "with fewer recent ones hedge.delay is taken"), \
    ITEM(LIVE, name, id, "hedge.ratio", SHARE, hedge.ratio, "10%", 0, 1, NULL, "so many of the calls in the window may be sent twice, and one at least"), \
    ITEM(LIVE, name, id, "hedge.window", DURATION, hedge.window, "60s", 100 * MS, 1 * H, NULL, "in which they are counted")
#define RECALL(name, id, retries_, delay_) \
    ROW("campaign.recall." name ".retries", COUNT, AT(campaign.recall[id].retries), retries_, 0, 100, LIVE, "so many times a contact is called again whose call ended so, if campaign.max_calls allows"), \
    ROW("campaign.recall." name ".delay", DURATION, AT(campaign.recall[id].delay), delay_, 1 * S, 744 * H, LIVE, "wait before the first time"), \
    ROW("campaign.recall." name ".backoff_factor", NUMBER, AT(campaign.recall[id].backoff_factor), "2", 1, 100, LIVE, "each wait is so many times the one before"), \
    ROW("campaign.recall." name ".max_delay", DURATION, AT(campaign.recall[id].max_delay), "24h", 1 * S, 744 * H, LIVE, "but no wait is longer"), \
    LIST("campaign.recall." name ".waits", AT(campaign.recall[id].waits), &rf_config_wait_items, LIVE, "the waits one by one, instead of the four above: as many retries as waits"), \
    LIST("campaign.recall." name ".windows", AT(campaign.recall[id].windows), &rf_config_hours_items, LIVE, "called again only in these, and only while campaign.windows are open too")
// A proxy with its login: nothing of it is taken from the environment.
#define PROXY(section, at, inherited, inherit_user) \
    DERIVED(section ".proxy.url", BASE_URL, AT(at.url), inherited, LIVE, "http(s)://HOST:PORT that carries the requests; the environment's proxy variables are not read"), \
    DERIVED(section ".proxy.user", TEXT, AT(at.user), inherit_user, LIVE, "its login"), \
    DERIVED(section ".proxy.password", SECRET, AT(at.password), inherit_user, LIVE, "and password, by file:PATH or ${ENV}")
#define PROVIDER(name, id, url, key_help) \
    TEXT("providers." name ".base_url", BASE_URL, AT(providers[id].base_url), url, LIVE, "address of the API, without its path"), \
    TEXT("providers." name ".key", SECRET, AT(providers[id].key), NULL, LIVE, key_help ", by file:PATH or ${ENV}"), \
    LIST("providers." name ".keys", AT(providers[id].keys), &rf_config_secret_items, LIVE, "further keys: the next one is used when one is refused or has no quota left"), \
    LIST("providers." name ".rules", AT(providers[id].rules), &rf_config_rule_items, LIVE, "what replies of it mean, before the built-in rules (ringfence config rules)"), \
    TEXT("providers." name ".ca_file", PATH, AT(providers[id].ca_file), NULL, LIVE, "further trusted certificates (PEM), for a private CA"), \
    POLICIES(name, id)
#define POLICIES(name, id) \
    RETRY(HEIR, name, id), \
    LIMITS(HEIR, name, id), \
    BREAKER(HEIR, name, id), \
    TIMEOUT(HEIR, name, id), \
    PROXY("providers." name, providers[id].proxy, "defaults.proxy.url", "as in defaults.proxy, with its url")

const struct rf_config_row rf_config_rows[] = {
    DERIVED("run_dir", PATH, AT(run_dir), "$XDG_RUNTIME_DIR/ringfence, else /tmp/ringfence-<uid>", FIXED, "sockets and locks; private to the user, short (ipc paths have 107 characters at most)"),
    DERIVED("state_dir", PATH, AT(state_dir), "$XDG_STATE_HOME/ringfence, else ~/.local/state/ringfence, else <run_dir>/state", FIXED, "databases: campaign, outbox, cursors"),
    DERIVED("log_dir", PATH, AT(log_dir), "<state_dir>/log", FIXED, "app_logs.json and app.log"),
    DERIVED("media_dir", PATH, AT(media_dir), "<state_dir>/media", FIXED, "audio by content, shared by gateways and console"),
    ROW("drain_timeout", DURATION, AT(drain_timeout), "5s", 0, 1 * H, LIVE, "after SIGTERM: how long work in hand may go on"),

    WORDS("log.bus", WORD, AT(log.bus), "info", "info|warning|error|off", LIVE, "a process's own log lines of this level and worse become events (log.line) too; off: all stand on stderr alone"),
    ROW("log.rate", NUMBER, AT(log.rate), "10", 0, 10000, LIVE, "so many of them a second; what is more stands on stderr alone, and the next line tells how many were left out; 0: no bound"),
    ROW("log.burst", COUNT, AT(log.burst), "500", 1, 1000, LIVE, "and so many at once after a rest"),

    DERIVED("bus.calls", ENDPOINT, AT(bus.calls), "ipc://<run_dir>/calls", FIXED, "requests of clients"),
    DERIVED("bus.workers", ENDPOINT, AT(bus.workers), "ipc://<run_dir>/workers", FIXED, "gateways and the orchestrator"),
    DERIVED("bus.ingest", ENDPOINT, AT(bus.ingest), "ipc://<run_dir>/ingest", FIXED, "events in, state, pages of events"),
    DERIVED("bus.events", ENDPOINT, AT(bus.events), "ipc://<run_dir>/events", FIXED, "events out, for any ZeroMQ SUB"),
    TEXT("bus.insecure", BOOL, AT(bus.insecure), "no", FIXED, "allows tcp:// endpoints on a loopback address without encryption and without identification"),
    TEXT("bus.curve.secret_file", PATH, AT(bus.curve.secret_file), NULL, FIXED, "secret key of this process (ringfence keys new), for tcp:// endpoints; {service} stands for the process's name: broker, service-gateway, cli"),
    TEXT("bus.curve.server_key_file", PATH, AT(bus.curve.server_key_file), NULL, FIXED, "public key of the broker, which every process but the broker needs"),
    ROW("bus.heartbeat", DURATION, AT(bus.heartbeat), "1s", 20 * MS, 1 * M, FIXED, "both ways: a peer says something three times in it, and is asked when it has not for half of it"),
    ROW("bus.heartbeat_misses", COUNT, AT(bus.heartbeat_misses), "2", 2, 100, FIXED, "a peer silent for so many intervals is lost"),
    ROW("bus.max_unacknowledged", COUNT, AT(bus.max_unacknowledged), "10000", 1, 1000000, FIXED, "events that a publisher keeps until the broker has them"),

    ROW("broker.drain_timeout", DURATION, AT(broker.drain_timeout), "15s", 0, 1 * H, LIVE, "as drain_timeout, and longer: the broker serves until its peers have left"),
    DERIVED("broker.known_clients", PATH, AT(broker.known_clients), "<state_dir>/keys/known_clients", FIXED, "the keys that are let in over TCP, with their roles (ringfence keys allow); what stands in it takes effect by SIGHUP"),
    ROW("broker.queue_limit", COUNT, AT(broker.queue_limit), "10000", 1, 1000000, FIXED, "waiting calls a service; further ones are answered overloaded"),
    ROW("broker.queue_bytes", SIZE, AT(broker.queue_bytes), "256MiB", 67108864, 16.0 * 1073741824, FIXED, "calls of all services, waiting and in hand; a service may take as much as it leaves free, further calls of it are answered overloaded"),
    ROW("broker.answers", COUNT, AT(broker.answers), "200000", 1000, 10000000, FIXED, "calls in 10 minutes that may not be repeated (not `repeatable`), as their answers may not be forgotten; a service may take as much as it leaves free, further calls of it are answered overloaded"),
    ROW("broker.state_entries", COUNT, AT(broker.state_entries), "10000", 100, 1000000, FIXED, "retained values"),
    ROW("broker.stream_idle", DURATION, AT(broker.stream_idle), "168h", 1 * S, 8760 * H, FIXED, "a stream of events not heard of for so long is forgotten"),

    WORDS("journal.sync", WORD, AT(journal.sync), "normal", "normal|full", FIXED, "normal: what is acknowledged survives a killed broker; full: also power loss"),
    ROW("journal.max_age", DURATION, AT(journal.max_age), "168h", 1 * S, 87600 * H, FIXED, "older events go, unless a durable subscriber has not taken them"),
    ROW("journal.max_events", COUNT, AT(journal.max_events), "10000000", 1000, 1e12, FIXED, "of more the oldest go, with the same exception"),
    ROW("journal.max_bytes", SIZE, AT(journal.max_bytes), "4GiB", 16777216, 1024.0 * 1073741824, FIXED, "the oldest events go, taken or not, when the database is larger"),
    ROW("journal.subscriber_idle", DURATION, AT(journal.subscriber_idle), "168h", 1 * H, 8760 * H, FIXED, "a durable subscriber not heard of for so long is forgotten"),
    ROW("journal.memory_events", COUNT, AT(journal.memory_events), "100000", 100, 10000000, FIXED, "the newest events, kept in memory as well for those who read pages"),
    ROW("journal.memory_bytes", SIZE, AT(journal.memory_bytes), "64MiB", 65536, 16.0 * 1073741824, FIXED, "and their bytes"),
    ROW("journal.waiting_events", COUNT, AT(journal.waiting_events), "50000", 100, 10000000, FIXED, "events that wait for the disk; beyond it publishers are held back"),
    ROW("journal.waiting_bytes", SIZE, AT(journal.waiting_bytes), "64MiB", 65536, 16.0 * 1073741824, FIXED, "and their bytes"),

    RETRY(OWN, "", 0),
    LIMITS(OWN, "", 0),
    BREAKER(OWN, "", 0),
    TIMEOUT(OWN, "", 0),
    PROXY("defaults", proxy, "none", "none"),

    PROVIDER("elevenlabs", RF_PROVIDER_ELEVENLABS, "https://api.elevenlabs.io", "API key"),
    TEXT("providers.elevenlabs.probe_path", TEXT, AT(providers[RF_PROVIDER_ELEVENLABS].probe_path), "/v1/user/subscription", LIVE, "what the health monitor asks for; never a billed call"),
    TEXT("providers.elevenlabs.probe_expect", TEXT, AT(providers[RF_PROVIDER_ELEVENLABS].probe_expect), NULL, LIVE, "a text that a good answer to a probe has in its body"),
    TEXT("providers.elevenlabs.voice", TEXT, AT(providers[RF_PROVIDER_ELEVENLABS].voice), "21m00Tcm4TlvDq8ikWAM", LIVE, "voice id"),
    TEXT("providers.elevenlabs.model", TEXT, AT(providers[RF_PROVIDER_ELEVENLABS].model), "eleven_multilingual_v2", LIVE, "model id"),
    TEXT("providers.elevenlabs.output_format", TEXT, AT(providers[RF_PROVIDER_ELEVENLABS].output_format), "mp3_22050_32", LIVE, "audio format"),

    PROVIDER("openai", RF_PROVIDER_OPENAI, "https://api.openai.com", "API key"),
    TEXT("providers.openai.probe_path", TEXT, AT(providers[RF_PROVIDER_OPENAI].probe_path), "/v1/models", LIVE, "what the health monitor asks for; never a billed call"),
    TEXT("providers.openai.probe_expect", TEXT, AT(providers[RF_PROVIDER_OPENAI].probe_expect), NULL, LIVE, "a text that a good answer to a probe has in its body"),
    TEXT("providers.openai.model", TEXT, AT(providers[RF_PROVIDER_OPENAI].model), "gpt-4o-mini", LIVE, "model"),
    ROW("providers.openai.max_tokens", COUNT, AT(providers[RF_PROVIDER_OPENAI].max_tokens), "300", 1, 100000, LIVE, "length of a script at most"),

    PROVIDER("anthropic", RF_PROVIDER_ANTHROPIC, "https://api.anthropic.com", "API key"),
    TEXT("providers.anthropic.probe_path", TEXT, AT(providers[RF_PROVIDER_ANTHROPIC].probe_path), "/v1/models", LIVE, "what the health monitor asks for; never a billed call"),
    TEXT("providers.anthropic.probe_expect", TEXT, AT(providers[RF_PROVIDER_ANTHROPIC].probe_expect), NULL, LIVE, "a text that a good answer to a probe has in its body"),
    TEXT("providers.anthropic.model", TEXT, AT(providers[RF_PROVIDER_ANTHROPIC].model), "claude-3-5-haiku-latest", LIVE, "model"),
    ROW("providers.anthropic.max_tokens", COUNT, AT(providers[RF_PROVIDER_ANTHROPIC].max_tokens), "300", 1, 100000, LIVE, "length of a script at most"),

    PROVIDER("twilio", RF_PROVIDER_TWILIO, "https://api.twilio.com", "auth token"),
    DERIVED("providers.twilio.probe_path", TEXT, AT(providers[RF_PROVIDER_TWILIO].probe_path), "/2010-04-01/Accounts/<account_sid>.json", LIVE, "what the health monitor asks for; never a billed call"),
    TEXT("providers.twilio.probe_expect", TEXT, AT(providers[RF_PROVIDER_TWILIO].probe_expect), NULL, LIVE, "a text that a good answer to a probe has in its body"),
    TEXT("providers.twilio.account_sid", TEXT, AT(providers[RF_PROVIDER_TWILIO].account_sid), NULL, LIVE, "account"),
    TEXT("providers.twilio.from", PHONE, AT(providers[RF_PROVIDER_TWILIO].from), NULL, LIVE, "caller id"),

    // The same account as openai unless it says otherwise; the address goes with the key, so that a
    // key never reaches another host than its own.
    INHERIT("providers.openai-tts.base_url", BASE_URL, AT(providers[RF_PROVIDER_OPENAI_TTS].base_url), "providers.openai.base_url", 0, 0, LIVE, "address of the API, without its path"),
    DERIVED("providers.openai-tts.key", SECRET, AT(providers[RF_PROVIDER_OPENAI_TTS].key), "the keys of providers.openai, at the same base_url", LIVE, "API key, by file:PATH or ${ENV}"),
    LIST("providers.openai-tts.keys", AT(providers[RF_PROVIDER_OPENAI_TTS].keys), &rf_config_secret_items, LIVE, "further keys: the next one is used when one is refused or has no quota left"),
    LIST("providers.openai-tts.rules", AT(providers[RF_PROVIDER_OPENAI_TTS].rules), &rf_config_rule_items, LIVE, "what replies of it mean, before the built-in rules (ringfence config rules)"),
    INHERIT("providers.openai-tts.ca_file", PATH, AT(providers[RF_PROVIDER_OPENAI_TTS].ca_file), "providers.openai.ca_file", 0, 0, LIVE, "further trusted certificates (PEM), for a private CA"),
    POLICIES("openai-tts", RF_PROVIDER_OPENAI_TTS),
    TEXT("providers.openai-tts.probe_path", TEXT, AT(providers[RF_PROVIDER_OPENAI_TTS].probe_path), "/v1/models", LIVE, "what the health monitor asks for; never a billed call"),
    TEXT("providers.openai-tts.probe_expect", TEXT, AT(providers[RF_PROVIDER_OPENAI_TTS].probe_expect), NULL, LIVE, "a text that a good answer to a probe has in its body"),
    TEXT("providers.openai-tts.voice", TEXT, AT(providers[RF_PROVIDER_OPENAI_TTS].voice), "alloy", LIVE, "voice"),
    TEXT("providers.openai-tts.model", TEXT, AT(providers[RF_PROVIDER_OPENAI_TTS].model), "gpt-4o-mini-tts", LIVE, "model"),
    WORDS("providers.openai-tts.response_format", CHOICE, AT(providers[RF_PROVIDER_OPENAI_TTS].output_format), "mp3", "mp3|wav", LIVE, "audio format, of those that a telephone provider plays"),

    ROW("gateway.concurrency.speech", COUNT, AT(gateway.speech_concurrency), "16", 1, 10000, FIXED, "speech calls that one gateway carries out at once"),
    ROW("gateway.concurrency.script", COUNT, AT(gateway.script_concurrency), "16", 1, 10000, FIXED, "script calls"),
    ROW("gateway.concurrency.telephony", COUNT, AT(gateway.telephony_concurrency), "8", 1, 10000, FIXED, "dials, and questions about dials"),
    ROW("gateway.max_waiting", COUNT, AT(gateway.max_waiting), "1000", 1, 1000000, FIXED, "calls that wait for a retry"),
    ROW("gateway.max_reply_bytes", SIZE, AT(gateway.max_reply_bytes), "16MiB", 1024, 1073741824, LIVE, "a provider's reply beyond it is refused"),
    WORDS("gateway.chains.speech", CHAIN, AT(gateway.speech), "elevenlabs", "elevenlabs|openai-tts|recording", LIVE, "providers of speech, in order of preference; recording, as the last, plays gateway.recording"),
    WORDS("gateway.chains.script", CHAIN, AT(gateway.script), "openai,anthropic", "openai|anthropic|template", LIVE, "providers of scripts; template, as the last, fills in gateway.template"),
    WORDS("gateway.chains.telephony", CHAIN, AT(gateway.telephony), "twilio", "twilio", LIVE, "providers of telephone calls"),
    TEXT("gateway.template", LINES, AT(gateway.template), NULL, LIVE, "script of the link template; {name}, {phone} and {COLUMN} of the contact are filled in"),
    TEXT("gateway.recording", PATH, AT(gateway.recording), NULL, LIVE, "audio of the link recording: MP3 or WAV, at most 4 MiB"),
    TEXT("gateway.cache.enabled", BOOL, AT(gateway.cache_enabled), "yes", LIVE, "the same text by the same voice is spoken once; no: each speech is paid for"),
    ROW("gateway.cache.max_bytes", SIZE, AT(gateway.cache_max_bytes), "1GiB", 65536, 1024.0 * 1073741824, LIVE, "audio in media_dir; beyond it the least recently used goes, if no call may still want it"),
    TEXT("gateway.trace_context", BOOL, AT(gateway.trace_context), "yes", LIVE, "requests to providers carry the header traceparent (W3C), with the span of logger.traces"),

    WORDS("telephony.audio", CHOICE, AT(telephony.audio), "say", "say|play", LIVE, "say: the script goes into the call; play: the provider fetches our audio"),
    TEXT("telephony.machine_detection", BOOL, AT(telephony.machine_detection), "no", LIVE, "the provider listens whether a machine answers (Twilio bills it), which makes the outcome voicemail"),
    TEXT("telephony.async_detection", BOOL, AT(telephony.async_detection), "no", LIVE, "the call speaks at once while the provider still listens; what it heard comes by telephony.callback_url"),
    TEXT("telephony.callback_url", BASE_URL, AT(telephony.callback_url), NULL, LIVE, "public address of the console, where the provider tells how calls go (signed by the account's auth token); without it calls are asked about alone"),
    ROW("telephony.callback_poll", DURATION, AT(telephony.callback_poll), "1m", 50 * MS, 1 * H, LIVE, "with callback_url: time between two questions about a call's status, for callbacks that were lost"),
    TEXT("telephony.media_url", BASE_URL, AT(telephony.media_url), NULL, LIVE, "public address of the console's /media; needed for play"),
    TEXT("telephony.media_secret", SECRET, AT(telephony.media_secret), NULL, LIVE, "signs the media paths; needed for play"),
    ROW("telephony.media_ttl", DURATION, AT(telephony.media_ttl), "1h", 1 * S, 168 * H, LIVE, "how long a media path is valid"),
    ROW("telephony.ring_timeout", DURATION, AT(telephony.ring_timeout), "30s", 5 * S, 10 * M, LIVE, "a call that rings so long is given up"),
    ROW("telephony.send_margin", DURATION, AT(telephony.send_margin), "10s", 100 * MS, 10 * M, LIVE, "a dial not sent after this is not sent at all"),
    ROW("telephony.list_lag", DURATION, AT(telephony.list_lag), "5s", 0, 10 * M, LIVE, "how late a new call may show in the provider's list"),
    ROW("telephony.clock_skew", DURATION, AT(telephony.clock_skew), "5s", 0, 10 * M, LIVE, "between our clock and the provider's"),
    ROW("telephony.poll_initial", DURATION, AT(telephony.poll_initial), "1s", 50 * MS, 10 * M, LIVE, "first question about a call's status"),
    ROW("telephony.poll_max", DURATION, AT(telephony.poll_max), "10s", 50 * MS, 1 * H, LIVE, "longest time between two questions"),
    ROW("telephony.lost_after", DURATION, AT(telephony.lost_after), "10m", 1 * S, 24 * H, LIVE, "a call that the provider denies, or will not say whether there is one, for so long is given up, with an alert"),

    TEXT("orchestrator.store.url", TEXT, AT(orchestrator.store.url), NULL, FIXED, "PostgreSQL database for campaigns, such as postgresql://ringfence@db.example/ringfence; several orchestrators may share one; without it, SQLite in state_dir"),
    TEXT("orchestrator.store.password", SECRET, AT(orchestrator.store.password), NULL, FIXED, "of the database's user"),
    ROW("orchestrator.store.lease", DURATION, AT(orchestrator.store.lease), "15s", 1 * S, 10 * M, FIXED, "an orchestrator whose database has not heard of it for so long may lose its contacts to another; no dial is sent later than that"),
    ROW("orchestrator.concurrency", COUNT, AT(orchestrator.concurrency), "8", 1, 100000, LIVE, "contacts that one orchestrator has in progress at once"),
    RATE("orchestrator.pace", AT(orchestrator.pace), 0.001, 10000, LIVE, "calls begun a second, of all campaigns and orchestrators together; 0: no limit"),
    ROW("orchestrator.call_deadline", DURATION, AT(orchestrator.call_deadline), "120s", 1 * S, 24 * H, LIVE, "of a script or speech request, above all its waits and attempts"),
    ROW("orchestrator.dial_deadline", DURATION, AT(orchestrator.dial_deadline), "60s", 1 * S, 1 * H, LIVE, "of a dial request"),
    ROW("orchestrator.defer_delay", DURATION, AT(orchestrator.defer_delay), "15s", 100 * MS, 1 * H, LIVE, "a deferred contact is looked at again after this at the latest"),
    ROW("orchestrator.ramp_interval", DURATION, AT(orchestrator.ramp_interval), "200ms", 0, 1 * M, LIVE, "after a recovery contacts are released so far apart"),
    ROW("orchestrator.stalled_after", DURATION, AT(orchestrator.stalled_after), "10m", 0, 24 * H, LIVE, "a running campaign of which contacts are due and nothing moves for so long is told of; 0s: never"),
    ROW("orchestrator.prepare", COUNT, AT(orchestrator.prepare), "100", 0, 100000, LIVE, "while a service is down or their window is shut, contacts whose earlier steps, such as the script, are done in advance, of all campaigns and orchestrators together; 0: none"),
    TEXT("orchestrator.prompt", LINES, AT(orchestrator.prompt), "Write what a friendly AI agent says on the telephone to {name}: one greeting of at most 40 words, as plain text.", LIVE, "prompt of the script; {name}, {phone} and {COLUMN} of the contact are filled in"),

    TEXT("contacts.default_country", COUNTRY, AT(contacts.default_country), NULL, LIVE, "of the numbers in a list that have no country code, such as DE; without it they are refused"),
    WORDS("contacts.separator", CHOICE, AT(contacts.separator), "comma", "comma|semicolon|tab|bar", LIVE, "what stands between the fields of a list"),
    LIST("contacts.columns", AT(contacts.columns), &rf_config_column_items, LIVE, "columns of a list that are taken under another name, such as [phone=Telefon, name=Kunde]"),

    LIST("campaign.windows", AT(campaign.windows), &rf_config_hours_items, LIVE, "when contacts may be called, by the clock where they are; none: at any hour"),
    TEXT("campaign.time_zone", ZONE, AT(campaign.time_zone), NULL, LIVE, "of contacts that bring none of their own; needed for windows and holidays"),
    TEXT("campaign.holidays", PATH, AT(campaign.holidays), NULL, LIVE, "file of days on which nobody is called: 2026-12-25 or, for each year, 12-25 a line, then a name if you like; # begins a comment; read again by SIGHUP"),
    ROW("campaign.max_calls", COUNT, AT(campaign.max_calls), "1", 1, 100, LIVE, "calls to one contact in all, however they end; 1: nobody is called again"),
    RECALL("busy", RF_UNREACHED_BUSY, "2", "10m"),
    RECALL("no-answer", RF_UNREACHED_NO_ANSWER, "2", "1h"),
    RECALL("failed", RF_UNREACHED_FAILED, "1", "1h"),
    RECALL("canceled", RF_UNREACHED_CANCELED, "1", "10m"),
    RECALL("voicemail", RF_UNREACHED_VOICEMAIL, "0", "4h"),
    RATE("campaign.pace", AT(campaign.pace), 0.001, 10000, LIVE, "calls that one campaign begins a second; 0: no limit of its own"),
    ROW("campaign.concurrency", COUNT, AT(campaign.concurrency), "0", 0, 100000, LIVE, "contacts of one campaign in progress at once; 0: no limit of its own"),

    ROW("health.interval", DURATION, AT(health.interval), "10s", 100 * MS, 1 * H, LIVE, "time between two probes of a provider"),
    ROW("health.fast_interval", DURATION, AT(health.fast_interval), "2s", 100 * MS, 1 * H, LIVE, "the same while answers speak against the status"),
    ROW("health.jitter", SHARE, AT(health.jitter), "10%", 0, 0.9, LIVE, "both are drawn longer or shorter by up to this share, so that monitors do not ask in step"),
    ROW("health.timeout", DURATION, AT(health.timeout), "5s", 10 * MS, 10 * M, LIVE, "of a probe"),
    ROW("health.rise", COUNT, AT(health.rise), "2", 1, 100, LIVE, "good probes in a row until up"),
    ROW("health.fall", COUNT, AT(health.fall), "2", 1, 100, LIVE, "bad probes in a row until down"),
    ROW("health.slow_after", DURATION, AT(health.slow_after), "3s", 0, 10 * M, LIVE, "an answer that took longer is slow, and health.fall of them are degraded; 0s: none is"),
    ROW("health.calls.window", DURATION, AT(health.calls_window), "1m", 1200 * MS, 1 * H, LIVE, "the latest attempts of calls within this tell how a provider is, besides its probes"),
    ROW("health.calls.minimum", COUNT, AT(health.calls_minimum), "10", 1, 1000000, LIVE, "so many of them, or a few more"),
    ROW("health.calls.degraded", SHARE, AT(health.calls_degraded), "20%", 0.01, 1, LIVE, "so many of them fail (as the breaker counts them): degraded"),
    ROW("health.calls.down", SHARE, AT(health.calls_down), "90%", 0.01, 1, LIVE, "so many fail: down"),
    ROW("health.flap.changes", COUNT, AT(health.flap_changes), "6", 2, 32, LIVE, "so many changes of a status"),
    ROW("health.flap.within", DURATION, AT(health.flap_within), "10m", 1 * S, 24 * H, LIVE, "within this: it is shown as flapping, until it was the same for half of it"),
    ROW("health.certificate.least", DURATION, AT(health.certificate_least), "336h", 0, 90000 * H, LIVE, "a provider's certificate that ends sooner is told of (336h: 14 days)"),
    TEXT("health.alerter_webhook.url", URL, AT(health.alerter_webhook.url), NULL, LIVE, "told by the health monitor itself when no alerter is there, and when one is there again"),
    WORDS("health.alerter_webhook.shape", WORD, AT(health.alerter_webhook.shape), "generic", RF_WEBHOOK_SHAPES, LIVE, "generic: our own JSON; else what that service's webhooks take"),
    TEXT("health.alerter_webhook.secret", SECRET, AT(health.alerter_webhook.secret), NULL, LIVE, "whsec_...: signs after Standard Webhooks; pagerduty: the routing key"),
    TEXT("health.alerter_webhook.ca_file", PATH, AT(health.alerter_webhook.ca_file), NULL, LIVE, "further trusted certificates (PEM)"),
    ROW("health.alerter_webhook.after", DURATION, AT(health.alerter_webhook.after), "1m", 100 * MS, 24 * H, LIVE, "when it was away for so long"),
    ROW("health.credit.interval", DURATION, AT(health.credit_interval), "1m", 100 * MS, 24 * H, LIVE, "time between two looks at what the providers' accounts still have, and whether that lasts for the campaigns"),
    ROW("health.clock.most", DURATION, AT(health.clock_most), "30s", 2 * S, 24 * H, LIVE, "our own clock may differ by so much from what two providers' answers say, or more of them; else it is told of"),
    ROW("health.disk.interval", DURATION, AT(health.disk_interval), "30s", 100 * MS, 1 * H, LIVE, "time between two looks at the disks of this host's folders"),
    ROW("health.disk.least_bytes", SIZE, AT(health.disk_least_bytes), "1GiB", 0, 1024.0 * 1073741824, LIVE, "so much must be free on each; less is told of"),
    ROW("health.disk.least_share", SHARE, AT(health.disk_least_share), "10%", 0, 1, LIVE, "or this share of it, where that is less"),

    LIST("alerter.rules", AT(alerter.rules), &rf_config_alert_rule_items, LIVE, "which events are told, to whom and how, before the built-in rules (ringfence-alerter(8))"),
    ROW("alerter.storm.notices", COUNT, AT(alerter.storm.notices), "2", 1, 100, LIVE, "so many notices leave a channel singly in alerter.storm.within; more are gathered in one digest"),
    ROW("alerter.storm.within", DURATION, AT(alerter.storm.within), "10s", 100 * MS, 1 * H, LIVE, "and it is sent when nothing came for so long"),
    ROW("alerter.storm.gather", DURATION, AT(alerter.storm.gather), "1m", 1 * S, 1 * H, LIVE, "or after so long at the latest"),
    LIST("alerter.quiet.hours", AT(alerter.quiet.hours), &rf_config_hours_items, LIVE, "when notices below alerter.quiet.below wait; what waited then comes as one"),
    TEXT("alerter.quiet.time_zone", ZONE, AT(alerter.quiet.time_zone), "UTC", LIVE, "of these hours"),
    WORDS("alerter.quiet.below", CHOICE, AT(alerter.quiet.below), "critical", "warning|error|critical", LIVE, "severity that disturbs at any hour"),
    ROW("alerter.own_side.providers", COUNT, AT(alerter.own_side.providers), "3", 0, 100, LIVE, "so many providers that go down together are told as one incident of our own side; 0: never"),
    ROW("alerter.own_side.within", DURATION, AT(alerter.own_side.within), "15s", 0, 10 * M, LIVE, "together; so long a provider's outage waits to be told"),
    ROW("alerter.remind", DURATION, AT(alerter.remind), "4h", 0, 744 * H, LIVE, "what is open and not acknowledged is told again so often; 0s: never. A rule may have its own"),
    ROW("alerter.flap_window", DURATION, AT(alerter.flap_window), "5m", 0, 24 * H, LIVE, "what opens again so soon goes on with its thread; 0s: each is a new one"),
    ROW("alerter.flap_changes", COUNT, AT(alerter.flap_changes), "4", 2, 1000, LIVE, "so many changes, each within flap_window of the one before: it flaps, is told so once, and is held open until it was quiet for so long"),
    ROW("alerter.settle", DURATION, AT(alerter.settle), "1m", 0, 1 * H, LIVE, "what followed from another incident is told so long after that one's end, if it is still there"),
    TEXT("alerter.email.enabled", BOOL, AT(alerter.email.enabled), "no", LIVE, "sends alerts by mail"),
    TEXT("alerter.email.url", SMTP_URL, AT(alerter.email.url), NULL, LIVE, "smtp://HOST:PORT or smtps://HOST:PORT"),
    TEXT("alerter.email.from", TEXT, AT(alerter.email.from), NULL, LIVE, "sender's address"),
    TEXT("alerter.email.to", TEXT, AT(alerter.email.to), NULL, LIVE, "one address, or several separated by commas"),
    TEXT("alerter.email.user", TEXT, AT(alerter.email.user), NULL, LIVE, "without it there is no authentication"),
    TEXT("alerter.email.password", SECRET, AT(alerter.email.password), NULL, LIVE, "of the user, by file:PATH or ${ENV}"),
    TEXT("alerter.email.ca_file", PATH, AT(alerter.email.ca_file), NULL, LIVE, "further trusted certificates (PEM)"),
    WORDS("alerter.email.severity", WORD, AT(alerter.email.limits.severity), "info", SEVERITIES, LIVE, "what is less severe is not told on this channel"),
    ROW("alerter.email.rate", COUNT, AT(alerter.email.limits.rate), "0", 0, 6000, LIVE, "mails a minute at most; the rest waits, in order; 0: no limit"),
    TEXT("alerter.email.require_tls", BOOL, AT(alerter.email.require_tls), "yes", LIVE, "STARTTLS must succeed on smtp://; no: plain text is allowed"),
    TEXT("alerter.telegram.enabled", BOOL, AT(alerter.telegram.enabled), "no", LIVE, "sends alerts by a Telegram bot"),
    TEXT("alerter.telegram.base_url", BASE_URL, AT(alerter.telegram.base_url), "https://api.telegram.org", LIVE, "address of the API"),
    TEXT("alerter.telegram.token", SECRET, AT(alerter.telegram.token), NULL, LIVE, "the bot's token, by file:PATH or ${ENV}"),
    TEXT("alerter.telegram.chat_id", TEXT, AT(alerter.telegram.chat_id), NULL, LIVE, "where to"),
    TEXT("alerter.telegram.ca_file", PATH, AT(alerter.telegram.ca_file), NULL, LIVE, "further trusted certificates (PEM)"),
    WORDS("alerter.telegram.severity", WORD, AT(alerter.telegram.limits.severity), "info", SEVERITIES, LIVE, "what is less severe is not told on this channel"),
    ROW("alerter.telegram.rate", COUNT, AT(alerter.telegram.limits.rate), "0", 0, 6000, LIVE, "messages a minute at most; the rest waits, in order; 0: 20, what Telegram allows a group"),
    TEXT("alerter.webhook.enabled", BOOL, AT(alerter.webhook.enabled), "no", LIVE, "posts alerts as JSON"),
    TEXT("alerter.webhook.url", URL, AT(alerter.webhook.url), NULL, LIVE, "where to"),
    WORDS("alerter.webhook.shape", WORD, AT(alerter.webhook.shape), "generic", RF_WEBHOOK_SHAPES, LIVE, "generic: our own JSON; else what that service's webhooks take"),
    TEXT("alerter.webhook.secret", SECRET, AT(alerter.webhook.secret), NULL, LIVE, "whsec_...: signs after Standard Webhooks (several while it changes, the new one first); pagerduty: the routing key"),
    TEXT("alerter.webhook.ca_file", PATH, AT(alerter.webhook.ca_file), NULL, LIVE, "further trusted certificates (PEM)"),
    WORDS("alerter.webhook.severity", WORD, AT(alerter.webhook.limits.severity), "info", SEVERITIES, LIVE, "what is less severe is not told on this channel"),
    ROW("alerter.webhook.rate", COUNT, AT(alerter.webhook.limits.rate), "0", 0, 6000, LIVE, "posts a minute at most; the rest waits, in order; 0: as its shape allows (Slack 60, Discord 30, PagerDuty 120, generic without limit)"),
    LIST("alerter.channels", AT(alerter.channels), &rf_config_channel_items, LIVE, "further channels, each with its name"),
    TEXT("alerter.heartbeat.url", URL, AT(alerter.heartbeat.url), NULL, LIVE, "asked as long as the alerter works: hears the broker, and keeps what it hears; for a service that alarms when that stays away"),
    ROW("alerter.heartbeat.interval", DURATION, AT(alerter.heartbeat.interval), "60s", 1 * S, 24 * H, LIVE, "time between two of them"),
    WORDS("alerter.heartbeat.method", CHOICE, AT(alerter.heartbeat.method), "GET", "GET|POST", LIVE, "how it is asked"),
    TEXT("alerter.heartbeat.ca_file", PATH, AT(alerter.heartbeat.ca_file), NULL, LIVE, "further trusted certificates (PEM)"),
    ROW("alerter.breaker.failures", COUNT, AT(alerter.breaker_failures), "5", 1, RF_BREAKER_MAX_THRESHOLD, LIVE, "so many failed attempts in a row on a channel, and it rests; what waits is kept in its order"),
    ROW("alerter.breaker.recovery_timeout", DURATION, AT(alerter.breaker_recovery), "30s", 10 * MS, 1 * H, LIVE, "so long, until one notice tries it again; after each failed try twice as long"),
    ROW("alerter.breaker.recovery_max", DURATION, AT(alerter.breaker_recovery_max), "10m", 10 * MS, 24 * H, LIVE, "but never longer"),
    ROW("alerter.stale_after", DURATION, AT(alerter.stale_after), "1h", 1 * S, 744 * H, LIVE, "notices that a channel could not be given for so long are folded into one summary when it works again"),
    ROW("alerter.dead_after", DURATION, AT(alerter.dead_after), "24h", 1 * S, 744 * H, LIVE, "a notice that a channel could not be given for so long is a dead letter: kept, listed, and sent again when asked (ringfence alert resend)"),
    WORDS("alerter.retry.strategy", WORD, AT(alerter.retry.strategy), "exponential", STRATEGIES, LIVE, "how the waits grow: by backoff_factor, by initial_delay, or not"),
    RETRY(SECTION, "alerter", alerter),
    TEXT("alerter.templates", PATH, AT(alerter.templates), NULL, LIVE, "folder with templates of one's own: subject.txt, email.txt, email.html, telegram.md, webhook.json; see ringfence-alerter(8)"),
    ROW("alerter.timeout", DURATION, AT(alerter.timeout), "10s", 100 * MS, 10 * M, LIVE, "one delivery attempt"),

    WORDS("redaction.texts", WORD, AT(redaction.texts), "length", "length|keep|drop", LIVE, "of scripts, speech and transcripts in logs and alerts: how long they are, all of them, or nothing"),
    WORDS("redaction.phones", WORD, AT(redaction.phones), "hash", "hash|keep", LIVE, "telephone numbers in logs and alerts: country, last two digits and a keyed hash, or as they are"),
    WORDS("redaction.names", WORD, AT(redaction.names), "show", "show|initials|hide", LIVE, "contacts' names in logs and alerts: as they are, or their initials or nothing and a keyed hash"),
    DERIVED("redaction.key", SECRET, AT(redaction.key), "that of <state_dir>/redaction.key, made at the first start", LIVE, "of the hash, by file:PATH or ${ENV}: hosts with the same key show a number the same way"),

    DERIVED("logger.json_file", PATH, AT(logger.json_file), "<log_dir>/app_logs.json", FIXED, "one JSON object a line"),
    DERIVED("logger.text_file", PATH, AT(logger.text_file), "<log_dir>/app.log", FIXED, "for people"),
    ROW("logger.rotate.size", SIZE, AT(logger.rotate.size), "100MiB", 0, 1024.0 * 1073741824, LIVE, "a log file that would become larger is closed, and a new one begun; 0B: never for its size"),
    ROW("logger.rotate.age", DURATION, AT(logger.rotate.age), "24h", 0, 8784 * H, LIVE, "and one that was begun so long ago; 0s: never for its age"),
    WORDS("logger.rotate.compress", WORD, AT(logger.rotate.compress), "gzip", "none|gzip|zstd", LIVE, "what becomes of a closed one, in the background"),
    ROW("logger.rotate.keep_bytes", SIZE, AT(logger.rotate.keep_bytes), "2GiB", 0, 1048576.0 * 1073741824, LIVE, "all closed files of one log together, as they are on the disk; beyond it the oldest go; 0B: no limit"),
    ROW("logger.rotate.keep_age", DURATION, AT(logger.rotate.keep_age), "720h", 0, 87840 * H, LIVE, "a closed one goes so long after it was closed; 0s: no limit"),
    TEXT("logger.sheets.enabled", BOOL, AT(logger.sheets.enabled), "no", LIVE, "writes events to a Google Sheet"),
    TEXT("logger.sheets.base_url", BASE_URL, AT(logger.sheets.base_url), "https://sheets.googleapis.com", LIVE, "address of the API"),
    TEXT("logger.sheets.token_url", URL, AT(logger.sheets.token_url), "https://oauth2.googleapis.com/token", LIVE, "where the service account gets its token"),
    TEXT("logger.sheets.spreadsheet", TEXT, AT(logger.sheets.spreadsheet), NULL, LIVE, "id of the spreadsheet"),
    TEXT("logger.sheets.sheet", TEXT, AT(logger.sheets.sheet), "events", LIVE, "name of the tab"),
    TEXT("logger.sheets.credentials", PATH, AT(logger.sheets.credentials), NULL, LIVE, "the service account's JSON"),
    TEXT("logger.sheets.ca_file", PATH, AT(logger.sheets.ca_file), NULL, LIVE, "further trusted certificates (PEM)"),
    ROW("logger.sheets.quota", COUNT, AT(logger.sheets.quota), "60", 0, 1000000, LIVE, "requests a minute at most, to read and to write each: Google allows 60 a user of a project, and 300 a project; 0: no bound of our own"),
    ROW("logger.sheets.batch", COUNT, AT(logger.sheets.batch), "500", 1, 10000, LIVE, "rows a request at most"),
    ROW("logger.sheets.interval", DURATION, AT(logger.sheets.interval), "2s", 10 * MS, 1 * H, LIVE, "at most so long until a row is written"),
    TEXT("logger.sheets.log_lines", BOOL, AT(logger.sheets.log_lines), "no", LIVE, "log lines of our processes (log.line) become rows as well"),
    TEXT("logger.otlp.enabled", BOOL, AT(logger.otlp.enabled), "no", LIVE, "sends events to a collector of OpenTelemetry (OTLP/HTTP, JSON)"),
    TEXT("logger.otlp.url", BASE_URL, AT(logger.otlp.url), "http://127.0.0.1:4318", LIVE, "address of the collector, without its path /v1/logs"),
    LIST("logger.otlp.headers", AT(logger.otlp.headers), &rf_config_header_items, LIVE, "further headers, NAME: VALUE each, by file:PATH or ${ENV}, such as Authorization: Bearer ..."),
    TEXT("logger.otlp.ca_file", PATH, AT(logger.otlp.ca_file), NULL, LIVE, "further trusted certificates (PEM)"),
    ROW("logger.otlp.batch", COUNT, AT(logger.otlp.batch), "500", 1, 10000, LIVE, "records a request at most"),
    ROW("logger.otlp.interval", DURATION, AT(logger.otlp.interval), "1s", 0, 1 * H, LIVE, "at most so long until a record is sent"),
    TEXT("logger.otlp.log_lines", BOOL, AT(logger.otlp.log_lines), "yes", LIVE, "log lines of our processes (log.line) as well"),
    TEXT("logger.traces.enabled", BOOL, AT(logger.traces.otlp.enabled), "no", LIVE, "sends each contact's spans to a collector of OpenTelemetry (OTLP/HTTP, JSON)"),
    TEXT("logger.traces.url", BASE_URL, AT(logger.traces.otlp.url), "http://127.0.0.1:4318", LIVE, "address of the collector, without its path /v1/traces"),
    LIST("logger.traces.headers", AT(logger.traces.otlp.headers), &rf_config_header_items, LIVE, "further headers, NAME: VALUE each, by file:PATH or ${ENV}, such as Authorization: Bearer ..."),
    TEXT("logger.traces.ca_file", PATH, AT(logger.traces.otlp.ca_file), NULL, LIVE, "further trusted certificates (PEM)"),
    ROW("logger.traces.batch", COUNT, AT(logger.traces.otlp.batch), "500", 1, 10000, LIVE, "spans a request at most"),
    ROW("logger.traces.interval", DURATION, AT(logger.traces.otlp.interval), "1s", 0, 1 * H, LIVE, "at most so long until a span that has ended is sent"),
    ROW("logger.traces.contacts", COUNT, AT(logger.traces.contacts), "50000", 1, 10000000, LIVE, "contacts that are kept: those under way, and the last that ended; beyond it the longest silent are told as unfinished"),
    TEXT("logger.syslog.enabled", BOOL, AT(logger.syslog.enabled), "no", LIVE, "sends events to a syslog receiver (RFC 5424)"),
    TEXT("logger.syslog.url", TEXT, AT(logger.syslog.url), NULL, LIVE, "udp://HOST[:PORT], tcp://HOST[:PORT], tls://HOST[:PORT] or unix://PATH, such as unix:///dev/log"),
    WORDS("logger.syslog.facility", CHOICE, AT(logger.syslog.facility), "local0", "kern|user|mail|daemon|auth|syslog|lpr|news|uucp|cron|authpriv|ftp|ntp|audit|alert|clock|local0|local1|local2|local3|local4|local5|local6|local7", LIVE, "of all messages"),
    TEXT("logger.syslog.app_name", TEXT, AT(logger.syslog.app_name), "ringfence", LIVE, "of all messages"),
    TEXT("logger.syslog.sd_id", TEXT, AT(logger.syslog.sd_id), "ringfence@32473", LIVE, "name of the structured data; the number behind the @ is the one that is reserved for examples, put your organisation's there"),
    TEXT("logger.syslog.ca_file", PATH, AT(logger.syslog.ca_file), NULL, LIVE, "further trusted certificates (PEM), for tls://"),
    TEXT("logger.syslog.log_lines", BOOL, AT(logger.syslog.log_lines), "yes", LIVE, "log lines of our processes (log.line) as well"),
    WORDS("logger.retry.strategy", WORD, AT(logger.retry.strategy), "exponential", STRATEGIES, LIVE, "how the waits grow: by backoff_factor, by initial_delay, or not"),
    RETRY(SECTION, "logger", logger),
    ROW("logger.timeout", DURATION, AT(logger.timeout), "10s", 100 * MS, 10 * M, LIVE, "one request to Sheets"),

    TEXT("console.listen", LISTEN, AT(console.listen), "127.0.0.1:18090", FIXED, "the page and its API, media paths, callbacks, /metrics and /healthz"),
    TEXT("console.cert_file", PATH, AT(console.cert_file), NULL, FIXED, "certificate chain (PEM): HTTPS instead of HTTP; needs key_file"),
    TEXT("console.key_file", PATH, AT(console.key_file), NULL, FIXED, "its key (PEM)"),
    LIST("console.tokens", AT(console.tokens), &rf_config_visitor_items, LIVE, "who may use it; without them there is one token, an operator's, in <state_dir>/console.token, which is made at the first start"),
    LIST("console.hosts", AT(console.hosts), &rf_config_host_items, LIVE, "names under which browsers reach it, beside localhost and IP addresses, such as [console.example.com]"),
    LIST("console.proxies", AT(console.proxies), &rf_config_proxy_items, LIVE, "addresses of servers before it, such as [127.0.0.1]: their X-Forwarded-For says who guesses tokens, where else all visitors behind them would have to wait together"),
    ROW("console.session", DURATION, AT(console.session), "12h", 1 * M, 31 * 24 * H, LIVE, "a browser stays logged in for so long"),

    TEXT("simulator.listen", LISTEN, AT(simulator.listen), "127.0.0.1:18080", FIXED, "all faces by plain HTTP"),
    TEXT("simulator.tls_listen", LISTEN, AT(simulator.tls_listen), NULL, FIXED, "and by HTTPS; needs cert_file and key_file"),
    TEXT("simulator.cert_file", PATH, AT(simulator.cert_file), NULL, FIXED, "certificate chain (PEM)"),
    TEXT("simulator.key_file", PATH, AT(simulator.key_file), NULL, FIXED, "its key (PEM)"),
    ROW("simulator.seed", COUNT, AT(simulator.seed), "1", 0, 9007199254740992.0, FIXED, "of all its random draws"),
    ROW("simulator.cps", NUMBER, AT(simulator.cps), "1", 0.01, 10000, FIXED, "Twilio: calls begun a second; the rest is queued"),
    ROW("simulator.list_lag", DURATION, AT(simulator.list_lag), "1s", 0, 10 * M, FIXED, "Twilio: how late the list shows a new call"),
    ROW("simulator.ring", DURATION, AT(simulator.ring), "2s", 0, 10 * M, FIXED, "how long a call rings"),
    ROW("simulator.talk", DURATION, AT(simulator.talk), "5s", 0, 1 * H, FIXED, "how long a call lasts"),
    ROW("simulator.latency", DURATION, AT(simulator.latency), "20ms", 0, 10 * M, FIXED, "of every reply"),
    TEXT("simulator.fetch_media", BOOL, AT(simulator.fetch_media), "yes", FIXED, "fetches what a call is told to play"),
};

// NOLINTEND(bugprone-macro-parentheses)
// clang-format on

const size_t rf_config_row_count = sizeof rf_config_rows / sizeof rf_config_rows[0];

size_t rf_config_row_find(const char *key) {
    size_t i = 0;
    while (i < rf_config_row_count && strcmp(rf_config_rows[i].key, key) != 0)
        i++;
    return i;
}

bool rf_config_section(const char *path) {
    size_t length = strlen(path);
    for (size_t i = 0; i < rf_config_row_count; i++) {
        const char *key = rf_config_rows[i].key;
        if (strncmp(key, path, length) == 0 && key[length] == '.')
            return true;
    }
    return false;
}
