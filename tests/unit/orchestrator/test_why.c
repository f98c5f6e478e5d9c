#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ringfence/class.h>

#include "calendar/calling.h"
#include "reason.h"
#include "why.h"

#define S RF_NS_PER_S

// 2026-11-28 08:00:00 UTC
#define NOW ((struct rf_utc){INT64_C(1795852800) * S})

static struct rf_utc in(int64_t seconds) {
    return (struct rf_utc){NOW.ns + seconds * S};
}

static struct rf_why somebody(enum rf_contact_state state, const char *reason) {
    return (struct rf_why){.id = "spring-7",
                           .campaign = "spring",
                           .phone = "+12025550100",
                           .name = "Ann",
                           .campaign_state = RF_CAMPAIGN_RUNNING,
                           .state = state,
                           .step = RF_STEP_DIAL,
                           .reason = reason,
                           .due = in(300),
                           .max_calls = 3};
}

static char *told(const struct rf_why *why) {
    struct rf_text text = {0};
    rf_why_text(why, NOW, &text);
    assert_false(text.failed);
    char *copy = strdup(text.data);
    rf_text_fini(&text);
    return copy;
}

static void assert_says(const char *paragraph, const char *words) {
    if (!strstr(paragraph, words))
        fail_msg("\"%s\" is not in: %s", words, paragraph);
}

static void the_paragraph_tells_reason_attempts_time_and_what_comes_next(void **state) {
    (void)state;
    struct rf_why why = somebody(RF_CONTACT_WAIT_RETRY, "busy");
    why.message = "call 2 of at most 3 ended: busy";
    why.written = true;
    why.attempts_all = 2;
    why.attempt_count = 2;
    why.attempts[0] = (struct rf_why_attempt){.state = RF_DIAL_ABSENT,
                                              .created = in(-900),
                                              .status = "retries_exhausted",
                                              .duration_s = -1};
    why.attempts[1] = (struct rf_why_attempt){.state = RF_DIAL_ENDED,
                                              .created = in(-600),
                                              .ended = in(-580),
                                              .provider = "twilio",
                                              .sid = "CA12",
                                              .status = "busy",
                                              .duration_s = 0};
    char *text = told(&why);
    assert_string_equal(
        text,
        "spring-7 (Ann, +12025550100) of the campaign spring waits for its next try, because its "
        "last call met a busy line (busy: call 2 of at most 3 ended: busy). It was dialled 2 "
        "times: at 2026-11-28 07:45:00 UTC: no call came of it (retries_exhausted); at 2026-11-28 "
        "07:50:00 UTC by twilio: ended as busy after 0 s, call CA12. Next, from 2026-11-28 "
        "08:05:00 UTC on (in 5 min), it is dialled again. What you can do: nothing is needed.");
    free(text);
}

static void a_dial_that_was_not_sent_is_no_dial(void **state) {
    (void)state;
    struct rf_why why = somebody(RF_CONTACT_WAIT_BREAKER, "breaker_open");
    why.written = true;
    why.attempts_unsent = 1;
    char *text = told(&why);
    assert_says(text, " It was not dialled yet; its script is written. 1 time its dial was given up"
                      " before anything was sent to the provider. Next, ");
    assert_says(text, "it is dialled.");
    free(text);
    why.attempts_all = 1;
    why.attempt_count = 1;
    why.attempts_unsent = 2;
    why.attempts[0] = (struct rf_why_attempt){.state = RF_DIAL_ENDED, .status = "busy"};
    text = told(&why);
    assert_says(text, " It was dialled 1 time: at ");
    assert_says(text, " 2 more times its dial was given up before anything was sent");
    assert_says(text, "it is dialled again.");
    free(text);
}

static void every_reason_has_words_and_is_told_with_its_mend(void **state) {
    (void)state;
    static const enum rf_contact_state states[] = {
        [RF_REASON_WAITS] = RF_CONTACT_WAIT_RETRY,
        [RF_REASON_ASKS] = RF_CONTACT_ASK,
        [RF_REASON_ENDS] = RF_CONTACT_SET_ASIDE,
    };
    for (int i = 0; i < RF_REASON_COUNT; i++) {
        const struct rf_reason_row *row = rf_reason_row((enum rf_reason)i);
        enum rf_contact_state at = states[row->kind];
        assert_true(strlen(row->words) > 10);
        // A contact that rests for good waits for a person: there is always something to do.
        assert_true(row->kind != RF_REASON_ENDS || strlen(row->mend) > 10);
        assert_ptr_equal(rf_reason_find(at, row->name), row);
        struct rf_why why = somebody(at, row->name);
        char *text = told(&why);
        assert_says(text, row->words);
        assert_says(text, row->name);
        assert_says(text, row->mend[0] ? row->mend : "nothing is needed");
        free(text);
    }
}

static void what_others_name_has_words(void **state) {
    (void)state;
    for (int how = RF_UNREACHED_BUSY; how < RF_UNREACHED_COUNT; how++) {
        const char *name = rf_unreached_name((enum rf_unreached)how);
        assert_non_null(rf_reason_find(RF_CONTACT_WAIT_RETRY, name));
        assert_non_null(rf_reason_find(RF_CONTACT_WAIT_WINDOW, name));
    }
    for (int shut = RF_CALLING_WEEKDAY; shut <= RF_CALLING_HOLIDAY; shut++)
        assert_non_null(
            rf_reason_find(RF_CONTACT_WAIT_WINDOW, rf_calling_why_name((enum rf_calling_why)shut)));
    for (int c = RF_CLASS_TRANSIENT; c < RF_CLASS_COUNT; c++) {
        enum rf_class class = (enum rf_class)c;
        bool ends = rf_class_permanent(class);
        assert_non_null(rf_reason_find(ends ? RF_CONTACT_SET_ASIDE : RF_CONTACT_WAIT_RETRY,
                                       rf_class_name(class)));
    }
    // As messages.def lists them.
    static const char *const local[] = {"breaker_open",      "marked",      "overloaded",
                                        "no_worker",         "worker_lost", "cancelled",
                                        "deadline_exceeded", "draining"};
    for (size_t i = 0; i < sizeof local / sizeof *local; i++)
        assert_non_null(rf_reason_find(RF_CONTACT_WAIT_RETRY, local[i]));
}

static void every_state_is_told_in_every_state_of_its_campaign(void **state) {
    (void)state;
    for (int at = 0; at < RF_CONTACT_STATES; at++) {
        for (int campaign = 0; campaign < RF_CAMPAIGN_STATES; campaign++) {
            struct rf_why why = somebody((enum rf_contact_state)at, NULL);
            why.campaign_state = (enum rf_campaign_state)campaign;
            char *text = told(&why);
            assert_says(text, "spring-7 (Ann, +12025550100) of the campaign spring ");
            assert_says(text, "What you can do: ");
            assert_null(strstr(text, "(null)"));
            assert_null(strchr(text, '\n'));
            assert_null(strstr(text, "  "));
            free(text);
        }
    }
}

static void what_holds_it_up_is_told(void **state) {
    (void)state;
    struct rf_why why = somebody(RF_CONTACT_SCHEDULED, NULL);
    why.step = RF_STEP_SCRIPT;
    why.due = in(-5);
    char *text = told(&why);
    assert_says(text, " It was not dialled yet. Next, as soon as there is a free place, its script "
                      "is written.");
    free(text);
    why.waiting_for = "elevenlabs";
    text = told(&why);
    assert_says(text,
                "Next, when elevenlabs can be used again, as soon as there is a free place, ");
    free(text);
    why.usable = in(20);
    text = told(&why);
    assert_says(text, "when elevenlabs can be used again, which is tried from 2026-11-28 08:00:20");
    assert_says(text, " on (in 20 s), as soon as there is a free place, its script is written.");
    free(text);
    // Nobody but a person takes a mark away.
    why.marked = true;
    text = told(&why);
    assert_says(text, "What you can do: ringfence mark list says why; after the mend, ringfence "
                      "mark clear lets it go on.");
    free(text);
    why.campaign_state = RF_CAMPAIGN_PAUSED;
    text = told(&why);
    assert_says(text, "when its campaign, which is paused, is resumed, ");
    assert_says(text, "What you can do: ringfence campaign resume spring.");
    free(text);
    why.campaign_state = RF_CAMPAIGN_CANCELLED;
    text = told(&why);
    assert_says(text, "it is about to be set aside");
    free(text);
}

static void what_comes_next_is_what_its_campaign_lets_come(void **state) {
    (void)state;
    static const struct {
        enum rf_contact_state at;
        enum rf_campaign_state campaign;
        const char *says, *not ;
    } cases[] = {
        {RF_CONTACT_NEW, RF_CAMPAIGN_PAUSED,
         "Next, when its campaign, which is paused, is resumed, it is dialled.", "started"},
        {RF_CONTACT_NEW, RF_CAMPAIGN_LOADING, "Next, when its campaign is started, it", "resumed"},
        {RF_CONTACT_SCRIPT, RF_CAMPAIGN_RUNNING, "and then it is dialled.", "resumed"},
        {RF_CONTACT_SCRIPT, RF_CAMPAIGN_PAUSED, "is resumed, it is dialled.", "and then"},
        {RF_CONTACT_SPEECH, RF_CAMPAIGN_CANCELLED, "it is set aside when this step ends.",
         "dialled."},
        {RF_CONTACT_DIAL, RF_CAMPAIGN_RUNNING, "its call is followed", "resumed"},
        {RF_CONTACT_DIAL, RF_CAMPAIGN_PAUSED, "is resumed, it is dialled.", "followed"},
        {RF_CONTACT_DIAL, RF_CAMPAIGN_CANCELLED, "it is about to be set aside.", "followed"},
        {RF_CONTACT_ASK, RF_CAMPAIGN_RUNNING, "there is none, it is dialled again.", "resumed"},
        {RF_CONTACT_ASK, RF_CAMPAIGN_PAUSED,
         "there is none, it is dialled again when its campaign, which is paused, is resumed.",
         "cancelled"},
        {RF_CONTACT_ASK, RF_CAMPAIGN_CANCELLED, "set aside, as its campaign was cancelled.",
         "dialled again"},
        {RF_CONTACT_FOLLOW, RF_CAMPAIGN_RUNNING, "ended, up to 3 calls in all.", "resumed"},
        {RF_CONTACT_FOLLOW, RF_CAMPAIGN_PAUSED, "is resumed, up to 3 calls in all.", "cancelled"},
        {RF_CONTACT_FOLLOW, RF_CAMPAIGN_CANCELLED,
         "it is not called again, as its campaign was cancelled.", "in all"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rf_why why = somebody(cases[i].at, NULL);
        why.campaign_state = cases[i].campaign;
        char *text = told(&why);
        assert_says(text, cases[i].says);
        *strstr(text, " What you can do") = '\0';
        if (strstr(text, cases[i].not ))
            fail_msg("\"%s\" is in: %s", cases[i].not, text);
        free(text);
    }
    // What may have been sent is not called back.
    struct rf_why why = somebody(RF_CONTACT_DIAL, NULL);
    why.campaign_state = RF_CAMPAIGN_CANCELLED;
    why.attempts_all = 1;
    why.attempt_count = 1;
    why.attempts[0] = (struct rf_why_attempt){.state = RF_DIAL_INTENT};
    char *text = told(&why);
    assert_says(text, "Next, its call is followed to its end.");
    free(text);
}

static void both_places_of_windows_and_holidays_are_named(void **state) {
    (void)state;
    static const char *const shut[] = {"weekday", "hour", "holiday"};
    for (size_t i = 0; i < sizeof shut / sizeof *shut; i++) {
        struct rf_why why = somebody(RF_CONTACT_WAIT_WINDOW, shut[i]);
        char *text = told(&why);
        assert_says(text, "of the campaign itself if ringfence campaign status shows them");
        assert_says(text, "else of the configuration");
        assert_true((strstr(text, "campaign.recall.*.windows") != NULL) == (i < 2));
        free(text);
    }
}

static void a_reason_of_a_later_version_is_told_as_it_is(void **state) {
    (void)state;
    struct rf_why why = somebody(RF_CONTACT_WAIT_RETRY, "sunspots");
    why.message = "line one\nline two";
    char *text = told(&why);
    assert_says(text, "because of what it was told (sunspots: line one");
    assert_null(strchr(text, '\n'));
    free(text);
}

static void every_state_of_an_attempt_has_words(void **state) {
    (void)state;
    for (int at = RF_DIAL_INTENT; at < RF_DIAL_STATES; at++) {
        for (int known = 0; known < 4; known++) {
            struct rf_why why = somebody(RF_CONTACT_ASK, "restarted");
            why.attempts_all = 9;
            why.attempt_count = 1;
            why.attempts[0] = (struct rf_why_attempt){.state = (enum rf_dial_state)at,
                                                      .created = in(-60),
                                                      .sid = known & 1 ? "CA1" : NULL,
                                                      .status = known & 2 ? "busy" : NULL,
                                                      .duration_s = -1};
            char *text = told(&why);
            assert_says(text, "dialled 9 times, and these are the last 1: at ");
            assert_null(strstr(text, "(null)"));
            assert_null(strstr(text, ": ;"));
            assert_null(strstr(text, ": ."));
            free(text);
        }
    }
}

static void how_often_a_contact_is_called_again_is_told_as_it_is_counted(void **state) {
    (void)state;
    struct rf_why why = somebody(RF_CONTACT_FOLLOW, NULL);
    char *text = told(&why);
    assert_says(text,
                "Next, it is done when its call ends; if that does not reach it, it is called "
                "again by the plan of how it ended, up to 3 calls in all.");
    free(text);
    why.max_calls = 1; // the default
    text = told(&why);
    assert_says(text, "Next, it is done when its call ends. What you can do: nothing is needed.");
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(how_often_a_contact_is_called_again_is_told_as_it_is_counted),
        cmocka_unit_test(the_paragraph_tells_reason_attempts_time_and_what_comes_next),
        cmocka_unit_test(a_dial_that_was_not_sent_is_no_dial),
        cmocka_unit_test(every_reason_has_words_and_is_told_with_its_mend),
        cmocka_unit_test(what_others_name_has_words),
        cmocka_unit_test(every_state_is_told_in_every_state_of_its_campaign),
        cmocka_unit_test(what_holds_it_up_is_told),
        cmocka_unit_test(what_comes_next_is_what_its_campaign_lets_come),
        cmocka_unit_test(both_places_of_windows_and_holidays_are_named),
        cmocka_unit_test(a_reason_of_a_later_version_is_told_as_it_is),
        cmocka_unit_test(every_state_of_an_attempt_has_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
