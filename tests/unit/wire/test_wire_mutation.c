// Seeded random damage: whatever comes out of it is refused or decoded, and what is decoded can be
// encoded again. The sanitizers see the rest.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sample.h"

#define MUTATIONS_PER_MESSAGE 1000 // times more than 40 messages

static uint64_t random_state = 20261124;

static uint64_t random_next(void) // splitmix64
{
    uint64_t z = random_state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static size_t random_below(size_t bound) {
    return bound == 0 ? 0 : (size_t)(random_next() % bound);
}

// Bytes that mean much in msgpack are likelier than others.
static unsigned char random_byte(void) {
    static const unsigned char heads[] =
        "\xc0\xc1\xc2\xc4\xc6\xc7\xc9\xca\xcb\xcf\xd3\xd8\xd9\xdb\xdc\xdd\xde"
        "\xdf\x80\x8f\x90\x9f\xa0\xbf\xe0\xff\x7f";
    if (random_next() & 1)
        return heads[random_below(sizeof heads - 1)];
    return (unsigned char)random_next();
}

// Replaces, removes or doubles some bytes of `frame`; a new buffer of exactly the right size.
static unsigned char *mutate(const struct rf_frame *frame, size_t *size) {
    const unsigned char *data = frame->data;
    size_t at = random_below(frame->size);
    size_t run = 1 + random_below(8);
    if (run > frame->size - at)
        run = frame->size - at;
    switch (random_below(4)) {
    case 0: { // remove
        *size = frame->size - run;
        unsigned char *bytes = malloc(*size + 1);
        memcpy(bytes, data, at);
        memcpy(bytes + at, data + at + run, frame->size - at - run);
        return realloc(bytes, *size > 0 ? *size : 1);
    }
    case 1: { // double
        *size = frame->size + run;
        unsigned char *bytes = malloc(*size > 0 ? *size : 1);
        memcpy(bytes, data, at + run);
        memcpy(bytes + at + run, data + at, frame->size - at);
        return bytes;
    }
    default: { // replace
        *size = frame->size;
        unsigned char *bytes = malloc(*size > 0 ? *size : 1);
        memcpy(bytes, data, *size);
        for (size_t i = 0; i <= random_below(4); i++)
            bytes[random_below(*size)] = random_byte();
        return bytes;
    }
    }
}

static bool mutation_is_handled(const struct rf_frame *frame) {
    size_t size;
    unsigned char *bytes = mutate(frame, &size);
    struct rf_message *message = NULL;
    struct rf_error error;
    enum rf_err err = rf_wire_decode(bytes, size, &message, &error);
    free(bytes);
    if (err != RF_OK) {
        assert_null(message);
        assert_true(err == RF_ERR_PROTOCOL || err == RF_ERR_NOT_FOUND || err == RF_ERR_CONFLICT);
        return false;
    }
    struct rf_frame again;
    if (rf_wire_encode(message->type, &message->as, &again, &error) != RF_OK)
        fail_msg("decoded, but not encoded again: %s", error.message);
    rf_frame_free(&again);
    rf_message_destroy(&message);
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
        size_t size = random_below(64);
        unsigned char *bytes = malloc(size == 0 ? 1 : size);
        for (size_t k = 0; k < size; k++)
            bytes[k] = random_byte();
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
