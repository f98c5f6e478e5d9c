// ringfence subscriber: the durable subscribers, with how far each is behind; and forgetting one,
// for which the journal then keeps nothing any more.
#include <stdio.h>
#include <string.h>

#include "events/field.h"
#include "events/text.h"
#include "member.h"
#include "session.h"
#include "table.h"

#define NAME_BYTES 200

// ---- subscriber list ----

static void add_row(struct cli_table *table, const json_t *one) {
    char span[RF_TIME_TEXT_SIZE];
    struct rf_text prefixes = {0};
    size_t i;
    const json_t *prefix;
    json_array_foreach(json_object_get(one, "prefixes"), i, prefix) {
        rf_text_add(&prefixes, i > 0 ? " " : "");
        rf_text_add_clean(&prefixes, json_string_value(prefix), 64);
    }
    cli_table_add(table, cli_member_text(one, "name"), NAME_BYTES);
    cli_table_addf(table, "taken to %lld", (long long)cli_member_number(one, "taken"));
    cli_table_addf(table, "%lld behind", (long long)cli_member_number(one, "behind"));
    cli_table_addf(table, "heard %s ago",
                   rf_span_text(rf_ns(cli_member_number(one, "silent_ns")), span));
    cli_table_add(table, cli_member_text(one, "instance"), 64);
    cli_table_add(table, prefixes.size > 0 ? prefixes.data : "all events", 128);
    rf_text_fini(&prefixes);
}

static void on_status(void *arg, json_t *status) {
    struct cli_session *session = arg;
    json_t *all = json_object_get(status, "subscribers");
    struct cli_table table = {.columns = 6};
    struct rf_text text = {0};
    size_t i;
    const json_t *one;
    if (!json_is_array(all)) {
        cli_session_fail(session, "the broker does not answer");
        return;
    }
    if (session->options->json) {
        cli_print_json(json_incref(all));
        cli_session_end(session, CLI_OK);
        return;
    }
    json_array_foreach(all, i, one) add_row(&table, one);
    cli_table_text(&table, &text);
    if (text.data != NULL && !text.failed)
        fputs(text.data, stdout);
    else
        puts("there is no durable subscriber");
    rf_text_fini(&text);
    cli_session_end(session, CLI_OK);
}

static void begin_list(struct cli_session *session) {
    rf_bus_status(session->bus, on_status, session);
}

int cli_subscriber_list(const struct cli_options *options) {
    static const struct cli_session_handlers handlers = {.begin = begin_list};
    return cli_session_run(options, &handlers, NULL);
}

// ---- subscriber forget ----

static const char *name_of(const struct cli_session *session) {
    return session->options->arguments[0];
}

static void on_forgotten(void *arg, const char *code, const struct rf_state_entry *entry) {
    struct cli_session *session = arg;
    (void)entry;
    if (code != NULL && strcmp(code, "conflict") == 0) {
        cli_session_fail(session, "%s was heard of just now: end it first, or it comes back",
                         name_of(session));
    } else if (code != NULL) {
        cli_session_fail(session, "%s could not be forgotten: %s", name_of(session), code);
    } else {
        if (session->options->json)
            cli_print_json(json_pack("{s:s}", "forgotten", name_of(session)));
        else
            printf("%s is forgotten: the journal keeps nothing for it any more\n",
                   name_of(session));
        cli_session_end(session, CLI_OK);
    }
}

static void on_found(void *arg, const char *code, const struct rf_state_entry *entry) {
    struct cli_session *session = arg;
    if (entry != NULL)
        rf_bus_state_cas(session->bus, entry->key, entry->version, NULL, rf_ns(0), on_forgotten,
                         session);
    else
        cli_session_fail(session, "there is no durable subscriber %s%s%s", name_of(session),
                         code != NULL && strcmp(code, "not_found") != 0 ? ": " : "",
                         code != NULL && strcmp(code, "not_found") != 0 ? code : "");
}

static void begin_forget(struct cli_session *session) {
    char key[sizeof "subscriber/" + NAME_BYTES];
    if (snprintf(key, sizeof key, "subscriber/%s", name_of(session)) >= (int)sizeof key)
        cli_session_fail(session, "a durable name has 1 to %d bytes", NAME_BYTES);
    else
        rf_bus_state_get(session->bus, key, on_found, session);
}

int cli_subscriber_forget(const struct cli_options *options) {
    static const struct cli_session_handlers handlers = {.begin = begin_forget};
    return cli_session_run(options, &handlers, NULL);
}
