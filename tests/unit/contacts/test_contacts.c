// Contact lists as they come: a corpus of good and bad files, each line's fate with its words.
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
    if (rf_contacts_open(path, &contacts, &error) != RF_OK) {
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

struct sample {
    const char *text;
    const char *read;
};

static void each_reads_as(const struct sample *samples, size_t count) {
    static char out[65536];
    for (size_t i = 0; i < count; i++) {
        write_file(samples[i].text, strlen(samples[i].text));
        assert_string_equal(read_all(out, sizeof out), samples[i].read);
    }
}

#define READS(samples) each_reads_as(samples, sizeof(samples) / sizeof(samples)[0])

static void well_formed_files_are_read_as_rfc_4180_has_it(void **state) {
    (void)state;
    static const struct sample samples[] = {
        {"phone,name\n+12025550100,Ada\n+12025550101,Bo\n",
         "2 +12025550100|Ada\n3 +12025550101|Bo\n"},
        {"phone,name\n+12025550100,Ada", "2 +12025550100|Ada\n"}, // no line end at the end
        {"phone,name\r\n+12025550100,Ada\r\n", "2 +12025550100|Ada\n"},
        {"\xef\xbb\xbfphone,name\n+12025550100,Ada\n", "2 +12025550100|Ada\n"},
        {"phone\n+12025550100\n", "2 +12025550100|\n"},
        {"name,city,phone,plan\nAda,Paris,+12025550100,gold\n",
         "2 +12025550100|Ada|city=Paris|plan=gold\n"},
        {" Phone , NAME \n+12025550100,Ada\n", "2 +12025550100|Ada\n"},
        {"phone,name\n+12025550100,\"Lovelace, Ada\"\n", "2 +12025550100|Lovelace, Ada\n"},
        {"phone,name\n+12025550100,\"Ada \"\"A\"\" L\"\n", "2 +12025550100|Ada \"A\" L\n"},
        {"phone,name\n+12025550100,\"\"\n", "2 +12025550100|\n"},
        {"phone,note\n+12025550100,\"a\r\nb\"\n+12025550101,c\n",
         "2 +12025550100||note=a\r\nb\n4 +12025550101||note=c\n"},
        {"\"phone\",\"name\"\n\"+12025550100\",\"Ada\"\n", "2 +12025550100|Ada\n"},
        {"phone,name\n\n+12025550100,Ada\n\r\n\n+12025550101,Bo\n\n",
         "3 +12025550100|Ada\n6 +12025550101|Bo\n"},
        {"phone,name\n+12025550100,Jos\xc3\xa9 \xe4\xb8\xad \xf0\x9f\x98\x80\n",
         "2 +12025550100|Jos\xc3\xa9 \xe4\xb8\xad \xf0\x9f\x98\x80\n"},
        {"phone,name\n", ""},
    };
    READS(samples);
}

static void a_bad_line_is_named_and_the_others_go_on(void **state) {
    (void)state;
    static const struct sample samples[] = {
        {"phone,name\n+12025550100,Ada\n12025550101,Bo\n+12025550102,Cy\n",
         "2 +12025550100|Ada\n"
         "! 3: phone: \"12025550101\" has no country code; write + and the country code before it, "
         "such as +12025550123\n"
         "4 +12025550102|Cy\n"},
        {"phone,name\n+12025550100\n+12025550101,Bo,x\n+12025550102,Cy\n",
         "! 2: there are 1 fields where the header names 2 columns; put a field that has a comma "
         "in "
         "quotes, and leave no comma out\n"
         "! 3: there are 3 fields where the header names 2 columns; put a field that has a comma "
         "in "
         "quotes, and leave no comma out\n"
         "4 +12025550102|Cy\n"},
        {"phone,name\n+12025550100,Ada \"A\" L\n+12025550101,Bo\n",
         "! 2: name: has a quote within unquoted text; put the whole field in quotes and double "
         "the "
         "quotes within it\n"
         "3 +12025550101|Bo\n"},
        {"phone,name\n+12025550100,\"Ada\" L\n+12025550101,Bo\n",
         "! 2: name: has text behind its closing quote; double a quote that belongs to the text\n"
         "3 +12025550101|Bo\n"},
        {"phone,name\n+12025550100,\"Ada\n+12025550101,Bo\n+12025550102,Cy\n",
         "! 2: name: has a quote that is never closed; close it, or double a quote that belongs to "
         "the text\n"
         "3 +12025550101|Bo\n4 +12025550102|Cy\n"},
        // Two stray quotes do not swallow what stands between them.
        {"phone,name\n+12025550100,\"Ada\n+12025550101,Bo\n+12025550102,\"Cy\"\n",
         "! 2: name: has text behind its closing quote; double a quote that belongs to the text\n"
         "3 +12025550101|Bo\n4 +12025550102|Cy\n"},
        {"phone,name\n+12025550100,Ad\xff\n+12025550101,Bo\n",
         "! 2: name: is not UTF-8; save the file in UTF-8\n3 +12025550101|Bo\n"},
        {"phone,name\n+12025550100,Ad\xc3\n+12025550101,\xed\xa0\x80\n+12025550102,\xc0\xaf\n",
         "! 2: name: is not UTF-8; save the file in UTF-8\n"
         "! 3: name: is not UTF-8; save the file in UTF-8\n"
         "! 4: name: is not UTF-8; save the file in UTF-8\n"},
        {"phone,name\n+12025550100,Ada\rx\n+12025550101,Bo\n",
         "! 2: name: is followed by a carriage return without a line feed; save the file with LF "
         "or CRLF line ends\n"
         "3 +12025550101|Bo\n"},
        {"phone,name\n+12025550100,Ada\n+12025550101,Bo\n+12025550100,Ada again\n",
         "2 +12025550100|Ada\n3 +12025550101|Bo\n"
         "! 4: phone: +12025550100 stands in line 2 already; take one of the two out\n"},
        {"phone,name\n,Ada\n+12025550101,Bo\n",
         "! 2: phone: is empty; write the number in E.164 form, such as +12025550123\n"
         "3 +12025550101|Bo\n"},
    };
    READS(samples);
}

static void a_bad_header_ends_the_reading_with_its_mend(void **state) {
    (void)state;
    static const struct sample samples[] = {
        {"", "!! 1: the file is empty; begin it with a line that names the columns, such as "
             "phone,name\n"},
        {"\n\n", "!! 1: the file is empty; begin it with a line that names the columns, such as "
                 "phone,name\n"},
        {"number,name\n+12025550100,Ada\n",
         "!! 1: there is no column phone; begin the file with a line that names the columns, such "
         "as phone,name\n"},
        {"phone;name\n+12025550100;Ada\n",
         "!! 1: the columns are not separated by commas; save the file with commas\n"},
        {"phone,name,Phone\n",
         "!! 1: column 3: has the name of column 1, Phone; give each column a name of its own\n"},
        {"phone,name,\n",
         "!! 1: column 3: has no name in the header; name it, or take the column out\n"},
        {"phone,\"name\n+12025550100,Ada\n",
         "!! 1: column 2: has a quote that is never closed; close it, or double a quote that "
         "belongs to the text\n"},
    };
    READS(samples);
}

static void a_nul_byte_is_refused_in_its_line(void **state) {
    (void)state;
    static char out[4096];
    static const char text[] = "phone,name\n+12025550100,A\0a\n+12025550101,Bo\n";
    write_file(text, sizeof text - 1);
    assert_string_equal(read_all(out, sizeof out),
                        "! 2: name: has a NUL byte; save the file as plain text in UTF-8\n"
                        "3 +12025550101|Bo\n");
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
    assert_int_equal(rf_contacts_open("/tmp/rf-none/contacts.csv", &contacts, &error), RF_ERR_IO);
    assert_string_equal(error.message,
                        "/tmp/rf-none/contacts.csv: cannot be opened: No such file or directory");
    assert_int_equal(rf_contacts_open("/tmp", &contacts, &error), RF_ERR_IO);
    assert_string_equal(error.message, "/tmp: cannot be read: Is a directory");
    assert_null(contacts);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(well_formed_files_are_read_as_rfc_4180_has_it),
        TEST(a_bad_line_is_named_and_the_others_go_on),
        TEST(a_bad_header_ends_the_reading_with_its_mend),
        TEST(a_nul_byte_is_refused_in_its_line),
        TEST(fields_and_records_are_bounded),
        TEST(a_quote_left_open_costs_only_its_own_line_in_a_long_file),
        TEST(every_cut_of_a_file_ends_without_harm),
        TEST(garbage_is_read_to_its_end),
        TEST(phone_numbers_are_checked_with_a_mend),
        TEST(seen_numbers_stay_apart_while_the_table_grows),
        TEST(a_file_that_cannot_be_opened_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
