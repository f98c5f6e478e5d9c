// Each round is a child: whatever it comes to, this process and the terminal stay as they are, and
// a command does not know that it is repeated.
#include "watch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "events/field.h"
#include "options.h"
#include "output.h"
#include "screen.h"
#include "session.h"

#define DEFAULT_INTERVAL rf_seconds(2)
#define LEAST_INTERVAL   rf_ms(100)
#define LATE             rf_seconds(1) // a round without an end so long is worth a word
#define LOOK             rf_ms(250)    // how often that is looked at

struct watching {
    const struct cli_options *options;
    int (*run)(const struct cli_options *options);
    struct rf_duration interval;
    bool in_place;
    struct cli_screen screen;
    sigset_t before; // signals that were blocked before
    int signals;
    pid_t child;              // 0: none
    int out, err;             // of the child; -1: at their end
    struct rf_text said, bad; // by it: on standard output, on standard error
    char *shown;              // the last whole round's text; NULL: none yet
    char trouble[256];        // of the last round; "": it went well
    struct rf_instant began, next;
    struct rf_utc at; // of `shown`
    long rounds;
    bool ended;
    int code;
};

static void end(struct watching *watching, int code) {
    watching->ended = true;
    watching->code = code;
}

static void fail(struct watching *watching, const struct rf_error *error) {
    cli_screen_give(&watching->screen);
    rf_log(RF_LOG_ERROR, "%s", error->message);
    end(watching, CLI_FAILED);
}

// ---- what is shown ----

static void paint(struct watching *watching) {
    struct rf_text text = {0};
    struct rf_error error = {0};
    char span[RF_TIME_TEXT_SIZE], at[RF_TIME_TEXT_SIZE];
    struct cli_screen_size size = cli_screen_size();
    struct rf_duration late = rf_instant_since(rf_clock_now(), watching->began);
    rf_text_add(&text, "ringfence %s, every %s", watching->options->command->words,
                rf_span_text(watching->interval, span));
    if (watching->shown != NULL)
        rf_text_add(&text, ": %s", rf_time_text(watching->at, at));
    if (watching->child != 0 && late.ns >= LATE.ns)
        rf_text_add(&text, "; no answer for %s", rf_span_text(rf_ns(late.ns), span));
    rf_text_add(&text, "\n");
    rf_text_add_clean(&text, watching->trouble, sizeof watching->trouble);
    rf_text_add(&text, "\n%s", watching->shown != NULL ? watching->shown : "");
    enum rf_err err = text.failed ? rf_error_set(&error, RF_ERR_NOMEM, "out of memory")
                                  : cli_screen_paint(&watching->screen, text.data, &size, &error);
    rf_text_fini(&text);
    if (err != RF_OK)
        fail(watching, &error);
}

static void print_block(struct watching *watching) {
    char at[RF_TIME_TEXT_SIZE];
    if (watching->said.size > 0 && !watching->options->json)
        printf("%s%s\n", watching->rounds > 0 ? "\n" : "", rf_time_text(watching->at, at));
    if (watching->said.size > 0)
        cli_output_write(watching->said.data, watching->said.size);
    if (watching->bad.size > 0)
        fwrite(watching->bad.data, 1, watching->bad.size, stderr);
    if (!cli_output_flush()) // main tells it
        end(watching, cli_output_gone() ? CLI_OK : CLI_FAILED);
}

// The last line is what came of it; those before say what was waited for.
static void take_trouble(struct watching *watching, int code) {
    struct rf_text *bad = &watching->bad;
    watching->trouble[0] = '\0';
    if (code == CLI_OK)
        return;
    while (bad->size > 0 && bad->data[bad->size - 1] == '\n')
        bad->data[--bad->size] = '\0';
    const char *line = bad->size > 0 ? strrchr(bad->data, '\n') : NULL;
    snprintf(watching->trouble, sizeof watching->trouble, "%s",
             line != NULL    ? line + 1
             : bad->size > 0 ? bad->data
                             : "it failed without a word");
}

// ---- a round ----

static void be_child(struct watching *watching, const int *out, const int *err) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    sigprocmask(SIG_SETMASK, &watching->before, NULL);
    dup2(out[1], STDOUT_FILENO);
    dup2(err[1], STDERR_FILENO);
    close(watching->signals);
    for (int i = 0; i < 2; i++) {
        close(out[i]);
        close(err[i]);
    }
    int code = watching->run(watching->options);
    exit(cli_output_end(code));
}

static void begin_round(struct watching *watching) {
    int out[2] = {-1, -1}, err[2] = {-1, -1};
    struct rf_error error = {0};
    watching->began = rf_clock_now();
    watching->next = rf_instant_add(watching->began, watching->interval);
    if (pipe(out) != 0 || pipe(err) != 0 || (watching->child = fork()) < 0) {
        (void)!rf_error_set(&error, RF_ERR_IO, "no further round can begin: %s", strerror(errno));
        watching->child = 0;
        fail(watching, &error);
    } else if (watching->child == 0) {
        be_child(watching, out, err);
    }
    if (out[1] >= 0)
        close(out[1]);
    if (err[1] >= 0)
        close(err[1]);
    watching->out = out[0];
    watching->err = err[0];
}

static void take(int *fd, struct rf_text *text) {
    char data[16384];
    ssize_t size = read(*fd, data, sizeof data);
    if (size < 0 && errno == EINTR)
        return;
    if (size > 0) {
        rf_text_add_bytes(text, data, (size_t)size);
        return;
    }
    close(*fd);
    *fd = -1;
}

static int reap(struct watching *watching) {
    int status = 0;
    while (waitpid(watching->child, &status, 0) < 0 && errno == EINTR)
        ;
    watching->child = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void end_round(struct watching *watching) {
    int code = reap(watching);
    // The same will be wrong with the next one.
    if (watching->rounds == 0 && (code == CLI_USAGE || code == CLI_CONFIG)) {
        cli_screen_give(&watching->screen);
        fwrite(watching->bad.data, 1, watching->bad.size, stderr);
        end(watching, code);
        return;
    }
    if (code == CLI_OK)
        watching->at = rf_clock_utc();
    if (watching->in_place) {
        take_trouble(watching, code);
        if (code == CLI_OK) {
            free(watching->shown);
            watching->shown = rf_text_take(&watching->said);
        }
        paint(watching);
    } else {
        print_block(watching);
    }
    watching->rounds++;
    rf_text_fini(&watching->said);
    rf_text_fini(&watching->bad);
}

// ---- signals ----

// Out of the way as long as it is stopped.
static void stop(struct watching *watching) {
    struct rf_error error = {0};
    bool taken = watching->screen.taken;
    cli_screen_give(&watching->screen);
    raise(SIGSTOP);
    if (taken && cli_screen_take(&watching->screen, &error) != RF_OK)
        fail(watching, &error);
}

static void on_signal(struct watching *watching) {
    struct signalfd_siginfo info;
    if (read(watching->signals, &info, sizeof info) != (ssize_t)sizeof info)
        return;
    if (info.ssi_signo == SIGTSTP)
        stop(watching);
    else if (info.ssi_signo != SIGWINCH)
        end(watching, CLI_OK); // that is how one ends it
    if (watching->in_place && !watching->ended)
        paint(watching);
}

static enum rf_err open_signals(struct watching *watching, struct rf_error *error) {
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGWINCH};
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        sigaddset(&set, numbers[i]);
    sigprocmask(SIG_BLOCK, &set, &watching->before);
    watching->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return watching->signals >= 0 ? RF_OK
                                  : rf_error_set(error, RF_ERR_IO, "signalfd: %s", strerror(errno));
}

// ---- the whole ----

static int wait_ms(const struct watching *watching) {
    if (watching->child != 0)
        return watching->in_place ? (int)(LOOK.ns / RF_NS_PER_MS) : -1;
    int64_t left = rf_instant_since(watching->next, rf_clock_now()).ns;
    return left > 0 ? (int)(left / RF_NS_PER_MS) + 1 : 0;
}

static void turn(struct watching *watching) {
    struct pollfd fds[] = {{.fd = watching->signals, .events = POLLIN},
                           {.fd = watching->child != 0 ? watching->out : -1, .events = POLLIN},
                           {.fd = watching->child != 0 ? watching->err : -1, .events = POLLIN}};
    int ready = poll(fds, 3, wait_ms(watching));
    if (ready > 0 && fds[0].revents != 0)
        on_signal(watching);
    if (ready > 0 && fds[1].revents != 0)
        take(&watching->out, &watching->said);
    if (ready > 0 && fds[2].revents != 0)
        take(&watching->err, &watching->bad);
    if (watching->ended)
        return;
    if (watching->child != 0 && watching->out < 0 && watching->err < 0)
        end_round(watching);
    else if (watching->child != 0 && ready == 0)
        paint(watching);
    else if (watching->child == 0 && !rf_instant_before(rf_clock_now(), watching->next))
        begin_round(watching);
}

static void close_all(struct watching *watching) {
    cli_screen_give(&watching->screen);
    if (watching->child != 0) {
        kill(watching->child, SIGTERM);
        (void)reap(watching);
    }
    if (watching->out >= 0)
        close(watching->out);
    if (watching->err >= 0)
        close(watching->err);
    close(watching->signals);
    rf_text_fini(&watching->said);
    rf_text_fini(&watching->bad);
    free(watching->shown);
}

int cli_watch(const struct cli_options *options, int (*run)(const struct cli_options *options)) {
    struct watching watching = {.options = options,
                                .run = run,
                                .interval = DEFAULT_INTERVAL,
                                .in_place = !options->json && isatty(STDOUT_FILENO),
                                .out = -1,
                                .err = -1,
                                .next = rf_clock_now()};
    struct rf_error error = {0};
    const char *interval = options->own[CLI_WATCH];
    if (interval[0] != '\0' &&
        cli_duration_read("--watch", interval, &watching.interval, &error) != RF_OK)
        return cli_usage(&error);
    if (watching.interval.ns < LEAST_INTERVAL.ns) {
        (void)!rf_error_set(&error, RF_ERR_INVALID, "--watch: \"%s\"; expected 100ms or longer",
                            interval);
        return cli_usage(&error);
    }
    enum rf_err err = open_signals(&watching, &error);
    if (err == RF_OK && watching.in_place)
        err = cli_screen_take(&watching.screen, &error);
    if (err != RF_OK)
        fail(&watching, &error);
    while (!watching.ended)
        turn(&watching);
    close_all(&watching);
    return watching.code;
}
