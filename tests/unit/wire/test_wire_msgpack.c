// Our msgpack against that of msgpack-c: what we write is what it writes, and what it reads in any
// bytes is what we read.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <msgpack.h>

#include "mutate.h"
#include "sample.h"
#include "wire/bound.h"
#include "wire/cursor.h"
#include "wire/pack.h"

static const size_t sizes[] = {0, 1, 15, 16, 31, 32, 255, 256, 65535, 65536, 70000};

static void assert_same(struct rf_packer *ours, msgpack_sbuffer *theirs) {
    assert_int_equal(ours->failed, RF_OK);
    assert_int_equal(ours->size, theirs->size);
    assert_memory_equal(ours->data, theirs->data, theirs->size);
    free(ours->data);
    *ours = (struct rf_packer){.data = NULL};
    msgpack_sbuffer_clear(theirs);
}

static void numbers_are_written_as_msgpack_c_writes_them(void **state) {
    (void)state;
    struct rf_packer ours = {.data = NULL};
    msgpack_sbuffer theirs;
    msgpack_packer packer;
    msgpack_sbuffer_init(&theirs);
    msgpack_packer_init(&packer, &theirs, msgpack_sbuffer_write);
    for (int bit = 0; bit < 64; bit++)
        for (int64_t beside = -33; beside <= 33; beside++)
            for (int negative = 0; negative < 2; negative++) {
                uint64_t n = (UINT64_C(1) << bit) + (uint64_t)beside;
                int64_t number = (int64_t)(negative ? 0 - n : n);
                rf_pack_int(&ours, number);
                msgpack_pack_int64(&packer, number);
                assert_same(&ours, &theirs);
            }
    static const double reals[] = {0.0, -0.0, 1.5, 3.0, 1e300, -1e-300};
    for (size_t i = 0; i < sizeof reals / sizeof *reals; i++) {
        rf_pack_real(&ours, reals[i]);
        msgpack_pack_double(&packer, reals[i]);
        assert_same(&ours, &theirs);
    }
    rf_pack_nil(&ours);
    rf_pack_bool(&ours, true);
    rf_pack_bool(&ours, false);
    msgpack_pack_nil(&packer);
    msgpack_pack_true(&packer);
    msgpack_pack_false(&packer);
    assert_same(&ours, &theirs);
    msgpack_sbuffer_destroy(&theirs);
}

static void heads_of_any_size_are_written_as_msgpack_c_writes_them(void **state) {
    (void)state;
    struct rf_packer ours = {.data = NULL};
    msgpack_sbuffer theirs;
    msgpack_packer packer;
    char *bytes = calloc(1, 70000);
    msgpack_sbuffer_init(&theirs);
    msgpack_packer_init(&packer, &theirs, msgpack_sbuffer_write);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        rf_pack_str(&ours, bytes, sizes[i]);
        rf_pack_bin(&ours, bytes, sizes[i]);
        rf_pack_array(&ours, sizes[i]);
        rf_pack_map(&ours, sizes[i]);
        msgpack_pack_str_with_body(&packer, bytes, sizes[i]);
        msgpack_pack_bin_with_body(&packer, bytes, sizes[i]);
        msgpack_pack_array(&packer, sizes[i]);
        msgpack_pack_map(&packer, sizes[i]);
        assert_same(&ours, &theirs);
    }
    free(bytes);
    msgpack_sbuffer_destroy(&theirs);
}

static void packing_stops_at_the_largest_frame(void **state) {
    (void)state;
    struct rf_packer packer = {.data = NULL};
    char *bytes = calloc(1, RF_WIRE_MAX_BYTES);
    rf_pack_raw(&packer, bytes, RF_WIRE_MAX_BYTES - 1);
    rf_pack_nil(&packer);
    assert_int_equal(packer.failed, RF_OK);
    assert_int_equal(packer.size, RF_WIRE_MAX_BYTES);
    rf_pack_nil(&packer);
    assert_int_equal(packer.failed, RF_ERR_FULL);
    free(packer.data);
    free(bytes);
}

// ---- reading ----

static void assert_reads_as(struct rf_cursor *cursor, const msgpack_object *object);

static void assert_bytes(const struct rf_packed *value, enum rf_packed_kind kind, const char *bytes,
                         size_t size) {
    assert_int_equal(value->kind, kind);
    assert_int_equal(value->size, size);
    assert_memory_equal(value->bytes, bytes, size);
}

static void assert_scalar(const struct rf_packed *value, const msgpack_object *object) {
    switch (object->type) {
    case MSGPACK_OBJECT_NIL:
        assert_int_equal(value->kind, RF_PACKED_NIL);
        break;
    case MSGPACK_OBJECT_BOOLEAN:
        assert_int_equal(value->kind, RF_PACKED_BOOL);
        assert_int_equal(value->truth, object->via.boolean);
        break;
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        assert_int_equal(value->kind, object->via.u64 > INT64_MAX ? RF_PACKED_UINT : RF_PACKED_INT);
        assert_true(value->u == object->via.u64);
        break;
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        assert_int_equal(value->kind, RF_PACKED_INT);
        assert_true(value->n == object->via.i64);
        break;
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
        assert_int_equal(value->kind, RF_PACKED_REAL);
        assert_true(value->real == object->via.f64 ||
                    (value->real != value->real && object->via.f64 != object->via.f64));
        break;
    case MSGPACK_OBJECT_STR:
        assert_bytes(value, RF_PACKED_STR, object->via.str.ptr, object->via.str.size);
        break;
    case MSGPACK_OBJECT_BIN:
        assert_bytes(value, RF_PACKED_BIN, object->via.bin.ptr, object->via.bin.size);
        break;
    case MSGPACK_OBJECT_EXT: // our bytes begin with the type
        assert_int_equal(value->kind, RF_PACKED_EXT);
        assert_int_equal(value->size, object->via.ext.size + 1);
        assert_int_equal((int8_t)value->bytes[0], object->via.ext.type);
        break;
    default:
        fail_msg("msgpack-c read a type of number %d", (int)object->type);
    }
}

static void assert_reads_as(struct rf_cursor *cursor, const msgpack_object *object) {
    struct rf_packed value;
    assert_int_equal(rf_cursor_read(cursor, &value), RF_READ_OK);
    if (object->type == MSGPACK_OBJECT_ARRAY) {
        assert_int_equal(value.kind, RF_PACKED_ARRAY);
        assert_int_equal(value.count, object->via.array.size);
        for (size_t i = 0; i < value.count; i++)
            assert_reads_as(cursor, &object->via.array.ptr[i]);
    } else if (object->type == MSGPACK_OBJECT_MAP) {
        assert_int_equal(value.kind, RF_PACKED_MAP);
        assert_int_equal(value.count, object->via.map.size);
        for (size_t i = 0; i < value.count; i++) {
            assert_reads_as(cursor, &object->via.map.ptr[i].key);
            assert_reads_as(cursor, &object->via.map.ptr[i].val);
        }
    } else {
        assert_scalar(&value, object);
    }
}

// msgpack-c allocates what a head announces before it looks whether it is there, so it is asked
// about what our bound lets through only. False if that is not so.
static bool both_read_the_same(const unsigned char *bytes, size_t size) {
    if (rf_wire_bound(bytes, size, NULL) != RF_OK)
        return false;
    msgpack_unpacked unpacked;
    size_t used = 0;
    msgpack_unpacked_init(&unpacked);
    assert_int_equal(msgpack_unpack_next(&unpacked, (const char *)bytes, size, &used),
                     MSGPACK_UNPACK_SUCCESS);
    assert_int_equal(used, size);
    struct rf_cursor cursor = {bytes, bytes + size}, skipping = cursor;
    assert_reads_as(&cursor, &unpacked.data);
    assert_ptr_equal(cursor.at, cursor.end);
    struct rf_packed whole = rf_cursor_next(&skipping);
    rf_cursor_skip(&skipping, &whole);
    assert_ptr_equal(skipping.at, skipping.end);
    msgpack_unpacked_destroy(&unpacked);
    return true;
}

static void damaged_messages_are_read_as_msgpack_c_reads_them(void **state) {
    (void)state;
    size_t read = 0;
    for (unsigned type = 0; type < RF_MESSAGE_COUNT; type++) {
        const struct rf_shape *shape = rf_shape_of((enum rf_message_type)type);
        void *body = rf_sample_body(shape);
        struct rf_frame frame;
        rf_sample_fill(shape, body, type, false);
        assert_int_equal(rf_wire_encode((enum rf_message_type)type, body, &frame, NULL), RF_OK);
        for (int i = 0; i < 500; i++) {
            size_t size;
            unsigned char *bytes = rf_mutate(&frame, &size);
            read += both_read_the_same(bytes, size);
            free(bytes);
        }
        rf_frame_free(&frame);
        rf_sample_clear(shape, body);
        free(body);
    }
    assert_true(read > 1000);
}

static void random_bytes_are_read_as_msgpack_c_reads_them(void **state) {
    (void)state;
    size_t read = 0;
    for (int i = 0; i < 20000; i++) {
        unsigned char bytes[24];
        for (size_t k = 0; k < sizeof bytes; k++)
            bytes[k] = rf_random_byte();
        // Any of its beginnings may be a value.
        for (size_t size = 1; size <= sizeof bytes; size++)
            read += both_read_the_same(bytes, size);
    }
    assert_true(read > 2000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_written_as_msgpack_c_writes_them),
        cmocka_unit_test(heads_of_any_size_are_written_as_msgpack_c_writes_them),
        cmocka_unit_test(packing_stops_at_the_largest_frame),
        cmocka_unit_test(damaged_messages_are_read_as_msgpack_c_reads_them),
        cmocka_unit_test(random_bytes_are_read_as_msgpack_c_reads_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
