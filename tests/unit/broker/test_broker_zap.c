// Who is let in: libzmq's questions, the list of keys, and what becomes of both when it changes.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "zap.h"

#define GATEWAY "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"
#define READER  "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"
#define PERSON  "-q:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"

static struct rf_keyring ring;

static void take(const char *list) {
    struct rf_known known;
    struct rf_error error;
    assert_int_equal(rf_known_parse(list, "list", &known, &error), RF_OK);
    assert_int_equal(rf_keyring_take(&ring, &known, &error), RF_OK);
    rf_known_fini(&known);
}

static int open_ring(void **state) {
    (void)state;
    memset(&ring, 0, sizeof ring);
    take(GATEWAY " worker,publisher gateway\n" READER " subscriber reader\n" PERSON " admin ada\n");
    return 0;
}

static int close_ring(void **state) {
    (void)state;
    rf_keyring_fini(&ring);
    return 0;
}

static struct rf_zap_answer decide(const char *key, const char *domain) {
    static struct rf_zap_request request;
    memset(&request, 0, sizeof request);
    snprintf(request.key, sizeof request.key, "%s", key);
    snprintf(request.domain, sizeof request.domain, "%s", domain);
    return rf_zap_decide(&request, &ring);
}

static void a_known_key_is_let_in_under_its_key(void **state) {
    (void)state;
    static const char *const domains[] = {"calls", "workers", "ingest"};
    for (size_t i = 0; i < 3; i++) {
        struct rf_zap_answer answer = decide(READER, domains[i]);
        assert_string_equal(answer.status, "200");
        assert_string_equal(answer.user, READER);
    }
}

static void an_unknown_key_and_none_are_not_let_in(void **state) {
    (void)state;
    static const char *const keys[] = {"", "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hIE"};
    for (size_t i = 0; i < 2; i++) {
        struct rf_zap_answer answer = decide(keys[i], "ingest");
        assert_string_equal(answer.status, "400");
        assert_string_equal(answer.user, "");
        assert_string_not_equal(answer.text, "");
    }
}

static void events_are_for_subscribers_alone(void **state) {
    (void)state;
    assert_string_equal(decide(READER, "events").status, "200");
    assert_string_equal(decide(PERSON, "events").status, "200");
    assert_string_equal(decide(GATEWAY, "events").status, "400");
}

static void the_question_is_read_frame_by_frame(void **state) {
    (void)state;
    static const unsigned char raw[32] = {0xbb, 0x88, 0x47, 0x1d, 0x65, 0xe2, 0x65, 0x9b,
                                          0x30, 0xc5, 0x5a, 0x53, 0x21, 0xce, 0xbb, 0x5a,
                                          0xab, 0x2b, 0x70, 0xa3, 0x98, 0x64, 0x5c, 0x26,
                                          0xdc, 0xa2, 0xb2, 0xfc, 0xb4, 0x3f, 0xc5, 0x18};
    struct rf_bytes frames[RF_ZAP_FRAMES] = {{"1.0", 3},       {"\0\1", 2}, {"ingest", 6},
                                             {"192.0.2.7", 9}, {"", 0},     {"CURVE", 5},
                                             {raw, sizeof raw}};
    struct rf_zap_request request;
    assert_true(rf_zap_parse(frames, 7, &request));
    assert_int_equal(request.id.size, 2);
    assert_memory_equal(request.id.data, "\0\1", 2);
    assert_string_equal(request.domain, "ingest");
    assert_string_equal(request.address, "192.0.2.7");
    assert_string_equal(request.key, READER); // the example of 26/CURVEZMQ

    // Another mechanism, and a key of another length, are questions about nobody we know.
    frames[5] = (struct rf_bytes){"PLAIN", 5};
    assert_true(rf_zap_parse(frames, 7, &request));
    assert_string_equal(request.key, "");
    frames[5] = (struct rf_bytes){"NULL", 4};
    assert_true(rf_zap_parse(frames, 6, &request));
    assert_string_equal(request.key, "");
    frames[5] = (struct rf_bytes){"CURVE", 5};
    assert_true(rf_zap_parse(frames, 6, &request));
    assert_string_equal(request.key, "");
    frames[6].size = 31;
    assert_true(rf_zap_parse(frames, 7, &request));
    assert_string_equal(request.key, "");

    assert_false(rf_zap_parse(frames, 5, &request));
    frames[0] = (struct rf_bytes){"1.1", 3};
    assert_false(rf_zap_parse(frames, 7, &request));
}

static void a_long_domain_or_address_is_cut_and_harmless(void **state) {
    (void)state;
    char text[300];
    memset(text, 'x', sizeof text);
    struct rf_bytes frames[6] = {{"1.0", 3},          {"1", 1}, {text, sizeof text},
                                 {text, sizeof text}, {"", 0},  {"NULL", 4}};
    struct rf_zap_request request;
    assert_true(rf_zap_parse(frames, 6, &request));
    assert_int_equal(strlen(request.domain), sizeof request.domain - 1);
    assert_int_equal(strlen(request.address), sizeof request.address - 1);
}

static void a_change_of_the_list_holds_for_those_who_are_known_already(void **state) {
    (void)state;
    const struct rf_principal *gateway = rf_keyring_find(&ring, GATEWAY);
    const struct rf_principal *person = rf_keyring_find(&ring, PERSON);
    assert_int_equal(gateway->roles, RF_ROLE_WORKER | RF_ROLE_PUBLISHER);
    assert_int_equal(person->roles, RF_ROLES_ALL);
    take(GATEWAY " publisher,caller gw2\n" READER " subscriber reader\n");
    assert_int_equal(gateway->roles, RF_ROLE_PUBLISHER | RF_ROLE_CALLER);
    assert_int_equal(gateway->lost, RF_ROLE_WORKER);
    assert_string_equal(gateway->name, "gw2");
    assert_int_equal(person->roles, 0);
    assert_int_equal(person->lost, RF_ROLES_ALL);
    assert_string_equal(person->name, "ada");
    assert_string_equal(decide(PERSON, "calls").status, "400");
    assert_true(rf_keyring_lost(&ring, RF_ROLE_SUBSCRIBER)); // the person's
    // The same list again takes nothing from anybody; who comes back has his roles again.
    take(GATEWAY " publisher,caller gw2\n" READER " subscriber reader\n");
    assert_int_equal(gateway->lost, 0);
    assert_false(rf_keyring_lost(&ring, RF_ROLES_ALL));
    take(PERSON " caller ada\n");
    assert_ptr_equal(rf_keyring_find(&ring, PERSON), person);
    assert_int_equal(person->roles, RF_ROLE_CALLER);
    assert_int_equal(gateway->roles, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_known_key_is_let_in_under_its_key, open_ring, close_ring),
        cmocka_unit_test_setup_teardown(an_unknown_key_and_none_are_not_let_in, open_ring,
                                        close_ring),
        cmocka_unit_test_setup_teardown(events_are_for_subscribers_alone, open_ring, close_ring),
        cmocka_unit_test(the_question_is_read_frame_by_frame),
        cmocka_unit_test(a_long_domain_or_address_is_cut_and_harmless),
        cmocka_unit_test_setup_teardown(a_change_of_the_list_holds_for_those_who_are_known_already,
                                        open_ring, close_ring),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
