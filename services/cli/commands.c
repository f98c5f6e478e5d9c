#include "commands.h"

#include "event_filter.h"

#define CLI_CALL_TAKES                                                                             \
    (CLI_TAKES(TEXT) | CLI_TAKES(PROMPT) | CLI_TAKES(TO) | CLI_TAKES(SID) | CLI_TAKES(SINCE) |     \
     CLI_TAKES(PARAMS) | CLI_TAKES(DEADLINE) | CLI_TAKES(OUT) | CLI_TAKES(EXPLAIN) |               \
     CLI_TAKES(YES_DIAL) | CLI_TAKES(JSON))

#define CLI_LIST_TAKES                                                                             \
    (CLI_TAKES(MAP) | CLI_TAKES(COUNTRY) | CLI_TAKES(SEPARATOR) | CLI_TAKES(REJECTS))

#define CLI_INIT_TAKES                                                                             \
    (CLI_TAKES(OUT) | CLI_TAKES(PROVIDER) | CLI_TAKES(ACCOUNT_SID) | CLI_TAKES(FROM) |             \
     CLI_TAKES(STATE_DIR) | CLI_TAKES(RUN_DIR) | CLI_TAKES(MEDIA_URL) | CLI_TAKES(EMAIL) |         \
     CLI_TAKES(SMTP) | CLI_TAKES(SMTP_USER) | CLI_TAKES(TELEGRAM) | CLI_TAKES(WEBHOOK) |           \
     CLI_TAKES(STDIN) | CLI_TAKES(YES) | CLI_TAKES(FORCE))

#define CLI_BREAKER_TAKES (CLI_TAKES(FOR) | CLI_TAKES(WHY) | CLI_TAKES(JSON))

const struct cli_command cli_commands[] = {
    {"campaign run", 1, 1,
     "CONTACTS.csv [--name NAME] [--priority N] [--settings FILE.yaml] [--map NAME=COLUMN]...\n"
     "        [--country CODE] [--separator SIGN] [--rejects FILE]",
     "load contacts, start the campaign and follow it to its end",
     CLI_LIST_TAKES | CLI_TAKES(NAME) | CLI_TAKES(PRIORITY) | CLI_TAKES(SETTINGS) | CLI_TAKES(JSON),
     cli_campaign_run, "spring.csv --name spring\nspring.csv --map phone=Telefon --country DE"},
    {"campaign load", 2, 2,
     "NAME CONTACTS.csv [--settings FILE.yaml] [--map NAME=COLUMN]... [--country CODE]\n"
     "        [--separator SIGN] [--rejects FILE]",
     "put contacts into a campaign, which is not started by that",
     CLI_LIST_TAKES | CLI_TAKES(SETTINGS) | CLI_TAKES(JSON), cli_campaign_load,
     "spring spring.csv --rejects refused.csv"},
    {"campaign start", 1, 1, "NAME [--priority N] [--settings FILE.yaml]",
     "call the contacts of a campaign that are loaded; -10 to 10, higher goes first",
     CLI_TAKES(PRIORITY) | CLI_TAKES(SETTINGS) | CLI_TAKES(JSON), cli_campaign_start,
     "spring --priority 5"},
    {"campaign set", 1, CLI_MAX_ARGUMENTS, "NAME KEY=VALUE... [--settings FILE.yaml]",
     "what a campaign has of its own in place of the configuration's campaign.KEY, from now on:\n"
     "        max_calls=3, pace=0.5, 'windows=[mon-fri 09:00-17:00]'; KEY= is as configured again",
     CLI_TAKES(SETTINGS) | CLI_TAKES(JSON), cli_campaign_set,
     "spring max_calls=3 'windows=[mon-fri 09:00-17:00]'"},
    {"campaign pause", 1, 1, "NAME [--why TEXT]",
     "begin nothing new; calls that exist are followed to their end",
     CLI_TAKES(WHY) | CLI_TAKES(JSON), cli_campaign_pause, "spring --why 'the text is wrong'"},
    {"campaign resume", 1, 1, "NAME [--why TEXT]", "go on with a campaign that is paused",
     CLI_TAKES(WHY) | CLI_TAKES(JSON), cli_campaign_resume, "spring"},
    {"campaign cancel", 1, 1, "NAME [--yes] [--why TEXT]",
     "set aside all contacts that are not in progress; it cannot be undone",
     CLI_TAKES(YES) | CLI_TAKES(WHY) | CLI_TAKES(JSON), cli_campaign_cancel,
     "spring --yes --why 'no longer needed'"},
    {"campaign retry", 1, 2, "NAME [CONTACT] [--reason REASON] [--why TEXT]",
     "try again contacts that were set aside: all, one, or those of a reason",
     CLI_TAKES(REASON) | CLI_TAKES(WHY) | CLI_TAKES(JSON), cli_campaign_retry,
     "spring --reason retries_exhausted\nspring spring-12"},
    {"campaign priority", 2, 2, "NAME N",
     "which campaign goes first: -10 to 10, higher before lower",
     CLI_TAKES_BELOW_ZERO | CLI_TAKES(JSON), cli_campaign_priority, "spring -5"},
    {"campaign status", 0, 1, "[NAME] [--watch[=INTERVAL]]",
     "how a campaign stands, or all of them", CLI_TAKES(WATCH) | CLI_TAKES(JSON),
     cli_campaign_status, "spring --watch\n--json"},
    {"campaign list", 0, 0, "[--watch[=INTERVAL]]", "all campaigns in a table",
     CLI_TAKES(WATCH) | CLI_TAKES(JSON), cli_campaign_list, ""},
    {"campaign why", 1, 1, "CONTACT|NUMBER",
     "why a contact stands where it stands, what comes next, and what can be done", CLI_TAKES(JSON),
     cli_campaign_why, "+12025550123"},
    {"campaign backup", 1, 1, "FILE",
     "a copy of the database of campaigns, also while it is in use", CLI_TAKES(JSON),
     cli_campaign_backup, "/var/backups/campaigns.db"},
    {"campaign restore", 1, 1, "FILE",
     "put such a copy back, while no orchestrator runs; nobody is dialled twice by it",
     CLI_TAKES(JSON), cli_campaign_restore, "/var/backups/campaigns.db"},
    {"campaign export", 1, 1, "NAME [--format csv|jsonl] [--out FILE] [--state STATE[,STATE]...]",
     "what came of each contact: outcome, attempts, times, the provider's ids",
     CLI_TAKES(FORMAT) | CLI_TAKES(OUT) | CLI_TAKES(STATE) | CLI_TAKES(JSON), cli_campaign_export,
     "spring --out outcomes.csv\nspring --state set_aside --format jsonl"},
    {"dnc add", 1, CLI_MAX_ARGUMENTS, "NUMBER... [--why TEXT] [--country CODE]",
     "put numbers on the do-not-call list: no campaign calls them",
     CLI_TAKES(WHY) | CLI_TAKES(COUNTRY) | CLI_TAKES(JSON), cli_dnc_add,
     "+12025550123 --why 'asked for it'"},
    {"dnc load", 1, 1,
     "FILE.csv [--why TEXT] [--map NAME=COLUMN]... [--country CODE]\n"
     "        [--separator SIGN] [--rejects FILE]",
     "put the numbers of a file on the do-not-call list",
     CLI_LIST_TAKES | CLI_TAKES(WHY) | CLI_TAKES(JSON), cli_dnc_load,
     "numbers.csv --why 'asked for it'"},
    {"dnc remove", 1, CLI_MAX_ARGUMENTS, "NUMBER... [--country CODE]",
     "take numbers off the do-not-call list", CLI_TAKES(COUNTRY) | CLI_TAKES(JSON), cli_dnc_remove,
     "+12025550123"},
    {"dnc list", 0, 0, "[--watch[=INTERVAL]]",
     "the numbers that no campaign calls, since when and why", CLI_TAKES(WATCH) | CLI_TAKES(JSON),
     cli_dnc_list, "--json"},
    {"call", 1, 2,
     "SERVICE [OPERATION] [--text TEXT] [--prompt TEXT] [--to NUMBER] [--sid SID] [--since TIME]\n"
     "        [--params JSON] [--deadline TIME] [--out FILE] [--explain] [--yes-dial]",
     "one call: speech, script, or telephony find-call, call-status and dial, which makes a "
     "real\n        telephone ring and wants --yes-dial",
     CLI_CALL_TAKES, cli_call,
     "speech --text hello --out hello.mp3 --explain\ntelephony find-call --to +12025550123 --since "
     "1h"},
    {"status", 0, 0, "[--watch[=INTERVAL]]",
     "processes, gateways, queues, breakers, providers and marks",
     CLI_TAKES(WATCH) | CLI_TAKES(JSON), cli_status, "--watch=5s"},
    {"ready", 1, 1, "PROCESS",
     "whether every broker, service-gateway, orchestrator, ... that runs on this host does its "
     "work; "
     "for\n        health checks and scripts",
     CLI_TAKES(JSON), cli_ready, "broker"},
    {"top", 0, 0, "",
     "the set as it is now, on the whole of a terminal: breakers, providers, campaigns, alerts, "
     "events",
     0, cli_top, ""},
    {"tail", 0, CLI_MAX_ARGUMENTS,
     "[TOPIC]... [--since TIME] [--last N] [--contact ID] [--campaign NAME] [--service NAME]\n"
     "        [--severity LEAST] [--color WHEN]",
     "events as they happen, after those since a time or the last N; TOPIC is the beginning of "
     "one",
     CLI_FILTER_TAKES | CLI_TAKES(SINCE) | CLI_TAKES(LAST) | CLI_TAKES(COLOR) | CLI_TAKES(JSON),
     cli_tail, "breaker. --since 10m\n--contact spring-12 --json"},
    {"logs", 0, 0,
     "[--since TIME] [--until TIME] [--last N] [--follow] [--contact ID|NUMBER]\n"
     "        [--campaign NAME] [--service NAME] [--severity LEAST] [--type BEGINNING] [--grep "
     "TEXT]\n"
     "        [--color WHEN]",
     "lines of app_logs.json and of its rotated files on this host; -n N for the last N that "
     "match,\n"
     "        -f to go on with those that come; the set need not run",
     CLI_FILTER_TAKES | CLI_TAKES(SINCE) | CLI_TAKES(UNTIL) | CLI_TAKES(LAST) | CLI_TAKES(FOLLOW) |
         CLI_TAKES(TYPE) | CLI_TAKES(GREP) | CLI_TAKES(COLOR) | CLI_TAKES(JSON),
     cli_logs, "--since 1h --severity warning\n--follow --contact +12025550123"},
    {"replay", 0, CLI_MAX_ARGUMENTS,
     "[TOPIC]... [--from N] [--to N] [--since TIME] [--until TIME] [--speed FACTOR]\n"
     "        [--contact ID] [--campaign NAME] [--service NAME] [--severity LEAST] [--color WHEN]",
     "events of the past again, at once or at the pace at which they happened; nothing is sent",
     CLI_FILTER_TAKES | CLI_TAKES(FROM) | CLI_TAKES(TO) | CLI_TAKES(SINCE) | CLI_TAKES(UNTIL) |
         CLI_TAKES(SPEED) | CLI_TAKES(COLOR) | CLI_TAKES(JSON),
     cli_replay, "--since 1h --speed 60 --severity warning"},
    {"trace", 1, 1, "CONTACT|NUMBER [--since TIME] [--color WHEN]",
     "what happened to one contact, by its id or telephone number: steps, requests, waits, "
     "breakers, "
     "alerts",
     CLI_TAKES(SINCE) | CLI_TAKES(COLOR) | CLI_TAKES(JSON), cli_trace, "+12025550123"},
    {"breaker list", 0, 0, "[--watch[=INTERVAL]]", "circuit breakers, with what they have counted",
     CLI_TAKES(WATCH) | CLI_TAKES(JSON), cli_breaker_list, "--watch"},
    {"breaker force-open", 1, 1, "PROVIDER [--for TIME] --why TEXT",
     "refuse a provider's calls until its end, or until reset", CLI_BREAKER_TAKES,
     cli_breaker_force_open, "elevenlabs --for 30m --why 'they told of maintenance'"},
    {"breaker force-closed", 1, 1, "PROVIDER [--for TIME] --why TEXT",
     "let calls through whatever they come to", CLI_BREAKER_TAKES, cli_breaker_force_closed,
     "elevenlabs --for 10m --why 'a trial'"},
    {"breaker disable", 1, 1, "PROVIDER [--for TIME] --why TEXT",
     "let calls through and count nothing", CLI_BREAKER_TAKES, cli_breaker_disable,
     "openai --why 'a load test'"},
    {"breaker reset", 1, 1, "PROVIDER --why TEXT",
     "take away what was forced; closed, with no failures", CLI_TAKES(WHY) | CLI_TAKES(JSON),
     cli_breaker_reset, "elevenlabs --why 'it is over'"},
    {"provider outages", 0, 1, "[PROVIDER] [--limit N] [--watch[=INTERVAL]]",
     "when a provider, or each, did not serve as it should, why and for how long, newest first",
     CLI_TAKES(LIMIT) | CLI_TAKES(WATCH) | CLI_TAKES(JSON), cli_provider_outages, "elevenlabs"},
    {"mark list", 0, 0, "[--watch[=INTERVAL]]", "providers and keys that are unusable, and why",
     CLI_TAKES(WATCH) | CLI_TAKES(JSON), cli_mark_list, ""},
    {"mark clear", 1, 1, "PROVIDER[/KEY]",
     "make a marked provider usable again, with all its keys, or one key that is set aside",
     CLI_TAKES(JSON), cli_mark_clear, "openai"},
    {"alert list", 0, 0, "[--all] [--limit N] [--watch[=INTERVAL]]",
     "incidents that are open, what waits for a channel, dead letters; --all: also what is over",
     CLI_TAKES(ALL) | CLI_TAKES(LIMIT) | CLI_TAKES(WATCH) | CLI_TAKES(JSON), cli_alert_list,
     "--all --limit 50"},
    {"alert show", 1, 1, "ID",
     "an incident with its notices, and what became of each on each channel", CLI_TAKES(JSON),
     cli_alert_show, "01M8JJHZ1Q"},
    {"alert ack", 1, 1, "ID [--why TEXT]",
     "somebody is at it: no reminders and no escalation of this incident",
     CLI_TAKES(WHY) | CLI_TAKES(JSON), cli_alert_ack, "01M8JJHZ1Q --why 'on it'"},
    {"alert silence", 1, 5, "INCIDENT|KEY=PATTERN... --for TIME --why TEXT [--from TIME]",
     "tell nothing of incidents such as 'breaker/*', rule=queue, severity=info, campaign=spring",
     CLI_TAKES(FOR) | CLI_TAKES(WHY) | CLI_TAKES(FROM) | CLI_TAKES(JSON), cli_alert_silence,
     "'breaker/*' --for 2h --why 'maintenance of the provider'\nseverity=info campaign=spring "
     "--for 90m --why 'load test'"},
    {"alert silences", 0, 0, "[--limit N] [--watch[=INTERVAL]]",
     "what is silenced, by whom, until when and why",
     CLI_TAKES(LIMIT) | CLI_TAKES(WATCH) | CLI_TAKES(JSON), cli_alert_silences, ""},
    {"alert unsilence", 1, 1, "ID [--why TEXT]", "end a silence before its time",
     CLI_TAKES(WHY) | CLI_TAKES(JSON), cli_alert_unsilence,
     "01M8JJJ5T0T45F8D2TNVYC0HQ0 --why 'it is back'"},
    {"alert dead", 0, 0, "[--limit N] [--watch[=INTERVAL]]",
     "dead letters: notices that a channel did not take, and why",
     CLI_TAKES(LIMIT) | CLI_TAKES(WATCH) | CLI_TAKES(JSON), cli_alert_dead, "--json"},
    {"alert resend", 0, 1, "NOTICE|--all [--channel NAME]", "send dead letters again",
     CLI_TAKES(ALL) | CLI_TAKES(CHANNEL) | CLI_TAKES(JSON), cli_alert_resend,
     "--all --channel email"},
    {"alert test", 1, 1, "CHANNEL", "send one notice on a channel and tell each step of it",
     CLI_TAKES(JSON), cli_alert_test, "telegram"},
    {"subscriber list", 0, 0, "[--watch[=INTERVAL]]",
     "durable subscribers, what each has taken and how far it is behind",
     CLI_TAKES(WATCH) | CLI_TAKES(JSON), cli_subscriber_list, ""},
    {"subscriber forget", 1, 1, "NAME",
     "forget one that is gone for good: the journal keeps nothing for it any more", CLI_TAKES(JSON),
     cli_subscriber_forget, "reports"},
    {"keys new", 1, 1, "NAME [--out FOLDER]",
     "make a key for a process that reaches the broker by TCP: NAME.secret and NAME.public",
     CLI_TAKES(OUT) | CLI_TAKES(JSON), cli_keys_new, "gateway --out keys"},
    {"keys allow", 1, 1, "KEY|FILE --role ROLE[,ROLE]... [--name NAME] [--replace]",
     "let a public key in: as publisher, subscriber, worker, caller, teller, admin",
     CLI_TAKES(ROLE) | CLI_TAKES(NAME) | CLI_TAKES(REPLACE) | CLI_TAKES(JSON), cli_keys_allow,
     "gateway.public --role worker,caller"},
    {"keys deal", 1, 1, "FOLDER",
     "make the keys of a whole set: for each process a folder with its key and the broker's public "
     "one,\n        and the list of all for the broker; what is there stays",
     CLI_TAKES(JSON), cli_keys_deal, "keys"},
    {"keys list", 0, 0, "", "the keys that the broker lets in, with their roles", CLI_TAKES(JSON),
     cli_keys_list, ""},
    {"keys revoke", 1, 1, "NAME|KEY|FILE", "let a key in no longer", CLI_TAKES(JSON),
     cli_keys_revoke, "gateway"},
    {"init", 0, 0,
     "[--out FILE] [--provider NAME[,NAME]...] [--account-sid SID] [--from NUMBER]\n"
     "        [--state-dir FOLDER] [--run-dir FOLDER] [--media-url URL] [--email ADDRESS] [--smtp "
     "URL]\n"
     "        [--smtp-user NAME] [--telegram CHAT] [--webhook URL] [--stdin] [--yes] [--force]",
     "write a configuration for the real providers, with its secrets in files of their own; asks\n"
     "        on a terminal for what is not given",
     CLI_INIT_TAKES, cli_init,
     "--out /etc/ringfence/ringfence.yaml --state-dir /var/lib/ringfence"},
    {"backup", 1, 1, "FOLDER",
     "a copy of all that the set keeps on this host, in a new folder, while it runs: databases,\n"
     "        keys, configuration and secrets; for campaigns in PostgreSQL see pg_dump(1)",
     CLI_TAKES(JSON), cli_backup, "/var/backups/ringfence/monday"},
    {"restore", 1, 1, "FOLDER [--dry-run]",
     "put such a copy back while nothing of the set runs; campaigns are paused, and nobody is\n"
     "        dialled twice by it; --dry-run: look whether the copy is whole and can be put back",
     CLI_TAKES(DRY_RUN) | CLI_TAKES(JSON), cli_restore,
     "/var/backups/ringfence/monday --dry-run\n/var/backups/ringfence/monday"},
    {"doctor", 0, 0, "[--only NAME]",
     "whether this host can run the set as configured: versions, configuration, ports, rights,\n"
     "        disks, providers, clock, keys, channels, sheet, database, bus; what to do where not",
     CLI_TAKES(ONLY) | CLI_TAKES(JSON), cli_doctor,
     "--config /etc/ringfence/ringfence.yaml\n--only key/openai"},
    {"config check", 0, 1, "[FILE]", "what is wrong with a configuration, with line and key",
     CLI_TAKES(JSON), cli_config_check, "/etc/ringfence/ringfence.yaml"},
    {"config keys", 0, 0, "", "every key with its default and its range", CLI_TAKES(JSON),
     cli_config_keys, "--json"},
    {"config rules", 1, 1, "PROVIDER",
     "what the replies of a provider mean, rule by rule, and where that is written",
     CLI_TAKES(JSON), cli_config_rules, "elevenlabs"},
    {"config man", 0, 0, "", "the manual page ringfence.yaml(5), from the same rows", 0,
     cli_config_man, "> ringfence.yaml.5"},
    {"completion", 1, 1, "SHELL",
     "the script by which a shell completes our command lines: bash, zsh or fish", 0,
     cli_completion, "bash"},
};

const size_t cli_command_count = sizeof cli_commands / sizeof cli_commands[0];
