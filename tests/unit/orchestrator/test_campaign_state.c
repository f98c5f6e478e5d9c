#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "campaign_state.h"

static void every_state_has_a_name_that_is_read_back(void **state) {
    (void)state;
    enum rf_campaign_state read;
    for (int i = 0; i < RF_CAMPAIGN_STATES; i++) {
        read = RF_CAMPAIGN_LOADING;
        assert_true(
            rf_campaign_state_parse(rf_campaign_state_name((enum rf_campaign_state)i), &read));
        assert_int_equal(read, i);
    }
    assert_false(rf_campaign_state_parse("asleep", &read));
    assert_false(rf_campaign_state_parse(NULL, &read));
}

static void nothing_leads_out_of_a_cancelled_campaign_or_back_to_loading(void **state) {
    (void)state;
    for (size_t i = 0; i < rf_campaign_transition_count; i++) {
        assert_int_not_equal(rf_campaign_transitions[i].from, RF_CAMPAIGN_CANCELLED);
        assert_int_not_equal(rf_campaign_transitions[i].to, RF_CAMPAIGN_LOADING);
    }
}

static void what_is_ordered_is_a_legal_transition_or_refused_with_words(void **state) {
    (void)state;
    int refused = 0;
    for (int order = 0; order < RF_CAMPAIGN_ORDERS; order++) {
        for (int from = 0; from < RF_CAMPAIGN_STATES; from++) {
            enum rf_campaign_state to = (enum rf_campaign_state)99;
            const char *why_not =
                rf_campaign_obey((enum rf_campaign_state)from, (enum rf_campaign_order)order, &to);
            if (why_not) {
                refused++;
                assert_true(strlen(why_not) > 10);
                assert_int_equal(to, 99);
            } else {
                assert_true((int)to == from || rf_campaign_may((enum rf_campaign_state)from, to));
            }
        }
    }
    assert_int_equal(refused, 11);
}

static void to_ask_for_the_same_twice_is_fine(void **state) {
    (void)state;
    static const enum rf_campaign_order twice[] = {RF_CAMPAIGN_START, RF_CAMPAIGN_PAUSE,
                                                   RF_CAMPAIGN_RESUME, RF_CAMPAIGN_CANCEL};
    for (size_t i = 0; i < sizeof twice / sizeof *twice; i++) {
        for (int from = 0; from < RF_CAMPAIGN_STATES; from++) {
            enum rf_campaign_state first, second;
            if (rf_campaign_obey((enum rf_campaign_state)from, twice[i], &first))
                continue;
            assert_null(rf_campaign_obey(first, twice[i], &second));
            assert_int_equal(first, second);
        }
    }
}

static void the_drawing_shows_every_transition(void **state) {
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    rf_campaign_draw(out);
    assert_int_equal(fclose(out), 0);
    for (size_t i = 0; i < rf_campaign_transition_count; i++) {
        const struct rf_campaign_transition *t = &rf_campaign_transitions[i];
        char edge[160];
        snprintf(edge, sizeof edge, "\"%s\" -> \"%s\" [label=\"%s\"];",
                 rf_campaign_state_name(t->from), rf_campaign_state_name(t->to), t->when);
        assert_non_null(strstr(text, edge));
    }
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_state_has_a_name_that_is_read_back),
        cmocka_unit_test(nothing_leads_out_of_a_cancelled_campaign_or_back_to_loading),
        cmocka_unit_test(what_is_ordered_is_a_legal_transition_or_refused_with_words),
        cmocka_unit_test(to_ask_for_the_same_twice_is_fine),
        cmocka_unit_test(the_drawing_shows_every_transition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
