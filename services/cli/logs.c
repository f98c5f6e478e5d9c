// ringfence logs: lines of app_logs.json and of its rotated files, as they are on this host; the
// set need not run. logs_files.c finds the files and where to begin in them, logs_lines.c reads
// lines, logs_filter.c says which and how, logs_follow.c goes on with what comes.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "event_filter.h"
#include "logs_contact.h"
#include "logs_files.h"
#include "logs_follow.h"
#include "logs_lines.h"
#include "moment.h"
#include "output.h"
#include "session.h"
#include "terminal.h"

#define LAST_MOST   1000000
#define FOLLOW_LAST 10 // as tail(1)
#define LOOK_EVERY  rf_ms(200)

struct logs {
    struct rf_config *config;
    struct cli_logs_filter filter;
    struct cli_logs_contact contact; // by its number
    bool json, color, follow;
    int64_t last;       // -1: all
    int64_t skip;       // lines of this file that match and are not wanted
    int64_t shown, bad; // lines
};

static volatile sig_atomic_t stopped;

static void on_signal(int number) {
    (void)number;
    stopped = 1;
}

// ---- what is wanted ----

static enum rf_err read_options(const struct cli_options *options, struct logs *logs,
                                struct rf_error *error) {
    struct cli_event_filter events;
    struct cli_logs_filter *filter = &logs->filter;
    const char *last = options->own[CLI_LAST];
    enum rf_err err = cli_event_filter_read(options, rf_clock_utc(), &events, error);
    if (err == RF_OK)
        err = cli_color_read(options->own[CLI_COLOR], &logs->color, error);
    if (err != RF_OK)
        return err;
    logs->json = options->json;
    logs->follow = options->own[CLI_FOLLOW] != NULL;
    logs->last = logs->follow && options->own[CLI_SINCE] == NULL ? FOLLOW_LAST : -1;
    *filter = (struct cli_logs_filter){.contact = events.contact,
                                       .service = events.service,
                                       .campaign = events.campaign,
                                       .type = options->own[CLI_TYPE],
                                       .grep = options->own[CLI_GREP],
                                       .severity = events.severity};
    if (events.since.ns > 0)
        rf_utc_format(events.since, filter->since);
    if (events.until.ns > 0)
        rf_utc_format(events.until, filter->until);
    if (last != NULL)
        err = cli_number_read("--last", last, 0, LAST_MOST, &logs->last, error);
    if (err == RF_OK && logs->follow && events.until.ns > 0)
        err = rf_error_set(error, RF_ERR_INVALID, "--follow has no end; leave out --until");
    return err;
}

// ---- lines ----

static void print_text(const json_t *parsed, bool color) {
    struct rf_text text = {0};
    cli_logs_text(parsed, color, &text);
    if (!text.failed)
        puts(text.data);
    rf_text_fini(&text);
}

static void on_line(void *arg, const char *line, size_t size) {
    struct logs *logs = arg;
    json_t *parsed = NULL;
    enum cli_logs_verdict verdict = cli_logs_judge(&logs->filter, line, size, &parsed);
    if (verdict == CLI_LOGS_BAD)
        logs->bad++;
    if (verdict == CLI_LOGS_MATCH)
        cli_logs_contact_learn(&logs->contact, &logs->filter, parsed);
    if (verdict == CLI_LOGS_MATCH && logs->skip > 0)
        logs->skip--;
    else if (verdict == CLI_LOGS_MATCH) {
        logs->shown++;
        if (logs->json) {
            cli_output_write(line, size);
            putchar('\n');
        } else {
            print_text(parsed, logs->color);
        }
    }
    json_decref(parsed);
}

// A file that is damaged or gone is told and left; only what is wrong with us ends it.
static enum rf_err print_file(struct logs *logs, struct cli_logs_file *file,
                              struct rf_error *error) {
    struct cli_logs_lines lines;
    const char *line;
    size_t size;
    enum rf_err result = cli_logs_file_open(file, error);
    if (result == RF_ERR_NOT_FOUND || result == RF_ERR_IO) {
        cli_say("%s", error->message);
        return RF_OK;
    }
    if (result != RF_OK)
        return result;
    if (file->pack == RF_PACK_NONE && lseek(file->fd, file->from, SEEK_SET) < 0)
        return rf_error_set(error, RF_ERR_IO, "%s: cannot read", file->path);
    result = cli_logs_lines_open(&lines, file->fd, file->pack, error);
    file->fd = -1;
    logs->skip = file->skip;
    while (result == RF_OK && !ferror(stdout) &&
           (result = cli_logs_lines_next(&lines, &line, &size, error)) == RF_OK && line != NULL)
        on_line(logs, line, size);
    logs->bad += lines.too_long;
    logs->skip = 0;
    cli_logs_lines_close(&lines);
    if (result == RF_ERR_DAMAGED || result == RF_ERR_IO) {
        cli_say("%s: %s; what was before that is shown", file->path, error->message);
        return RF_OK;
    }
    return result;
}

static enum rf_err follow(struct logs *logs, struct cli_logs_files *files, struct rf_error *error) {
    struct cli_logs_follow state = {
        .path = logs->config->logger.json_file, .fn = on_line, .arg = logs};
    enum rf_err result = cli_logs_follow_begin(&state, files, error);
    while (result == RF_OK && !stopped) {
        result = cli_logs_follow_look(&state, error);
        if (!cli_output_flush() || cli_output_gone())
            break;
        rf_clock_pause(LOOK_EVERY);
    }
    logs->bad += state.lines.too_long;
    cli_logs_follow_end(&state);
    return result;
}

static enum rf_err print_all(struct logs *logs, struct rf_error *error) {
    const char *path = logs->config->logger.json_file;
    struct cli_logs_files files;
    enum rf_err result =
        cli_logs_files_open(&files, path, &logs->filter, (struct rf_utc){-1}, error);
    if (result == RF_OK && files.ino == 0 && files.newest.ns == 0 && !logs->follow)
        result = rf_error_set(error, RF_ERR_NOT_FOUND,
                              "%s: there is no log; does ringfence-logger run on this host, with "
                              "the same --config?",
                              path);
    if (result == RF_OK)
        result = cli_logs_contact_learn_all(&logs->contact, &logs->filter, &files, error);
    if (result == RF_OK)
        result = cli_logs_files_narrow(&files, &logs->filter, logs->last, error);
    size_t count = files.count - (logs->follow && files.ino != 0 ? 1 : 0);
    for (size_t i = 0; i < count && result == RF_OK && !stopped && !ferror(stdout); i++)
        result = print_file(logs, &files.items[i], error);
    if (result == RF_OK && logs->follow && !ferror(stdout))
        result = follow(logs, &files, error);
    cli_logs_files_close(&files);
    return result;
}

// ---- the command ----

static void take_signals(void) {
    const struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

static int run(struct logs *logs, const struct cli_options *options, struct rf_error *error) {
    enum rf_err result = rf_config_load(options->config, &logs->config, error);
    if (result == RF_OK)
        result = cli_logs_contact_read(&logs->contact, logs->config, &logs->filter, error);
    if (result == RF_OK)
        result = print_all(logs, error);
    if (logs->bad > 0)
        cli_say("%lld lines are none of a log and were left out", (long long)logs->bad);
    if (result != RF_OK) {
        rf_log(RF_LOG_ERROR, "%s", error->message);
        return result == RF_ERR_CONFIG ? CLI_CONFIG : CLI_FAILED;
    }
    if (logs->shown == 0 && !logs->json && !logs->follow)
        cli_say("no line matches");
    return CLI_OK;
}

int cli_logs(const struct cli_options *options) {
    struct logs logs = {0};
    struct rf_error error;
    if (read_options(options, &logs, &error) != RF_OK)
        return cli_usage(&error);
    if (logs.follow)
        take_signals();
    int code = run(&logs, options, &error);
    cli_logs_contact_fini(&logs.contact);
    rf_config_destroy(&logs.config);
    return code;
}
