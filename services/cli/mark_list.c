// ringfence mark list: the providers, and the keys, that are unusable until something changes.
#include <stdio.h>
#include <string.h>

#include "events/field.h"
#include "events/text.h"
#include "marks.h"
#include "member.h"

static void print_mark(const struct cli_mark *mark) {
    char since[RF_TIME_TEXT_SIZE], until[RF_TIME_TEXT_SIZE];
    struct rf_text line = {0};
    json_int_t at = json_integer_value(json_object_get(mark->value, "since"));
    json_int_t end = json_integer_value(json_object_get(mark->value, "until"));
    rf_text_add_clean(&line, mark->who, 64);
    rf_text_add(&line, mark->is_key ? " (one key): " : ": ");
    rf_text_add_clean(&line, cli_member_text(mark->value, "class"), 64);
    rf_text_add(&line, " since %s: ", rf_time_text((struct rf_utc){at}, since));
    rf_text_add_clean(&line, cli_member_text(mark->value, "message"), 300);
    rf_text_add(&line, " (cleared by: ");
    rf_text_add_clean(&line, cli_member_text(mark->value, "clears"), 32);
    if (end > 0)
        rf_text_add(&line, " at %s", rf_time_text((struct rf_utc){end}, until));
    rf_text_add(&line, ")");
    if (!line.failed)
        puts(line.data);
    rf_text_fini(&line);
}

static void print_all(struct cli_session *session) {
    const struct cli_marks *marks = session->arg;
    json_t *all = json_object();
    for (size_t i = 0; i < marks->count; i++) {
        if (session->options->json)
            json_object_set(all, marks->items[i].who, marks->items[i].value);
        else
            print_mark(&marks->items[i]);
    }
    if (session->options->json)
        cli_print_json(all);
    else
        json_decref(all);
    if (marks->count == 0 && !session->options->json)
        puts("no provider is marked");
    cli_session_end(session, CLI_OK);
}

static void begin(struct cli_session *session) {
    cli_marks_read(session, session->arg, print_all);
}

int cli_mark_list(const struct cli_options *options) {
    static const struct cli_session_handlers handlers = {.begin = begin};
    struct cli_marks marks = {0};
    int code = cli_session_run(options, &handlers, &marks);
    cli_marks_fini(&marks);
    return code;
}
