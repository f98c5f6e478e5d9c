// Seeded random damage: whatever comes out of it is refused or decoded, and what is decoded can be
// encoded again. The sanitizers see the rest.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mutate.h"
#include "sample.h"

#define MUTATIONS_PER_MESSAGE 1000 // times more than 40 messages

// Passed on, `relayed` is to the next one what `message` is to us.
static void assert_relays(const struct rf_message *message, const struct rf_message *relayed) {
    const struct rf_shape *shape = rf_shape_of(message->type);
    struct rf_frame frame;
    struct rf_message *arrived;
    struct rf_error error;
    assert_int_equal(relayed->type, message->type);
    if (rf_wire_encode(relayed->type, &relayed->as, &frame, &error) != RF_OK)
        fail_msg("relayed, but not encoded again: %s", error.message);
    if (rf_wire_decode(frame.data, frame.size, &arrived, &error) != RF_OK)
        fail_msg("relayed, but refused by the next: %s", error.message);
    assert_true(rf_sample_equal(shape, &message->as, &arrived->as));
    rf_message_destroy(&arrived);
    rf_frame_free(&frame);
}

static bool mutation_is_handled(const struct rf_frame *frame) {
    size_t size;
    unsigned char *bytes = rf_mutate(frame, &size);
    struct rf_message *message = NULL, *relayed = NULL;
    struct rf_error error = {.message = ""}, relay_error = {.message = ""};
    enum rf_err err = rf_wire_decode(bytes, size, &message, &error);
    assert_int_equal(rf_wire_decode_relay(bytes, size, &relayed, &relay_error), err);
    free(bytes);
    if (err != RF_OK) {
        assert_null(message);
        assert_null(relayed);
        assert_true(err == RF_ERR_PROTOCOL || err == RF_ERR_NOT_FOUND || err == RF_ERR_CONFLICT);
        assert_string_equal(relay_error.message, error.message);
        return false;
    }
    struct rf_frame again;
    if (rf_wire_encode(message->type, &message->as, &again, &error) != RF_OK)
        fail_msg("decoded, but not encoded again: %s", error.message);
    assert_relays(message, relayed);
    rf_frame_free(&again);
    rf_message_destroy(&message);
    rf_message_destroy(&relayed);
    return true;
}

static void damaged_messages_are_refused_or_understood(void **state) {
    (void)state;
    size_t understood = 0, refused = 0;
    for (unsigned type = 0; type < RF_MESSAGE_COUNT; type++) {
        const struct rf_shape *shape = rf_shape_of((enum rf_message_type)type);
        void *body = rf_sample_body(shape);
        struct rf_frame frame;
        rf_sample_fill(shape, body, type, false);
        assert_int_equal(rf_wire_encode((enum rf_message_type)type, body, &frame, NULL), RF_OK);
        for (int i = 0; i < MUTATIONS_PER_MESSAGE; i++) {
            if (mutation_is_handled(&frame))
                understood++;
            else
                refused++;
        }
        rf_frame_free(&frame);
        rf_sample_clear(shape, body);
        free(body);
    }
    printf("%zu understood, %zu refused\n", understood, refused);
    assert_true(understood + refused >= 20000);
    assert_true(understood > 0 && refused > 0);
}

static void random_bytes_are_refused(void **state) {
    (void)state;
    for (int i = 0; i < 20000; i++) {
        size_t size = rf_random_below(64);
        unsigned char *bytes = malloc(size == 0 ? 1 : size);
        for (size_t k = 0; k < size; k++)
            bytes[k] = rf_random_byte();
        struct rf_message *message;
        assert_int_not_equal(rf_wire_decode(bytes, size, &message, NULL), RF_OK);
        free(bytes);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(damaged_messages_are_refused_or_understood),
        cmocka_unit_test(random_bytes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
