// ringfence mark list: the providers that are unusable until something changes.
#include <stdio.h>
#include <string.h>

#include "events/field.h"
#include "events/text.h"
#include "session.h"

static const char *member(const json_t *value, const char *name) {
    const char *text = json_string_value(json_object_get(value, name));
    return text != NULL ? text : "";
}

static void print_mark(const struct rf_state_entry *entry) {
    char since[RF_TIME_TEXT_SIZE];
    struct rf_text line = {0};
    json_int_t at = json_integer_value(json_object_get(entry->value, "since"));
    const char *slash = strchr(entry->key, '/');
    rf_text_add_clean(&line, slash != NULL ? slash + 1 : entry->key, 64);
    rf_text_add(&line, ": ");
    rf_text_add_clean(&line, member(entry->value, "class"), 64);
    rf_text_add(&line, " since %s: ", rf_time_text((struct rf_utc){at}, since));
    rf_text_add_clean(&line, member(entry->value, "message"), 300);
    rf_text_add(&line, " (cleared by: ");
    rf_text_add_clean(&line, member(entry->value, "clears"), 32);
    rf_text_add(&line, ")");
    if (!line.failed)
        puts(line.data);
    rf_text_fini(&line);
}

static void on_marks(void *arg, bool snapshot, const struct rf_state_entry *entries, size_t count) {
    struct cli_session *session = arg;
    if (!snapshot)
        return;
    json_t *all = json_object();
    for (size_t i = 0; i < count; i++) {
        const char *slash = strchr(entries[i].key, '/');
        if (session->options->json && slash != NULL)
            json_object_set(all, slash + 1, entries[i].value);
        else
            print_mark(&entries[i]);
    }
    if (session->options->json)
        cli_print_json(all);
    else
        json_decref(all);
    if (count == 0 && !session->options->json)
        puts("no provider is marked");
    cli_session_end(session, CLI_OK);
}

static void begin(struct cli_session *session) {
    struct rf_error error;
    if (rf_bus_watch(session->bus, "mark/", on_marks, session, &error) != RF_OK)
        cli_session_fail(session, "%s", error.message);
}

int cli_mark_list(const struct cli_options *options) {
    static const struct cli_session_handlers handlers = {.begin = begin};
    return cli_session_run(options, &handlers, NULL);
}
