// ringfence top: the set on the whole of a terminal, as it is now. Retained values come as they
// change, events as they happen; what has to be asked for is asked for in turn. top_text.c makes
// the picture, of rows that top_rows.c puts in order, top_keys.c knows what is typed, and screen.c
// shows it.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "event_line.h"
#include "events/field.h"
#include "screen.h"
#include "session.h"
#include "terminal.h"
#include "top_keys.h"
#include "top_text.h"

#define PICTURE  rf_ms(500) // how long one stands
#define QUESTION rf_seconds(2)
#define ANSWER   rf_seconds(5)

// metric.* tells of measurements, many a second.
#define UNSHOWN "metric."

struct topping {
    struct cli_session *session;
    struct cli_screen screen;
    struct cli_top top;
    struct rf_timer picture, question;
    struct rf_text body; // as it stands
    struct cli_top_keys keys;
    bool color;
    bool asked_status, asked_campaigns, asked_incidents; // and not answered
    struct rf_instant lost;                              // since when there is no broker
    bool connected;
    int signals; // -1: not open
};

static void fail(struct topping *topping, const struct rf_error *error) {
    cli_screen_give(&topping->screen); // or nobody would see why
    cli_session_fail(topping->session, "%s", error->message);
}

// ---- the picture ----

static void add_title(struct topping *topping, struct rf_text *text) {
    char at[RF_TIME_TEXT_SIZE], span[RF_TIME_TEXT_SIZE];
    struct rf_instant now = rf_loop_now(topping->session->loop);
    bool connected = rf_bus_connected(topping->session->bus);
    if (topping->connected && !connected)
        topping->lost = now;
    topping->connected = connected;
    if (connected)
        rf_text_add(text, CLI_SCREEN_BOLD "ringfence top  %s", rf_time_text(rf_clock_utc(), at));
    else
        rf_text_add(text, CLI_SCREEN_RED "ringfence top  no broker for %s; this is the last known",
                    rf_span_text(rf_instant_since(now, topping->lost), span));
    rf_text_add(text, "%s", topping->keys.paused ? "  [paused]" : "");
    cli_top_view_text(&topping->top.view, topping->keys.typing, text);
    rf_text_add(text, topping->keys.typing ? "  Enter: done  ESC: all\n\n"
                                           : "  q: end  ?: help  > <: order  \\: filter\n\n");
}

static void paint(struct topping *topping) {
    struct cli_screen_size size = cli_screen_size();
    struct rf_text text = {0};
    struct rf_error error = {0};
    const char *at = "";
    size.color = topping->color;
    if (!topping->keys.paused || topping->body.data == NULL) {
        rf_text_fini(&topping->body);
        cli_top_body(&topping->top, rf_clock_utc(), (size_t)size.columns, &topping->body);
    }
    add_title(topping, &text);
    if (topping->keys.help) {
        cli_top_help(&text);
    } else if (!topping->body.failed && topping->body.data != NULL) {
        topping->keys.skipped = cli_top_window(topping->body.data, topping->keys.skipped,
                                               size.rows > 2 ? (size_t)size.rows - 2 : 0, &at);
        rf_text_add_bytes(&text, at, strlen(at));
    }
    enum rf_err err = text.failed || topping->body.failed
                          ? rf_error_set(&error, RF_ERR_NOMEM, "out of memory")
                          : cli_screen_paint(&topping->screen, text.data, &size, &error);
    rf_text_fini(&text);
    if (err != RF_OK)
        fail(topping, &error);
}

static void on_picture(void *arg) {
    struct topping *topping = arg;
    paint(topping);
    rf_timer_after(&topping->picture, PICTURE);
}

// ---- what is asked for ----

static void on_status(void *arg, json_t *status) {
    struct topping *topping = arg;
    topping->asked_status = false;
    if (status != NULL)
        json_object_set(topping->top.all, "broker", status);
}

// What an answer has; NULL, and so not known, where there is none.
static void keep(json_t **kept, const struct rf_call_reply *reply, const char *member) {
    json_decref(*kept);
    *kept = reply->ok ? json_incref(json_object_get(reply->result, member)) : NULL;
}

static void on_campaigns(void *arg, const struct rf_call_reply *reply) {
    struct topping *topping = ((struct cli_session *)arg)->arg;
    topping->asked_campaigns = false;
    keep(&topping->top.campaigns, reply, "campaigns");
}

static void on_incidents(void *arg, const struct rf_call_reply *reply) {
    struct topping *topping = ((struct cli_session *)arg)->arg;
    topping->asked_incidents = false;
    keep(&topping->top.incidents, reply, "incidents");
}

static void on_question(void *arg) {
    struct topping *topping = arg;
    struct cli_session *session = topping->session;
    rf_timer_after(&topping->question, QUESTION);
    if (!rf_bus_connected(session->bus))
        return;
    if (!topping->asked_status)
        rf_bus_status(session->bus, on_status, topping);
    if (!topping->asked_campaigns) {
        session->service = "campaign";
        cli_session_call(session, "status", json_object(), ANSWER, on_campaigns);
    }
    if (!topping->asked_incidents) {
        session->service = "alerter";
        cli_session_call(session, "alert_list", json_pack("{s:b}", "all", 0), ANSWER, on_incidents);
    }
    topping->asked_status = topping->asked_campaigns = topping->asked_incidents = true;
}

// ---- what comes by itself ----

static void take_entries(struct topping *topping, const char *area, bool snapshot,
                         const struct rf_state_entry *entries, size_t count) {
    json_t *values = json_object_get(topping->top.all, area);
    if (snapshot || values == NULL) {
        values = json_object();
        json_object_set_new(topping->top.all, area, values);
    }
    for (size_t i = 0; i < count; i++) {
        const char *slash = strchr(entries[i].key, '/');
        if (slash == NULL)
            continue;
        if (entries[i].version == 0)
            json_object_del(values, slash + 1);
        else
            json_object_set(values, slash + 1, entries[i].value);
    }
}

#define TAKE(function, area)                                                                       \
    static void function(void *arg, bool snapshot, const struct rf_state_entry *entries,           \
                         size_t count) {                                                           \
        take_entries(arg, area, snapshot, entries, count);                                         \
    }
TAKE(on_processes, "process")
TAKE(on_providers, "provider")
TAKE(on_marks, "mark")

static void on_event(void *arg, const char *topic, const struct rf_event *event) {
    struct topping *topping = arg;
    if (strncmp(topic, UNSHOWN, strlen(UNSHOWN)) == 0)
        return;
    char *line = cli_event_line(event, false, false);
    if (line != NULL)
        cli_top_event(&topping->top, line);
}

// ---- keys and signals ----

static bool same(const struct cli_top_view *a, const struct cli_top_view *b) {
    return a->order == b->order && a->inverted == b->inverted && strcmp(a->filter, b->filter) == 0;
}

static void on_keys(void *arg, int fd, unsigned ready) {
    struct topping *topping = arg;
    char keys[64];
    (void)ready;
    ssize_t size = read(fd, keys, sizeof keys);
    if (size <= 0) {
        if (size == 0 || (errno != EINTR && errno != EAGAIN))
            cli_session_end(topping->session, CLI_OK); // the terminal is gone
        return;
    }
    int rows = cli_screen_size().rows;
    if (!cli_top_keys_take(&topping->keys, keys, (size_t)size, rows > 4 ? (size_t)rows - 4 : 1)) {
        cli_session_end(topping->session, CLI_OK);
        return;
    }
    // Another look at what is known, also where the picture stands still.
    if (!same(&topping->keys.view, &topping->top.view))
        rf_text_fini(&topping->body);
    topping->top.view = topping->keys.view;
    paint(topping);
}

static void on_signal(void *arg, int fd, unsigned ready) {
    struct topping *topping = arg;
    struct signalfd_siginfo info;
    struct rf_error error = {0};
    (void)ready;
    if (read(fd, &info, sizeof info) != (ssize_t)sizeof info)
        return;
    if (info.ssi_signo == SIGHUP) {
        cli_session_end(topping->session, CLI_OK);
        return;
    }
    if (info.ssi_signo == SIGTSTP) {
        cli_screen_give(&topping->screen);
        raise(SIGSTOP);
        if (cli_screen_take(&topping->screen, &error) != RF_OK) {
            fail(topping, &error);
            return;
        }
    }
    paint(topping);
}

// Before the first thread of ZeroMQ begins, as the session's own.
static enum rf_err open_signals(struct topping *topping, struct rf_error *error) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGTSTP);
    sigaddset(&set, SIGWINCH);
    sigprocmask(SIG_BLOCK, &set, NULL);
    topping->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return topping->signals >= 0 ? RF_OK
                                 : rf_error_set(error, RF_ERR_IO, "signalfd: %s", strerror(errno));
}

// ---- the whole ----

static void begin(struct cli_session *session) {
    struct topping *topping = session->arg;
    struct rf_error error = {0};
    topping->session = session;
    enum rf_err err = rf_bus_watch(session->bus, "process/", on_processes, topping, &error);
    if (err == RF_OK)
        err = rf_bus_watch(session->bus, "provider/", on_providers, topping, &error);
    if (err == RF_OK)
        err = rf_bus_watch(session->bus, "mark/", on_marks, topping, &error);
    if (err == RF_OK)
        err = rf_bus_listen(session->bus, "", on_event, topping, &error);
    if (err == RF_OK &&
        (rf_loop_fd_set(session->loop, STDIN_FILENO, RF_LOOP_READ, on_keys, topping) != RF_OK ||
         rf_loop_fd_set(session->loop, topping->signals, RF_LOOP_READ, on_signal, topping) !=
             RF_OK))
        err = rf_error_set(&error, RF_ERR_IO, "the terminal cannot be watched for keys");
    if (err == RF_OK)
        err = cli_screen_take(&topping->screen, &error);
    if (err != RF_OK) {
        fail(topping, &error);
        return;
    }
    rf_timer_init(&topping->picture, session->loop, on_picture, topping);
    rf_timer_init(&topping->question, session->loop, on_question, topping);
    topping->connected = true;
    on_question(topping);
    on_picture(topping);
}

static void interrupt(struct cli_session *session) {
    cli_session_end(session, CLI_OK); // that is how one ends it
}

int cli_top(const struct cli_options *options) {
    static const struct cli_session_handlers handlers = {.begin = begin, .interrupt = interrupt};
    struct topping topping = {.top = {.all = json_object()}, .signals = -1};
    struct rf_error error = {0};
    enum rf_err err = RF_OK;
    if (!isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO))
        err =
            rf_error_set(&error, RF_ERR_INVALID,
                         "top wants a terminal; elsewhere \"ringfence status --watch\" tells much "
                         "the same");
    if (err == RF_OK)
        err = cli_color_read(NULL, &topping.color, &error);
    if (err == RF_OK)
        err = open_signals(&topping, &error);
    int code = err == RF_OK ? cli_session_run(options, &handlers, &topping) : cli_usage(&error);
    cli_screen_give(&topping.screen);
    if (topping.signals >= 0)
        close(topping.signals);
    rf_text_fini(&topping.body);
    cli_top_fini(&topping.top);
    return code;
}
