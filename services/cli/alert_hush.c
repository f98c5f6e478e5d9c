// ringfence alert ack, silence, silences, unsilence: a person's word, as retained state that the
// alerter watches.
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ringfence/id.h>

#include "alert_pages.h"
#include "alerts.h"
#include "base/clock.h"
#include "base/severity.h"
#include "config/value.h"
#include "events/field.h"
#include "member.h"
#include "moment.h"
#include "person.h"
#include "table.h"

#define KEEP      rf_seconds(INT64_C(31) * 86400) // of an acknowledgement
#define LONGEST   (31 * 86400e9)                  // silence
#define WHY_BYTES 200

// A silence that was ended stays so long, for those who watch to hear that it is over.
#define ENDED_KEEP rf_seconds(1)

struct hushing {
    struct cli_ask ask;
    struct cli_silences silences;
    int64_t limit; // of a list
    char key[128], id[RF_ULID_SIZE + 64];
    json_t *value;
    struct rf_duration keep;
};

static void fini(struct hushing *hushing) {
    json_decref(hushing->value);
    cli_silences_fini(&hushing->silences);
    cli_ask_end(&hushing->ask);
}

static const char *why_of(const struct cli_options *options) {
    return options->own[CLI_WHY] != NULL ? options->own[CLI_WHY] : "";
}

static void on_put(void *arg, const char *code, const struct rf_state_entry *entry) {
    struct cli_session *session = arg;
    const struct hushing *hushing = session->arg;
    (void)entry;
    if (code != NULL) {
        cli_session_fail(session, "%s could not be kept: %s", hushing->key, code);
        return;
    }
    json_t *result = json_pack("{s:s, s:O}", "id", hushing->id, "value", hushing->value);
    struct rf_text text = {0};
    rf_text_add(&text, "%s\n", hushing->id);
    cli_session_tell(session, result, &text);
    json_decref(result);
}

static void put(struct cli_session *session) {
    const struct hushing *hushing = session->arg;
    rf_bus_state_put(session->bus, hushing->key, hushing->value, hushing->keep, on_put, session);
}

// ---- acknowledgement ----

static void on_found(struct cli_session *session, json_t *result) {
    struct hushing *hushing = session->arg;
    const json_t *incidents = json_object_get(result, "incidents"), *open = NULL;
    for (size_t i = 0; i < json_array_size(incidents); i++)
        if (strcmp(cli_member_text(json_array_get(incidents, i), "phase"), "open") == 0)
            open = json_array_get(incidents, i);
    if (open == NULL) {
        cli_session_fail(session, "alert ack: %s is not open; see ringfence alert list",
                         session->options->arguments[0]);
        return;
    }
    snprintf(hushing->id, sizeof hushing->id, "%s", cli_member_text(open, "id"));
    snprintf(hushing->key, sizeof hushing->key, CLI_ACKS "%s", hushing->id);
    hushing->value =
        json_pack("{s:s, s:s, s:I, s:s, s:s}", "by", cli_person(), "why", why_of(session->options),
                  "at", (json_int_t)rf_clock_utc().ns, "incident",
                  cli_member_text(open, "incident"), "title", cli_member_text(open, "title"));
    if (hushing->value == NULL) {
        cli_session_fail(session, "alert ack: --why is no text");
        return;
    }
    hushing->keep = KEEP;
    put(session);
}

static void begin_ack(struct cli_session *session) {
    cli_alert_ask(session->arg, session, "alert_show",
                  json_pack("{s:s}", "id", session->options->arguments[0]), on_found);
}

int cli_alert_ack(const struct cli_options *options) {
    static const struct cli_session_handlers handlers = {.begin = begin_ack};
    struct hushing hushing = {0};
    int code = cli_session_run(options, &handlers, &hushing);
    fini(&hushing);
    return code;
}

// ---- silences ----

// A pattern that no severity fits would silence nothing, without a word.
static bool fits_a_severity(const char *pattern) {
    for (int i = 0; i < RF_SEVERITIES; i++)
        if (fnmatch(pattern, rf_severity_name(i), 0) == 0)
            return true;
    return false;
}

static enum rf_err set_match(json_t *match, const char *key, const char *pattern,
                             struct rf_error *error) {
    if (pattern[0] == '\0')
        return rf_error_set(error, RF_ERR_INVALID,
                            "alert silence: %s: expected a pattern, such as "
                            "'breaker/*'",
                            key);
    if (json_object_get(match, key) != NULL)
        return rf_error_set(error, RF_ERR_INVALID,
                            "alert silence: %s is given twice; make a silence of each", key);
    if (strcmp(key, "severity") == 0 && !fits_a_severity(pattern))
        return rf_error_set(error, RF_ERR_INVALID,
                            "alert silence: severity=%.40s: expected info, warning, error or "
                            "critical",
                            pattern);
    return json_object_set_new(match, key, json_string(pattern)) == 0
               ? RF_OK
               : rf_error_set(error, RF_ERR_INVALID, "alert silence: %.40s is no text", pattern);
}

// "breaker/*", or KEY=PATTERN for another of an incident's features.
static enum rf_err add_match(json_t *match, const char *word, struct rf_error *error) {
    static const char *const keys[] = {"incident", "rule", "severity", "subject", "campaign"};
    const char *equals = strchr(word, '=');
    if (equals == NULL)
        return set_match(match, "incident", word, error);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (strlen(keys[i]) == (size_t)(equals - word) &&
            strncmp(keys[i], word, strlen(keys[i])) == 0)
            return set_match(match, keys[i], equals + 1, error);
    return rf_error_set(error, RF_ERR_INVALID,
                        "alert silence: %.40s: expected the name of an incident such as "
                        "'breaker/*', or rule=, severity=, subject= or campaign= and a pattern",
                        word);
}

static enum rf_err read_length(const char *text, struct rf_duration *length,
                               struct rf_error *error) {
    static const struct rf_config_row row = {
        .type = RF_CONFIG_DURATION, .least = 1e9, .most = LONGEST};
    struct rf_config_source source = {.quoted = text};
    enum rf_err err = rf_config_value_set(&row, text, &source, length, error);
    if (err != RF_OK)
        rf_error_prefix(error, "--for: ");
    return err;
}

static enum rf_err make_silence(const struct cli_options *options, struct hushing *hushing,
                                struct rf_error *error) {
    struct rf_utc now = rf_clock_utc(), from = now;
    struct rf_duration length = {0};
    json_t *match = json_object();
    enum rf_err err = RF_OK;
    if (options->own[CLI_FOR] == NULL || why_of(options)[0] == '\0')
        err = rf_error_set(error, RF_ERR_INVALID,
                           "alert silence: needs --for and --why, such as --for 2h --why "
                           "\"maintenance of the provider\"");
    if (err == RF_OK)
        err = read_length(options->own[CLI_FOR], &length, error);
    if (err == RF_OK && options->own[CLI_FROM] != NULL)
        err = cli_moment_read("--from", options->own[CLI_FROM], now, &from, error);
    for (size_t i = 0; err == RF_OK && i < options->count; i++)
        err = add_match(match, options->arguments[i], error);
    struct rf_utc until = rf_utc_add(from, length);
    if (err == RF_OK && until.ns <= now.ns)
        err = rf_error_set(error, RF_ERR_INVALID, "alert silence: it is over before it begins");
    if (err != RF_OK) {
        json_decref(match);
        return err;
    }
    rf_ulid_new(now, hushing->id);
    snprintf(hushing->key, sizeof hushing->key, CLI_SILENCES "%s", hushing->id);
    hushing->keep = rf_utc_since(until, now);
    hushing->value =
        json_pack("{s:o, s:s, s:s, s:I, s:I}", "match", match, "by", cli_person(), "why",
                  why_of(options), "from", (json_int_t)from.ns, "until", (json_int_t)until.ns);
    return hushing->value != NULL
               ? RF_OK
               : rf_error_set(error, RF_ERR_INVALID, "alert silence: --why is no text");
}

int cli_alert_silence(const struct cli_options *options) {
    static const struct cli_session_handlers handlers = {.begin = put};
    struct hushing hushing = {0};
    struct rf_error error;
    if (make_silence(options, &hushing, &error) != RF_OK)
        return cli_usage(&error);
    int code = cli_session_run(options, &handlers, &hushing);
    fini(&hushing);
    return code;
}

// As it was said: "incident=breaker/*, severity=info".
static void print_match(const json_t *match, struct cli_table *table) {
    struct rf_text text = {0};
    const char *key;
    json_t *pattern;
    json_object_foreach((json_t *)(uintptr_t)match, key, pattern) {
        rf_text_add(&text, "%s%s=", text.size > 0 ? ", " : "", key);
        rf_text_add_clean(&text, json_string_value(pattern), WHY_BYTES);
    }
    cli_table_add(table, text.size == 0 || text.failed ? "?" : text.data, WHY_BYTES);
    rf_text_fini(&text);
}

static void on_silences(struct cli_session *session) {
    const struct hushing *hushing = session->arg;
    struct cli_table table = {.columns = 6};
    struct rf_text text = {0};
    json_t *result = json_array();
    char at[RF_TIME_TEXT_SIZE];
    static const char *const head[] = {"ID", "FROM", "UNTIL", "BY", "WHAT", "WHY"};
    for (size_t i = 0; hushing->silences.count > 0 && i < 6; i++)
        cli_table_add(&table, head[i], 16);
    size_t count = hushing->silences.count;
    size_t told = count < (size_t)hushing->limit ? count : (size_t)hushing->limit;
    for (size_t i = 0; i < told; i++) {
        const struct cli_silence *silence = &hushing->silences.items[i];
        struct rf_utc from = {cli_member_number(silence->value, "from")};
        struct rf_utc until = {cli_member_number(silence->value, "until")};
        cli_table_add(&table, silence->id, 64);
        cli_table_add(&table, rf_time_text(from, at), 40);
        cli_table_add(&table, rf_time_text(until, at), 40);
        cli_table_add(&table, cli_member_text(silence->value, "by"), 64);
        print_match(json_object_get(silence->value, "match"), &table);
        cli_table_add(&table, cli_member_text(silence->value, "why"), WHY_BYTES);
        json_array_append_new(result,
                              json_pack("{s:s, s:O}", "id", silence->id, "value", silence->value));
    }
    if (count == 0)
        rf_text_add(&text, "nothing is silenced\n");
    else
        cli_table_text(&table, &text);
    if (told < count)
        cli_say("alert silences: %zu more are not shown; see --limit", count - told);
    cli_session_tell(session, result, &text);
    json_decref(result);
}

static void begin_silences(struct cli_session *session) {
    struct hushing *hushing = session->arg;
    cli_silences_read(session, &hushing->silences, on_silences);
}

int cli_alert_silences(const struct cli_options *options) {
    static const struct cli_session_handlers handlers = {.begin = begin_silences};
    struct hushing hushing = {0};
    struct rf_error error;
    if (cli_pages_limit(options, &hushing.limit, &error) != RF_OK)
        return cli_usage(&error);
    int code = cli_session_run(options, &handlers, &hushing);
    fini(&hushing);
    return code;
}

static void remove_silence(struct cli_session *session) {
    struct hushing *hushing = session->arg;
    const char *id = session->options->arguments[0];
    const struct cli_silence *found = NULL;
    size_t count = 0;
    for (size_t i = 0; i < hushing->silences.count; i++)
        if (strncmp(hushing->silences.items[i].id, id, strlen(id)) == 0) {
            found = &hushing->silences.items[i];
            count++;
        }
    if (count != 1) {
        cli_session_fail(session, "alert unsilence: %s %.64s; see ringfence alert silences",
                         count == 0 ? "there is no silence" : "several silences begin with", id);
        return;
    }
    snprintf(hushing->id, sizeof hushing->id, "%s", found->id);
    snprintf(hushing->key, sizeof hushing->key, CLI_SILENCES "%s", found->id);
    // Not deleted but ended, so that who did it, and why, is told in the same act.
    hushing->value = json_deep_copy(found->value);
    if (json_object_set_new(hushing->value, "until", json_integer((json_int_t)rf_clock_utc().ns)) !=
            0 ||
        json_object_set_new(hushing->value, "ended_by", json_string(cli_person())) != 0 ||
        json_object_set_new(hushing->value, "ended_why", json_string(why_of(session->options))) !=
            0) {
        cli_session_fail(session, "alert unsilence: --why is no text");
        return;
    }
    rf_bus_state_cas(session->bus, hushing->key, found->version, hushing->value, ENDED_KEEP, on_put,
                     session);
}

static void begin_unsilence(struct cli_session *session) {
    struct hushing *hushing = session->arg;
    cli_silences_read(session, &hushing->silences, remove_silence);
}

int cli_alert_unsilence(const struct cli_options *options) {
    static const struct cli_session_handlers handlers = {.begin = begin_unsilence};
    struct hushing hushing = {0};
    int code = cli_session_run(options, &handlers, &hushing);
    fini(&hushing);
    return code;
}
