#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "answers.h"

static struct rf_message *reply_of(const char *id, const char *message) {
    struct rf_call_reply reply = {.id = id, .ok = true, .class = "ok", .message = message};
    struct rf_frame frame;
    struct rf_message *decoded = NULL;
    assert_int_equal(rf_wire_encode(RF_MESSAGE_call_reply, &reply, &frame, NULL), RF_OK);
    assert_int_equal(rf_wire_decode(frame.data, frame.size, &decoded, NULL), RF_OK);
    rf_frame_free(&frame);
    return decoded;
}

static void an_answer_is_known_until_its_time_is_over(void **state) {
    (void)state;
    struct rf_answers answers;
    rf_answers_init(&answers);
    struct rf_message *message = reply_of("a", "done");
    rf_answers_keep(&answers, &message, 100, "gateway-1", (struct rf_instant){5});
    assert_null(message);
    const struct rf_answer *answer =
        rf_answers_find(&answers, "a", (struct rf_instant){5 + RF_ANSWERS_KEEP - 1});
    assert_non_null(answer);
    assert_string_equal(answer->reply.message, "done");
    assert_string_equal(answer->reply.worker, "gateway-1");
    assert_null(rf_answers_find(&answers, "a", (struct rf_instant){5 + RF_ANSWERS_KEEP}));
    assert_null(rf_answers_find(&answers, "b", (struct rf_instant){5}));
    rf_answers_fini(&answers);
}

static void a_later_answer_takes_the_place_of_an_earlier_one(void **state) {
    (void)state;
    struct rf_answers answers;
    rf_answers_init(&answers);
    struct rf_call_reply guess = {.id = "a", .class = "local", .code = "worker_lost"};
    rf_answers_keep_own(&answers, &guess, (struct rf_instant){0});
    assert_null(rf_answers_find(&answers, "a", (struct rf_instant){1})->message);
    struct rf_message *message = reply_of("a", "it was done");
    rf_answers_keep(&answers, &message, 100, "gateway-1", (struct rf_instant){1});
    assert_int_equal(answers.count, 1);
    assert_string_equal(rf_answers_find(&answers, "a", (struct rf_instant){1})->reply.message,
                        "it was done");
    rf_answers_forget(&answers, "a");
    assert_null(rf_answers_find(&answers, "a", (struct rf_instant){1}));
    assert_int_equal(answers.bytes, 0);
    rf_answers_fini(&answers);
}

static void the_oldest_give_way_to_the_bound_on_count_and_on_bytes(void **state) {
    (void)state;
    struct rf_answers answers;
    char id[16];
    rf_answers_init(&answers);
    for (int i = 0; i <= RF_ANSWERS_MAX; i++) {
        snprintf(id, sizeof id, "%d", i);
        struct rf_call_reply reply = {.id = id, .class = "local"};
        assert_true(rf_answers_complete(&answers, (struct rf_instant){0}));
        rf_answers_keep_own(&answers, &reply, (struct rf_instant){5});
    }
    assert_int_equal(answers.count, RF_ANSWERS_MAX);
    assert_null(rf_answers_find(&answers, "0", (struct rf_instant){5}));
    assert_non_null(rf_answers_find(&answers, "1", (struct rf_instant){5}));
    // Whoever asks since when it knows all is told no.
    assert_false(rf_answers_complete(&answers, (struct rf_instant){5}));
    assert_true(rf_answers_complete(&answers, (struct rf_instant){6}));
    struct rf_message *large = reply_of("large", "x");
    rf_answers_keep(&answers, &large, RF_ANSWERS_BYTES, "w", (struct rf_instant){0});
    assert_int_equal(answers.count, 1);
    rf_answers_fini(&answers);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_known_until_its_time_is_over),
        cmocka_unit_test(a_later_answer_takes_the_place_of_an_earlier_one),
        cmocka_unit_test(the_oldest_give_way_to_the_bound_on_count_and_on_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
