// The configuration of the whole set: one YAML file, one struct. Read by libyaml with its marks,
// driven by the rows in rows.c, from which `ringfence config check` and the documentation come as
// well. Every error names file, line, key and what was expected. All texts belong to the struct.
#ifndef RF_CONFIG_CONFIG_H
#define RF_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include <ringfence/adaptive.h>
#include <ringfence/breaker.h>
#include <ringfence/budget.h>
#include <ringfence/bulkhead.h>
#include <ringfence/bus_config.h>
#include <ringfence/error.h>
#include <ringfence/hedge.h>
#include <ringfence/policy.h>
#include <ringfence/rate_limit.h>
#include <ringfence/retry.h>
#include <ringfence/time.h>

#include "calendar/hours.h"

#define RF_CONFIG_MAX_LINKS 4 // of a chain; no service has as many providers
#define RF_CONFIG_MAX_KEYS  16

// A secret: given as text, ${ENV} or `file:PATH`. A file is read again on reload and when a user
// asks, so a key can change while running. Never printed.
struct rf_secret {
    char *value;          // NULL: not set. Without trailing newline
    char *file;           // NULL: not from a file
    char fingerprint[17]; // first 16 hex digits of the SHA-256 of the value; "" if not set
};

// rf_secret_refresh: reads a `file:` secret again. `changed` tells whether the value is another
// now; a file that cannot be read or is empty is an error and keeps the old value. Without a file:
// no change.
RF_NODISCARD enum rf_err rf_secret_refresh(struct rf_secret *secret, bool *changed,
                                           struct rf_error *error);

// rf_secret_copy: `to` (a secret or all zero) becomes a copy of its own, for an owner that
// refreshes it. RF_ERR_NOMEM leaves `to` as it was. rf_secret_fini: wipes and frees; all zero
// afterwards.
RF_NODISCARD enum rf_err rf_secret_copy(struct rf_secret *to, const struct rf_secret *from);
void rf_secret_fini(struct rf_secret *secret);

// A list of the file: `count` items, of the type that stands at the member.
struct rf_config_list {
    void *items; // NULL: none
    size_t count;
};

// HTTP statuses from..to: "429", "400-499" or "4xx". from 0: any.
struct rf_config_status {
    int64_t from, to;
};

// One of a provider's rules: what a reply looks like, and what it then is. What is not given (NULL,
// 0) does not matter. See rules/rules.h, which these come before.
struct rf_config_rule {
    struct rf_config_status status;
    char *field, *header;    // a path into the body's JSON, or the name of a header; not both
    char *equals, *contains; // of that field or header; neither: it is there
    char *failure;           // what went wrong without a status, or with a body that is no use
    char *sent;              // "yes" or "no": whether the request may have been sent
    char *operation;         // "speak", "write", "dial", "find_call", "call_status"
    char *class;             // rf_class_name; always there
    char *retry;             // NULL: as the class says; "never"; "place": when a call of ours ends
    struct rf_duration mark_for; // a mark made of it ends by itself; 0: not so
    char *source;                // where that is written; NULL: this file
};

enum rf_provider {
    RF_PROVIDER_ELEVENLABS,
    RF_PROVIDER_OPENAI,
    RF_PROVIDER_ANTHROPIC,
    RF_PROVIDER_TWILIO,
    RF_PROVIDER_OPENAI_TTS, // OpenAI's speech: a breaker, a mark and limits of its own
};
#define RF_PROVIDER_COUNT 5

// rf_provider_name: "elevenlabs", "openai", "anthropic", "twilio", "openai-tts". Never NULL.
const char *rf_provider_name(enum rf_provider provider);
bool rf_provider_parse(const char *name, enum rf_provider *provider);

struct rf_config_timeout {
    struct rf_duration connect;    // to a connection, TLS included
    struct rf_duration attempt;    // one attempt in all
    struct rf_duration first_byte; // from the connection to the body's first byte; 0: no limit
    struct rf_duration stall; // then: no byte, or less than min_speed, for so long; 0: no limit
    int64_t min_speed;        // bytes a second; 0: no limit
};

// What carries the requests to a provider. The environment's proxy variables are not read.
struct rf_config_proxy {
    char *url;  // http:// or https://; NULL: none
    char *user; // NULL: no login
    struct rf_secret password;
};

// A gateway that fails at a provider while others are served is kept from it for a while.
struct rf_config_ejection {
    struct rf_duration time;           // breaker.ejection_time
    double growth;                     // breaker.ejection_growth
    struct rf_duration max;            // breaker.ejection_max
    struct rf_duration confirm_within; // breaker.confirm_within
};

// What every provider has; `retry`, `breaker`, `timeout` inherit from `defaults`, key by key.
struct rf_config_provider {
    char *base_url;       // "https://api.elevenlabs.io"
    struct rf_secret key; // the API key; Twilio: the auth token; openai-tts without one: openai's
    struct rf_config_list keys;  // of struct rf_secret: further keys, in order of preference
    struct rf_config_list rules; // of struct rf_config_rule, before the built-in ones
    char *ca_file;      // further trusted certificates (PEM), for a private CA; NULL: the system's
    char *probe_path;   // what the health monitor asks for
    char *probe_expect; // a text that a good answer has; NULL: any
    struct rf_retry_policy retry;
    enum rf_when_open when_open;    // breaker.when_open
    struct rf_budget_policy budget; // retry.budget
    struct rf_bulkhead_policy bulkhead;
    struct rf_rate_limit_policy rate_limit;
    struct rf_adaptive_policy adaptive;
    struct rf_hedge_policy hedge;
    struct rf_breaker_policy breaker;
    struct rf_config_ejection ejection;
    struct rf_config_timeout timeout;
    struct rf_config_proxy proxy; // with nothing of its own: that of `defaults`

    char *voice;         // ElevenLabs voice id, OpenAI voice
    char *output_format; // ElevenLabs, such as mp3_22050_32; openai-tts: its response_format
    char *model;         // all but Twilio
    int64_t max_tokens;  // OpenAI, Anthropic
    char *account_sid;   // Twilio
    char *from;          // Twilio: the caller id, E.164
};

// What serves without any provider, as the last link of a chain: it is no service, has no breaker
// and is never retried.
enum rf_local {
    RF_LOCAL_NONE,
    RF_LOCAL_TEMPLATE,  // scripts: gateway.template, filled in
    RF_LOCAL_RECORDING, // speech: gateway.recording
};

// rf_local_name: "template", "recording", or "" for none.
const char *rf_local_name(enum rf_local local);
bool rf_local_parse(const char *name, enum rf_local *local);

struct rf_config_chain {
    enum rf_provider links[RF_CONFIG_MAX_LINKS]; // in order of preference
    size_t count;                                // 0: the local link serves alone
    enum rf_local local;                         // behind them
};

// rf_config_chain_names: whether the provider is one of the chain's links.
bool rf_config_chain_names(const struct rf_config_chain *chain, enum rf_provider provider);

struct rf_config_broker {
    struct rf_duration
        drain_timeout;              // longer than the others': it serves until its peers have left
    int64_t queue_limit;            // waiting calls a service
    int64_t queue_bytes;            // calls of all services
    int64_t answers;                // remembered answers to calls that may not be repeated
    int64_t state_entries;          // retained values
    char *known_clients;            // file of the keys that are let in over TCP, with their roles
    struct rf_duration stream_idle; // a stream not heard of for so long is forgotten
};

enum rf_journal_sync {
    RF_JOURNAL_SYNC_NORMAL, // what is acknowledged survives the end of the broker, however it ends
    RF_JOURNAL_SYNC_FULL,   // and power loss
};

struct rf_config_journal {
    enum rf_journal_sync sync;
    int64_t memory_events;      // the newest events, kept in memory for those who read pages
    int64_t memory_bytes;       // and their bytes
    int64_t waiting_events;     // events that may wait for the disk: then publishers are held back
    int64_t waiting_bytes;      // and their bytes
    struct rf_duration max_age; // older events go
    int64_t max_events;         // the oldest of more events go
    int64_t max_bytes;          // the oldest events of a larger database go
    struct rf_duration subscriber_idle; // a durable name not heard of for so long is forgotten
};

struct rf_config_gateway {
    int64_t speech_concurrency, script_concurrency, telephony_concurrency;
    int64_t max_waiting;                              // calls that wait for a retry
    int64_t max_reply_bytes;                          // a reply's body beyond it is refused
    struct rf_config_chain speech, script, telephony; // fallback chains
    char *template;          // the script of the local link; {name}, {phone}, {COLUMN} are replaced
    char *recording;         // path of the audio of the local link
    bool cache_enabled;      // speech that was paid for is not paid for twice
    int64_t cache_max_bytes; // of audio in media_dir; the least recently used goes
    bool trace_context;      // requests to providers carry a traceparent
};

struct rf_config_telephony {
    char *audio;                      // "say" or "play"
    bool machine_detection;           // the provider tells whether a machine answered
    bool async_detection;             // by a callback, while the call goes on; needs callback_url
    char *callback_url;               // public address of the console's callbacks; NULL: none
    struct rf_duration callback_poll; // instead of poll_initial and poll_max, with callback_url
    char *media_url;                 // public address of the console's media paths; needed for play
    struct rf_secret media_secret;   // signs the media paths; needed for play
    struct rf_duration media_ttl;    // how long a media path is valid
    struct rf_duration ring_timeout; // Twilio Timeout: give up after ringing so long
    struct rf_duration send_margin;  // send_before is now plus this
    struct rf_duration list_lag;     // how late the provider's list of calls may be
    struct rf_duration clock_skew;   // between our clock and the provider's
    struct rf_duration poll_initial, poll_max; // asking for a call's status
    struct rf_duration lost_after;
};

struct rf_config_store {
    char *url; // postgresql://...; NULL: SQLite in state_dir
    struct rf_secret password;
    struct rf_duration lease; // with a URL
};

struct rf_config_orchestrator {
    struct rf_config_store store;
    int64_t concurrency;              // contacts in progress at once
    double pace;                      // calls begun a second, of all campaigns; 0: no limit
    struct rf_duration call_deadline; // of a script or speech request, above all waits and attempts
    struct rf_duration dial_deadline; // of a dial request
    struct rf_duration
        defer_delay; // a deferred contact is looked at again after this at the latest
    struct rf_duration
        ramp_interval; // after a recovery contacts are released one by one, so far apart
    struct rf_duration stalled_after; // nothing moves though contacts are due: told; 0: never
    int64_t prepare; // contacts made ready while a service that they need later is down; 0: none
    char *prompt;    // script prompt; {name} and {phone} are replaced, {COLUMN} too
};

// How lists of contacts are written.
struct rf_config_contacts {
    char *default_country;         // ISO 3166; NULL: all numbers have their country code
    char *separator;               // comma, semicolon, tab, bar
    struct rf_config_list columns; // of char *, "phone=Telefon"
};

// How a call ended that did not reach its person, though the provider carried it out.
enum rf_unreached {
    RF_UNREACHED_NONE, // it did reach its person, or there was none
    RF_UNREACHED_BUSY,
    RF_UNREACHED_NO_ANSWER,
    RF_UNREACHED_FAILED,    // it could not be connected
    RF_UNREACHED_CANCELED,  // it was ended before an answer
    RF_UNREACHED_VOICEMAIL, // a machine answered
};
#define RF_UNREACHED_COUNT 6

// rf_unreached_name: "none", "busy", "no-answer", "failed", "canceled", "voicemail". Never NULL.
const char *rf_unreached_name(enum rf_unreached unreached);
bool rf_unreached_parse(const char *name, enum rf_unreached *unreached);

// When to call again after calls that ended in one way.
struct rf_config_recall {
    int64_t retries;                     // of this ending; `waits` has its own number
    struct rf_duration delay, max_delay; // the first wait, and the longest
    double backoff_factor;               // each wait is so many times the one before
    struct rf_config_list waits;         // of struct rf_duration: instead of these
    struct rf_config_list windows;       // of struct rf_hours: within the campaign's; none: those
};

// What holds for each campaign.
struct rf_config_campaign {
    struct rf_config_list windows; // of struct rf_hours, local time of the contact; none: always
    char *time_zone;               // of contacts that bring none; NULL: UTC, and no windows
    char *holidays;                // path of the file; NULL: none
    int64_t max_calls;             // to one contact, over all endings
    struct rf_config_recall recall[RF_UNREACHED_COUNT]; // of NONE there is none
    double pace;                                        // calls begun a second; 0: no limit
    int64_t concurrency; // contacts in progress; 0: no limit of its own
};

// rf_config_hours: the windows of a list of them.
struct rf_hours_list rf_config_hours(const struct rf_config_list *list);

// Who a webhook speaks to.
enum rf_config_shape { RF_SHAPE_GENERIC, RF_SHAPE_SLACK, RF_SHAPE_DISCORD, RF_SHAPE_PAGERDUTY };

// Whom the health monitor tells directly that the alerter is away.
struct rf_config_alerter_webhook {
    char *url; // NULL: nobody
    enum rf_config_shape shape;
    struct rf_secret secret; // as that of a webhook of the alerter
    char *ca_file;
    struct rf_duration after; // away for so long
};

struct rf_config_health {
    struct rf_config_alerter_webhook alerter_webhook;
    struct rf_duration interval, fast_interval, timeout;
    double jitter;                     // share of an interval
    int64_t rise, fall;                // probes in a row that change the status
    struct rf_duration slow_after;     // an answer to a probe; 0: none is slow
    struct rf_duration calls_window;   // attempts of calls that are looked at
    int64_t calls_minimum;             // fewer say nothing
    double calls_degraded, calls_down; // shares of them that fail
    int64_t flap_changes;              // of the status
    struct rf_duration flap_within;
    struct rf_duration certificate_least; // left of a certificate: else it is told
    struct rf_duration credit_interval;   // between two looks at the providers' accounts
    struct rf_duration clock_most;        // between our clock and the providers'
    struct rf_duration disk_interval;     // between two looks
    int64_t disk_least_bytes;             // free on a disk: the smaller of the two
    double disk_least_share;
};

// How a channel of the alerter takes what is given to it.
enum rf_severity_least { RF_LEAST_INFO, RF_LEAST_WARNING, RF_LEAST_ERROR, RF_LEAST_CRITICAL };

struct rf_config_channel_limits {
    enum rf_severity_least severity; // what is less is not told on it
    int64_t rate;                    // notices a minute; 0: as its kind is used to
};

struct rf_config_email {
    bool enabled;
    struct rf_config_channel_limits limits;
    char *url; // smtp://host:port or smtps://host:port
    char *from;
    char *to;   // one address or several, separated by commas
    char *user; // NULL: no authentication
    struct rf_secret password;
    char *ca_file;
    bool require_tls; // STARTTLS must succeed
};

struct rf_config_telegram {
    bool enabled;
    struct rf_config_channel_limits limits;
    char *base_url;
    struct rf_secret token;
    char *chat_id;
    char *ca_file;
};

struct rf_config_webhook {
    bool enabled;
    struct rf_config_channel_limits limits;
    char *url;
    enum rf_config_shape shape;
    // Generic: whsec_..., signs after Standard Webhooks when set; several during a change, the new
    // one first. PagerDuty: the routing key.
    struct rf_secret secret;
    char *ca_file;
};

// A dead man's switch.
struct rf_config_heartbeat {
    char *url;    // NULL: none
    char *method; // "GET" or "POST"
    char *ca_file;
    struct rf_duration interval;
};

enum rf_channel_kind { RF_CHANNEL_EMAIL, RF_CHANNEL_TELEGRAM, RF_CHANNEL_WEBHOOK };
#define RF_CHANNEL_KIND_COUNT 3

// The channels that are always there (alerter.email, .telegram, .webhook), and all together.
#define RF_CHANNELS_FIXED 3
#define RF_CHANNELS_MOST  16

// A further channel, of alerter.channels. What its kind does not know is not set.
struct rf_config_channel {
    char *name;
    enum rf_channel_kind kind;
    bool enabled;
    struct rf_config_channel_limits limits;
    enum rf_config_shape shape; // webhook
    char *url;                  // of the mail server, or the webhook's
    char *from, *to, *user;     // email
    struct rf_secret password;  // email
    bool require_tls;           // email
    char *base_url, *chat_id;   // telegram
    struct rf_secret token;     // telegram
    struct rf_secret secret;    // webhook
    char *ca_file;
};

// One rule of the alerter: which events are an incident, what ends it, and how people hear of it.
// The built-in ones are of the same kind (services/alerter/rules_default.c). NULL, 0: not given.
// Texts may have {FIELD} of the incident's event in them.
struct rf_config_alert_rule {
    char *name;
    char *on, *where;              // types of events, and conditions on them (events/condition.h)
    char *resolve, *resolve_where; // the same of what ends it; NULL: nothing does but quiet
    char *resolve_by;              // it ends the oldest incident with the same value of this field
    char *group;                   // the first part of the incident's name; NULL: the rule's name
    char *by;                      // fields whose values are the other parts; NULL: subject; "none"
    int64_t count;                 // so many events
    struct rf_duration within;     // in so long a time are one; 0: the first one is
    struct rf_duration lasting;    // it has to be open for so long
    char *severity;                // NULL: that of its event
    char *channels;                // names, separated by commas; NULL: all
    struct rf_duration wait, interval, remind, resolve_after, escalate_after;
    char *escalate_channels; // NULL: all
    char *inhibited_by;      // names of incidents; a star stands for anything
    char *costs;             // provider whose contacts' trouble it costs
    char *title, *title_many, *title_resolved, *advice, *advice_resolved;
    bool drop;          // it is no alert, and no later rule is asked
    bool tell_resolved; // also when quiet ends it
    size_t line;        // where it stands in the file
};

// A storm: more notices than a person can read.
struct rf_config_storm {
    int64_t notices;           // leave a channel singly
    struct rf_duration within; // in so long; the others are gathered
    struct rf_duration gather; // at most so long
};

// When people are not to be disturbed.
struct rf_config_quiet {
    struct rf_config_list hours; // of struct rf_hours; none: never
    char *time_zone;
    char *below; // severity: what is less waits
};

// Several providers that fail together point to our own side.
struct rf_config_own_side {
    int64_t providers;         // 0: off
    struct rf_duration within; // which a provider's outage also waits to be told
};

struct rf_config_alerter {
    struct rf_config_list rules; // of struct rf_config_alert_rule, before the built-in ones
    struct rf_config_storm storm;
    struct rf_config_quiet quiet;
    struct rf_config_own_side own_side;
    struct rf_duration remind;      // of what is open and nobody acknowledged; 0: never
    struct rf_duration flap_window; // opened again within it: the same story goes on
    int64_t flap_changes;           // so many in it, and it is held open
    struct rf_duration settle;      // after what swallowed it ended, until it is told
    struct rf_config_email email;
    struct rf_config_telegram telegram;
    struct rf_config_webhook webhook;
    struct rf_config_list channels; // of struct rf_config_channel
    struct rf_config_heartbeat heartbeat;
    int64_t breaker_failures; // of a channel in a row, which make it rest
    struct rf_duration breaker_recovery, breaker_recovery_max; // so long; growing to the second
    struct rf_duration stale_after; // what waited so long is told in one summary
    struct rf_duration dead_after;  // and for so long is a dead letter
    struct rf_retry_policy retry; // waits of a delivery; after max_retries it goes on at max_delay
    struct rf_duration timeout;   // one delivery attempt
    char *templates;              // folder of one's own templates; NULL: none
};

struct rf_config_sheets {
    bool enabled;
    char *base_url;    // https://sheets.googleapis.com
    char *token_url;   // https://oauth2.googleapis.com/token
    char *spreadsheet; // id
    char *sheet;       // name of the tab
    char *credentials; // path of the service account's JSON
    char *ca_file;
    int64_t batch;               // rows a request
    struct rf_duration interval; // at most so long until a row is written
    bool log_lines;              // rows for log.line too
    int64_t quota;               // requests a minute, to read and to write each; 0: no bound
};

enum rf_config_compress { RF_COMPRESS_NONE, RF_COMPRESS_GZIP, RF_COMPRESS_ZSTD };

// Each 0: without that bound.
struct rf_config_rotate {
    int64_t size;
    struct rf_duration age;
    enum rf_config_compress compress;
    int64_t keep_bytes; // of the rotated files of one log
    struct rf_duration keep_age;
};

struct rf_config_otlp {
    bool enabled, log_lines;
    char *url;                     // of the collector, without /v1/logs
    struct rf_config_list headers; // of struct rf_secret: "NAME: VALUE"
    char *ca_file;
    int64_t batch;               // records a request
    struct rf_duration interval; // at most so long until a record is sent
};

struct rf_config_traces {
    struct rf_config_otlp otlp; // but for log_lines
    int64_t contacts;           // kept at most
};

struct rf_config_syslog {
    bool enabled, log_lines;
    char *url; // see config/syslog_address.h
    char *facility, *app_name;
    char *sd_id; // of the structured data
    char *ca_file;
};

struct rf_config_logger {
    char *json_file, *text_file; // default <log_dir>/app_logs.json and app.log
    struct rf_config_rotate rotate;
    struct rf_config_sheets sheets;
    struct rf_config_otlp otlp;
    struct rf_config_traces traces;
    struct rf_config_syslog syslog;
    struct rf_retry_policy retry;
    struct rf_duration timeout;
};

// What leaves the set by logs and alerts: see redact/redact.h.
struct rf_config_redaction {
    unsigned texts;       // enum rf_redact_texts
    unsigned phones;      // enum rf_redact_phones
    unsigned names;       // enum rf_redact_names
    struct rf_secret key; // not set: that of state_dir/redaction.key
};

enum rf_config_log_bus {
    RF_CONFIG_LOG_INFO, // as enum rf_log_level, and further
    RF_CONFIG_LOG_WARNING,
    RF_CONFIG_LOG_ERROR,
    RF_CONFIG_LOG_OFF,
};

struct rf_config_log {
    enum rf_config_log_bus bus; // the least level that becomes an event
    double rate;                // lines a second; 0: no bound
    int64_t burst;              // so many at once after a rest
};

#define RF_CONSOLE_NAME_MOST   32
#define RF_CONSOLE_TOKEN_LEAST 24 // characters

enum rf_console_role { RF_CONSOLE_VIEWER, RF_CONSOLE_OPERATOR };

// Who may use the console.
struct rf_config_visitor {
    char *name; // who, in the events of what was done
    enum rf_console_role role;
    struct rf_secret token;
};

struct rf_config_console {
    char *listen;                  // address:port
    char *cert_file, *key_file;    // NULL: plain HTTP
    struct rf_config_list tokens;  // of struct rf_config_visitor; none: that of state_dir
    struct rf_config_list hosts;   // of char *: names under which browsers may reach it
    struct rf_config_list proxies; // of char *: addresses whose X-Forwarded-For is believed
    struct rf_duration session;    // how long a browser stays logged in
};

struct rf_config_simulator {
    char *listen;     // plain HTTP, address:port
    char *tls_listen; // HTTPS; NULL: off
    char *cert_file, *key_file;
    int64_t seed;
    double cps;                    // Twilio: calls a second; the rest is queued
    struct rf_duration list_lag;   // Twilio: how late the list shows a new call
    struct rf_duration ring, talk; // how long a call rings and lasts
    struct rf_duration latency;    // of every reply
    bool fetch_media;              // fetch what a call is told to play
};

struct rf_config {
    char *file; // as it was given; NULL: defaults alone
    char *run_dir, *state_dir, *log_dir, *media_dir;
    struct rf_duration drain_timeout;
    struct rf_config_log log;
    struct rf_bus_config bus;
    struct rf_config_broker broker;
    struct rf_config_journal journal;
    struct rf_config_proxy proxy; // `defaults.proxy`
    struct rf_config_provider providers[RF_PROVIDER_COUNT];
    struct rf_config_gateway gateway;
    struct rf_config_telephony telephony;
    struct rf_config_orchestrator orchestrator;
    struct rf_config_campaign campaign;
    struct rf_config_contacts contacts;
    struct rf_config_redaction redaction;
    struct rf_config_health health;
    struct rf_config_alerter alerter;
    struct rf_config_logger logger;
    struct rf_config_console console;
    struct rf_config_simulator simulator;
};

// rf_config_load: reads `file`, or takes the defaults when it is NULL. The caller frees it by
// rf_config_destroy. RF_ERR_CONFIG with "FILE:LINE: KEY: what was expected" for the first thing
// wrong.
RF_NODISCARD enum rf_err rf_config_load(const char *file, struct rf_config **config,
                                        struct rf_error *error);

// rf_config_destroy: wipes the secrets, frees everything and nulls the pointer.
void rf_config_destroy(struct rf_config **config);

// rf_config_files: tells each file, or folder, that the configuration names: secrets, certificates,
// keys, lists; not what the set itself fills, such as state_dir and logs. `key` is an item's own
// within a list. It may be told several times, and may not be there.
typedef void rf_config_file_fn(void *arg, const char *key, const char *path);
void rf_config_files(const struct rf_config *config, rf_config_file_fn *fn, void *arg);

// rf_config_review: what is allowed but most likely not meant, or dangerous: a secret's file that
// others may read, a file that is not there, a provider without a key. `code` is a stable name of
// the warning. Looks at files; used by `ringfence config check`.
typedef void rf_config_warning_fn(void *arg, const char *code, const char *key, const char *text);
void rf_config_review(const struct rf_config *config, rf_config_warning_fn *fn, void *arg);

// rf_config_bus_process: the processes of a set that come to the broker with a key, from index 0
// on, and the roles (curve/roles.h) without which each cannot do its work with this configuration.
// False behind the last.
bool rf_config_bus_process(const struct rf_config *config, size_t index, const char **name,
                           unsigned *roles);

// All that it may warn of.
struct rf_config_warning {
    const char *code;
    const char *meaning; // a sentence without its full stop
};

extern const struct rf_config_warning rf_config_warnings[];
extern const size_t rf_config_warning_count;

// rf_config_changed: calls `fn` for each key whose value is another in `fresh`; `reloadable` tells
// whether it can take effect without a restart. Secrets are compared by fingerprint.
typedef void rf_config_change_fn(void *arg, const char *key, bool reloadable);
void rf_config_changed(const struct rf_config *old, const struct rf_config *fresh,
                       rf_config_change_fn *fn, void *arg);

#endif
