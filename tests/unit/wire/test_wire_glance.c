// What is taken at a glance is taken by the decoder too, and reads the same: valid messages,
// damaged ones and made-up ones, seeded.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mutate.h"
#include "sample.h"
#include "wire/bound.h"
#include "wire/cursor.h"
#include "wire/glance.h"
#include "wire/pack.h"

#define SUBSETS   500
#define MUTATIONS 10000 // of each type
#define MADE_UP   15000

static const enum rf_message_type types[] = {
#define X(name) RF_MESSAGE_##name,
    RF_GLANCED(X)
#undef X
};
#define TYPE_COUNT (sizeof types / sizeof types[0])

// ---- the same fields ----

static bool same_text(const char *text, struct rf_str seen) {
    if (text == NULL || seen.bytes == NULL)
        return text == seen.bytes;
    return strlen(text) == seen.size && memcmp(text, seen.bytes, seen.size) == 0;
}

static bool same_bytes(struct rf_bytes bytes, struct rf_bytes seen) {
    return bytes.size == seen.size &&
           (bytes.size == 0 || memcmp(bytes.data, seen.data, bytes.size) == 0);
}

// A number's pair is its key and its value, and nothing else.
static bool same_number(int64_t n, const char *name, int64_t seen, struct rf_bytes pair) {
    if (n != seen)
        return false;
    if (pair.size == 0)
        return n == 0 && pair.data != NULL;
    struct rf_cursor cursor = {pair.data, (const unsigned char *)pair.data + pair.size};
    struct rf_packed key = rf_cursor_next(&cursor), value = rf_cursor_next(&cursor);
    return key.kind == RF_PACKED_STR && key.size == strlen(name) &&
           memcmp(key.bytes, name, key.size) == 0 && value.kind == RF_PACKED_INT && value.n == n &&
           cursor.at == cursor.end;
}

// A value of an array stands right behind its key, is one whole value, and has so many items.
static bool same_array(size_t count, const char *name, struct rf_bytes seen) {
    if (seen.size == 0)
        return count == 0;
    if (memcmp((const char *)seen.data - strlen(name), name, strlen(name)) != 0 ||
        rf_wire_bound(seen.data, seen.size, NULL) != RF_OK)
        return false;
    struct rf_cursor cursor = {seen.data, (const unsigned char *)seen.data + seen.size};
    struct rf_packed array = rf_cursor_next(&cursor);
    return array.kind == RF_PACKED_ARRAY && array.count == count;
}

#define MESSAGE(name, type, flow, meaning)                                                         \
    static __attribute__((unused)) bool same_##name(const struct rf_##name *body,                  \
                                                    const struct rf_##name##_glance *seen) {       \
        (void)body, (void)seen;
#define ITEM(name, meaning) MESSAGE(name, "", "", "")
#define SAME(field, condition)                                                                     \
    if (!(condition)) {                                                                            \
        fprintf(stderr, #field " differs\n");                                                      \
        return false;                                                                              \
    }
#define STR(field, need) SAME(field, same_text(body->field, seen->field))
#define I64(field, need, least, most)                                                              \
    SAME(field, same_number(body->field, #field, seen->field, seen->field##_pair))
#define BOOL(field, need)       SAME(field, body->field == seen->field)
#define JSON(field, need)       SAME(field, same_bytes(body->field##_packed, seen->field))
#define BIN(field, need)        SAME(field, same_bytes(body->field, seen->field))
#define STRS(field, need)       SAME(field, same_array(body->field.count, #field, seen->field))
#define LIST(field, need, item) SAME(field, same_array(body->field.count, #field, seen->field))
#define END(name)                                                                                  \
    return true;                                                                                   \
    }
#include <ringfence/messages.def>

static bool same_fields(const struct rf_message *message, const struct rf_glance *glance) {
    if (message->type != glance->type)
        return false;
    switch (message->type) {
#define X(name)                                                                                    \
    case RF_MESSAGE_##name:                                                                        \
        return same_##name(&message->as.name, &glance->as.name);
        RF_GLANCED(X)
#undef X
    default:
        return false;
    }
}

// ---- frames ----

enum verdict { REFUSED, DECODED, GLANCED };

// Holds a frame against the decoder. What only the decoder understands is seen when it was written
// anew, with the same fields.
static enum verdict judge(const void *data, size_t size) {
    struct rf_glance glance, anew;
    struct rf_message *message;
    struct rf_error error = {.message = ""};
    bool seen = rf_wire_glance(data, size, &glance);
    enum rf_err err = rf_wire_decode_relay(data, size, &message, &error);
    if (err != RF_OK) {
        if (seen)
            fail_msg("taken at a glance, but refused by the decoder: %s", error.message);
        return REFUSED;
    }
    if (seen) {
        assert_true(same_fields(message, &glance));
        assert_ptr_equal(glance.raw.data, data);
        assert_int_equal(glance.raw.size, size);
        assert_int_equal(message->raw.size, size); // it may be passed on as it came
    }
    if (rf_wire_glances_at(message->type)) {
        struct rf_frame frame;
        assert_int_equal(rf_wire_glance_anew(message, &frame, &anew, &error), RF_OK);
        assert_true(same_fields(message, &anew));
        rf_frame_free(&frame);
    }
    rf_message_destroy(&message);
    return seen ? GLANCED : DECODED;
}

// Reading beyond the end is seen by the sanitizers in memory of just this size.
static enum verdict judge_copy(const void *data, size_t size) {
    unsigned char *bytes = malloc(size > 0 ? size : 1);
    memcpy(bytes, data, size);
    enum verdict verdict = judge(bytes, size);
    free(bytes);
    return verdict;
}

static void encode(enum rf_message_type type, unsigned seed, bool some, struct rf_frame *frame) {
    const struct rf_shape *shape = rf_shape_of(type);
    void *body = rf_sample_body(shape), *sparse = rf_sample_body(shape);
    rf_sample_fill(shape, body, seed, false);
    memcpy(sparse, body, shape->size);
    for (size_t i = 0; some && i < shape->count; i++) {
        const struct rf_field *field = &shape->fields[i];
        static const size_t sizes[] = {[RF_FIELD_STR] = sizeof(char *),
                                       [RF_FIELD_I64] = sizeof(int64_t),
                                       [RF_FIELD_BOOL] = sizeof(bool),
                                       [RF_FIELD_JSON] = sizeof(json_t *),
                                       [RF_FIELD_BIN] = sizeof(struct rf_bytes),
                                       [RF_FIELD_STRS] = sizeof(struct rf_strs),
                                       [RF_FIELD_LIST] = sizeof(struct rf_list_any)};
        if (!field->required && rf_random_below(2) == 0)
            memset((char *)sparse + field->offset, 0, sizes[field->kind]);
    }
    assert_int_equal(rf_wire_encode(type, sparse, frame, NULL), RF_OK);
    rf_sample_clear(shape, body);
    free(body);
    free(sparse);
}

static void every_message_of_the_encoder_is_taken_at_a_glance(void **state) {
    (void)state;
    for (size_t i = 0; i < TYPE_COUNT; i++)
        for (unsigned seed = 0; seed < SUBSETS; seed++) {
            struct rf_frame frame;
            encode(types[i], seed, seed > 1, &frame);
            assert_int_equal(judge(frame.data, frame.size), GLANCED);
            rf_frame_free(&frame);
        }
}

static void other_messages_are_left_to_the_decoder(void **state) {
    (void)state;
    for (unsigned type = 0; type < RF_MESSAGE_COUNT; type++) {
        struct rf_frame frame;
        encode((enum rf_message_type)type, type, false, &frame);
        bool glanced = rf_wire_glances_at((enum rf_message_type)type);
        assert_int_equal(judge(frame.data, frame.size), glanced ? GLANCED : DECODED);
        rf_frame_free(&frame);
    }
    struct rf_message other = {.type = RF_MESSAGE_worker_bye};
    struct rf_frame frame;
    struct rf_glance glance;
    assert_int_equal(rf_wire_glance_anew(&other, &frame, &glance, NULL), RF_ERR_INVALID);
}

static void a_message_cut_at_any_byte_is_not_taken(void **state) {
    (void)state;
    for (size_t i = 0; i < TYPE_COUNT; i++) {
        struct rf_frame frame;
        encode(types[i], 1, false, &frame);
        for (size_t size = 0; size < frame.size; size++)
            assert_int_equal(judge_copy(frame.data, size), REFUSED);
        rf_frame_free(&frame);
    }
}

static void what_damage_leaves_reads_as_the_decoder_reads_it(void **state) {
    (void)state;
    size_t verdicts[3] = {0};
    for (size_t i = 0; i < TYPE_COUNT; i++)
        for (int k = 0; k < MUTATIONS; k++) {
            struct rf_frame frame;
            size_t size;
            encode(types[i], (unsigned)k, true, &frame);
            unsigned char *bytes = rf_mutate(&frame, &size);
            verdicts[judge(bytes, size)]++;
            free(bytes);
            rf_frame_free(&frame);
        }
    printf("%zu refused, %zu decoded, %zu at a glance\n", verdicts[REFUSED], verdicts[DECODED],
           verdicts[GLANCED]);
    for (size_t i = 0; i < 3; i++)
        assert_true(verdicts[i] > 100);
}

// ---- made up from pairs ----

static void pack_any(struct rf_packer *packer, int depth);

static void pack_any_text(struct rf_packer *packer) {
    static const char *const texts[] = {"",     "a",          "text",         "\xc3\xa4",
                                        "\xff", "0123456789", "\xed\xa0\x80", "a\0b"};
    size_t i = rf_random_below(sizeof texts / sizeof texts[0]);
    rf_pack_str(packer, texts[i], i == 7 ? 3 : strlen(texts[i]));
}

static void pack_any_map(struct rf_packer *packer, int depth) {
    size_t pairs = rf_random_below(depth > 3 ? 2 : 20);
    rf_pack_map(packer, pairs);
    for (size_t i = 0; i < pairs; i++) {
        char key[24];
        snprintf(key, sizeof key, "%zu", rf_random_below(30) == 0 ? 0 : i);
        if (rf_random_below(50) == 0)
            pack_any(packer, depth + 1);
        else
            rf_pack_str(packer, key, strlen(key));
        pack_any(packer, depth + 1);
    }
}

static void pack_any_scalar(struct rf_packer *packer) {
    static const char *const raws[] = {"\xcf\xff\xff\xff\xff\xff\xff\xff\xff",
                                       "\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00",
                                       "\xcb\x3f\xf0\x00\x00\x00\x00\x00\x00",
                                       "\xd4\x01\x01",
                                       "\xc4\x01\x01",
                                       "\xca\x3f\x80\x00\x00"};
    static const size_t sizes[] = {9, 9, 9, 3, 3, 5};
    size_t i = rf_random_below(60);
    if (i < sizeof raws / sizeof raws[0])
        rf_pack_raw(packer, raws[i], sizes[i]);
    else if (i < 20)
        pack_any_text(packer);
    else if (i < 30)
        rf_pack_nil(packer);
    else if (i < 40)
        rf_pack_bool(packer, i % 2 == 0);
    else
        rf_pack_int(packer, i % 2 == 0 ? (int64_t)rf_random_next() : (int64_t)i - 50);
}

static void pack_any(struct rf_packer *packer, int depth) {
    size_t kind = rf_random_below(depth == 0 ? 8 : 20);
    if (kind == 0 || (depth > 0 && depth < 17 && kind < 3)) {
        size_t count = rf_random_below(4);
        rf_pack_array(packer, count);
        for (size_t i = 0; i < count; i++)
            pack_any(packer, depth + 1);
    } else if (kind < 4 && depth < 17) {
        pack_any_map(packer, depth);
    } else {
        pack_any_scalar(packer);
    }
}

static void pack_field(struct rf_packer *packer, const struct rf_field *field);

static void pack_item(struct rf_packer *packer, const struct rf_shape *shape) {
    struct rf_packer fields = {.data = NULL};
    size_t pairs = 0;
    for (size_t i = 0; i < shape->count; i++)
        if (shape->fields[i].required || rf_random_below(3) == 0) {
            pairs++;
            pack_field(&fields, &shape->fields[i]);
        }
    rf_pack_map(packer, pairs + (rf_random_below(200) == 0));
    rf_pack_raw(packer, fields.data, fields.size);
    free(fields.data);
}

// A field with a value of its kind, or, seldom, any value.
static void pack_field(struct rf_packer *packer, const struct rf_field *field) {
    rf_pack_str(packer, field->name, field->name_size);
    size_t count = rf_random_below(3);
    if (rf_random_below(60) == 0) {
        pack_any(packer, 2);
        return;
    }
    switch (field->kind) {
    case RF_FIELD_STR:
        rf_pack_str(packer, "text of a field", rf_random_below(16));
        break;
    case RF_FIELD_I64:
        rf_pack_int(packer, rf_random_below(40) == 0 ? -1 : (int64_t)rf_random_below(70000) + 1);
        break;
    case RF_FIELD_BOOL:
        rf_pack_bool(packer, count > 1);
        break;
    case RF_FIELD_JSON:
        pack_any_map(packer, 2);
        break;
    case RF_FIELD_BIN:
        rf_pack_bin(packer, "bytes", 5);
        break;
    case RF_FIELD_STRS:
        rf_pack_array(packer, count);
        for (size_t i = 0; i < count; i++)
            rf_pack_str(packer, "text", 4);
        break;
    case RF_FIELD_LIST:
        rf_pack_array(packer, count);
        for (size_t i = 0; i < count; i++)
            pack_item(packer, field->item());
        break;
    }
}

// Most in the right order and with what is required; some with pairs that stand elsewhere, twice,
// or are none of ours.
static void make_up(const struct rf_shape *shape, struct rf_packer *packer) {
    struct rf_packer pairs = {.data = NULL};
    size_t count = 2;
    rf_pack_str(&pairs, "t", 1);
    rf_pack_str(&pairs, shape->name, strlen(shape->name));
    rf_pack_str(&pairs, "v", 1);
    rf_pack_int(&pairs, rf_random_below(100) == 0 ? 2 : 1);
    for (size_t i = 0; i < shape->count; i++) {
        size_t chance = rf_random_below(200);
        const struct rf_field *field =
            &shape->fields[chance == 0 ? rf_random_below(shape->count) : i];
        if (!shape->fields[i].required && rf_random_below(2) == 0)
            continue;
        count++;
        if (chance == 1) {
            rf_pack_str(&pairs, "unknown", 7);
            pack_any(&pairs, 1);
        } else {
            pack_field(&pairs, field);
        }
    }
    rf_pack_map(packer, count + (rf_random_below(200) == 0));
    rf_pack_raw(packer, pairs.data, pairs.size);
    free(pairs.data);
}

static void what_is_made_up_reads_as_the_decoder_reads_it(void **state) {
    (void)state;
    size_t verdicts[3] = {0};
    for (size_t i = 0; i < TYPE_COUNT * MADE_UP; i++) {
        struct rf_packer packer = {.data = NULL};
        make_up(rf_shape_of(types[i % TYPE_COUNT]), &packer);
        assert_int_equal(packer.failed, RF_OK);
        verdicts[judge_copy(packer.data, packer.size)]++;
        free(packer.data);
    }
    printf("%zu refused, %zu decoded, %zu at a glance\n", verdicts[REFUSED], verdicts[DECODED],
           verdicts[GLANCED]);
    for (size_t i = 0; i < 3; i++)
        assert_true(verdicts[i] > 400);
}

// ---- edges ----

// A request with these parameters.
static void pack_request(struct rf_packer *packer, const struct rf_packer *params) {
    rf_pack_map(packer, 7);
    static const char *const texts[] = {"t", "call.request", "v", NULL,       "id", "i", "service",
                                        "s", "operation",    "o", "deadline", NULL};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (texts[i] == NULL)
            rf_pack_int(packer, 1);
        else
            rf_pack_str(packer, texts[i], strlen(texts[i]));
    }
    rf_pack_str(packer, "params", 6);
    rf_pack_raw(packer, params->data, params->size);
}

static enum verdict judge_params(struct rf_packer *params) {
    struct rf_packer packer = {.data = NULL};
    pack_request(&packer, params);
    assert_int_equal(packer.failed, RF_OK);
    enum verdict verdict = judge_copy(packer.data, packer.size);
    free(packer.data);
    free(params->data);
    *params = (struct rf_packer){.data = NULL};
    return verdict;
}

static void parameters_as_deep_as_the_bound_are_taken_and_no_deeper(void **state) {
    (void)state;
    struct rf_packer params = {.data = NULL};
    for (int wide = 0; wide < 2; wide++)
        for (int depth = 1; depth < 20; depth++) {
            // As arrays, and the outermost in a map that is too large to compare each key.
            if (wide)
                rf_pack_map(&params, 17);
            for (char key = 'a'; wide && key < 'a' + 17; key++) {
                rf_pack_str(&params, &key, 1);
                if (key < 'a' + 16)
                    rf_pack_nil(&params);
            }
            for (int i = 0; i < depth; i++)
                rf_pack_array(&params, i + 1 < depth);
            bool fits = 1 + wide + depth <= RF_WIRE_MAX_DEPTH;
            assert_int_equal(judge_params(&params), fits ? GLANCED : REFUSED);
        }
}

static void a_key_twice_is_found_in_maps_of_any_size(void **state) {
    (void)state;
    for (size_t pairs = 2; pairs < 40; pairs++)
        for (size_t like = 0; like < pairs; like++) { // the last one: none is alike
            struct rf_packer params = {.data = NULL};
            rf_pack_map(&params, pairs);
            for (size_t i = 0; i < pairs; i++) {
                char key = (char)('A' + (i + 1 == pairs ? like : i));
                rf_pack_str(&params, &key, 1);
                rf_pack_int(&params, 1);
            }
            assert_int_equal(judge_params(&params), like + 1 == pairs ? GLANCED : REFUSED);
        }
}

static void a_frame_with_too_many_values_is_not_taken(void **state) {
    (void)state;
    for (int over = 0; over < 2; over++) {
        struct rf_packer params = {.data = NULL};
        size_t others = 15; // the message, its pairs, and this array
        rf_pack_array(&params, RF_WIRE_MAX_VALUES - others + (size_t)over);
        for (size_t i = 0; i < RF_WIRE_MAX_VALUES - others + (size_t)over; i++)
            rf_pack_int(&params, 1);
        assert_int_equal(judge_params(&params), over ? REFUSED : GLANCED);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_of_the_encoder_is_taken_at_a_glance),
        cmocka_unit_test(other_messages_are_left_to_the_decoder),
        cmocka_unit_test(a_message_cut_at_any_byte_is_not_taken),
        cmocka_unit_test(what_damage_leaves_reads_as_the_decoder_reads_it),
        cmocka_unit_test(what_is_made_up_reads_as_the_decoder_reads_it),
        cmocka_unit_test(parameters_as_deep_as_the_bound_are_taken_and_no_deeper),
        cmocka_unit_test(a_key_twice_is_found_in_maps_of_any_size),
        cmocka_unit_test(a_frame_with_too_many_values_is_not_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
