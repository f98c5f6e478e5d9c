#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recipients.h"

#define TO "Ada <a@x.org>, b@x.org, c@x.org"

static void make(struct rf_recipients *recipients, const char *list, const char *kept) {
    struct rf_mailboxes to;
    struct rf_error error;
    assert_int_equal(rf_mailboxes_parse(list, &to, &error), RF_OK);
    assert_int_equal(rf_recipients_make(recipients, &to, kept, &error), RF_OK);
    rf_mailboxes_fini(&to);
}

// One attempt: whom it went to, as the first letters of the addresses; what the server said to
// each; how the whole ended. What is kept then, which is the caller's.
struct attempt {
    const char *to;
    int codes[3];
    enum rf_outcome whole, outcome;
    const char *states; // afterwards: w, d, r
    const char *fresh;  // refused by it
    const char *says;
};

static void is_as_told(const struct rf_recipients *recipients, const struct attempt *attempt) {
    char states[4] = "", fresh[4] = "";
    size_t count = 0;
    for (size_t i = 0; i < recipients->count; i++) {
        states[i] = "wdr"[recipients->items[i].state];
        if (recipients->items[i].fresh)
            fresh[count++] = recipients->items[i].address[0];
    }
    assert_string_equal(states, attempt->states);
    assert_string_equal(fresh, attempt->fresh);
}

static char *make_attempt(const char *kept, const struct attempt *attempt) {
    struct rf_recipients recipients;
    const char *addresses[3];
    char to[4] = "";
    make(&recipients, TO, kept);
    size_t count = rf_recipients_waiting(&recipients, addresses);
    for (size_t i = 0; i < count; i++) {
        to[i] = addresses[i][0];
        recipients.answers[i].code = attempt->codes[i];
        snprintf(recipients.answers[i].words, sizeof recipients.answers[i].words, "so %s",
                 addresses[i]);
    }
    assert_string_equal(to, attempt->to);
    struct rf_verdict verdict = {.outcome = attempt->whole, .message = "whole"};
    rf_recipients_judge(&recipients, &verdict);
    assert_int_equal(verdict.outcome, attempt->outcome);
    if (strstr(verdict.message, attempt->says) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", verdict.message, attempt->says);
    is_as_told(&recipients, attempt);
    char *text = rf_recipients_keep(&recipients);
    rf_recipients_fini(&recipients);
    return text;
}

static void play(const struct attempt *attempts, size_t count) {
    char *kept = strdup("");
    for (size_t i = 0; i < count; i++) {
        char *next = make_attempt(kept, &attempts[i]);
        free(kept);
        kept = next;
    }
    free(kept);
}
#define PLAY(...)                                                                                  \
    do {                                                                                           \
        const struct attempt attempts[] = {__VA_ARGS__};                                           \
        play(attempts, sizeof attempts / sizeof attempts[0]);                                      \
    } while (0)

#define OK        RF_OUTCOME_OK
#define PARTIAL   RF_OUTCOME_PARTIAL
#define TRANSIENT RF_OUTCOME_TRANSIENT
#define REFUSED   RF_OUTCOME_REFUSED
#define BARRED    RF_OUTCOME_BARRED

static void who_is_refused_for_now_is_tried_alone(void **state) {
    (void)state;
    PLAY({"abc", {250, 450, 251}, OK, PARTIAL, "dwd", "", "yet for b@x.org: 450 so b@x.org"},
         {"b", {452}, TRANSIENT, PARTIAL, "dwd", "", "yet for b@x.org: 452"},
         {"b", {250}, OK, OK, "ddd", "", "whole"});
}

static void who_is_refused_for_good_is_told_once_and_not_asked_again(void **state) {
    (void)state;
    PLAY({"abc", {250, 450, 550}, OK, PARTIAL, "dwr", "c", "yet for b@x.org: 450"},
         {"b",
          {550},
          REFUSED,
          OK,
          "drr",
          "b",
          "refuses it for b@x.org: 550 so b@x.org (and others)"});
}

static void as_long_as_nobody_took_it_it_is_one_mail_that_is_refused(void **state) {
    (void)state;
    PLAY({"abc", {550, 551, 553}, REFUSED, REFUSED, "www", "", "whole"},
         {"abc", {450, 550, 450}, REFUSED, TRANSIENT, "wrw", "b", "yet for a@x.org: 450"},
         {"ac", {550, 550}, REFUSED, REFUSED, "www", "", "whole"},
         {"abc", {530, 530, 530}, BARRED, BARRED, "www", "", "whole"});
}

// The server took them, and then not the text, or the connection broke.
static void whom_it_would_take_it_for_waits_if_the_whole_fails(void **state) {
    (void)state;
    PLAY({"abc", {250, 250, 550}, TRANSIENT, TRANSIENT, "wwr", "c", "whole"},
         {"ab", {250, 250}, REFUSED, REFUSED, "wwr", "", "whole"},
         {"ab", {250, 250}, OK, OK, "ddr", "", "refuses it for c@x.org: 550"});
}

static void a_failure_before_anyone_was_asked_says_nothing_of_them(void **state) {
    (void)state;
    PLAY({"abc", {0}, TRANSIENT, TRANSIENT, "www", "", "whole"},
         {"abc", {250, 450, 250}, OK, PARTIAL, "dwd", "", "b@x.org"},
         {"b", {0}, BARRED, BARRED, "dwd", "", "whole"});
}

static void another_list_of_recipients_is_heeded(void **state) {
    struct rf_recipients recipients;
    const char *addresses[3];
    (void)state;
    char *kept =
        make_attempt("", &(struct attempt){"abc", {250, 450, 250}, OK, PARTIAL, "dwd", "", ""});
    make(&recipients, "a@x.org, d@x.org", kept);
    assert_true(rf_recipients_owed(&recipients));
    assert_int_equal(rf_recipients_waiting(&recipients, addresses), 1);
    assert_string_equal(addresses[0], "d@x.org");
    rf_recipients_fini(&recipients);
    make(&recipients, "c@x.org", kept); // who has it already
    assert_false(rf_recipients_owed(&recipients));
    rf_recipients_fini(&recipients);
    free(kept);
}

static void what_is_kept_that_is_no_json_is_as_nothing(void **state) {
    struct rf_recipients recipients;
    const char *addresses[3];
    const char *const kept[] = {"{", "[]", "{\"a@x.org\":1}", "{\"a@x.org\":{\"state\":7}}"};
    (void)state;
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        make(&recipients, TO, kept[i]);
        assert_int_equal(rf_recipients_waiting(&recipients, addresses), 3);
        rf_recipients_fini(&recipients);
    }
}

// Of whatever length its words are: they are cut between characters, else nothing could be kept.
static void long_words_of_a_server_are_cut_between_characters(void **state) {
    struct rf_recipients recipients;
    (void)state;
    for (size_t before = 0; before < 3; before++) {
        struct rf_verdict verdict = {.outcome = OK};
        make(&recipients, TO, NULL);
        char *words = recipients.answers[0].words;
        recipients.answers[0].code = 450;
        recipients.answers[1].code = recipients.answers[2].code = 250;
        memset(words, 'x', before);
        for (size_t i = before; i + 3 < RF_MAIL_WORDS_SIZE; i += 3)
            memcpy(words + i, "\xE2\x82\xAC", 3);
        rf_recipients_judge(&recipients, &verdict);
        char *kept = rf_recipients_keep(&recipients);
        json_t *json = json_loads(kept, 0, NULL);
        json_t *said = json_string(verdict.message);
        assert_non_null(said);
        assert_int_equal(json_object_size(json), 3);
        json_decref(said);
        json_decref(json);
        free(kept);
        rf_recipients_fini(&recipients);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_refused_for_now_is_tried_alone),
        cmocka_unit_test(who_is_refused_for_good_is_told_once_and_not_asked_again),
        cmocka_unit_test(as_long_as_nobody_took_it_it_is_one_mail_that_is_refused),
        cmocka_unit_test(whom_it_would_take_it_for_waits_if_the_whole_fails),
        cmocka_unit_test(a_failure_before_anyone_was_asked_says_nothing_of_them),
        cmocka_unit_test(another_list_of_recipients_is_heeded),
        cmocka_unit_test(what_is_kept_that_is_no_json_is_as_nothing),
        cmocka_unit_test(long_words_of_a_server_are_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
