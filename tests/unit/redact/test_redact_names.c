// What is shown of contacts' names.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "redact/redact.h"

static struct rf_redaction *naming(enum rf_redact_names names) {
    struct rf_redaction *redaction =
        rf_redaction_new(&(struct rf_redact_rules){.key = "sixteen bytes ..", .names = names});
    assert_non_null(redaction);
    return redaction;
}

// Data and subject of an event, before and after.
static void assert_event_left(enum rf_redact_names names, const char *data, const char *subject,
                              const char *data_left, const char *subject_left) {
    struct rf_redaction *redaction = naming(names);
    struct rf_redacted_event redacted, again;
    struct rf_event event = {
        .type = "contact.deferred", .subject = subject, .data = json_loads(data, 0, NULL)};
    assert_non_null(event.data);
    assert_int_equal(rf_redact_event(redaction, &event, &redacted), RF_OK);
    char *left = json_dumps(redacted.event.data, JSON_COMPACT);
    assert_string_equal(left, data_left);
    assert_string_equal(redacted.event.subject, subject_left);
    // Once more, as the alerter's words come to the logger.
    assert_int_equal(rf_redact_event(redaction, &redacted.event, &again), RF_OK);
    char *twice = json_dumps(again.event.data, JSON_COMPACT);
    assert_string_equal(twice, left);
    free(twice);
    free(left);
    rf_redacted_event_fini(&again);
    rf_redacted_event_fini(&redacted);
    json_decref(event.data);
    rf_redaction_destroy(&redaction);
}

// The text with the hash that `shown` ends with.
static char *with_hash(const char *text, const struct rf_text *shown) {
    struct rf_text out = {0};
    const char *hash = shown->size > 8 ? shown->data + shown->size - 8 : "";
    for (const char *at; (at = strstr(text, "HASH")) != NULL; text = at + 4) {
        rf_text_add_bytes(&out, text, (size_t)(at - text));
        rf_text_add_bytes(&out, hash, strlen(hash));
    }
    rf_text_add_bytes(&out, text, strlen(text));
    rf_text_add_bytes(&out, "", 0);
    return out.data == NULL ? strdup("") : rf_text_take(&out);
}

static void a_name_is_shown_as_the_rule_says_wherever_it_stands(void **state) {
    (void)state;
    static const struct {
        const char *data, *subject;
        const char *shown[3], *subjects[3];
    } cases[] = {
        {"{\"name\":\"Ada Abel\",\"message\":\"cannot call ada abel, Ada Abelson\"}",
         "Ada Abel",
         {"{\"name\":\"Ada Abel\",\"message\":\"cannot call ada abel, Ada Abelson\"}",
          "{\"name\":\"A.A.#HASH\",\"message\":\"cannot call a.a.#HASH, Ada Abelson\"}",
          "{\"name\":\"[name]#HASH\",\"message\":\"cannot call [name]#HASH, Ada Abelson\"}"},
         {"Ada Abel", "A.A.#HASH", "[name]#HASH"}},
        // One word is one of ours where it is all of a text: it decides what the event is.
        {"{\"name\":\"Dial\",\"step\":\"dial\",\"why\":\"Dial hung up\"}",
         "spring-7",
         {"{\"name\":\"Dial\",\"step\":\"dial\",\"why\":\"Dial hung up\"}",
          "{\"name\":\"D.#HASH\",\"step\":\"dial\",\"why\":\"D.#HASH hung up\"}",
          "{\"name\":\"[name]#HASH\",\"step\":\"dial\",\"why\":\"[name]#HASH hung up\"}"},
         {"spring-7", "spring-7", "spring-7"}},
        {"{\"contact_name\":{\"first\":\"Zo\u00eb\",\"token\":\"t0ken-of\"},\"a\":[\"to "
         "Zo\u00eb\"]}",
         "",
         {"{\"contact_name\":{\"first\":\"Zo\xC3\xAB\",\"token\":\"[redacted]\"},\"a\":[\"to "
          "Zo\xC3\xAB\"]}",
          "{\"contact_name\":{\"first\":\"Z.#HASH\",\"token\":\"[redacted]\"},\"a\":[\"to "
          "Z.#HASH\"]}",
          "{\"contact_name\":{\"first\":\"[name]#HASH\",\"token\":\"[redacted]\"},\"a\":[\"to "
          "[name]#HASH\"]}"},
         {"", "", ""}},
        {"{\"name\":\"\",\"message\":\"nobody\"}",
         "x",
         {"{\"name\":\"\",\"message\":\"nobody\"}", "{\"name\":\"\",\"message\":\"nobody\"}",
          "{\"name\":\"\",\"message\":\"nobody\"}"},
         {"x", "x", "x"}},
    };
    static const char *const names[] = {"Ada Abel", "Dial", "Zo\xC3\xAB", ""};
    struct rf_redaction *redaction = naming(RF_REDACT_NAMES_HIDE);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rf_text hash = {0};
        rf_redact_value(redaction, RF_REDACT_NAME, names[i], strlen(names[i]), &hash);
        for (unsigned rule = RF_REDACT_NAMES_SHOW; rule <= RF_REDACT_NAMES_HIDE; rule++) {
            char *data = with_hash(cases[i].shown[rule], &hash);
            char *subject = with_hash(cases[i].subjects[rule], &hash);
            assert_event_left(rule, cases[i].data, cases[i].subject, data, subject);
            free(data);
            free(subject);
        }
        rf_text_fini(&hash);
    }
    rf_redaction_destroy(&redaction);
}

static void one_name_has_one_hash_however_it_is_written(void **state) {
    (void)state;
    struct rf_redaction *redaction = naming(RF_REDACT_NAMES_HIDE);
    static const char *const written[] = {"Ada Abel", "ADA  abel", " Ada\tAbel ", "ada\nabel"};
    struct rf_text first = {0}, other = {0};
    rf_redact_value(redaction, RF_REDACT_NAME, written[0], strlen(written[0]), &first);
    for (size_t i = 1; i < sizeof written / sizeof written[0]; i++) {
        other.size = 0;
        rf_redact_value(redaction, RF_REDACT_NAME, written[i], strlen(written[i]), &other);
        assert_string_equal(other.data, first.data);
    }
    other.size = 0;
    rf_redact_value(redaction, RF_REDACT_NAME, "Ada Abe", 7, &other);
    assert_string_not_equal(other.data, first.data);
    rf_text_fini(&first);
    rf_text_fini(&other);
    rf_redaction_destroy(&redaction);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_shown_as_the_rule_says_wherever_it_stands),
        cmocka_unit_test(one_name_has_one_hash_however_it_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
