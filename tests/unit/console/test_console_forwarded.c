// From where a visitor came, by what a proxy says, and by what somebody invents.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>

#include "forwarded.h"

static char *proxies[] = {(char *)"127.0.0.1", (char *)"10.0.0.9", (char *)"2001:db8::1"};

static void read_address(const char *text, unsigned char out[16]) {
    memset(out, 0, 16);
    out[10] = out[11] = 0xff;
    if (inet_pton(AF_INET, text, out + 12) != 1)
        assert_int_equal(inet_pton(AF_INET6, text, out), 1);
}

static void the_last_address_that_is_no_proxys_counts(void **state) {
    static const struct {
        const char *from, *header, *visitor;
    } cases[] = {
        {"127.0.0.1", NULL, "127.0.0.1"},
        {"127.0.0.1", "", "127.0.0.1"},
        {"127.0.0.1", "203.0.113.7", "203.0.113.7"},
        {"127.0.0.1", "198.51.100.1, 203.0.113.7", "203.0.113.7"},
        {"127.0.0.1", "198.51.100.1 ,\t203.0.113.7 ", "203.0.113.7"},
        {"127.0.0.1", "198.51.100.1,203.0.113.7,10.0.0.9", "203.0.113.7"},
        {"127.0.0.1", "2001:db8::7", "2001:db8::7"},
        {"2001:db8::1", "203.0.113.7", "203.0.113.7"},
        {"127.0.0.1", "10.0.0.9", "10.0.0.9"},
        {"127.0.0.1", "10.0.0.9, 10.0.0.9", "10.0.0.9"},
        // Only who is trusted is believed.
        {"203.0.113.5", "198.51.100.1", "203.0.113.5"},
        {"203.0.113.5", "127.0.0.1", "203.0.113.5"},
        {"::1", "198.51.100.1", "::1"},
        // What is no address.
        {"127.0.0.1", "unknown", "127.0.0.1"},
        {"127.0.0.1", "203.0.113.7:80", "127.0.0.1"},
        {"127.0.0.1", "203.0.113.7,", "127.0.0.1"},
        {"127.0.0.1", "203.0.113.7, nonsense, 10.0.0.9", "10.0.0.9"},
        {"127.0.0.1", ",,, ,", "127.0.0.1"},
        {"127.0.0.1", "0000000000000000000000000000000000000000000000000000000000000000000000001",
         "127.0.0.1"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned char address[16], expected[16];
        read_address(cases[i].from, address);
        read_address(cases[i].visitor, expected);
        console_forwarded(cases[i].header, proxies, 3, address);
        if (memcmp(address, expected, sizeof expected) != 0)
            fail_msg("from %s: %s", cases[i].from, cases[i].header);
    }
}

static void without_proxies_no_header_is_believed(void **state) {
    unsigned char address[16], expected[16];
    (void)state;
    read_address("127.0.0.1", address);
    memcpy(expected, address, sizeof expected);
    console_forwarded("203.0.113.7", NULL, 0, address);
    assert_memory_equal(address, expected, sizeof expected);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_address_that_is_no_proxys_counts),
        cmocka_unit_test(without_proxies_no_header_is_believed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
