// ringfence dnc add, load, remove, list: the numbers that nobody may call, over all campaigns.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/log.h"
#include "contacts/phone.h"
#include "events/text.h"
#include "list.h"
#include "member.h"
#include "person.h"
#include "refusal.h"
#include "session.h"

#define PAGE      1000 // numbers in one request
#define WHY_BYTES 200
// Refused lines that are told one by one; more are counted, and all are in the file of rejects.
#define TOLD 1000

struct changing {
    const char *operation;
    struct cli_list list; // of dnc load
    bool from_file, ended;
    json_t *page;
    int64_t changed, unchanged, refused;
};

static void refuse(struct changing *changing, const char *text) {
    if (changing->refused++ < TOLD)
        rf_log(RF_LOG_WARNING, "%s", text);
}

// ---- the numbers ----

static bool add_number(struct changing *changing, const char *phone, const char *why,
                       int64_t line) {
    json_t *item =
        json_pack("{s:s, s:s, s:I}", "phone", phone, "why", why, "line", (json_int_t)line);
    return json_array_append_new(changing->page, item) == 0;
}

// The column why of a list, or what the command line says for all.
static const char *why_of(const struct cli_options *options, const struct rf_contact *contact) {
    for (size_t i = 0; i < contact->count; i++)
        if (strcasecmp(contact->fields[i].column, "why") == 0 &&
            contact->fields[i].value[0] != '\0')
            return contact->fields[i].value;
    return options->own[CLI_WHY] != NULL ? options->own[CLI_WHY] : "";
}

static enum rf_err take_contact(const struct cli_options *options, struct changing *changing,
                                const struct rf_contact *contact, struct rf_error *error) {
    const char *why = why_of(options, contact);
    char text[RF_ERROR_MESSAGE_SIZE];
    if (strlen(why) <= WHY_BYTES)
        return add_number(changing, contact->phone, why, (int64_t)contact->line)
                   ? RF_OK
                   : rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    snprintf(text, sizeof text, "%s:%zu: why: is longer than %d bytes; shorten it",
             options->arguments[0], contact->line, WHY_BYTES);
    refuse(changing, text);
    return cli_list_refuse(&changing->list, contact->line,
                           "why: is longer than 200 bytes; shorten it", contact->written,
                           contact->written_count, error);
}

// Reads a page of the file.
static enum rf_err read_page(struct cli_session *session, struct rf_error *error) {
    struct changing *changing = session->arg;
    struct rf_contact contact;
    enum rf_err err = RF_OK;
    while (err == RF_OK && json_array_size(changing->page) < PAGE) {
        err = rf_contacts_next(changing->list.contacts, &contact, error);
        if (err == RF_OK) {
            err = take_contact(session->options, changing, &contact, error);
        } else if (err == RF_ERR_INVALID) {
            struct rf_contacts_refusal refusal = rf_contacts_refused(changing->list.contacts);
            refuse(changing, error->message);
            err = cli_list_refuse(&changing->list, refusal.line, refusal.reason, refusal.written,
                                  refusal.written_count, error);
        }
    }
    changing->ended = err == RF_ERR_NOT_FOUND;
    if (changing->ended)
        cli_list_read(&changing->list);
    return changing->ended ? RF_OK : err;
}

// ---- the course ----

static void print_changed(const struct cli_session *session) {
    const struct changing *changing = session->arg;
    bool remove = strcmp(changing->operation, "dnc_remove") == 0;
    const char *rejects =
        changing->from_file && changing->refused > 0 ? changing->list.rejects_path : NULL;
    if (session->options->json) {
        cli_print_json(json_pack("{s:I, s:I, s:I, s:s?}", remove ? "removed" : "added",
                                 (json_int_t)changing->changed, remove ? "unknown" : "known",
                                 (json_int_t)changing->unchanged, "refused_count",
                                 (json_int_t)changing->refused, "rejects", rejects));
        return;
    }
    printf("do-not-call list: %s: %" PRId64 ", %s: %" PRId64, remove ? "removed" : "added",
           changing->changed, remove ? "not on it" : "on it already", changing->unchanged);
    if (changing->refused > 0)
        printf(", lines refused: %" PRId64, changing->refused);
    if (rejects != NULL)
        printf(" (they are in %s)", rejects);
    putchar('\n');
}

static void finish(struct cli_session *session) {
    struct changing *changing = session->arg;
    struct rf_error error;
    if (changing->from_file && cli_list_finish(&changing->list, &error) != RF_OK) {
        cli_session_fail(session, "%s", error.message);
        return;
    }
    print_changed(session);
    cli_session_end(session, changing->refused > 0 ? CLI_PARTLY : CLI_OK);
}

static void fail_call(struct cli_session *session, const struct rf_call_reply *reply) {
    char text[RF_ERROR_MESSAGE_SIZE];
    cli_session_fail(session, "%s; the same command again goes on",
                     cli_refusal_text(session->options->command->words, reply, text, sizeof text));
}

static void next_page(struct cli_session *session);

static void on_changed(void *arg, const struct rf_call_reply *reply) {
    struct cli_session *session = arg;
    struct changing *changing = session->arg;
    if (!reply->ok) {
        fail_call(session, reply);
        return;
    }
    changing->changed +=
        cli_member_number(reply->result, "added") + cli_member_number(reply->result, "removed");
    changing->unchanged +=
        cli_member_number(reply->result, "known") + cli_member_number(reply->result, "unknown");
    json_array_clear(changing->page);
    next_page(session);
}

static void next_page(struct cli_session *session) {
    struct changing *changing = session->arg;
    struct rf_error error = {0};
    if (changing->from_file && !changing->ended && read_page(session, &error) != RF_OK)
        cli_session_fail(session, "%s", error.message);
    else if (json_array_size(changing->page) > 0)
        cli_session_call(session, changing->operation,
                         json_pack("{s:O, s:s}", "numbers", changing->page, "by", cli_person()),
                         session->options->timeout, on_changed);
    else
        finish(session);
}

static int change(const struct cli_options *options, struct changing *changing) {
    static const struct cli_session_handlers handlers = {.begin = next_page};
    int code = cli_session_run(options, &handlers, changing);
    json_decref(changing->page);
    cli_list_close(&changing->list);
    return code;
}

// The numbers of the command line, all of them or none.
static int change_given(const struct cli_options *options, const char *operation) {
    struct changing changing = {.operation = operation, .page = json_array()};
    const char *why = options->own[CLI_WHY] != NULL ? options->own[CLI_WHY] : "";
    struct cli_list list;
    struct rf_contacts_format format;
    struct rf_phone phone;
    int code = cli_list_format(options, &list, &format);
    if (code == CLI_OK && strlen(why) > WHY_BYTES) {
        rf_log(RF_LOG_ERROR, "--why: is longer than %d bytes; shorten it", WHY_BYTES);
        code = CLI_USAGE;
    }
    for (size_t i = 0; code == CLI_OK && i < options->count; i++) {
        if (!rf_phone_read(options->arguments[i], format.country, &phone)) {
            rf_log(RF_LOG_ERROR, "\"%.40s\" %s", options->arguments[i], phone.problem);
            code = CLI_USAGE;
        } else if (!add_number(&changing, phone.e164, why, 0)) {
            code = CLI_FAILED;
        }
    }
    cli_list_close(&list);
    if (code != CLI_OK)
        json_decref(changing.page);
    return code == CLI_OK ? change(options, &changing) : code;
}

int cli_dnc_add(const struct cli_options *options) {
    return change_given(options, "dnc_add");
}

int cli_dnc_remove(const struct cli_options *options) {
    return change_given(options, "dnc_remove");
}

int cli_dnc_load(const struct cli_options *options) {
    struct changing changing = {.operation = "dnc_add", .from_file = true};
    int code = cli_list_open(options, options->arguments[0], &changing.list);
    if (code != CLI_OK)
        return code;
    changing.page = json_array();
    return change(options, &changing);
}

// ---- list ----

struct listing {
    char after[RF_PHONE_MAX_DIGITS + 2]; // the last number that was told; "": none yet
};

static void ask(struct cli_session *session);

static void print_number(const struct cli_session *session, json_t *number) {
    char since[RF_RFC3339_SIZE];
    if (session->options->json) {
        cli_print_json(json_incref(number));
        return;
    }
    struct rf_text line = {0};
    rf_utc_format((struct rf_utc){cli_member_number(number, "since")}, since);
    rf_text_add(&line, "%-16s  %.19sZ  ", cli_member_text(number, "phone"), since);
    rf_text_add_clean(&line, json_string_value(json_object_get(number, "why")), WHY_BYTES);
    if (!line.failed)
        puts(line.data);
    rf_text_fini(&line);
}

static void on_listed(void *arg, const struct rf_call_reply *reply) {
    struct cli_session *session = arg;
    struct listing *listing = session->arg;
    size_t i;
    json_t *number, *numbers = json_object_get(reply->result, "numbers");
    if (!reply->ok) {
        char text[RF_ERROR_MESSAGE_SIZE];
        cli_session_fail(session, "%s", cli_refusal_text("dnc list", reply, text, sizeof text));
        return;
    }
    json_array_foreach(numbers, i, number) {
        const char *phone = json_string_value(json_object_get(number, "phone"));
        snprintf(listing->after, sizeof listing->after, "%s", phone != NULL ? phone : "");
        print_number(session, number);
    }
    if (!cli_flush(session))
        return;
    if (json_array_size(numbers) == PAGE && listing->after[0] != '\0') {
        ask(session);
        return;
    }
    if (listing->after[0] == '\0' && !session->options->json)
        puts("no number is on the do-not-call list");
    cli_session_end(session, CLI_OK);
}

static void ask(struct cli_session *session) {
    const struct listing *listing = session->arg;
    json_t *params = json_pack("{s:s*, s:i}", "after",
                               listing->after[0] != '\0' ? listing->after : NULL, "limit", PAGE);
    cli_session_call(session, "dnc_list", params, session->options->timeout, on_listed);
}

int cli_dnc_list(const struct cli_options *options) {
    static const struct cli_session_handlers handlers = {.begin = ask};
    struct listing listing = {0};
    return cli_session_run(options, &handlers, &listing);
}
