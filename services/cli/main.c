// ringfence: the control tool. Each subcommand is a file of its own; those that talk to the set do
// it by a session (session.c), as one more client of the bus.
//
//   commands.c         the table of them; help.c tells it
//   say.c              what is told on standard error
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
//   provider_outages.c the health monitor's history
//   breaker_list.c, breaker_control.c, mark_list.c, mark_clear.c (marks.c), subscriber.c
//   alert_list.c       incidents, dead letters; alert_pages.c asks for page after page
//   alert_hush.c       silences, acknowledgements; alerts.c reads what is silenced
//   alert_send.c       sends dead letters again, tries a channel
//   keys_*.c           keys of the bus; key_list.c is their file
//   doctor.c           checks what the set needs, by doctor_*.c: doctor_list.c and doctor_judge.c
//                      decide, the others look at this host and ask far sides
//   init.c             writes a first configuration: init_text.c makes it, init_ask.c asks
//   config_*.c         the configuration: checked, and its documentation
//   top.c              the set on a terminal; top_text.c and top_rows.c have the picture,
//                      top_keys.c the keys
//   watch.c            --watch: a command again and again, in place by screen.c
//   completion.c       scripts for shells; complete.c says what can come next in a line, and
//                      complete_names.c asks the set for names
//   output.c           standard output: was it written, does anybody read it
//   member.c, phrase.c, provider.c, person.c   what several of them share
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "commands.h"
#include "completion.h"
#include "config_file.h"
#include "help.h"
#include "options.h"
#include "output.h"
#include "say.h"
#include "watch.h"

int main(int argc, char **argv) {
    struct cli_options options;
    struct rf_error error;
    cli_output_hold();
    rf_log_open("ringfence");
    rf_log_least(RF_LOG_WARNING); // what the bus says in passing is not for people at a prompt
    // A reader that goes away, such as head(1), shows as a failed write, not as a death by signal.
    signal(SIGPIPE, SIG_IGN);
    if (argc > 1 && strcmp(argv[1], CLI_COMPLETE_WORD) == 0)
        return cli_completion_ask(cli_commands, cli_command_count, (const char *const *)argv + 2,
                                  (size_t)argc - 2);
    enum rf_err err =
        cli_options_parse(cli_commands, cli_command_count, argc, argv, &options, &error);
    if (options.own[CLI_JSON] != NULL)
        cli_say_as_json();
    if (err != RF_OK) {
        rf_log(RF_LOG_ERROR, "%s", error.message);
        if (options.own[CLI_JSON] == NULL)
            fprintf(stderr, "\"ringfence --help\" lists the commands\n");
        return CLI_USAGE;
    }
    if (options.help) {
        cli_help_print(stdout, &options);
        return cli_output_end(CLI_OK);
    }
    if (options.version) {
        printf("ringfence %s\n", RF_VERSION);
        return cli_output_end(CLI_OK);
    }
    options.config = cli_config_file_take(options.config);
    int code = options.own[CLI_WATCH] != NULL ? cli_watch(&options, options.command->run)
                                              : options.command->run(&options);
    return cli_output_end(code);
}
