#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "rotated/list.h"
#include "rotated/pack.h"
#include "rotated/unpack.h"

#define BIG_BYTES 300000

struct bench {
    char folder[32], path[64];
};

static int set_up(void **state) {
    struct bench *bench = calloc(1, sizeof *bench);
    strcpy(bench->folder, "/tmp/rf-XXXXXX");
    assert_non_null(mkdtemp(bench->folder));
    snprintf(bench->path, sizeof bench->path, "%s/app.log", bench->folder);
    *state = bench;
    return 0;
}

static int tear_down(void **state) {
    struct bench *bench = *state;
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", bench->folder);
    assert_int_equal(system(command), 0);
    free(bench);
    return 0;
}

static void put(const struct bench *bench, const char *file, const char *data, size_t size) {
    char path[512];
    struct rf_error error;
    snprintf(path, sizeof path, "%s/%s", bench->folder, file);
    assert_int_equal(rf_file_replace(path, data, size, &error), RF_OK);
}

static void a_name_is_read_back_as_it_was_written(void **state) {
    static const struct {
        struct rf_rotated_name name;
        const char *text;
    } cases[] = {
        {{{INT64_C(1795902362123456000)}, 1, 5000, RF_PACK_NONE, false},
         "app.log.20261128T214602.123456Z.1-5000"},
        {{{INT64_C(1795902362123456000)}, 1, 5000, RF_PACK_GZIP, false},
         "app.log.20261128T214602.123456Z.1-5000.gz"},
        {{{INT64_C(1795902362000001000)}, 0, 0, RF_PACK_ZSTD, true},
         "app.log.20261128T214602.000001Z.0-0.zst.partial"},
        {{{0}, 9, 3, RF_PACK_NONE, true}, "app.log.19700101T000000.000000Z.9-3.partial"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[RF_ROTATED_NAME_SIZE];
        struct rf_rotated_name name;
        assert_true(rf_rotated_name_write("app.log", &cases[i].name, text));
        assert_string_equal(text, cases[i].text);
        assert_true(rf_rotated_name_read("app.log", text, &name));
        assert_int_equal(name.closed.ns, cases[i].name.closed.ns);
        assert_int_equal(name.first, cases[i].name.first);
        assert_int_equal(name.last, cases[i].name.last);
        assert_int_equal(name.pack, cases[i].name.pack);
        assert_int_equal(name.partial, cases[i].name.partial);
    }
}

static void what_somebody_else_has_named_is_no_file_of_ours(void **state) {
    static const char *const others[] = {
        "app.log",
        "app.log.1",
        "app.log.1.gz",
        "app.log-20261128",
        "app.log.20261128T214602.123456Z",
        "app.log.20261128T214602.123456Z.1-5000.xz",
        "app.log.20261128T214602.123456Z.1-5000.gz.partial.bak",
        "app.log.20261128T214602.123456Z.01-5000",
        "app.log.20261128T214602.123456Z.-1-5000",
        "app.log.20261128T214602.123456Z.1-99999999999999999999",
        "app.log.20261328T214602.123456Z.1-5000",
        "app.log.20261131T214602.123456Z.1-5000",
        "app.log.20261128T214602.12345Z.1-5000",
        "app.log.20261128T214602.+12345Z.1-5000",
        "app.logs.20261128T214602.123456Z.1-5000",
        "other.log.20261128T214602.123456Z.1-5000",
        "",
    };
    struct rf_rotated_name name;
    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (rf_rotated_name_read("app.log", others[i], &name))
            fail_msg("%s was taken", others[i]);
}

static void a_name_that_is_too_long_or_of_no_time_is_refused(void **state) {
    char base[RF_ROTATED_NAME_SIZE], text[RF_ROTATED_NAME_SIZE];
    struct rf_rotated_name name = {{RF_NS_PER_S}, 1, 2, RF_PACK_NONE, false};
    (void)state;
    memset(base, 'a', sizeof base);
    base[sizeof base - 1] = '\0';
    assert_false(rf_rotated_name_write(base, &name, text));
    name.closed.ns = -1;
    assert_false(rf_rotated_name_write("app.log", &name, text));
}

static void the_list_is_by_time_and_leaves_out_what_is_not_ours(void **state) {
    const struct bench *bench = *state;
    struct rf_rotated_list list;
    struct rf_error error;
    char other[128];
    put(bench, "app.log", "now\n", 4);
    put(bench, "app.log.20261128T214602.000002Z.4-6.gz", "xxx", 3);
    put(bench, "app.log.20261128T214602.000001Z.1-3", "one\n", 4);
    put(bench, "app.log.20261128T214602.000001Z.1-3.gz", "x", 1);
    put(bench, "app.log.1", "old\n", 4);
    snprintf(other, sizeof other, "%s.20251128T214602.000001Z.1-3", bench->path);
    assert_int_equal(symlink("/etc/passwd", other), 0);
    snprintf(other, sizeof other, "%s.20251128T214602.000002Z.1-3", bench->path);
    assert_int_equal(mkdir(other, 0700), 0);
    assert_int_equal(rf_rotated_list_read(bench->path, &list, &error), RF_OK);
    assert_int_equal(list.count, 3);
    assert_string_equal(list.items[0].file, "app.log.20261128T214602.000001Z.1-3");
    assert_int_equal(list.items[0].bytes, 4);
    assert_string_equal(list.items[1].file, "app.log.20261128T214602.000001Z.1-3.gz");
    assert_string_equal(list.items[2].file, "app.log.20261128T214602.000002Z.4-6.gz");
    assert_int_equal(list.items[2].bytes, 3);
    rf_rotated_list_fini(&list);
}

static void a_folder_that_is_not_there_holds_no_file(void **state) {
    struct rf_rotated_list list;
    struct rf_error error;
    (void)state;
    assert_int_equal(rf_rotated_list_read("/tmp/rf-no-such-folder/app.log", &list, &error), RF_OK);
    assert_int_equal(list.count, 0);
    rf_rotated_list_fini(&list);
}

// Lines that do not compress to nothing, longer than one piece.
static char *big(void) {
    char *data = malloc(BIG_BYTES);
    uint32_t x = 1;
    for (size_t i = 0; i < BIG_BYTES; i++) {
        x = x * 1664525 + 1013904223;
        data[i] = (char)('a' + (x >> 24) % 26);
    }
    return data;
}

static enum rf_err read_whole(const char *path, enum rf_pack pack, char *out, size_t room,
                              size_t *size) {
    struct rf_unpack *unpack;
    struct rf_error error;
    size_t got = 0;
    *size = 0;
    enum rf_err result = rf_unpack_new(open(path, O_RDONLY), pack, &unpack, &error);
    while (result == RF_OK &&
           (result = rf_unpack_read(unpack, out + *size, room - *size < 4096 ? room - *size : 4096,
                                    &got, &error)) == RF_OK &&
           got > 0)
        *size += got;
    rf_unpack_destroy(&unpack);
    return result;
}

static enum rf_err pack(const char *from, const char *to, enum rf_pack how, bool stopped) {
    struct rf_error error;
    const atomic_bool stop = stopped;
    int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    enum rf_err result = rf_pack_file(in, out, how, &stop, &error);
    close(in);
    close(out);
    return result;
}

static void what_was_compressed_is_read_as_it_was(void **state) {
    const struct bench *bench = *state;
    static const size_t sizes[] = {0, 1, 65536, BIG_BYTES};
    static const char *const tools[] = {[RF_PACK_GZIP] = "gzip -t", [RF_PACK_ZSTD] = "zstd -qt"};
    char packed[80], command[128], *data = big(), *back = malloc(BIG_BYTES + 1);
    snprintf(packed, sizeof packed, "%s.packed", bench->path);
    for (int how = RF_PACK_GZIP; how <= RF_PACK_ZSTD; how++)
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            size_t size;
            put(bench, "app.log", data, sizes[i]);
            assert_int_equal(pack(bench->path, packed, (enum rf_pack)how, false), RF_OK);
            snprintf(command, sizeof command, "%s < %s", tools[how], packed);
            assert_int_equal(system(command), 0);
            assert_int_equal(read_whole(packed, (enum rf_pack)how, back, BIG_BYTES + 1, &size),
                             RF_OK);
            assert_int_equal(size, sizes[i]);
            assert_memory_equal(back, data, size);
        }
    free(data);
    free(back);
}

static void half_a_compressed_file_is_damaged_not_short(void **state) {
    const struct bench *bench = *state;
    char packed[80], *data = big(), *back = malloc(BIG_BYTES + 1);
    snprintf(packed, sizeof packed, "%s.packed", bench->path);
    put(bench, "app.log", data, BIG_BYTES);
    for (int how = RF_PACK_GZIP; how <= RF_PACK_ZSTD; how++) {
        struct stat status;
        size_t size;
        assert_int_equal(pack(bench->path, packed, (enum rf_pack)how, false), RF_OK);
        assert_int_equal(stat(packed, &status), 0);
        for (off_t cut = 1; cut <= status.st_size; cut += status.st_size / 3) {
            assert_int_equal(truncate(packed, status.st_size - cut), 0);
            if (read_whole(packed, (enum rf_pack)how, back, BIG_BYTES + 1, &size) != RF_ERR_DAMAGED)
                fail_msg("%d without its last %d of %d bytes is read", how, (int)cut,
                         (int)status.st_size);
            assert_memory_equal(back, data, size);
            assert_int_equal(pack(bench->path, packed, (enum rf_pack)how, false), RF_OK);
        }
        put(bench, "app.log.packed", "plain text\n", 11);
        assert_int_equal(read_whole(packed, (enum rf_pack)how, back, BIG_BYTES + 1, &size),
                         RF_ERR_DAMAGED);
    }
    free(data);
    free(back);
}

static void two_streams_behind_each_other_are_read_as_one(void **state) {
    const struct bench *bench = *state;
    char packed[80], command[512], back[32];
    snprintf(packed, sizeof packed, "%s.packed", bench->path);
    put(bench, "app.log", "line\n", 5);
    for (int how = RF_PACK_GZIP; how <= RF_PACK_ZSTD; how++) {
        size_t size;
        assert_int_equal(pack(bench->path, packed, (enum rf_pack)how, false), RF_OK);
        snprintf(command, sizeof command, "cp %s %s.2 && cat %s.2 >> %s", packed, packed, packed,
                 packed);
        assert_int_equal(system(command), 0);
        assert_int_equal(read_whole(packed, (enum rf_pack)how, back, sizeof back, &size), RF_OK);
        assert_int_equal(size, 10);
        assert_memory_equal(back, "line\nline\n", 10);
    }
}

static void a_compression_that_is_to_stop_stops(void **state) {
    const struct bench *bench = *state;
    char packed[80];
    snprintf(packed, sizeof packed, "%s.packed", bench->path);
    put(bench, "app.log", "line\n", 5);
    assert_int_equal(pack(bench->path, packed, RF_PACK_GZIP, true), RF_ERR_CLOSED);
    assert_int_equal(pack(bench->path, packed, RF_PACK_ZSTD, true), RF_ERR_CLOSED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_read_back_as_it_was_written),
        cmocka_unit_test(what_somebody_else_has_named_is_no_file_of_ours),
        cmocka_unit_test(a_name_that_is_too_long_or_of_no_time_is_refused),
        cmocka_unit_test_setup_teardown(the_list_is_by_time_and_leaves_out_what_is_not_ours, set_up,
                                        tear_down),
        cmocka_unit_test(a_folder_that_is_not_there_holds_no_file),
        cmocka_unit_test_setup_teardown(what_was_compressed_is_read_as_it_was, set_up, tear_down),
        cmocka_unit_test_setup_teardown(half_a_compressed_file_is_damaged_not_short, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(two_streams_behind_each_other_are_read_as_one, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_compression_that_is_to_stop_stops, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
