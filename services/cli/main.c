// ringfence: the control tool. Each subcommand is a file of its own; those that talk to the set do
// it by a session (session.c), as one more client of the bus.
//
//   options.c          the command line
//   session.c          configuration, loop, bus, broker there or not, signals
//   call.c             one call of a service; call_request.c reads what is wanted, call_reply.c
//                      tells what came of it (table.c aligns it), audio_file.c copies the audio
//   campaign_run.c     loads a list, starts it and follows it; run.c decides, list.c and page.c
//                      read the list, progress.c and summary.c tell
//   campaign_status.c  how campaigns stand; campaign_table.c puts them below each other
//   campaign_order.c   pause, resume, cancel, priority; campaign_set.c, campaign_settings.c;
//                      campaign_retry.c, campaign_why.c; ask.c asks
//   campaign_export.c  what came of the contacts; export_row.c writes one
//   dnc.c              the do-not-call list
//   status.c           how the set is; overview.c tells it
//   tail.c             events as they happen; reader.c gets them out of the journal, event_filter.c
//                      and event_line.c say which and how, moment.c and terminal.c read options
//   replay.c           events of the past; pace.c says when each is due
//   logs.c             the log's files (logs_files.c, logs_lines.c, logs_filter.c, logs_follow.c)
//   trace.c            one contact's events; timeline.c puts them together, timeline_text.c tells
//   breaker_list.c, breaker_control.c, mark_list.c, mark_clear.c (marks.c), subscriber.c
//   alert_list.c       incidents, dead letters; alert_pages.c asks for page after page
//   alert_hush.c       silences, acknowledgements; alerts.c reads what is silenced
//   alert_send.c       sends dead letters again, tries a channel
//   keys_*.c           keys of the bus; key_list.c is their file
//   doctor.c           checks what the set needs, by doctor_*.c: doctor_list.c and doctor_judge.c
//                      decide, the others look at this host and ask far sides
//   init.c             writes a first configuration: init_text.c makes it, init_ask.c asks
//   config_*.c         the configuration: checked, and its documentation
//   top.c              the set on a terminal; top_text.c has the picture
//   watch.c            --watch: a command again and again, in place by screen.c
//   completion.c       scripts for shells; complete.c says what can come next in a line, and
//                      complete_names.c asks the set for names
//   member.c, provider.c, person.c   what several of them share
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "command.h"
#include "completion.h"
#include "event_filter.h"
#include "options.h"
#include "watch.h"

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

static const struct cli_command commands[] = {
    {"campaign run", 1, 1,
     "CONTACTS.csv [--name NAME] [--priority N] [--settings FILE.yaml] [--map NAME=COLUMN]...\n"
     "        [--country CODE] [--separator SIGN] [--rejects FILE]",
     "load contacts, start the campaign and follow it to its end",
     CLI_LIST_TAKES | CLI_TAKES(NAME) | CLI_TAKES(PRIORITY) | CLI_TAKES(SETTINGS) | CLI_TAKES(JSON),
     cli_campaign_run},
    {"campaign load", 2, 2,
     "NAME CONTACTS.csv [--settings FILE.yaml] [--map NAME=COLUMN]... [--country CODE]\n"
     "        [--separator SIGN] [--rejects FILE]",
     "put contacts into a campaign, which is not started by that",
     CLI_LIST_TAKES | CLI_TAKES(SETTINGS) | CLI_TAKES(JSON), cli_campaign_load},
    {"campaign start", 1, 1, "NAME [--priority N] [--settings FILE.yaml]",
     "call the contacts of a campaign that are loaded; -10 to 10, higher goes first",
     CLI_TAKES(PRIORITY) | CLI_TAKES(SETTINGS) | CLI_TAKES(JSON), cli_campaign_start},
    {"campaign set", 1, CLI_MAX_ARGUMENTS, "NAME KEY=VALUE... [--settings FILE.yaml]",
     "what a campaign has of its own in place of the configuration's campaign.KEY, from now on:\n"
     "        max_calls=3, pace=0.5, 'windows=[mon-fri 09:00-17:00]'; KEY= is as configured again",
     CLI_TAKES(SETTINGS) | CLI_TAKES(JSON), cli_campaign_set},
    {"campaign pause", 1, 1, "NAME [--why TEXT]",
     "begin nothing new; calls that exist are followed to their end",
     CLI_TAKES(WHY) | CLI_TAKES(JSON), cli_campaign_pause},
    {"campaign resume", 1, 1, "NAME [--why TEXT]", "go on with a campaign that is paused",
     CLI_TAKES(WHY) | CLI_TAKES(JSON), cli_campaign_resume},
    {"campaign cancel", 1, 1, "NAME [--yes] [--why TEXT]",
     "set aside all contacts that are not in progress; it cannot be undone",
     CLI_TAKES(YES) | CLI_TAKES(WHY) | CLI_TAKES(JSON), cli_campaign_cancel},
    {"campaign retry", 1, 2, "NAME [CONTACT] [--reason REASON] [--why TEXT]",
     "try again contacts that were set aside: all, one, or those of a reason",
     CLI_TAKES(REASON) | CLI_TAKES(WHY) | CLI_TAKES(JSON), cli_campaign_retry},
    {"campaign priority", 2, 2, "NAME N",
     "which campaign goes first: -10 to 10, higher before lower",
     CLI_TAKES_BELOW_ZERO | CLI_TAKES(JSON), cli_campaign_priority},
    {"campaign status", 0, 1, "[NAME] [--watch[=INTERVAL]]",
     "how a campaign stands, or all of them", CLI_TAKES(WATCH) | CLI_TAKES(JSON),
     cli_campaign_status},
    {"campaign list", 0, 0, "[--watch[=INTERVAL]]", "all campaigns in a table",
     CLI_TAKES(WATCH) | CLI_TAKES(JSON), cli_campaign_list},
    {"campaign why", 1, 1, "CONTACT|NUMBER",
     "why a contact stands where it stands, what comes next, and what can be done", CLI_TAKES(JSON),
     cli_campaign_why},
    {"campaign backup", 1, 1, "FILE",
     "a copy of the database of campaigns, also while it is in use", CLI_TAKES(JSON),
     cli_campaign_backup},
    {"campaign restore", 1, 1, "FILE",
     "put such a copy back, while no orchestrator runs; nobody is dialled twice by it",
     CLI_TAKES(JSON), cli_campaign_restore},
    {"campaign export", 1, 1, "NAME [--format csv|jsonl] [--out FILE] [--state STATE[,STATE]...]",
     "what came of each contact: outcome, attempts, times, the provider's ids",
     CLI_TAKES(FORMAT) | CLI_TAKES(OUT) | CLI_TAKES(STATE) | CLI_TAKES(JSON), cli_campaign_export},
    {"dnc add", 1, CLI_MAX_ARGUMENTS, "NUMBER... [--why TEXT] [--country CODE]",
     "put numbers on the do-not-call list: no campaign calls them",
     CLI_TAKES(WHY) | CLI_TAKES(COUNTRY) | CLI_TAKES(JSON), cli_dnc_add},
    {"dnc load", 1, 1,
     "FILE.csv [--why TEXT] [--map NAME=COLUMN]... [--country CODE]\n"
     "        [--separator SIGN] [--rejects FILE]",
     "put the numbers of a file on the do-not-call list",
     CLI_LIST_TAKES | CLI_TAKES(WHY) | CLI_TAKES(JSON), cli_dnc_load},
    {"dnc remove", 1, CLI_MAX_ARGUMENTS, "NUMBER... [--country CODE]",
     "take numbers off the do-not-call list", CLI_TAKES(COUNTRY) | CLI_TAKES(JSON), cli_dnc_remove},
    {"dnc list", 0, 0, "[--watch[=INTERVAL]]",
     "the numbers that no campaign calls, since when and why", CLI_TAKES(WATCH) | CLI_TAKES(JSON),
     cli_dnc_list},
    {"call", 1, 2,
     "SERVICE [OPERATION] [--text TEXT] [--prompt TEXT] [--to NUMBER] [--sid SID] [--since TIME]\n"
     "        [--params JSON] [--deadline TIME] [--out FILE] [--explain] [--yes-dial]",
     "one call: speech, script, or telephony find-call, call-status and dial, which makes a "
     "real\n        telephone ring and wants --yes-dial",
     CLI_CALL_TAKES, cli_call},
    {"status", 0, 0, "[--watch[=INTERVAL]]",
     "processes, gateways, queues, breakers, providers and marks",
     CLI_TAKES(WATCH) | CLI_TAKES(JSON), cli_status},
    {"top", 0, 0, "",
     "the set as it is now, on the whole of a terminal: breakers, providers, campaigns, alerts, "
     "events",
     0, cli_top},
    {"tail", 0, CLI_MAX_ARGUMENTS,
     "[TOPIC]... [--since TIME] [--last N] [--contact ID] [--campaign NAME] [--service NAME]\n"
     "        [--severity LEAST] [--color WHEN]",
     "events as they happen, after those since a time or the last N; TOPIC is the beginning of "
     "one",
     CLI_FILTER_TAKES | CLI_TAKES(SINCE) | CLI_TAKES(LAST) | CLI_TAKES(COLOR) | CLI_TAKES(JSON),
     cli_tail},
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
     cli_logs},
    {"replay", 0, CLI_MAX_ARGUMENTS,
     "[TOPIC]... [--from N] [--to N] [--since TIME] [--until TIME] [--speed FACTOR]\n"
     "        [--contact ID] [--campaign NAME] [--service NAME] [--severity LEAST] [--color WHEN]",
     "events of the past again, at once or at the pace at which they happened; nothing is sent",
     CLI_FILTER_TAKES | CLI_TAKES(FROM) | CLI_TAKES(TO) | CLI_TAKES(SINCE) | CLI_TAKES(UNTIL) |
         CLI_TAKES(SPEED) | CLI_TAKES(COLOR) | CLI_TAKES(JSON),
     cli_replay},
    {"trace", 1, 1, "CONTACT|NUMBER [--since TIME] [--color WHEN]",
     "what happened to one contact, by its id or telephone number: steps, requests, waits, "
     "breakers, "
     "alerts",
     CLI_TAKES(SINCE) | CLI_TAKES(COLOR) | CLI_TAKES(JSON), cli_trace},
    {"breaker list", 0, 0, "[--watch[=INTERVAL]]", "circuit breakers, with what they have counted",
     CLI_TAKES(WATCH) | CLI_TAKES(JSON), cli_breaker_list},
    {"breaker force-open", 1, 1, "PROVIDER [--for TIME] --why TEXT",
     "refuse a provider's calls until its end, or until reset", CLI_BREAKER_TAKES,
     cli_breaker_force_open},
    {"breaker force-closed", 1, 1, "PROVIDER [--for TIME] --why TEXT",
     "let calls through whatever they come to", CLI_BREAKER_TAKES, cli_breaker_force_closed},
    {"breaker disable", 1, 1, "PROVIDER [--for TIME] --why TEXT",
     "let calls through and count nothing", CLI_BREAKER_TAKES, cli_breaker_disable},
    {"breaker reset", 1, 1, "PROVIDER --why TEXT",
     "take away what was forced; closed, with no failures", CLI_TAKES(WHY) | CLI_TAKES(JSON),
     cli_breaker_reset},
    {"mark list", 0, 0, "[--watch[=INTERVAL]]", "providers and keys that are unusable, and why",
     CLI_TAKES(WATCH) | CLI_TAKES(JSON), cli_mark_list},
    {"mark clear", 1, 1, "PROVIDER[/KEY]",
     "make a marked provider usable again, with all its keys, or one key that is set aside",
     CLI_TAKES(JSON), cli_mark_clear},
    {"alert list", 0, 0, "[--all] [--limit N] [--watch[=INTERVAL]]",
     "incidents that are open, what waits for a channel, dead letters; --all: also what is over",
     CLI_TAKES(ALL) | CLI_TAKES(LIMIT) | CLI_TAKES(WATCH) | CLI_TAKES(JSON), cli_alert_list},
    {"alert show", 1, 1, "ID",
     "an incident with its notices, and what became of each on each channel", CLI_TAKES(JSON),
     cli_alert_show},
    {"alert ack", 1, 1, "ID [--why TEXT]",
     "somebody is at it: no reminders and no escalation of this incident",
     CLI_TAKES(WHY) | CLI_TAKES(JSON), cli_alert_ack},
    {"alert silence", 1, 5, "INCIDENT|KEY=PATTERN... --for TIME --why TEXT [--from TIME]",
     "tell nothing of incidents such as 'breaker/*', rule=queue, severity=info, campaign=spring",
     CLI_TAKES(FOR) | CLI_TAKES(WHY) | CLI_TAKES(FROM) | CLI_TAKES(JSON), cli_alert_silence},
    {"alert silences", 0, 0, "[--limit N] [--watch[=INTERVAL]]",
     "what is silenced, by whom, until when and why",
     CLI_TAKES(LIMIT) | CLI_TAKES(WATCH) | CLI_TAKES(JSON), cli_alert_silences},
    {"alert unsilence", 1, 1, "ID [--why TEXT]", "end a silence before its time",
     CLI_TAKES(WHY) | CLI_TAKES(JSON), cli_alert_unsilence},
    {"alert dead", 0, 0, "[--limit N] [--watch[=INTERVAL]]",
     "dead letters: notices that a channel did not take, and why",
     CLI_TAKES(LIMIT) | CLI_TAKES(WATCH) | CLI_TAKES(JSON), cli_alert_dead},
    {"alert resend", 0, 1, "NOTICE|--all [--channel NAME]", "send dead letters again",
     CLI_TAKES(ALL) | CLI_TAKES(CHANNEL) | CLI_TAKES(JSON), cli_alert_resend},
    {"alert test", 1, 1, "CHANNEL", "send one notice on a channel and tell each step of it",
     CLI_TAKES(JSON), cli_alert_test},
    {"subscriber list", 0, 0, "[--watch[=INTERVAL]]",
     "durable subscribers, what each has taken and how far it is behind",
     CLI_TAKES(WATCH) | CLI_TAKES(JSON), cli_subscriber_list},
    {"subscriber forget", 1, 1, "NAME",
     "forget one that is gone for good: the journal keeps nothing for it any more", CLI_TAKES(JSON),
     cli_subscriber_forget},
    {"keys new", 1, 1, "NAME [--out FOLDER]",
     "make a key for a process that reaches the broker by TCP: NAME.secret and NAME.public",
     CLI_TAKES(OUT) | CLI_TAKES(JSON), cli_keys_new},
    {"keys allow", 1, 1, "KEY|FILE --role ROLE[,ROLE]... [--name NAME] [--replace]",
     "let a public key in: as publisher, subscriber, worker, caller, teller, admin",
     CLI_TAKES(ROLE) | CLI_TAKES(NAME) | CLI_TAKES(REPLACE) | CLI_TAKES(JSON), cli_keys_allow},
    {"keys list", 0, 0, "", "the keys that the broker lets in, with their roles", CLI_TAKES(JSON),
     cli_keys_list},
    {"keys revoke", 1, 1, "NAME|KEY|FILE", "let a key in no longer", CLI_TAKES(JSON),
     cli_keys_revoke},
    {"init", 0, 0,
     "[--out FILE] [--provider NAME[,NAME]...] [--account-sid SID] [--from NUMBER]\n"
     "        [--state-dir FOLDER] [--run-dir FOLDER] [--media-url URL] [--email ADDRESS] [--smtp "
     "URL]\n"
     "        [--smtp-user NAME] [--telegram CHAT] [--webhook URL] [--stdin] [--yes] [--force]",
     "write a configuration for the real providers, with its secrets in files of their own; asks\n"
     "        on a terminal for what is not given",
     CLI_INIT_TAKES, cli_init},
    {"doctor", 0, 0, "[--only NAME]",
     "whether this host can run the set as configured: versions, configuration, ports, rights,\n"
     "        disks, providers, clock, keys, channels, sheet, database, bus; what to do where not",
     CLI_TAKES(ONLY) | CLI_TAKES(JSON), cli_doctor},
    {"config check", 0, 1, "[FILE]", "what is wrong with a configuration, with line and key",
     CLI_TAKES(JSON), cli_config_check},
    {"config keys", 0, 0, "", "every key with its default and its range", CLI_TAKES(JSON),
     cli_config_keys},
    {"config rules", 1, 1, "PROVIDER",
     "what the replies of a provider mean, rule by rule, and where that is written",
     CLI_TAKES(JSON), cli_config_rules},
    {"config man", 0, 0, "", "the manual page ringfence.yaml(5), from the same rows", 0,
     cli_config_man},
    {"completion", 1, 1, "SHELL",
     "the script by which a shell completes our command lines: bash, zsh or fish", 0,
     cli_completion},
};

#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

static void print_command(FILE *out, const struct cli_command *command) {
    fprintf(out, "  %s%s%s%s\n        %s\n", command->words, command->usage[0] != '\0' ? " " : "",
            command->usage, cli_json_usage(command), command->summary);
}

// Of what is wanted when there is no time to read.
static const struct {
    const char *words, *arguments;
} examples[] = {
    {"alert list", "--all --limit 50"},
    {"alert show", "01M8JJHZ1Q"},
    {"alert ack", "01M8JJHZ1Q --why 'on it'"},
    {"alert silence", "'breaker/*' --for 2h --why 'maintenance of the provider'"},
    {"alert silence", "severity=info campaign=spring --for 90m --why 'load test'"},
    {"alert silences", ""},
    {"alert unsilence", "01M8JJJ5T0T45F8D2TNVYC0HQ0 --why 'it is back'"},
    {"alert dead", "--json"},
    {"alert resend", "--all --channel email"},
    {"alert test", "telegram"},
    {"init", "--out /etc/ringfence/ringfence.yaml --state-dir /var/lib/ringfence"},
    {"doctor", "--config /etc/ringfence/ringfence.yaml"},
    {"doctor", "--only key/openai"},
};

static bool is_wanted(const struct cli_options *options, const char *words) {
    size_t size = options->group == NULL ? 0 : strlen(options->group);
    if (options->command != NULL)
        return strcmp(options->command->words, words) == 0;
    return size == 0 || (strncmp(words, options->group, size) == 0 && words[size] == ' ');
}

static void print_examples(FILE *out, const struct cli_options *options) {
    bool of_all = options->command == NULL && options->group == NULL; // which is long without
    const char *head = "\n  for example\n";
    for (size_t i = 0; !of_all && i < sizeof examples / sizeof examples[0]; i++) {
        if (!is_wanted(options, examples[i].words))
            continue;
        fprintf(out, "%s    ringfence %s%s%s\n", head, examples[i].words,
                examples[i].arguments[0] != '\0' ? " " : "", examples[i].arguments);
        head = "";
    }
}

static void print_help(FILE *out, const struct cli_options *options) {
    fprintf(out, "usage: ringfence [--config FILE] [--timeout TIME] COMMAND [ARGUMENT]...\n\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (is_wanted(options, commands[i].words))
            print_command(out, &commands[i]);
    print_examples(out, options);
    fprintf(out, "\n"
                 "  --config FILE   the set's configuration; without it its defaults\n"
                 "  --timeout TIME  how long to wait for the broker and for answers (default 10s)\n"
                 "  --json          one JSON value, or one a line, for programs; what goes wrong "
                 "is told on\n"
                 "                  standard error all the same\n"
                 "  --help, --version\n\n"
                 "exit codes: 0 done; 1 failed; 2 wrong arguments; 3 the campaign ended, but "
                 "contacts were\n"
                 "set aside or lines refused; 11 to 18 the class of a call's failure; 78 bad "
                 "configuration;\n130 interrupted\n");
}

int main(int argc, char **argv) {
    struct cli_options options;
    struct rf_error error;
    rf_log_open("ringfence");
    rf_log_least(RF_LOG_WARNING); // what the bus says in passing is not for people at a prompt
    // A reader that goes away, such as head(1), shows as a failed write, not as a death by signal.
    signal(SIGPIPE, SIG_IGN);
    if (argc > 1 && strcmp(argv[1], CLI_COMPLETE_WORD) == 0)
        return cli_completion_ask(commands, COMMAND_COUNT, (const char *const *)argv + 2,
                                  (size_t)argc - 2);
    if (cli_options_parse(commands, COMMAND_COUNT, argc, argv, &options, &error) != RF_OK) {
        rf_log(RF_LOG_ERROR, "%s", error.message);
        fprintf(stderr, "\"ringfence --help\" lists the commands\n");
        return CLI_USAGE;
    }
    if (options.help) {
        print_help(stdout, &options);
        return CLI_OK;
    }
    if (options.version) {
        printf("ringfence %s\n", RF_VERSION);
        return CLI_OK;
    }
    int code = options.own[CLI_WATCH] != NULL ? cli_watch(&options, options.command->run)
                                              : options.command->run(&options);
    bool lost = fflush(stdout) != 0 || ferror(stdout);
    if (!lost || errno == EPIPE)
        return code;
    rf_log(RF_LOG_ERROR, "standard output cannot be written: %s", strerror(errno));
    return code == CLI_OK ? CLI_FAILED : code;
}
