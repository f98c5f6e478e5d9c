// ringfence campaign run: loads a list of contacts, starts the campaign and follows it to its end.
// campaign load and campaign start are its first two parts by themselves.
#include <ctype.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "campaign_number.h"
#include "campaign_settings.h"
#include "page.h"
#include "person.h"
#include "progress.h"
#include "run.h"
#include "session.h"
#include "summary.h"

// A question that is not answered within this is asked again.
#define ANSWER_TIME rf_seconds(5)
// To start a campaign takes as long as it is large.
#define START_TIME rf_seconds(600)
// Without a terminal a line is written when something changed, and at most so often.
#define LINE_INTERVAL rf_seconds(2)

struct running {
    struct cli_run run;
    enum cli_run_phase first, last; // what of it is wanted
    struct cli_list list;
    char campaign[65];
    int64_t priority; // CLI_RUN_NO_PRIORITY: none was given
    char *settings;   // text of --settings; NULL: not given
    struct rf_timer timer;
    FILE *out;     // where progress is told
    bool terminal; // and whether it is one
    bool told_loaded;
    atomic_bool drawn; // a bar stands in the last line
    struct rf_instant line_at;
    char last_line[256];
    char last_trouble[128];
};

static void clear_bar(struct running *running) {
    if (running->drawn) {
        fputs("\r\033[K", running->out);
        fflush(running->out); // what comes next may be on standard error
    }
    running->drawn = false;
}

// What the library and the reading of the list say stands above the bar, not behind it.
static void say_above(void *arg, enum rf_log_level level, const char *text) {
    clear_bar(arg);
    cli_say_line(level, text);
}

static size_t terminal_width(FILE *out) {
    struct winsize size;
    if (ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return 80;
}

static void draw_bar(struct running *running, const struct cli_progress *progress) {
    struct rf_text text = {0};
    cli_progress_bar(progress, terminal_width(running->out) - 1, &text);
    if (!text.failed && text.data != NULL)
        fprintf(running->out, "\r%s\033[K", text.data);
    running->drawn = true;
    rf_text_fini(&text);
}

static void print_line(struct running *running, const struct cli_progress *progress,
                       struct rf_instant now) {
    struct rf_text text = {0};
    char when[RF_RFC3339_SIZE];
    cli_progress_line(progress, &text);
    bool ended = progress->done + progress->set_aside == progress->total;
    bool due = ended || rf_instant_since(now, running->line_at).ns >= LINE_INTERVAL.ns;
    if (!text.failed && due && strcmp(text.data, running->last_line) != 0) {
        rf_utc_format(rf_clock_utc(), when);
        if (running->out == stderr)
            cli_say("%s", text.data);
        else
            printf("%.8s  %s\n", when + 11, text.data);
        snprintf(running->last_line, sizeof running->last_line, "%s", text.data);
        running->line_at = now;
    }
    rf_text_fini(&text);
}

static void show_progress(struct running *running, struct rf_instant now) {
    struct cli_run *run = &running->run;
    struct cli_progress progress;
    if (strcmp(run->trouble, running->last_trouble) != 0) {
        clear_bar(running);
        if (run->trouble[0] != '\0')
            cli_say("waiting for the orchestrator (%s)", run->trouble);
        snprintf(running->last_trouble, sizeof running->last_trouble, "%s", run->trouble);
    }
    if (run->status == NULL || run->trouble[0] != '\0')
        return;
    cli_progress_read(run->status, &progress);
    if (running->terminal)
        draw_bar(running, &progress);
    else
        print_line(running, &progress, now);
    fflush(running->out);
}

// ---- the end ----

static void print_started(const struct running *running) {
    const struct cli_run *run = &running->run;
    printf("campaign %s: ", running->campaign);
    if (strcmp(run->state, "finished") == 0)
        printf("it has ended already, nobody is called: load further contacts into another one, or "
               "try those again that were set aside by campaign retry");
    else if (strcmp(run->was, "running") == 0)
        printf("running already, contacts: %" PRId64, run->total);
    else
        printf("started, contacts: %" PRId64, run->total);
    if (run->settings != NULL)
        printf("; settings: %s %s", run->settings_changed ? "now those of" : "already those of",
               run->settings_file);
    printf("\n");
}

// The file of the refused lines; NULL: none was refused.
static const char *rejects_of(const struct running *running) {
    bool finished = running->list.rejects == NULL;
    return finished && running->run.refused_count > 0 ? running->list.rejects_path : NULL;
}

static void finish(struct cli_session *session) {
    struct running *running = session->arg;
    struct cli_run *run = &running->run;
    struct rf_text text = {0};
    clear_bar(running);
    if (run->failure[0] != '\0') {
        cli_session_fail(session, "%s", run->failure);
        return;
    }
    if (running->last == CLI_RUN_STARTING && !session->options->json)
        print_started(running);
    if (session->options->json) {
        cli_print_json(cli_summary_json(run, rejects_of(running)));
    } else if (running->last > CLI_RUN_STARTING) {
        cli_summary_text(run, &text);
        cli_print_text(&text);
    }
    cli_session_end(session, cli_run_complete(run) ? CLI_OK : CLI_PARTLY);
}

static void interrupt(struct cli_session *session) {
    struct running *running = session->arg;
    cli_session_end(session, CLI_INTERRUPTED);
    clear_bar(running);
    if (running->run.phase == CLI_RUN_SETTING)
        cli_say("nothing was loaded or started");
    else if (running->run.phase == CLI_RUN_LOADING)
        cli_say("loading was interrupted after %" PRId64 " contacts, nobody is called by that; the "
                "same command again goes on",
                running->run.added + running->run.known);
    else
        cli_say("the campaign goes on without this program; to look at it: ringfence campaign "
                "status %s",
                running->campaign);
}

// ---- the course ----

// Refused lines are told as soon as their page was read; those beyond the bound are counted.
static void read_page(struct running *running) {
    size_t told = json_array_size(running->run.refused);
    cli_page_read(&running->list, &running->run);
    for (; told < json_array_size(running->run.refused); told++)
        rf_log(RF_LOG_WARNING, "%s", json_string_value(json_array_get(running->run.refused, told)));
}

static void step(struct cli_session *session);

static void on_timer(void *arg) {
    step(arg);
}

static void on_reply(void *arg, const struct rf_call_reply *reply) {
    struct cli_session *session = arg;
    struct running *running = session->arg;
    struct rf_instant now = rf_loop_now(session->loop);
    enum cli_run_phase before = running->run.phase;
    if (before == CLI_RUN_LOADING && reply->ok)
        cli_page_refused(&running->list, &running->run, reply->result);
    if (running->run.phase != CLI_RUN_ENDED)
        cli_run_reply(&running->run, reply, now);
    show_progress(running, now);
    step(session);
}

static void call(struct cli_session *session) {
    struct running *running = session->arg;
    const char *operation;
    bool starting = running->run.phase == CLI_RUN_STARTING;
    json_t *params = cli_run_request(&running->run, &operation);
    if (params != NULL && starting)
        (void)json_object_set_new(params, "by", json_string(cli_person()));
    if (params == NULL)
        cli_session_fail(session, "out of memory");
    else
        cli_session_call(session, operation, params, starting ? START_TIME : ANSWER_TIME, on_reply);
}

// The list is read: says what came of it, once.
static void tell_loaded(struct running *running) {
    struct cli_run *run = &running->run;
    struct rf_error error;
    running->told_loaded = true;
    if (run->failure[0] != '\0' && !run->nobody)
        return;
    if (cli_list_finish(&running->list, &error) != RF_OK) {
        cli_run_fail(run, error.message);
        return;
    }
    const char *rejects = rejects_of(running);
    fprintf(running->out,
            "campaign %s: contacts loaded: %" PRId64 ", known from before: %" PRId64
            ", lines refused: %" PRId64 "%s%s%s\n",
            running->campaign, run->added, run->known, run->refused_count,
            rejects != NULL ? " (they are in " : "", rejects != NULL ? rejects : "",
            rejects != NULL ? ")" : "");
}

static void step(struct cli_session *session) {
    struct running *running = session->arg;
    struct rf_duration wait = {0};
    enum cli_run_action action;
    while ((action = cli_run_next(&running->run, rf_loop_now(session->loop), &wait)) ==
           CLI_RUN_READ)
        read_page(running);
    if (running->first == CLI_RUN_LOADING && running->run.phase > CLI_RUN_LOADING &&
        !running->told_loaded) {
        tell_loaded(running);
        action = cli_run_next(&running->run, rf_loop_now(session->loop), &wait);
    }
    if (action == CLI_RUN_CALL)
        call(session);
    else if (action == CLI_RUN_WAIT)
        rf_timer_after(&running->timer, wait);
    else
        finish(session);
}

static void begin(struct cli_session *session) {
    struct running *running = session->arg;
    rf_timer_init(&running->timer, session->loop, on_timer, session);
    const char *file = session->options->arguments[session->options->count - 1];
    if (!cli_run_init(&running->run, running->first, running->last, running->campaign, file,
                      session->options->timeout, rf_loop_now(session->loop))) {
        cli_session_fail(session, "out of memory");
        return;
    }
    running->run.priority = running->priority;
    if (running->settings != NULL)
        cli_run_settings(&running->run, running->settings, session->options->own[CLI_SETTINGS]);
    step(session);
}

// The list's file name without its folder and its ending, in the letters that a campaign may have:
// run again, it is the same campaign, which goes on where it stood.
static void name_after_file(const char *file, char out[65]) {
    const char *slash = strrchr(file, '/');
    snprintf(out, 65, "%.64s", slash != NULL ? slash + 1 : file);
    char *dot = strrchr(out, '.');
    if (dot != NULL && dot != out)
        *dot = '\0';
    for (char *at = out; *at != '\0'; at++)
        if (!isalnum((unsigned char)*at) && strchr("._-", *at) == NULL)
            *at = '-';
}

static int run_phases(const struct cli_options *options, struct running *running) {
    static const struct cli_session_handlers handlers = {.begin = begin, .interrupt = interrupt};
    const char *priority = options->own[CLI_PRIORITY];
    running->priority = CLI_RUN_NO_PRIORITY;
    if (priority != NULL && !cli_priority_read("--priority", priority, &running->priority))
        return CLI_USAGE;
    running->out = options->json ? stderr : stdout;
    running->terminal = isatty(fileno(running->out)) != 0;
    int code = CLI_OK;
    const char *file = options->own[CLI_SETTINGS];
    if (file != NULL && (running->settings = cli_settings_file(file)) == NULL)
        return CLI_USAGE;
    if (running->first == CLI_RUN_LOADING)
        code = cli_list_open(options, options->arguments[options->count - 1], &running->list);
    if (code == CLI_OK) {
        if (running->terminal)
            rf_log_to(say_above, running);
        code = cli_session_run(options, &handlers, running);
        cli_say_log();
        cli_run_fini(&running->run);
        cli_list_close(&running->list);
    }
    free(running->settings);
    return code;
}

// What the orchestrator takes for a name it says itself; this only keeps it in its room.
static bool take_name(struct running *running, const char *what, const char *name) {
    if (name[0] == '\0' || strlen(name) >= sizeof running->campaign) {
        rf_log(RF_LOG_ERROR, "%s: expected 1 to 64 characters", what);
        return false;
    }
    snprintf(running->campaign, sizeof running->campaign, "%s", name);
    return true;
}

int cli_campaign_run(const struct cli_options *options) {
    struct running running = {.first = CLI_RUN_LOADING, .last = CLI_RUN_COLLECTING};
    const char *name = options->own[CLI_NAME];
    if (name == NULL)
        name_after_file(options->arguments[0], running.campaign);
    else if (!take_name(&running, "--name", name))
        return CLI_USAGE;
    return run_phases(options, &running);
}

int cli_campaign_load(const struct cli_options *options) {
    struct running running = {.first = CLI_RUN_LOADING, .last = CLI_RUN_LOADING};
    if (!take_name(&running, "campaign load", options->arguments[0]))
        return CLI_USAGE;
    return run_phases(options, &running);
}

int cli_campaign_start(const struct cli_options *options) {
    struct running running = {.first = CLI_RUN_STARTING, .last = CLI_RUN_STARTING};
    if (!take_name(&running, "campaign start", options->arguments[0]))
        return CLI_USAGE;
    return run_phases(options, &running);
}
