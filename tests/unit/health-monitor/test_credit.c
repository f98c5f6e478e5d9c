#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "credit.h"

static void characters_are_read_with_their_reset_and_their_extension(void **state) {
    (void)state;
    static const struct {
        const char *body;
        bool good;
        double left;
        bool endless;
        int64_t resets_s;
    } cases[] = {
        {"{\"character_count\": 1175, \"character_limit\": 10000, "
         "\"next_character_count_reset_unix\": 1707497886}",
         true, 8825, false, 1707497886},
        {"{\"character_count\": 12000, \"character_limit\": 10000, "
         "\"next_character_count_reset_unix\": null}",
         true, -2000, false, 0},
        {"{\"character_count\": 1, \"character_limit\": 10, \"can_extend_character_limit\": true, "
         "\"allowed_to_extend_character_limit\": false}",
         true, 9, false, 0},
        {"{\"character_count\": 1, \"character_limit\": 10, \"can_extend_character_limit\": true, "
         "\"allowed_to_extend_character_limit\": true}",
         true, 9, true, 0},
        {"{\"character_count\": 1, \"character_limit\": 10, \"can_extend_character_limit\": true, "
         "\"allowed_to_extend_character_limit\": true, \"max_credit_limit_extension\": 100}",
         true, 109, false, 0},
        {"{\"character_count\": 1, \"character_limit\": 10, "
         "\"next_character_count_reset_unix\": 9223372036854775807}",
         true, 9, false, 0},
        {"{\"character_count\": \"1\", \"character_limit\": 10}", false, 0, false, 0},
        {"{\"character_count\": 1}", false, 0, false, 0},
        {"{\"character_count\": 1e300, \"character_limit\": 10}", false, 0, false, 0},
        {"[]", false, 0, false, 0},
        {"<html>", false, 0, false, 0},
        {"", false, 0, false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct health_credit credit = {0};
        assert_int_equal(health_credit_characters(cases[i].body, strlen(cases[i].body), &credit),
                         cases[i].good);
        assert_true(credit.left == cases[i].left);
        assert_int_equal(credit.endless, cases[i].endless);
        assert_int_equal(credit.resets.ns, cases[i].resets_s * RF_NS_PER_S);
    }
}

static void a_balance_is_read_with_its_currency(void **state) {
    (void)state;
    static const struct {
        const char *body;
        bool good;
        double left;
    } cases[] = {
        {"{\"account_sid\": \"AC1\", \"balance\": \"12.3456\", \"currency\": \"USD\"}", true,
         12.3456},
        {"{\"balance\": \"-0.5\", \"currency\": \"EUR\"}", true, -0.5},
        {"{\"balance\": \"\", \"currency\": \"USD\"}", false, 0},
        {"{\"balance\": \"12 \", \"currency\": \"USD\"}", false, 0},
        {"{\"balance\": \"nan\", \"currency\": \"USD\"}", false, 0},
        {"{\"balance\": \"inf\", \"currency\": \"USD\"}", false, 0},
        {"{\"balance\": 12, \"currency\": \"USD\"}", false, 0},
        {"{\"balance\": \"12\", \"currency\": null}", false, 0}, // as a subaccount's is told
        {"{\"balance\": \"12\", \"currency\": \"U\\n\"}", false, 0},
        {"{\"balance\": \"12\", \"currency\": \"ABCDEFGHIJKLMNOPQ\"}", false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct health_credit credit = {0};
        assert_int_equal(health_credit_balance(cases[i].body, strlen(cases[i].body), &credit),
                         cases[i].good);
        assert_true(credit.left == cases[i].left);
    }
}

static void amounts_are_told_in_their_unit(void **state) {
    (void)state;
    char text[HEALTH_CREDIT_TEXT_SIZE];
    assert_string_equal(health_credit_text(1234.4, "characters", text), "1234 characters");
    assert_string_equal(health_credit_text(3.2, "USD", text), "3.20 USD");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(characters_are_read_with_their_reset_and_their_extension),
        cmocka_unit_test(a_balance_is_read_with_its_currency),
        cmocka_unit_test(amounts_are_told_in_their_unit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
