// Telephone numbers as people write them, read into E.164.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "contacts/phone.h"

// numbers.csv has two numbers of each country, from the examples of libphonenumber, in the ways in
// which they are written there and from abroad, with what libphonenumber reads; nothing where we
// refuse to choose between two readings. No number may be read as another one.
static void each_countrys_numbers_are_read_as_they_are_written_there_or_refused(void **state) {
    (void)state;
    char line[256];
    size_t read = 0, refused = 0;
    FILE *in = fopen(NUMBERS, "r");
    assert_non_null(in);
    assert_non_null(fgets(line, sizeof line, in)); // country,written,number
    while (fgets(line, sizeof line, in) != NULL) {
        struct rf_phone phone;
        line[strcspn(line, "\n")] = '\0';
        char *written = strchr(line, ',') + 1, *number = strrchr(line, ',') + 1;
        written[-1] = number[-1] = '\0';
        const struct rf_country *home = rf_country_find(line);
        assert_non_null(home);
        if (rf_phone_read(written, home, &phone) != (number[0] != '\0') ||
            strcmp(phone.e164, number) != 0)
            fail_msg("%s \"%s\": read as \"%s\" (%s), expected \"%s\"", line, written, phone.e164,
                     phone.problem, number);
        *(number[0] != '\0' ? &read : &refused) += 1;
    }
    (void)fclose(in);
    assert_int_equal(read, 2093);
    assert_int_equal(refused, 277);
}

struct sample {
    const char *home, *written;
    const char *says; // the number, or a part of the problem
};

static void each_reads_as(const struct sample *samples, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const struct sample *sample = &samples[i];
        struct rf_phone phone;
        bool good = rf_phone_read(sample->written,
                                  sample->home ? rf_country_find(sample->home) : NULL, &phone);
        if (good != (sample->says[0] == '+') ||
            strstr(good ? phone.e164 : phone.problem, sample->says) == NULL)
            fail_msg("\"%s\": \"%s\" (%s), expected \"%s\"", sample->written, phone.e164,
                     phone.problem, sample->says);
    }
}

#define READS(samples) each_reads_as(samples, sizeof(samples) / sizeof(samples)[0])

static void what_stands_between_digits_is_left_out(void **state) {
    (void)state;
    static const struct sample samples[] = {
        {NULL, "+12025550123", "+12025550123"},
        {NULL, "  +1 (202) 555-0123 ", "+12025550123"},
        {NULL, "'+12025550123", "+12025550123"},
        {NULL, "+44 (0)20 7946 0123", "+442079460123"},
        {NULL,
         "+49\xc2\xa0"
         "30\xe2\x80\x93"
         "1234567",
         "+49301234567"},
        {NULL, "\xe2\x80\xaa+1 202 555 0123\xe2\x80\xac", "+12025550123"},
        {"DE", "030/1234567", "+49301234567"},
        {"FR", "01.23.45.67.89", "+33123456789"},
        {"de", "0030 21 2345 6789", "+302123456789"},
        {"IT", "06 1234567", "+39061234567"},
        {"AU", "0011 49 30 1234567", "+49301234567"},
        {"GB", "447911123456", "+447911123456"},
    };
    READS(samples);
}

static void what_is_no_single_number_is_refused_with_its_mend(void **state) {
    (void)state;
    static const struct sample samples[] = {
        {NULL, "", "is empty"},
        {NULL, " - ", "is empty"},
        {NULL, "+", "is empty"},
        {NULL, "Ada", "is not a telephone number"},
        {NULL, "+1202555O123", "is not a telephone number"},
        {NULL, "1-800-FLOWERS", "is not a telephone number"},
        {NULL, "+12025550123 / +12025550124", "has a + within it"},
        {NULL, "0202 555 0123 x12", "has an extension"},
        {NULL, "1.2025550123E+10", "spreadsheet's short form"},
        {NULL, "12025550123.0", "decimal number of a spreadsheet"},
        {NULL, "2025550123", "--country"},
        {NULL, "00442079460123", "--country"},
        {NULL, "+999123456789", "country code that no country has"},
        {NULL, "+0442079460123", "country code that no country has"},
        {NULL, "+1202555012", "too short"},
        {NULL, "+120255501234", "too long"},
        {NULL, "+1234567890123456789012345", "too long"},
        {"DE", "301234567", "taken it away"},
        {"DE", "4930123456", "taken it away"},
        {"US", "555-0123", "has the length of no number in US"},
        {"US", "0049301234567", "write + instead of 00"},
        {"ES", "+34 612 345 6789", "too long"},
        {"IT", "39021234567", "may begin with the country code 39"},
        {NULL, "\xff", "is not UTF-8"},
    };
    READS(samples);
}

static void garbage_is_never_read_as_more_than_a_number(void **state) {
    (void)state;
    static const char letters[] = "0123456789+ ()-./'xe\xe2\x80\x8e";
    uint64_t random = 11;
    for (int round = 0; round < 200000; round++) {
        char text[40];
        size_t length = 0;
        struct rf_phone phone;
        for (size_t end = 1 + (size_t)round % (sizeof text - 1); length < end; length++) {
            random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            text[length] = letters[(random >> 33) % (sizeof letters - 1)];
        }
        text[length] = '\0';
        static const char *const homes[] = {"US", "DE", "IT", "BY"};
        if (rf_phone_read(text, rf_country_find(homes[round % 4]), &phone))
            assert_null(rf_phone_problem(phone.e164));
        else
            assert_true(phone.problem[0] != '\0');
    }
}

static void countries_are_found_by_code_and_by_calling_code(void **state) {
    (void)state;
    unsigned calling;
    assert_string_equal(rf_country_find("de")->code, "DE");
    assert_null(rf_country_find("XX"));
    assert_null(rf_country_find("001"));
    assert_null(rf_country_find(""));
    assert_int_equal(rf_country_calling("12025550123", &calling), 1);
    assert_int_equal(rf_country_calling("4930", &calling), 2);
    assert_int_equal(rf_country_calling("42021", &calling), 3);
    assert_int_equal(calling, 420);
    assert_int_equal(rf_country_calling("999", &calling), 0);
    assert_int_equal(rf_country_calling("", &calling), 0);
    size_t sharing = 0;
    for (const struct rf_country *country = NULL; (country = rf_country_next(7, country)) != NULL;)
        sharing++;
    assert_int_equal(sharing, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_countrys_numbers_are_read_as_they_are_written_there_or_refused),
        cmocka_unit_test(what_stands_between_digits_is_left_out),
        cmocka_unit_test(what_is_no_single_number_is_refused_with_its_mend),
        cmocka_unit_test(garbage_is_never_read_as_more_than_a_number),
        cmocka_unit_test(countries_are_found_by_code_and_by_calling_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
