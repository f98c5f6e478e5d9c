// A folder of its own for configuration files and secrets, removed at the end.
#ifndef RF_TEST_CONFIG_FIXTURE_H
#define RF_TEST_CONFIG_FIXTURE_H

#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    char folder[64];
    char file[96]; // the configuration
};

static int fixture_setup(void **state) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    snprintf(fixture->folder, sizeof fixture->folder, "/tmp/rf-config-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    snprintf(fixture->file, sizeof fixture->file, "%s/c.yaml", fixture->folder);
    *state = fixture;
    return 0;
}

static const char *const fixture_files[] = {"c.yaml",    "key",      "empty",
                                            "hello.mp3", "holidays", "subject.txt"};

static int fixture_teardown(void **state) {
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof fixture_files / sizeof fixture_files[0]; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", fixture->folder, fixture_files[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(fixture->folder), 0);
    free(fixture);
    return 0;
}

// Writes `size` bytes as one of the fixture's files.
static inline void fixture_write_bytes(const struct fixture *fixture, const char *name,
                                       const void *data, size_t size, mode_t mode) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", fixture->folder, name);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    assert_int_equal(fwrite(data, 1, size, out), size);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static inline void fixture_write(const struct fixture *fixture, const char *name,
                                 const char *text) {
    fixture_write_bytes(fixture, name, text, strlen(text), 0600);
}

#endif
