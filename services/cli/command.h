// What a subcommand is, and what all of them are given.
#ifndef RF_CLI_COMMAND_H
#define RF_CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ringfence/time.h>

enum cli_exit {
    CLI_OK = 0,
    CLI_FAILED = 1,
    CLI_USAGE = 2,
    CLI_PARTLY = 3,       // the campaign ended, but contacts were set aside or lines refused
    CLI_CONFIG = 78,      // EX_CONFIG of sysexits.h
    CLI_INTERRUPTED = 130 // by Ctrl-C, as shells tell it
};

#define CLI_MAX_ARGUMENTS 16
#define CLI_MAX_MAPPED    64

// Options that only some subcommands take: X(NAME, "name", whether it has a value). --watch may
// have one.
#define CLI_OWN_OPTIONS(X)                                                                         \
    X(JSON, "json", false)                                                                         \
    X(NAME, "name", true)                                                                          \
    X(TEXT, "text", true)                                                                          \
    X(PROMPT, "prompt", true)                                                                      \
    X(TO, "to", true)                                                                              \
    X(SID, "sid", true)                                                                            \
    X(SINCE, "since", true)                                                                        \
    X(PARAMS, "params", true)                                                                      \
    X(DEADLINE, "deadline", true)                                                                  \
    X(OUT, "out", true)                                                                            \
    X(EXPLAIN, "explain", false)                                                                   \
    X(YES_DIAL, "yes-dial", false)                                                                 \
    X(FOR, "for", true)                                                                            \
    X(WHY, "why", true)                                                                            \
    X(ROLE, "role", true)                                                                          \
    X(REPLACE, "replace", false)                                                                   \
    X(CONTACT, "contact", true)                                                                    \
    X(CAMPAIGN, "campaign", true)                                                                  \
    X(SERVICE, "service", true)                                                                    \
    X(SEVERITY, "severity", true)                                                                  \
    X(LAST, "last", true)                                                                          \
    X(TYPE, "type", true)                                                                          \
    X(GREP, "grep", true)                                                                          \
    X(FOLLOW, "follow", false)                                                                     \
    X(COLOR, "color", true)                                                                        \
    X(FROM, "from", true)                                                                          \
    X(UNTIL, "until", true)                                                                        \
    X(SPEED, "speed", true)                                                                        \
    X(COUNTRY, "country", true)                                                                    \
    X(SEPARATOR, "separator", true)                                                                \
    X(MAP, "map", true)                                                                            \
    X(REJECTS, "rejects", true)                                                                    \
    X(FORMAT, "format", true)                                                                      \
    X(STATE, "state", true)                                                                        \
    X(PRIORITY, "priority", true)                                                                  \
    X(REASON, "reason", true)                                                                      \
    X(SETTINGS, "settings", true)                                                                  \
    X(YES, "yes", false)                                                                           \
    X(ALL, "all", false)                                                                           \
    X(CHANNEL, "channel", true)                                                                    \
    X(LIMIT, "limit", true)                                                                        \
    X(STATE_DIR, "state-dir", true)                                                                \
    X(RUN_DIR, "run-dir", true)                                                                    \
    X(PROVIDER, "provider", true)                                                                  \
    X(ACCOUNT_SID, "account-sid", true)                                                            \
    X(MEDIA_URL, "media-url", true)                                                                \
    X(EMAIL, "email", true)                                                                        \
    X(SMTP, "smtp", true)                                                                          \
    X(SMTP_USER, "smtp-user", true)                                                                \
    X(TELEGRAM, "telegram", true)                                                                  \
    X(WEBHOOK, "webhook", true)                                                                    \
    X(STDIN, "stdin", false)                                                                       \
    X(FORCE, "force", false)                                                                       \
    X(DRY_RUN, "dry-run", false)                                                                   \
    X(ONLY, "only", true)                                                                          \
    X(WATCH, "watch", false)

enum cli_own {
#define X(id, name, has_value) CLI_##id,
    CLI_OWN_OPTIONS(X)
#undef X
        CLI_OWN_COUNT
};

// CLI_TAKES: a subcommand's set of them, such as CLI_TAKES(NAME) | CLI_TAKES(TEXT).
#define CLI_TAKES(id) (UINT64_C(1) << CLI_##id)

// Whether an argument of it may be a number below zero, which looks like an option.
#define CLI_TAKES_BELOW_ZERO (UINT64_C(1) << 63)
_Static_assert(CLI_OWN_COUNT < 63, "an option more than there are bits for");

struct cli_command;

// The command line, taken apart.
struct cli_options {
    const struct cli_command *command; // NULL with help or version
    const char *config;                // --config, or what config_file.h finds; NULL: the defaults
    struct rf_duration timeout;        // --timeout
    bool json;                         // --json, which `own` has too
    bool help, version;
    const char *group; // with help: the word that all commands asked of begin with; NULL: none
    const char *own[CLI_OWN_COUNT];     // NULL: not given; "" for one without a value
    const char *mapped[CLI_MAX_MAPPED]; // --map, which may be given several times
    size_t mapped_count;
    const char *arguments[CLI_MAX_ARGUMENTS];
    size_t count;
};

struct cli_command {
    const char *words;  // "campaign run"
    size_t least, most; // arguments
    const char *usage;  // arguments and options of its own, without --json
    const char *summary;
    uint64_t takes;                                // its own options
    int (*run)(const struct cli_options *options); // returns the exit code
    const char *examples; // of arguments, one a line, for --help; "": the words alone
};

int cli_campaign_load(const struct cli_options *options);
int cli_campaign_start(const struct cli_options *options);
int cli_campaign_run(const struct cli_options *options);
int cli_campaign_status(const struct cli_options *options);
int cli_campaign_pause(const struct cli_options *options);
int cli_campaign_resume(const struct cli_options *options);
int cli_campaign_cancel(const struct cli_options *options);
int cli_campaign_retry(const struct cli_options *options);
int cli_campaign_set(const struct cli_options *options);
int cli_campaign_priority(const struct cli_options *options);
int cli_campaign_list(const struct cli_options *options);
int cli_campaign_why(const struct cli_options *options);
int cli_campaign_backup(const struct cli_options *options);
int cli_campaign_restore(const struct cli_options *options);
int cli_campaign_export(const struct cli_options *options);
int cli_backup(const struct cli_options *options);
int cli_restore(const struct cli_options *options);
int cli_dnc_add(const struct cli_options *options);
int cli_dnc_load(const struct cli_options *options);
int cli_dnc_remove(const struct cli_options *options);
int cli_dnc_list(const struct cli_options *options);
int cli_call(const struct cli_options *options);
int cli_ready(const struct cli_options *options);
int cli_status(const struct cli_options *options);
int cli_top(const struct cli_options *options);
int cli_tail(const struct cli_options *options);
int cli_replay(const struct cli_options *options);
int cli_logs(const struct cli_options *options);
int cli_trace(const struct cli_options *options);
int cli_breaker_list(const struct cli_options *options);
int cli_breaker_force_open(const struct cli_options *options);
int cli_breaker_force_closed(const struct cli_options *options);
int cli_breaker_disable(const struct cli_options *options);
int cli_breaker_reset(const struct cli_options *options);
int cli_mark_list(const struct cli_options *options);
int cli_mark_clear(const struct cli_options *options);
int cli_provider_outages(const struct cli_options *options);
int cli_subscriber_list(const struct cli_options *options);
int cli_subscriber_forget(const struct cli_options *options);
int cli_alert_list(const struct cli_options *options);
int cli_alert_show(const struct cli_options *options);
int cli_alert_ack(const struct cli_options *options);
int cli_alert_silence(const struct cli_options *options);
int cli_alert_silences(const struct cli_options *options);
int cli_alert_unsilence(const struct cli_options *options);
int cli_alert_dead(const struct cli_options *options);
int cli_alert_resend(const struct cli_options *options);
int cli_alert_test(const struct cli_options *options);
int cli_keys_new(const struct cli_options *options);
int cli_keys_deal(const struct cli_options *options);
int cli_keys_allow(const struct cli_options *options);
int cli_keys_list(const struct cli_options *options);
int cli_keys_revoke(const struct cli_options *options);
int cli_config_check(const struct cli_options *options);
int cli_config_keys(const struct cli_options *options);
int cli_config_rules(const struct cli_options *options);
int cli_config_man(const struct cli_options *options);
int cli_init(const struct cli_options *options);
int cli_doctor(const struct cli_options *options);
int cli_completion(const struct cli_options *options);

#endif
