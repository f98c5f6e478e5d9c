// Reading lists of contacts: bounds, cuts and garbage. What is said of whole files is in the
// corpus.
#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "contacts/contacts.h"
#include "contacts/csv_write.h"
#include "contacts/phone.h"
#include "contacts/seen.h"

static char path[64];

static void write_file(const void *data, size_t size) {
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    assert_int_equal(fwrite(data, 1, size, out), size);
    assert_int_equal(fclose(out), 0);
}

static int setup(void **state) {
    (void)state;
    snprintf(path, sizeof path, "/tmp/rf-csv-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    unlink(path);
    return 0;
}

// Everything that the reader says about a file, a line each: "LINE phone|name|column=value" for a
// contact, "! LINE: ..." (without the path) for a refusal. Errors of opening come as "!! LINE:
// ...".
static char *read_all(char *out, size_t size) {
    struct rf_contacts *contacts = NULL;
    struct rf_error error = {0};
    size_t used = 0;
    out[0] = '\0';
    if (rf_contacts_open(path, NULL, &contacts, &error) != RF_OK) {
        assert_memory_equal(error.message, path, strlen(path));
        snprintf(out, size, "!! %s\n", error.message + strlen(path) + 1);
        return out;
    }
    for (;;) {
        struct rf_contact contact;
        enum rf_err err = rf_contacts_next(contacts, &contact, &error);
        if (err == RF_ERR_NOT_FOUND)
            break;
        if (err == RF_ERR_INVALID) {
            assert_memory_equal(error.message, path, strlen(path));
            used += (size_t)snprintf(out + used, size - used, "! %s\n",
                                     error.message + strlen(path) + 1);
            continue;
        }
        assert_int_equal(err, RF_OK);
        used += (size_t)snprintf(out + used, size - used, "%zu %s|%s", contact.line, contact.phone,
                                 contact.name);
        for (size_t i = 0; i < contact.count; i++)
            used += (size_t)snprintf(out + used, size - used, "|%s=%s", contact.fields[i].column,
                                     contact.fields[i].value);
        used += (size_t)snprintf(out + used, size - used, "\n");
        assert_true(used < size);
    }
    rf_contacts_destroy(&contacts);
    assert_null(contacts);
    return out;
}

static void fields_and_records_are_bounded(void **state) {
    (void)state;
    static char out[65536], text[400000];
    // A field of the largest size is fine, one byte more is not.
    size_t used = (size_t)snprintf(text, sizeof text, "phone,name\n+12025550100,");
    memset(text + used, 'x', RF_CSV_MAX_FIELD);
    used += RF_CSV_MAX_FIELD;
    used += (size_t)snprintf(text + used, sizeof text - used, "\n+12025550101,");
    memset(text + used, 'x', RF_CSV_MAX_FIELD + 1);
    used += RF_CSV_MAX_FIELD + 1;
    used += (size_t)snprintf(text + used, sizeof text - used, "\n+12025550102,Cy\n");
    write_file(text, used);
    read_all(out, sizeof out);
    assert_memory_equal(out, "2 +12025550100|xxx", 18);
    assert_non_null(strstr(out, "\n! 3: name: is longer than 8192 bytes; shorten it, or look for a "
                                "quote that is not closed\n4 +12025550102|Cy\n"));

    // A line longer than any buffer costs only itself.
    used = (size_t)snprintf(text, sizeof text, "phone,name\n");
    memset(text + used, 'y', 300000);
    used += 300000;
    used += (size_t)snprintf(text + used, sizeof text - used, "\n+12025550102,Cy\n");
    write_file(text, used);
    assert_string_equal(read_all(out, sizeof out),
                        "! 2: phone: is longer than 8192 bytes; shorten it, or look for a quote "
                        "that is not closed\n3 +12025550102|Cy\n");

    // Many small fields: the record's own bound.
    used = (size_t)snprintf(text, sizeof text, "phone");
    for (int i = 1; i < RF_CSV_MAX_FIELDS; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, ",c%d", i);
    used += (size_t)snprintf(text + used, sizeof text - used, "\n+12025550100");
    for (int i = 1; i < RF_CSV_MAX_FIELDS; i++) {
        text[used++] = ',';
        memset(text + used, 'z', 1100);
        used += 1100;
    }
    used += (size_t)snprintf(text + used, sizeof text - used, "\n");
    write_file(text, used);
    assert_string_equal(read_all(out, sizeof out),
                        "! 2: is longer than 65536 bytes; shorten it, or look for a quote that is "
                        "not closed\n");

    used = (size_t)snprintf(text, sizeof text, "phone");
    for (int i = 1; i <= RF_CSV_MAX_FIELDS; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, ",c%d", i);
    write_file(text, used);
    read_all(out, sizeof out);
    assert_non_null(strstr(out, "!! 1: column 65: is one too many; at most 64 fields are allowed"));
}

static void a_quote_left_open_costs_only_its_own_line_in_a_long_file(void **state) {
    (void)state;
    static char out[2 * 1024 * 1024], text[1024 * 1024];
    size_t used = (size_t)snprintf(text, sizeof text, "phone,name\n");
    for (int i = 0; i < 20000; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "+1202%07d,%sN%d\n", i,
                                 i == 9 || i == 15000 ? "\"" : "", i);
    write_file(text, used);
    read_all(out, sizeof out);
    size_t contacts = 0, refused = 0;
    for (char *line = out; *line != '\0'; line = strchr(line, '\n') + 1)
        *(line[0] == '!' ? &refused : &contacts) += 1;
    // The open quote of line 11 finds its partner in line 15002 at the earliest, beyond the bounds.
    assert_int_equal(refused, 2);
    assert_int_equal(contacts, 19998);
    assert_non_null(strstr(out, "\n! 11: name: is longer than 8192 bytes"));
    assert_non_null(strstr(out, "\n12 +12020000010|N10\n"));
}

// A number that lost its last digits may be a stranger's.
static void a_last_line_without_its_break_is_taken_and_warned_of(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int line; // that is warned of; 0: none
    } cases[] = {
        {"phone\n+493012345678\n+4930123", 3},
        {"phone\n+493012345678\n+4930123\n", 0},
        {"phone\r\n+493012345678\r\n", 0},
        {"phone,name\n+493012345678,\"two\nlines\"", 2},
        {"+493012345678", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rf_contacts *contacts;
        struct rf_contact contact;
        struct rf_error error, warning;
        char place[160];
        enum rf_err err;
        write_file(cases[i].text, strlen(cases[i].text));
        assert_int_equal(rf_contacts_open(path, NULL, &contacts, &error), RF_OK);
        while ((err = rf_contacts_next(contacts, &contact, &error)) == RF_OK)
            ;
        assert_int_equal(err, RF_ERR_NOT_FOUND);
        assert_int_equal(rf_contacts_cut(contacts, &warning), cases[i].line > 0);
        snprintf(place, sizeof place, "%s:%d: the file ends without a line break", path,
                 cases[i].line);
        if (cases[i].line > 0)
            assert_memory_equal(warning.message, place, strlen(place));
        rf_contacts_destroy(&contacts);
    }
}

static void every_cut_of_a_file_ends_without_harm(void **state) {
    (void)state;
    static char out[65536];
    static const char text[] = "\xef\xbb\xbfphone,name,\"a \"\"b\"\"\"\r\n+12025550100,\"x\r\ny\","
                               "\xe4\xb8\xad\r\n\r\n+12025550101,\"\",q\"\n";
    for (size_t size = 0; size < sizeof text; size++) {
        write_file(text, size);
        read_all(out, sizeof out);
        assert_true(strlen(out) > 0 || size > 0);
    }
}

static void garbage_is_read_to_its_end(void **state) {
    (void)state;
    static char out[1024 * 1024];
    static const char letters[] = "\",\n\r+1a\0\xff\xc3";
    uint64_t random = 7;
    for (int round = 0; round < 300; round++) {
        char text[512] = "phone,name\n";
        for (size_t i = 11; i < sizeof text; i++) {
            random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            text[i] = letters[(random >> 33) % (sizeof letters - 1)];
        }
        write_file(text, sizeof text);
        read_all(out, sizeof out);
        assert_non_null(strchr(out, '!'));
    }
}

static void phone_numbers_are_checked_with_a_mend(void **state) {
    (void)state;
    static const char *const good[] = {"+12025550100", "+442079460123", "+1234567",
                                       "+123456789012345"};
    static const struct {
        const char *phone, *says;
    } bad[] = {
        {"", "is empty"},
        {"0044 20 7946 0123", "write + instead of 00"},
        {"020 7946 0123", "has no country code"},
        {"2025550100", "has no country code"},
        {"+1 (202) 555-0100", "spaces or punctuation"},
        {"+1202555010O", "is not a telephone number"},
        {"Ada", "is not a telephone number"},
        {"+0442079460123", "begins with 0"},
        {"+123456", "too short"},
        {"+1234567890123456", "too long"},
        {"+", "too short"},
        {"+12025550100 ", "spaces or punctuation"},
        {"+\xd9\xa1\xd9\xa2\xd9\xa3\xd9\xa4\xd9\xa5\xd9\xa6\xd9\xa7", "is not a telephone number"},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_null(rf_phone_problem(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_non_null(rf_phone_problem(bad[i].phone));
        assert_non_null(strstr(rf_phone_problem(bad[i].phone), bad[i].says));
    }
}

static void seen_numbers_stay_apart_while_the_table_grows(void **state) {
    (void)state;
    struct rf_seen seen = {0};
    size_t earlier = 1;
    char phone[17];
    for (size_t i = 0; i < 5000; i++) {
        snprintf(phone, sizeof phone, "+1202555%04zu", i);
        assert_int_equal(rf_seen_add(&seen, phone, i + 1, &earlier), RF_OK);
        assert_int_equal(earlier, 0);
    }
    for (size_t i = 0; i < 5000; i++) {
        snprintf(phone, sizeof phone, "+1202555%04zu", i);
        assert_int_equal(rf_seen_add(&seen, phone, 9999, &earlier), RF_OK);
        assert_int_equal(earlier, i + 1);
    }
    assert_int_equal(seen.count, 5000);
    rf_seen_fini(&seen);
}

static void a_file_that_cannot_be_opened_is_named(void **state) {
    (void)state;
    struct rf_contacts *contacts = NULL;
    struct rf_error error = {0};
    assert_int_equal(rf_contacts_open("/tmp/rf-none/contacts.csv", NULL, &contacts, &error),
                     RF_ERR_IO);
    assert_string_equal(error.message,
                        "/tmp/rf-none/contacts.csv: cannot be opened: No such file or directory");
    assert_int_equal(rf_contacts_open("/tmp", NULL, &contacts, &error), RF_ERR_IO);
    assert_string_equal(error.message, "/tmp: cannot be read: Is a directory");
    assert_null(contacts);
}

static void what_a_spreadsheet_would_carry_out_is_written_as_text(void **state) {
    (void)state;
    static const struct {
        const char *text, *written;
    } cases[] = {
        {"Ada", "Ada"},
        {"", ""},
        {"a,b", "\"a,b\""},
        {"a \"b\"", "\"a \"\"b\"\"\""},
        {"a\r\nb", "\"a\r\nb\""},
        {" a ", "\" a \""},
        {"+12025550100", "+12025550100"}, // a number is no formula
        {"+", "'+"},
        {"+1 202", "'+1 202"},
        {"+1-cmd", "'+1-cmd"},
        {"=1+1", "'=1+1"},
        {"-5", "'-5"},
        {"@SUM(A1)", "'@SUM(A1)"},
        {"=HYPERLINK(\"http://x\",\"y\")", "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\""},
        {"\t=1", "\"'\t'=1\""},
        {"\r=1", "\"'\r'=1\""},
        {"\n=1", "\"'\n'=1\""},
        {"y;=1+1;z", "\"y;'=1+1;z\""}, // three cells where semicolons separate
        {"y\t@A1", "\"y\t'@A1\""},
        {"y\r\n-2", "\"y\r\n'-2\""},
        {"y;;+12025550100", "\"y;;+12025550100\""},
        {"a; =1", "\"a; =1\""},
        {"\xef\xbc\x9d"
         "1",
         "'\xef\xbc\x9d"
         "1"},
        {"a=1", "a=1"},
        {"'=1", "'=1"},
        {"Zo\xc3\xab \xff", "Zo\xc3\xab \xef\xbf\xbd"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);
        rf_csv_write_field(out, cases[i].text);
        (void)fclose(out);
        assert_string_equal(text, cases[i].written);
        free(text);
    }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(fields_and_records_are_bounded),
        TEST(a_quote_left_open_costs_only_its_own_line_in_a_long_file),
        TEST(a_last_line_without_its_break_is_taken_and_warned_of),
        TEST(every_cut_of_a_file_ends_without_harm),
        TEST(garbage_is_read_to_its_end),
        TEST(phone_numbers_are_checked_with_a_mend),
        TEST(seen_numbers_stay_apart_while_the_table_grows),
        TEST(a_file_that_cannot_be_opened_is_named),
        TEST(what_a_spreadsheet_would_carry_out_is_written_as_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
