// The keys of an account: which may be used, and what is known of those that may not.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "account.h"

static char gone[64];

static void on_gone(void *arg, const struct account_key *key) {
    (void)arg;
    snprintf(gone + strlen(gone), sizeof gone - strlen(gone), "%s ", key->fingerprint);
}

static struct account account_with(const char (*fingerprints)[17], size_t count) {
    struct account account = {.count = 0};
    account_take(&account, fingerprints, count, on_gone, NULL);
    return account;
}

static const char abc[3][17] = {"a", "b", "c"};
static const struct rf_utc now = {1000};

static void keys_that_are_set_aside_or_were_tried_are_barred(void **state) {
    (void)state;
    struct account account = account_with(abc, 3);
    json_t *why = json_object();
    assert_int_equal(account_barred(&account, 0), 0);
    assert_int_equal(account_barred(&account, 2), 2);
    account_set_aside(&account, 0, 5, why);
    assert_int_equal(account_barred(&account, 2), 3);
    assert_int_equal(account_left(&account), 2);
    assert_int_equal(account_first(&account, 0), 0);
    assert_int_equal(account_first(&account, 3), 2);
    assert_int_equal(account_first(&account, 7), 3); // none
    account_release(&account, 0, now);
    assert_int_equal(account_barred(&account, 0), 0);
    assert_int_equal(account.keys[0].version, 0);
    account_fini(&account);
    json_decref(why);
}

static void what_is_known_of_a_key_goes_with_it_to_another_place(void **state) {
    (void)state;
    static const char fresh[3][17] = {"x", "c", "a"};
    struct account account = account_with(abc, 3);
    json_t *why = json_object();
    account_set_aside(&account, 0, 5, why);
    account_set_aside(&account, 1, 6, why);
    account_release(&account, 2, now);
    gone[0] = '\0';
    account_take(&account, fresh, 3, on_gone, NULL);
    assert_string_equal(gone, "b "); // set aside, and no longer ours
    assert_int_equal(account_find(&account, "x"), 0);
    assert_false(account.keys[0].aside);
    assert_int_equal(account.keys[1].released.ns, now.ns);
    assert_true(account.keys[2].aside);
    assert_int_equal(account.keys[2].version, 5);
    account_take(&account, abc, 0, on_gone, NULL);
    assert_string_equal(gone, "b a ");
    assert_int_equal(account.count, 0);
    assert_int_equal(account_first(&account, 0), 0); // count: none
    account_fini(&account);
    assert_int_equal(why->refcount, 1);
    json_decref(why);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_that_are_set_aside_or_were_tried_are_barred),
        cmocka_unit_test(what_is_known_of_a_key_goes_with_it_to_another_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
