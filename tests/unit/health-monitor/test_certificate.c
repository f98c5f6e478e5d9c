#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "certificate.h"

#define DAY (INT64_C(86400) * RF_NS_PER_S)

static const struct rf_utc today = {20000 * DAY};

// A look `days` days before the certificate's end; `hours` hours after the first one.
static bool look(struct health_certificate *certificate, int64_t days, int64_t hours,
                 enum health_certificate_status *from) {
    return health_certificate_record(certificate, (struct rf_utc){today.ns + days * DAY},
                                     rf_ns(14 * DAY), today,
                                     (struct rf_instant){hours * 3600 * RF_NS_PER_S}, from);
}

static void one_near_its_end_is_told_once_and_so_is_the_one_that_replaces_it(void **state) {
    (void)state;
    struct health_certificate certificate = {0};
    enum health_certificate_status from;
    assert_true(look(&certificate, 90, 0, &from));
    assert_int_equal(from, HEALTH_CERTIFICATE_UNKNOWN);
    assert_int_equal(certificate.status, HEALTH_CERTIFICATE_VALID);
    assert_false(look(&certificate, 14, 1, &from));
    assert_true(look(&certificate, 13, 2, &from));
    assert_int_equal(certificate.status, HEALTH_CERTIFICATE_EXPIRING);
    assert_false(look(&certificate, -1, 3, &from));
    assert_true(look(&certificate, 90, 4, &from));
    assert_int_equal(from, HEALTH_CERTIFICATE_EXPIRING);
}

static void it_is_looked_at_once_an_hour_and_again_at_once_where_none_was_seen(void **state) {
    (void)state;
    struct health_certificate certificate = {0};
    enum health_certificate_status from;
    const struct rf_instant early = {3599 * RF_NS_PER_S}, late = {3600 * RF_NS_PER_S};
    assert_true(health_certificate_due(&certificate, (struct rf_instant){0}));
    assert_false(health_certificate_record(&certificate, (struct rf_utc){0}, rf_ns(DAY), today,
                                           (struct rf_instant){0}, &from));
    assert_true(health_certificate_due(&certificate, (struct rf_instant){0}));
    (void)look(&certificate, 90, 0, &from);
    assert_false(health_certificate_due(&certificate, early));
    assert_true(health_certificate_due(&certificate, late));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_near_its_end_is_told_once_and_so_is_the_one_that_replaces_it),
        cmocka_unit_test(it_is_looked_at_once_an_hour_and_again_at_once_where_none_was_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
