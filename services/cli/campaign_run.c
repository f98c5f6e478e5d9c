// ringfence campaign run: loads a list of contacts, starts the campaign and follows it to its end.
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "page.h"
#include "progress.h"
#include "run.h"
#include "session.h"
#include "summary.h"

// A question that is not answered within this is asked again.
#define ANSWER_TIME rf_seconds(5)
// While following, the orchestrator may be away for a restart.
#define FOLLOW_PATIENCE rf_seconds(60)
// Without a terminal a line is written when something changed, and at most so often.
#define LINE_INTERVAL rf_seconds(2)

struct running {
    struct cli_run run;
    struct rf_contacts *contacts;
    char campaign[65];
    struct rf_timer timer;
    FILE *out;     // where progress is told
    bool terminal; // and whether it is one
    bool drawn;    // a bar stands in the last line
    struct rf_instant line_at;
    char last_line[256];
    char last_trouble[128];
};

static void clear_bar(struct running *running) {
    if (running->drawn)
        fputs("\r\033[K", running->out);
    running->drawn = false;
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
        fprintf(running->out, "%.8s  %s\n", when + 11, text.data);
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

static void finish(struct cli_session *session) {
    struct running *running = session->arg;
    struct cli_run *run = &running->run;
    struct rf_text text = {0};
    clear_bar(running);
    if (run->failure[0] != '\0') {
        cli_session_fail(session, "%s", run->failure);
        return;
    }
    if (session->options->json) {
        cli_print_json(cli_summary_json(run));
    } else {
        cli_summary_text(run, &text);
        if (!text.failed && text.data != NULL)
            fputs(text.data, stdout);
        rf_text_fini(&text);
    }
    cli_session_end(session, cli_run_complete(run) ? CLI_OK : CLI_PARTLY);
}

static void interrupt(struct cli_session *session) {
    struct running *running = session->arg;
    cli_session_end(session, CLI_INTERRUPTED);
    clear_bar(running);
    if (running->run.phase == CLI_RUN_LOADING)
        fprintf(stderr,
                "loading was interrupted after %" PRId64 " contacts, nobody is called; to go on: "
                "ringfence campaign run %s --name %s\n",
                running->run.added + running->run.known, running->run.file, running->campaign);
    else
        fprintf(stderr,
                "the campaign goes on without this program; to look at it: ringfence campaign "
                "status %s\n",
                running->campaign);
}

// ---- the course ----

// Refused lines are told as soon as their page was read; those beyond the bound are counted.
static void read_page(struct running *running) {
    size_t told = json_array_size(running->run.refused);
    cli_page_read(running->contacts, &running->run);
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
    cli_run_reply(&running->run, reply, now);
    if (before == CLI_RUN_LOADING && running->run.phase == CLI_RUN_STARTING)
        fprintf(running->out,
                "campaign %s: contacts loaded: %" PRId64 ", known from before: %" PRId64
                ", lines refused: %" PRId64 "\n",
                running->campaign, running->run.added, running->run.known,
                running->run.refused_count);
    if (before == CLI_RUN_STARTING && running->run.phase == CLI_RUN_FOLLOWING)
        running->run.patience =
            running->run.patience.ns > FOLLOW_PATIENCE.ns ? running->run.patience : FOLLOW_PATIENCE;
    show_progress(running, now);
    step(session);
}

static void call(struct cli_session *session) {
    struct running *running = session->arg;
    const char *operation;
    json_t *params = cli_run_request(&running->run, &operation);
    if (params == NULL)
        cli_session_fail(session, "out of memory");
    else
        cli_session_call(session, operation, params, ANSWER_TIME, on_reply);
}

static void step(struct cli_session *session) {
    struct running *running = session->arg;
    struct rf_duration wait = {0};
    enum cli_run_action action;
    while ((action = cli_run_next(&running->run, rf_loop_now(session->loop), &wait)) ==
           CLI_RUN_READ)
        read_page(running);
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
    if (!cli_run_init(&running->run, running->campaign, session->options->arguments[0],
                      session->options->timeout, rf_loop_now(session->loop))) {
        cli_session_fail(session, "out of memory");
        return;
    }
    step(session);
}

// The list's file name without its folder and its ending, in the letters that a campaign may have:
// run again, it is the same campaign, which goes on where it stood.
static void name_campaign(const struct cli_options *options, char out[65]) {
    const char *slash = strrchr(options->arguments[0], '/');
    const char *base = slash != NULL ? slash + 1 : options->arguments[0];
    snprintf(out, 65, "%.64s", options->own[CLI_NAME] != NULL ? options->own[CLI_NAME] : base);
    if (options->own[CLI_NAME] != NULL)
        return;
    char *dot = strrchr(out, '.');
    if (dot != NULL && dot != out)
        *dot = '\0';
    for (char *at = out; *at != '\0'; at++)
        if (!isalnum((unsigned char)*at) && strchr("._-", *at) == NULL)
            *at = '-';
}

int cli_campaign_run(const struct cli_options *options) {
    static const struct cli_session_handlers handlers = {.begin = begin, .interrupt = interrupt};
    struct running running = {.out = options->json ? stderr : stdout};
    struct rf_error error;
    if (options->own[CLI_NAME] != NULL &&
        (strlen(options->own[CLI_NAME]) > 64 || options->own[CLI_NAME][0] == '\0')) {
        rf_log(RF_LOG_ERROR, "--name: expected 1 to 64 characters");
        return CLI_USAGE;
    }
    name_campaign(options, running.campaign);
    running.terminal = isatty(fileno(running.out)) != 0;
    if (rf_contacts_open(options->arguments[0], &running.contacts, &error) != RF_OK) {
        rf_log(RF_LOG_ERROR, "%s", error.message);
        return CLI_FAILED;
    }
    int code = cli_session_run(options, &handlers, &running);
    cli_run_fini(&running.run);
    rf_contacts_destroy(&running.contacts);
    return code;
}
