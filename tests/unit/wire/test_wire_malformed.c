// What a peer may send that is wrong, class by class: refused with the right error and the field's
// name.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <msgpack.h>

#include "sample.h"
#include "wire/bound.h"

// A case written as bytes; `text` is part of the error's message.
struct bytes_case {
    const char *name;
    const char *bytes;
    size_t size;
    enum rf_err err;
    const char *text;
};

#define BYTES(literal) (literal), sizeof(literal) - 1
// A map of `n` fields beyond t and v, whose type is stream.open.
#define OPEN(n)                                                                                    \
    n "\xa1t\xab"                                                                                  \
      "stream.open"                                                                                \
      "\xa1v\x01"
#define STREAM "\xa6stream\xa1s"
#define NEXT   "\xa4next\x01"

static const struct bytes_case cases[] = {
    {"nothing at all", BYTES(""), RF_ERR_PROTOCOL, "not msgpack at byte 0 of 0"},
    {"a byte that msgpack never uses", BYTES("\xc1"), RF_ERR_PROTOCOL, "not msgpack"},
    {"a number", BYTES("\x01"), RF_ERR_PROTOCOL, "expected a map"},
    {"an array", BYTES("\x90"), RF_ERR_PROTOCOL, "expected a map"},
    {"an empty map", BYTES("\x80"), RF_ERR_PROTOCOL, "v: expected"},
    {"two messages in a frame", BYTES("\x80\x80"), RF_ERR_PROTOCOL, "1 bytes after the message"},
    {"a huge array", BYTES("\xdd\xff\xff\xff\xff"), RF_ERR_PROTOCOL, "announces more"},
    {"a huge map", BYTES("\xdf\x80\x00\x00\x00"), RF_ERR_PROTOCOL, "announces more"},
    {"a huge text", BYTES("\xdb\xff\xff\xff\xff"), RF_ERR_PROTOCOL, "announces more"},
    {"huge bytes", BYTES("\xc6\xff\xff\xff\xff"), RF_ERR_PROTOCOL, "announces more"},
    {"a huge extension", BYTES("\xc9\xff\xff\xff\xff"), RF_ERR_PROTOCOL, "announces more"},
    {"a length cut off", BYTES("\xdd\xff"), RF_ERR_PROTOCOL, "not msgpack"},
    {"17 arrays in each other",
     BYTES("\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x90"), RF_ERR_PROTOCOL,
     "nested more than 16 deep"},
    {"no type", BYTES("\x81\xa1v\x01"), RF_ERR_PROTOCOL, "t: expected"},
    {"a type that is no text", BYTES("\x82\xa1t\x01\xa1v\x01"), RF_ERR_PROTOCOL, "t: expected"},
    {"an unknown type",
     BYTES("\x82\xa1t\xa3"
           "abc"
           "\xa1v\x01"),
     RF_ERR_NOT_FOUND, "unknown message type abc"},
    {"no version", BYTES("\x81\xa1t\xa5hello"), RF_ERR_PROTOCOL, "v: expected"},
    {"another version", BYTES("\x82\xa1t\xa5hello\xa1v\x02"), RF_ERR_CONFLICT, "version 2"},
    {"a version that is text",
     BYTES("\x82\xa1t\xa5hello\xa1v\xa1"
           "1"),
     RF_ERR_PROTOCOL, "v: expected"},
    {"a required field is missing", BYTES(OPEN("\x83") STREAM), RF_ERR_PROTOCOL,
     "stream.open: next: missing"},
    {"nil counts as missing", BYTES(OPEN("\x84") STREAM "\xa4next\xc0"), RF_ERR_PROTOCOL,
     "stream.open: next: missing"},
    {"a number where text belongs", BYTES(OPEN("\x84") "\xa6stream\x01" NEXT), RF_ERR_PROTOCOL,
     "stream.open: stream: expected text"},
    {"bytes where text belongs", BYTES(OPEN("\x84") "\xa6stream\xc4\x01s" NEXT), RF_ERR_PROTOCOL,
     "stream.open: stream: expected text"},
    {"text with NUL", BYTES(OPEN("\x84") "\xa6stream\xa1\x00" NEXT), RF_ERR_PROTOCOL,
     "stream.open: stream: expected UTF-8"},
    {"text that is not UTF-8", BYTES(OPEN("\x84") "\xa6stream\xa1\xff" NEXT), RF_ERR_PROTOCOL,
     "stream.open: stream: expected UTF-8"},
    {"text where a number belongs",
     BYTES(OPEN("\x84") STREAM "\xa4next\xa1"
                               "1"),
     RF_ERR_PROTOCOL, "stream.open: next: expected an integer"},
    {"a real where a number belongs", BYTES(OPEN("\x84") STREAM "\xa4next\xca\x3f\x80\x00\x00"),
     RF_ERR_PROTOCOL, "stream.open: next: expected an integer"},
    {"below the least", BYTES(OPEN("\x84") STREAM "\xa4next\x00"), RF_ERR_PROTOCOL,
     "stream.open: next: 0 is not between"},
    {"a negative number", BYTES(OPEN("\x84") STREAM "\xa4next\xff"), RF_ERR_PROTOCOL,
     "stream.open: next: -1 is not between"},
    {"beyond 2^63-1", BYTES(OPEN("\x84") STREAM "\xa4next\xcf\x80\x00\x00\x00\x00\x00\x00\x00"),
     RF_ERR_PROTOCOL, "stream.open: next: expected an integer below 2^63"},
    {"a field twice", BYTES(OPEN("\x85") STREAM NEXT NEXT), RF_ERR_PROTOCOL,
     "stream.open: next: stands twice"},
    {"a key that is no text", BYTES(OPEN("\x85") STREAM NEXT "\x01\x01"), RF_ERR_PROTOCOL,
     "expected text as the key"},
    {"unknown fields are skipped",
     BYTES(OPEN("\x88") "\xa3new\x81\x01\xc4\x01x" STREAM "\xa4newer\xc7\x01\x05x"
                        "\xa6newest\x93\x01\xc0\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00" NEXT),
     RF_ERR_PROTOCOL, "not msgpack"}, // the second key announces 4 of its 5 bytes
    {"a sound one", BYTES(OPEN("\x84") NEXT STREAM), RF_OK, NULL},
    {"unknown fields of any type are skipped",
     BYTES(OPEN("\x87") "\xa3new\x81\x01\xc4\x01x" STREAM "\xa5newer\xc7\x01\x05x"
                        "\xa6newest\x93\x01\xc0\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00" NEXT),
     RF_OK, NULL},
};

static void each_class_of_bad_bytes_is_refused_by_name(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rf_message *message;
        struct rf_error error = {.message = ""};
        // On the heap without a byte to spare, so that reading on is seen.
        char *exact = malloc(cases[i].size == 0 ? 1 : cases[i].size);
        memcpy(exact, cases[i].bytes, cases[i].size);
        enum rf_err err = rf_wire_decode(exact, cases[i].size, &message, &error);
        if (err != cases[i].err || (cases[i].text && !strstr(error.message, cases[i].text)))
            fail_msg("%s: %s: %s", cases[i].name, rf_err_name(err), error.message);
        assert_true((err == RF_OK) == (message != NULL));
        rf_message_destroy(&message);
        free(exact);
    }
}

static void a_message_cut_at_any_byte_is_refused(void **state) {
    (void)state;
    for (unsigned type = 0; type < RF_MESSAGE_COUNT; type++) {
        const struct rf_shape *shape = rf_shape_of((enum rf_message_type)type);
        void *body = rf_sample_body(shape);
        struct rf_frame frame;
        rf_sample_fill(shape, body, type, false);
        assert_int_equal(rf_wire_encode((enum rf_message_type)type, body, &frame, NULL), RF_OK);
        for (size_t size = 0; size < frame.size; size++) {
            struct rf_message *message;
            char *cut = malloc(size == 0 ? 1 : size);
            memcpy(cut, frame.data, size);
            assert_int_equal(rf_wire_decode(cut, size, &message, NULL), RF_ERR_PROTOCOL);
            assert_null(message);
            free(cut);
        }
        rf_frame_free(&frame);
        rf_sample_clear(shape, body);
        free(body);
    }
}

// Packs `value` as the field `field` of a sound message of `shape` that has all other required
// fields.
static void pack_with(msgpack_sbuffer *buffer, const struct rf_shape *shape,
                      const struct rf_field *field, const char *value, size_t size) {
    void *body = rf_sample_body(shape);
    rf_sample_fill(shape, body, 3, true);
    msgpack_packer packer;
    msgpack_packer_init(&packer, buffer, msgpack_sbuffer_write);
    msgpack_pack_map(&packer, 3);
    msgpack_pack_str_with_body(&packer, "t", 1);
    msgpack_pack_str_with_body(&packer, shape->name, strlen(shape->name));
    msgpack_pack_str_with_body(&packer, "v", 1);
    msgpack_pack_int(&packer, 1);
    msgpack_pack_str_with_body(&packer, field->name, field->name_size);
    msgpack_sbuffer_write(buffer, value, size);
    rf_sample_clear(shape, body);
    free(body);
}

// A value of each type of msgpack; which kinds of field take it.
static const struct {
    const char *bytes;
    size_t size;
    unsigned taken_by;
} values[] = {
    {BYTES("\xc3"), 1u << RF_FIELD_BOOL},
    {BYTES("\x05"), 1u << RF_FIELD_I64},
    {BYTES("\xca\x3f\x80\x00\x00"), 0},
    {BYTES("\xa1x"), 1u << RF_FIELD_STR},
    {BYTES("\xc4\x01x"), 1u << RF_FIELD_BIN},
    {BYTES("\xc7\x01\x05x"), 0},
    {BYTES("\x91\xa1x"), 1u << RF_FIELD_STRS | 1u << RF_FIELD_JSON},
    {BYTES("\x91\x05"), 1u << RF_FIELD_JSON},
    {BYTES("\x81\xa1x\x05"), 1u << RF_FIELD_JSON},
    {BYTES("\x81\x05\x05"), 0},
};

static void every_field_refuses_every_type_but_its_own(void **state) {
    (void)state;
    for (unsigned type = 0; type < RF_MESSAGE_COUNT; type++) {
        const struct rf_shape *shape = rf_shape_of((enum rf_message_type)type);
        for (size_t f = 0; f < shape->count; f++)
            for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
                const struct rf_field *field = &shape->fields[f];
                struct rf_message *message;
                struct rf_error error = {.message = ""};
                msgpack_sbuffer buffer;
                msgpack_sbuffer_init(&buffer);
                pack_with(&buffer, shape, field, values[i].bytes, values[i].size);
                enum rf_err err = rf_wire_decode(buffer.data, buffer.size, &message, &error);
                // A value that is taken may leave another field missing; one that is not is named.
                char named[128];
                snprintf(named, sizeof named, "%s: %s: ", shape->name, field->name);
                bool refused = err == RF_ERR_PROTOCOL && strstr(error.message, named) != NULL;
                if (refused == (values[i].taken_by >> field->kind & 1))
                    fail_msg("%s%s value %zu: %s", named, rf_err_name(err), i, error.message);
                rf_message_destroy(&message);
                msgpack_sbuffer_destroy(&buffer);
            }
    }
}

#define JSON_MAP(value)                                                                            \
    BYTES("\x85\xa1t\xa9state.put\xa1v\x01\xa3rid\xa1r\xa3key\xa1k\xa5value" value)

static void json_refuses_what_json_cannot_say(void **state) {
    (void)state;
    static const struct bytes_case json[] = {
        {"bytes", JSON_MAP("\x91\xc4\x01x"), RF_ERR_PROTOCOL, "no bytes"},
        {"an extension", JSON_MAP("\x91\xc7\x01\x05x"), RF_ERR_PROTOCOL, "no extensions"},
        {"an infinite number", JSON_MAP("\x91\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00"),
         RF_ERR_PROTOCOL, "not finite"},
        {"not a number", JSON_MAP("\x91\xca\x7f\xc0\x00\x00"), RF_ERR_PROTOCOL, "not finite"},
        {"beyond int64", JSON_MAP("\x91\xcf\xff\xff\xff\xff\xff\xff\xff\xff"), RF_ERR_PROTOCOL,
         "over 2^63-1"},
        {"a numeric key", JSON_MAP("\x81\x01\x01"), RF_ERR_PROTOCOL, "a key is not text"},
        {"a key with NUL", JSON_MAP("\x81\xa1\x00\x01"), RF_ERR_PROTOCOL, "a key is not text"},
        {"a key twice", JSON_MAP("\x82\xa1x\x01\xa1x\x02"), RF_ERR_PROTOCOL, "key x stands twice"},
        {"bad text deep inside", JSON_MAP("\x91\x81\xa1x\x92\x01\xa1\xff"), RF_ERR_PROTOCOL,
         "state.put: value: a text is not UTF-8"},
        {"the least integer", JSON_MAP("\x91\xd3\x80\x00\x00\x00\x00\x00\x00\x00"), RF_OK, NULL},
        {"an empty key", JSON_MAP("\x81\xa0\x01"), RF_OK, NULL},
    };
    for (size_t i = 0; i < sizeof json / sizeof *json; i++) {
        struct rf_message *message;
        struct rf_error error = {.message = ""};
        enum rf_err err = rf_wire_decode(json[i].bytes, json[i].size, &message, &error);
        if (err != json[i].err || (json[i].text && !strstr(error.message, json[i].text)))
            fail_msg("%s: %s: %s", json[i].name, rf_err_name(err), error.message);
        rf_message_destroy(&message);
        struct rf_error relay_error = {.message = ""};
        assert_int_equal(rf_wire_decode_relay(json[i].bytes, json[i].size, &message, &relay_error),
                         err);
        if (err != RF_OK)
            assert_string_equal(relay_error.message, error.message);
        rf_message_destroy(&message);
    }
}

// `pairs` keys of two letters with the number 1 each; the last is the same as key `like`.
static void a_key_twice_is_found(size_t pairs, size_t like) {
    msgpack_sbuffer buffer;
    msgpack_packer packer;
    msgpack_sbuffer_init(&buffer);
    msgpack_packer_init(&packer, &buffer, msgpack_sbuffer_write);
    msgpack_sbuffer_write(&buffer, JSON_MAP(""));
    msgpack_pack_map(&packer, pairs);
    for (size_t i = 0; i < pairs; i++) {
        size_t n = i == pairs - 1 ? like : i;
        char key[2] = {(char)('a' + n / 26), (char)('a' + n % 26)};
        msgpack_pack_str_with_body(&packer, key, sizeof key);
        msgpack_pack_int(&packer, 1);
    }
    for (int relay = 0; relay < 2; relay++) {
        struct rf_message *message;
        struct rf_error error = {.message = ""};
        enum rf_err err = (relay ? rf_wire_decode_relay : rf_wire_decode)(buffer.data, buffer.size,
                                                                          &message, &error);
        assert_int_equal(err, like == pairs - 1 ? RF_OK : RF_ERR_PROTOCOL);
        if (err != RF_OK)
            assert_non_null(strstr(error.message, "stands twice"));
        rf_message_destroy(&message);
    }
    msgpack_sbuffer_destroy(&buffer);
}

static void a_key_twice_is_found_in_maps_of_any_size(void **state) {
    (void)state;
    for (size_t pairs = 1; pairs <= 40; pairs++)
        for (size_t like = 0; like < pairs; like++)
            a_key_twice_is_found(pairs, like);
}

static void too_many_values_are_refused(void **state) {
    (void)state;
    size_t size = RF_WIRE_MAX_VALUES + 5;
    char *bytes = calloc(1, size);
    bytes[0] = '\xdd';
    bytes[2] = '\x10'; // 2^20 zeros, and the array itself
    struct rf_error error;
    assert_int_equal(rf_wire_bound(bytes, size, &error), RF_ERR_PROTOCOL);
    assert_non_null(strstr(error.message, "values"));
    bytes[2] = '\x0f';
    bytes[3] = bytes[4] = '\xff';
    assert_int_equal(rf_wire_bound(bytes, size - 1, &error), RF_OK);
    free(bytes);
}

static void a_frame_over_the_bound_is_refused(void **state) {
    (void)state;
    char *bytes = calloc(1, RF_WIRE_MAX_BYTES + 1);
    bytes[0] = '\xc6';
    struct rf_message *message;
    struct rf_error error;
    assert_int_equal(rf_wire_decode(bytes, RF_WIRE_MAX_BYTES + 1, &message, &error),
                     RF_ERR_PROTOCOL);
    assert_non_null(strstr(error.message, "over the limit"));
    free(bytes);
}

static void an_error_that_quotes_the_peer_is_still_valid_text(void **state) {
    (void)state;
    static const char bytes[] = "\x82\xa1v\x01\xa1t\xa3\xff\xfe\x01";
    struct rf_message *message;
    struct rf_error error;
    assert_int_equal(rf_wire_decode(bytes, sizeof bytes - 1, &message, &error), RF_ERR_NOT_FOUND);
    assert_string_equal(error.message, "unknown message type \xef\xbf\xbd\xef\xbf\xbd\x01");
}

static void an_event_of_another_version_is_refused(void **state) {
    (void)state;
    static const char bytes[] = "\x81\xa1v\x02";
    struct rf_message *message;
    assert_int_equal(rf_wire_decode_event(bytes, sizeof bytes - 1, &message, NULL),
                     RF_ERR_CONFLICT);
    assert_null(message);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_class_of_bad_bytes_is_refused_by_name),
        cmocka_unit_test(a_message_cut_at_any_byte_is_refused),
        cmocka_unit_test(every_field_refuses_every_type_but_its_own),
        cmocka_unit_test(json_refuses_what_json_cannot_say),
        cmocka_unit_test(a_key_twice_is_found_in_maps_of_any_size),
        cmocka_unit_test(too_many_values_are_refused),
        cmocka_unit_test(a_frame_over_the_bound_is_refused),
        cmocka_unit_test(an_error_that_quotes_the_peer_is_still_valid_text),
        cmocka_unit_test(an_event_of_another_version_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
