// ringfence alert list, show, dead: what people were told, and what did not reach them.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "alert_pages.h"
#include "alerts.h"
#include "base/clock.h"
#include "events/field.h"
#include "member.h"
#include "table.h"

#define TITLE_BYTES 120
#define WHY_BYTES   200

// The session's `arg`: the pages first.
struct listing {
    struct cli_pages pages;
    struct cli_silences silences;
};

static const char *moment(const json_t *object, const char *key, char out[RF_TIME_TEXT_SIZE]) {
    int64_t ns = cli_member_number(object, key);
    return ns > 0 ? rf_time_text((struct rf_utc){ns}, out) : "-";
}

// The incident that it follows from, as long as it is not told for that one's sake; NULL: none.
static const json_t *holder_of(const json_t *incident) {
    const json_t *holder = json_object_get(incident, "inhibited_by");
    return json_is_object(holder) ? holder : NULL;
}

// "acknowledged by ann", "silenced until ...", "held back by breaker/x", "resolved", "open".
static void add_standing(struct cli_table *table, const struct listing *listing,
                         const json_t *incident) {
    char text[160], at[RF_TIME_TEXT_SIZE];
    struct rf_utc until = cli_silences_until(&listing->silences, incident, rf_clock_utc());
    const json_t *holder = holder_of(incident);
    if (strcmp(cli_member_text(incident, "phase"), "resolved") == 0)
        snprintf(text, sizeof text, "resolved %s", moment(incident, "resolved", at));
    else if (cli_member_number(incident, "acked") > 0)
        snprintf(text, sizeof text, "acknowledged by %.64s", cli_member_text(incident, "acked_by"));
    else if (until.ns > 0)
        snprintf(text, sizeof text, "silenced until %s", rf_time_text(until, at));
    else if (holder != NULL)
        snprintf(text, sizeof text, "held back by %.100s", cli_member_text(holder, "incident"));
    else
        snprintf(text, sizeof text, "open");
    cli_table_add(table, text, sizeof text);
}

static void add_head(struct cli_table *table, const char *const *names, size_t count) {
    table->columns = count;
    for (size_t i = 0; i < count; i++)
        cli_table_add(table, names[i], 32);
}

static void print_incidents(const struct listing *listing, const json_t *incidents,
                            struct rf_text *text) {
    static const char *const head[] = {"ID", "SEVERITY", "SINCE", "EVENTS", "STATE", "WHAT"};
    struct cli_table table = {0};
    size_t i;
    json_t *incident;
    char at[RF_TIME_TEXT_SIZE];
    add_head(&table, head, sizeof head / sizeof *head);
    json_array_foreach((json_t *)(uintptr_t)incidents, i, incident) {
        cli_table_add(&table, cli_member_text(incident, "id"), 64);
        cli_table_add(&table, cli_member_text(incident, "severity"), 16);
        cli_table_add(&table, moment(incident, "opened", at), 40);
        cli_table_addf(&table, "%" PRId64, cli_member_number(incident, "events"));
        add_standing(&table, listing, incident);
        cli_table_add(&table, cli_member_text(incident, "title"), TITLE_BYTES);
    }
    cli_table_text(&table, text);
}

static void print_channels(const json_t *result, struct rf_text *text) {
    size_t i;
    json_t *row;
    char at[RF_TIME_TEXT_SIZE];
    json_array_foreach(json_object_get(result, "down"), i, row) {
        rf_text_add(text, "channel %s is down since %s: ", cli_member_text(row, "channel"),
                    moment(row, "since", at));
        rf_text_add_clean(text, cli_member_text(row, "why"), WHY_BYTES);
        rf_text_add(text, "\n");
    }
    json_array_foreach(json_object_get(result, "waiting"), i, row) {
        rf_text_add(text, "%" PRId64 " notices wait for channel %s, the oldest since %s\n",
                    cli_member_number(row, "count"), cli_member_text(row, "channel"),
                    moment(row, "oldest", at));
    }
    json_array_foreach(json_object_get(result, "dead"), i, row) {
        rf_text_add(text,
                    "%" PRId64 " dead letters of channel %s; see ringfence alert dead, and send "
                    "them by ringfence alert resend\n",
                    cli_member_number(row, "count"), cli_member_text(row, "channel"));
    }
}

static void on_list(struct cli_session *session, json_t *result) {
    const struct listing *listing = session->arg;
    const json_t *incidents = json_object_get(result, "incidents");
    struct rf_text text = {0};
    if (json_array_size(incidents) == 0)
        rf_text_add(&text, "no incident is open\n");
    else
        print_incidents(listing, incidents, &text);
    cli_pages_more(result, &text);
    print_channels(result, &text);
    cli_session_tell(session, result, &text);
}

static void ask_list(struct cli_session *session) {
    struct listing *listing = session->arg;
    bool all = session->options->own[CLI_ALL] != NULL;
    cli_pages_ask(&listing->pages, session, "alert_list", "incidents",
                  json_pack("{s:b}", "all", all), on_list);
}

static void begin_list(struct cli_session *session) {
    struct listing *listing = session->arg;
    cli_silences_read(session, &listing->silences, ask_list);
}

static int run(const struct cli_options *options, const struct cli_session_handlers *handlers) {
    struct listing listing = {0};
    struct rf_error error;
    if (cli_pages_limit(options, &listing.pages.limit, &error) != RF_OK)
        return cli_usage(&error);
    int code = cli_session_run(options, handlers, &listing);
    cli_silences_fini(&listing.silences);
    cli_pages_end(&listing.pages);
    return code;
}

int cli_alert_list(const struct cli_options *options) {
    static const struct cli_session_handlers handlers = {.begin = begin_list};
    return run(options, &handlers);
}

// ---- show ----

static void print_incident(const json_t *incident, struct rf_text *text) {
    char at[RF_TIME_TEXT_SIZE], span[RF_TIME_TEXT_SIZE];
    int64_t opened = cli_member_number(incident, "opened");
    int64_t resolved = cli_member_number(incident, "resolved");
    rf_text_add_clean(text, cli_member_text(incident, "title"), TITLE_BYTES);
    rf_text_add(text, "\n  id            %s\n  incident      ", cli_member_text(incident, "id"));
    rf_text_add_clean(text, cli_member_text(incident, "incident"), TITLE_BYTES);
    rf_text_add(text, "\n  severity      %s\n  rule          %s\n  since         %s\n",
                cli_member_text(incident, "severity"), cli_member_text(incident, "rule"),
                moment(incident, "opened", at));
    if (resolved > 0)
        rf_text_add(text, "  resolved      %s, after %s\n", moment(incident, "resolved", at),
                    rf_span_text(rf_ns(resolved - opened), span));
    rf_text_add(text,
                "  events        %" PRId64 " of %" PRId64 " subjects; contacts deferred %" PRId64
                ", set aside %" PRId64 "\n",
                cli_member_number(incident, "events"), cli_member_number(incident, "subjects"),
                cli_member_number(incident, "deferred"), cli_member_number(incident, "set_aside"));
    const json_t *holder = holder_of(incident);
    if (holder != NULL) {
        rf_text_add(text, "  held back by  ");
        rf_text_add_clean(text, cli_member_text(holder, "title"), TITLE_BYTES);
        rf_text_add(text, "; told when that is over, if it still is\n");
    }
    if (cli_member_number(incident, "acked") > 0) {
        rf_text_add(text, "  acknowledged  %s by ", moment(incident, "acked", at));
        rf_text_add_clean(text, cli_member_text(incident, "acked_by"), 64);
        rf_text_add(text, "%s", cli_member_text(incident, "acked_why")[0] != '\0' ? ": " : "");
        rf_text_add_clean(text, cli_member_text(incident, "acked_why"), WHY_BYTES);
        rf_text_add(text, "\n");
    }
}

// A mail's, where one of several has not got it.
static void print_recipients(const json_t *recipients, struct rf_text *text) {
    const char *address;
    json_t *recipient;
    json_object_foreach((json_t *)(uintptr_t)recipients, address, recipient) {
        const char *message = cli_member_text(recipient, "message");
        rf_text_add(text, "                 ");
        rf_text_add_clean(text, address, WHY_BYTES);
        rf_text_add(text, " %s", cli_member_text(recipient, "state"));
        if (message[0] != '\0') {
            rf_text_add(text, ": ");
            rf_text_add_clean(text, message, WHY_BYTES);
        }
        rf_text_add(text, "\n");
    }
}

static void print_delivery(const json_t *delivery, struct rf_text *text) {
    char at[RF_TIME_TEXT_SIZE];
    const char *message = cli_member_text(delivery, "message");
    int64_t attempts = cli_member_number(delivery, "attempts");
    rf_text_add(text, "    %-12s %-8s %" PRId64 " attempt%s, last %s",
                cli_member_text(delivery, "channel"), cli_member_text(delivery, "state"), attempts,
                attempts == 1 ? "" : "s", moment(delivery, "tried", at));
    if (message[0] != '\0') {
        rf_text_add(text, ": ");
        rf_text_add_clean(text, message, WHY_BYTES);
    }
    rf_text_add(text, "\n");
    print_recipients(json_object_get(delivery, "recipients"), text);
}

static void on_show(struct cli_session *session, json_t *result) {
    struct rf_text text = {0};
    char at[RF_TIME_TEXT_SIZE];
    size_t i, k;
    json_t *incident, *notice, *delivery;
    json_array_foreach(json_object_get(result, "incidents"), i, incident)
        print_incident(incident, &text);
    if (cli_member_number(result, "left_out") > 0)
        rf_text_add(&text, "\n  %" PRId64 " earlier notices are left out\n",
                    cli_member_number(result, "left_out"));
    json_array_foreach(json_object_get(result, "notices"), i, notice) {
        rf_text_add(&text, "\n  %s  %s, %s  %s\n", moment(notice, "at", at),
                    cli_member_text(notice, "kind"), cli_member_text(notice, "severity"),
                    cli_member_text(notice, "id"));
        rf_text_add(&text, "    ");
        rf_text_add_clean(&text, cli_member_text(notice, "title"), TITLE_BYTES);
        rf_text_add(&text, "\n");
        json_array_foreach(json_object_get(notice, "deliveries"), k, delivery)
            print_delivery(delivery, &text);
    }
    cli_session_tell(session, result, &text);
}

static void begin_show(struct cli_session *session) {
    struct listing *listing = session->arg;
    cli_alert_ask(&listing->pages.ask, session, "alert_show",
                  json_pack("{s:s}", "id", session->options->arguments[0]), on_show);
}

int cli_alert_show(const struct cli_options *options) {
    static const struct cli_session_handlers handlers = {.begin = begin_show};
    return run(options, &handlers);
}

// ---- dead letters ----

static void on_dead(struct cli_session *session, json_t *result) {
    static const char *const head[] = {"NOTICE", "CHANNEL", "HAPPENED", "TRIES", "WHAT", "WHY"};
    struct cli_table table = {0};
    struct rf_text text = {0};
    size_t i;
    json_t *row, *dead = json_object_get(result, "dead");
    char at[RF_TIME_TEXT_SIZE];
    if (json_array_size(dead) > 0)
        add_head(&table, head, sizeof head / sizeof *head);
    json_array_foreach(dead, i, row) {
        cli_table_add(&table, cli_member_text(row, "alert"), 64);
        cli_table_add(&table, cli_member_text(row, "channel"), 32);
        cli_table_add(&table, moment(row, "at", at), 40);
        cli_table_addf(&table, "%" PRId64, cli_member_number(row, "attempts"));
        cli_table_add(&table, cli_member_text(row, "title"), TITLE_BYTES);
        cli_table_add(&table, cli_member_text(row, "message"), WHY_BYTES);
    }
    if (i == 0)
        rf_text_add(&text, "there is no dead letter\n");
    else
        cli_table_text(&table, &text);
    cli_pages_more(result, &text);
    cli_session_tell(session, result, &text);
}

static void begin_dead(struct cli_session *session) {
    struct listing *listing = session->arg;
    cli_pages_ask(&listing->pages, session, "alert_dead", "dead", json_object(), on_dead);
}

int cli_alert_dead(const struct cli_options *options) {
    static const struct cli_session_handlers handlers = {.begin = begin_dead};
    return run(options, &handlers);
}
