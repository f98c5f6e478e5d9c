#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"

#define FROM "Ringfence <ringfence@example.org>"
#define TO   "ops@example.org"
#define NOW  ((struct rf_utc){INT64_C(1763981280123456789)}) // Mon, 24 Nov 2025 10:48:00
// Not inlined: gcc 12 takes the pointers into its result for pointers to its own variable.

__attribute__((noinline)) static char *mail_of(const char *title, const char *text) {
    struct rf_alert alert = {.id = "01JDF",
                             .at = NOW,
                             .severity = (char *)"error",
                             .title = (char *)title,
                             .text = (char *)text};
    char *message;
    struct rf_error error;
    assert_int_equal(rf_format_email(&alert, FROM, TO, NOW, &message, &error), RF_OK);
    return message;
}

// What every message must hold to, whatever the alert: CRLF line ends only, no line over 998
// bytes, ASCII only, the headers that are ours and no other.
static void check_form(const char *message) {
    static const char *const names[] = {"Date:",         "From:",
                                        "To:",           "Message-ID:",
                                        "Subject:",      "X-Ringfence-Alert:",
                                        "MIME-Version:", "Auto-Submitted:",
                                        "Content-Type:", "Content-Transfer-Encoding:"};
    bool in_head = true;
    size_t found = 0;
    for (const char *line = message; *line != '\0';) {
        size_t length = strcspn(line, "\r\n");
        assert_memory_equal(line + length, "\r\n", 2);
        assert_true(length <= 998);
        for (size_t i = 0; i < length; i++)
            assert_true((unsigned char)line[i] >= 0x20 && (unsigned char)line[i] < 0x7F);
        if (length == 0)
            in_head = false;
        if (in_head && line[0] != ' ') {
            bool ours = false;
            for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
                ours = ours || strncmp(line, names[i], strlen(names[i])) == 0;
            assert_true(ours);
            found++;
        }
        line += length + 2;
    }
    assert_int_equal(found, sizeof names / sizeof names[0]);
}

static void a_plain_alert_is_a_plain_mail(void **state) {
    (void)state;
    char *message = mail_of("Provider twilio is down", "It is down\n.\nSince: now\n");
    check_form(message);
    assert_string_equal(message, "Date: Mon, 24 Nov 2025 10:48:00 +0000\r\n"
                                 "From: " FROM "\r\n"
                                 "To: " TO "\r\n"
                                 "Message-ID: <01JDF@example.org>\r\n"
                                 "Subject: [ringfence] error: Provider twilio is down\r\n"
                                 "X-Ringfence-Alert: 01JDF\r\n"
                                 "Auto-Submitted: auto-generated\r\n"
                                 "MIME-Version: 1.0\r\n"
                                 "Content-Type: text/plain; charset=us-ascii\r\n"
                                 "Content-Transfer-Encoding: 7bit\r\n"
                                 "\r\n"
                                 "It is down\r\n.\r\nSince: now\r\n\r\nid: 01JDF\r\n");
    free(message);
}

static void a_subject_beyond_ascii_is_made_of_encoded_words(void **state) {
    (void)state;
    char *message = mail_of("Anbieter \xC3\xA4\xC3\xB6\xC3\xBC", "x\n");
    check_form(message);
    assert_non_null(strstr(
        message, "Subject: =?UTF-8?B?W3JpbmdmZW5jZV0gZXJyb3I6IEFuYmlldGVyIMOkw7bDvA==?=\r\n"));
    free(message);
}

// Cut between characters: each word must decode by itself (RFC 2047 section 5).
static void a_long_subject_is_folded_between_characters(void **state) {
    (void)state;
    char title[3 * 60 + 1] = "";
    for (size_t i = 0; i < 60; i++)
        memcpy(title + 3 * i, "\xE2\x82\xAC", 4);
    char *message = mail_of(title, "x\n");
    check_form(message);
    const char *subject = strstr(message, "Subject:");
    for (const char *word = subject; (word = strstr(word, "=?UTF-8?B?")) != NULL;) {
        size_t length = strcspn(word, " \r\n");
        assert_true(length <= 75);
        word += length;
    }
    free(message);
    char plain[160];
    for (size_t i = 0; i < sizeof plain - 1; i++)
        plain[i] = i % 10 == 9 ? ' ' : 'a';
    plain[sizeof plain - 1] = '\0';
    message = mail_of(plain, "x\n");
    check_form(message);
    subject = strstr(message, "Subject:");
    for (const char *line = subject; line == subject || line[0] == ' ';) {
        size_t length = strcspn(line, "\r");
        assert_true(length <= 78);
        line += length + 2;
    }
    free(message);
}

static void a_text_beyond_ascii_is_quoted_printable(void **state) {
    (void)state;
    char *message = mail_of("t", "caf\xC3\xA9 = 1 \nnext\n");
    check_form(message);
    assert_non_null(strstr(message, "Content-Transfer-Encoding: quoted-printable\r\n"));
    assert_non_null(strstr(message, "caf=C3=A9 =3D 1=20\r\nnext\r\n\r\nid: 01JDF\r\n"));
    free(message);
}

static void ten_thousand_characters_become_short_lines(void **state) {
    (void)state;
    char *text = malloc(10002);
    memset(text, 'x', 10000);
    strcpy(text + 10000, "\n");
    char *message = mail_of("t", text);
    check_form(message);
    const char *body = strstr(message, "\r\n\r\n") + 4;
    size_t letters = 0;
    for (const char *line = body; *line != '\0';) {
        size_t length = strcspn(line, "\r");
        assert_true(length <= 76);
        for (size_t i = 0; i < length; i++)
            letters += line[i] == 'x';
        line += length + 2;
    }
    assert_int_equal(letters, 10000);
    free(message);
    free(text);
}

// Rules clean an alert's texts; should one ever slip through, the form still holds.
static void no_text_of_an_alert_can_add_a_header_or_a_bare_line_end(void **state) {
    (void)state;
    const char *const hostile[] = {
        "x\r\nBcc: victim@example.org",
        "x\nBcc: victim@example.org",
        "x\r.\r\n",
        "=?UTF-8?B?Qg==?=\r\n\r\nbody",
        "\x01\x02\x7F\xFF\xFE",
        "\r\n.\r\nMAIL FROM:<x@y>\r\n",
    };
    for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
        char *message = mail_of(hostile[i], "x\n");
        check_form(message);
        free(message);
        message = mail_of("t", hostile[i]);
        check_form(message);
        free(message);
    }
}

static void addresses_with_controls_are_refused(void **state) {
    (void)state;
    const char *const hostile[] = {"a@b\r\nBcc: c@d", "a@b\nX: y", "a@b\x7F"};
    struct rf_alert alert = {
        .id = "1", .severity = (char *)"error", .title = (char *)"t", .text = (char *)"x\n"};
    for (size_t i = 0; i < 3; i++) {
        char *message;
        struct rf_error error;
        assert_int_equal(rf_format_email(&alert, hostile[i], TO, NOW, &message, &error),
                         RF_ERR_INVALID);
        assert_null(message);
        assert_int_equal(rf_format_email(&alert, FROM, hostile[i], NOW, &message, &error),
                         RF_ERR_INVALID);
    }
}

static void the_envelope_takes_bare_addresses_out_of_a_list(void **state) {
    (void)state;
    char **addresses;
    size_t count;
    struct rf_error error;
    assert_int_equal(rf_email_addresses(" a@b.c ,Ops Team <ops@example.org>,, <x@y.z>", &addresses,
                                        &count, &error),
                     RF_OK);
    assert_int_equal(count, 3);
    assert_string_equal(addresses[0], "a@b.c");
    assert_string_equal(addresses[1], "ops@example.org");
    assert_string_equal(addresses[2], "x@y.z");
    assert_null(addresses[3]);
    rf_email_addresses_free(&addresses);
    assert_null(addresses);
    const char *const bad[] = {"",
                               " , ",
                               "nobody",
                               "@b",
                               "a@",
                               "a b@c",
                               "a@b\r\nRCPT TO:x",
                               "a@b> SIZE=1",
                               "a@b\xC3\xA9",
                               "good@x.y,bad",
                               "<>"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(rf_email_addresses(bad[i], &addresses, &count, &error), RF_ERR_INVALID);
        assert_null(addresses);
    }
}

static void a_late_mail_says_so_first(void **state) {
    (void)state;
    struct rf_alert alert = {.id = "1",
                             .at = {NOW.ns - 3 * 3600 * RF_NS_PER_S},
                             .severity = (char *)"error",
                             .title = (char *)"t",
                             .text = (char *)"x\n"};
    char *message;
    struct rf_error error;
    assert_int_equal(rf_format_email(&alert, FROM, TO, NOW, &message, &error), RF_OK);
    assert_non_null(strstr(message, "\r\n\r\nLate: this happened 3 h ago"));
    free(message);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_alert_is_a_plain_mail),
        cmocka_unit_test(a_subject_beyond_ascii_is_made_of_encoded_words),
        cmocka_unit_test(a_long_subject_is_folded_between_characters),
        cmocka_unit_test(a_text_beyond_ascii_is_quoted_printable),
        cmocka_unit_test(ten_thousand_characters_become_short_lines),
        cmocka_unit_test(no_text_of_an_alert_can_add_a_header_or_a_bare_line_end),
        cmocka_unit_test(addresses_with_controls_are_refused),
        cmocka_unit_test(the_envelope_takes_bare_addresses_out_of_a_list),
        cmocka_unit_test(a_late_mail_says_so_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
