// The list of known keys: what stands in it, what is refused, and how it is changed.
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

#include "curve/known.h"

// Keys of rfc.zeromq.org/spec/26 and of libzmq's own tests.
#define KEY_A "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"
#define KEY_B "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"
#define KEY_C "-q:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"

static struct rf_known parsed(const char *text) {
    struct rf_known known;
    struct rf_error error = {0};
    if (rf_known_parse(text, "list", &known, &error) != RF_OK)
        fail_msg("%s", error.message);
    return known;
}

static void a_list_has_keys_with_roles_and_names(void **state) {
    (void)state;
    struct rf_known known = parsed("# clients\n"
                                   "\n" KEY_A " worker,publisher  gateway-1\r\n"
                                   "   \t\n"
                                   "#" KEY_B " admin switched.off\n"
                                   "\t" KEY_C "\tcaller\tfront\n"
                                   "##\n" KEY_B " admin person_2");
    assert_int_equal(known.count, 3);
    const struct rf_known_key *entry = rf_known_find(&known, KEY_A, strlen(KEY_A));
    assert_non_null(entry);
    assert_string_equal(entry->name, "gateway-1");
    assert_int_equal(entry->roles, RF_ROLE_WORKER | RF_ROLE_PUBLISHER);
    assert_int_equal(entry->line, 3);
    entry = rf_known_find(&known, KEY_C, strlen(KEY_C));
    assert_non_null(entry);
    assert_int_equal(entry->roles, RF_ROLE_CALLER);
    entry = rf_known_named(&known, "person_2");
    assert_non_null(entry);
    assert_string_equal(entry->key, KEY_B);
    assert_int_equal(entry->line, 8);
    assert_null(rf_known_named(&known, "switched.off"));
    assert_null(rf_known_find(&known, KEY_A, strlen(KEY_A) - 1));
    rf_known_fini(&known);
    rf_known_fini(&known);
}

static void an_empty_list_knows_nobody(void **state) {
    (void)state;
    struct rf_known known = parsed("# nobody\n");
    assert_int_equal(known.count, 0);
    assert_null(rf_known_find(&known, KEY_A, strlen(KEY_A)));
    rf_known_fini(&known);
}

static void each_bad_line_is_told_with_its_number(void **state) {
    (void)state;
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {KEY_A "\n", "list:1: 1 words; expected a public key, its roles and its name, as in \"KEY "
                     "worker,publisher gateway-1\""},
        {"#\n" KEY_A " worker a b\n", "list:2: 4 words; "},
        {"short worker a\n", "list:1: no public key stands in front; expected 40 characters of "
                             "Z85, or a comment behind #"},
        // A character that is not in Z85, and a group of five above 2^32.
        {"\"q:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7 worker a\n", "list:1: no public key"},
        {"$q:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7 worker a\n", "list:1: no public key"},
        {KEY_A " boss a\n", "list:1: \"boss\" is no role; expected one or several of publisher, "
                            "subscriber, worker, caller, teller, admin, separated by commas"},
        {KEY_A " worker, a\n", "list:1: \"\" is no role"},
        {KEY_A " worker,worker a\n", "list:1: the role worker stands twice"},
        {KEY_A " Worker a\n", "list:1: \"Worker\" is no role"},
        {KEY_A " worker ../a\n", "list:1: the last word is no name"},
        {KEY_A " worker a\n" KEY_A " caller b\n",
         "list:2: the key stands in line 1 already; expected it once"},
        {KEY_A " worker a\n\n" KEY_B " caller a\n",
         "list:3: the name a stands in line 1 already; expected one key a name"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rf_known known;
        struct rf_error error = {0};
        assert_int_equal(rf_known_parse(cases[i].text, "list", &known, &error), RF_ERR_INVALID);
        if (strncmp(error.message, cases[i].expected, strlen(cases[i].expected)) != 0)
            fail_msg("%zu: %s", i, error.message);
        rf_known_fini(&known);
    }
}

static void a_list_that_others_may_write_is_refused(void **state) {
    (void)state;
    char file[] = "/tmp/rf-known-XXXXXX";
    int fd = mkstemp(file);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, KEY_A " worker a\n", 51), 51);
    close(fd);
    static const mode_t modes[] = {0600, 0640, 0644, 0660, 0602};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        struct rf_known known;
        struct rf_error error = {0};
        assert_int_equal(chmod(file, modes[i]), 0);
        enum rf_err expected = (modes[i] & 022) != 0 ? RF_ERR_INVALID : RF_OK;
        assert_int_equal(rf_known_read(file, &known, &error), expected);
        assert_int_equal(known.count, expected == RF_OK ? 1 : 0);
        if (expected != RF_OK)
            assert_non_null(strstr(error.message, "chmod go-w"));
        rf_known_fini(&known);
    }
    unlink(file);
    struct rf_known known;
    struct rf_error error;
    assert_int_equal(rf_known_read(file, &known, &error), RF_ERR_NOT_FOUND);
}

static void a_change_leaves_the_other_lines_and_comments_alone(void **state) {
    (void)state;
    const char *text = "# ours\n" KEY_A "  worker  a\n\n# last";
    struct rf_known known = parsed(text);
    struct rf_known_key added = {.key = KEY_B, .name = "b", .roles = RF_ROLE_CALLER};
    char *with = rf_known_add(text, (const struct rf_known_key *const[2]){NULL, NULL}, &added);
    assert_string_equal(with, "# ours\n" KEY_A "  worker  a\n\n# last\n" KEY_B " caller b\n");
    char *instead =
        rf_known_add(text, (const struct rf_known_key *const[2]){&known.items[0], NULL}, &added);
    assert_string_equal(instead, "# ours\n\n# last\n" KEY_B " caller b\n");
    char *without = rf_known_remove(text, &known.items[0]);
    assert_string_equal(without, "# ours\n\n# last\n");
    free(with);
    free(instead);
    free(without);
    rf_known_fini(&known);
}

static void a_new_list_says_what_it_is_and_can_be_read(void **state) {
    (void)state;
    struct rf_known_key added = {.key = KEY_C, .name = "c", .roles = RF_ROLES_ALL};
    char *text = rf_known_add("", (const struct rf_known_key *const[2]){NULL, NULL}, &added);
    assert_int_equal(text[0], '#');
    struct rf_known known = parsed(text);
    assert_int_equal(known.count, 1);
    assert_string_equal(known.items[0].key, KEY_C);
    assert_int_equal(known.items[0].roles, RF_ROLES_ALL);
    rf_known_fini(&known);
    free(text);
}

static void roles_are_written_as_they_are_read(void **state) {
    (void)state;
    for (unsigned roles = 1; roles <= RF_ROLES_ALL; roles++) {
        char text[RF_ROLES_TEXT_SIZE];
        unsigned again = 0;
        struct rf_error error;
        assert_int_equal(rf_roles_parse(rf_roles_text(roles, text), &again, &error), RF_OK);
        assert_int_equal(again, roles);
    }
    char text[RF_ROLES_TEXT_SIZE];
    assert_string_equal(rf_roles_text(0, text), "none");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_has_keys_with_roles_and_names),
        cmocka_unit_test(an_empty_list_knows_nobody),
        cmocka_unit_test(each_bad_line_is_told_with_its_number),
        cmocka_unit_test(a_list_that_others_may_write_is_refused),
        cmocka_unit_test(a_change_leaves_the_other_lines_and_comments_alone),
        cmocka_unit_test(a_new_list_says_what_it_is_and_can_be_read),
        cmocka_unit_test(roles_are_written_as_they_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
