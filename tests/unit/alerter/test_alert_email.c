#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"
#include "forms/forms.h"

#define FROM "Ringfence <ringfence@example.org>"
#define TO   "ops@example.org"
#define NOW  ((struct rf_utc){INT64_C(1763981280123456789)}) // Mon, 24 Nov 2025 10:48:00

static struct rf_forms *forms;

static char *mail_of(const struct rf_alert *alert, const struct rf_alert *first) {
    struct rf_mailboxes from, to;
    struct rf_error error, trouble = {0};
    assert_int_equal(rf_mailboxes_parse(FROM, &from, &error), RF_OK);
    assert_int_equal(rf_mailboxes_parse(TO, &to, &error), RF_OK);
    struct rf_email_form form = {alert, first, forms, &from, &to, NOW, &trouble};
    char *message;
    assert_int_equal(rf_format_email(&form, &message, &error), RF_OK);
    assert_string_equal(trouble.message, "");
    rf_mailboxes_fini(&from);
    rf_mailboxes_fini(&to);
    return message;
}

static struct rf_alert alert_of(const char *title, const char *text) {
    return (struct rf_alert){.id = "01JDF",
                             .thread = "01JDF",
                             .at = NOW,
                             .opened = NOW,
                             .severity = (char *)(uintptr_t) "error",
                             .type = (char *)(uintptr_t) "provider.down",
                             .subject = (char *)(uintptr_t) "twilio",
                             .incident = (char *)(uintptr_t) "provider/twilio",
                             .title = (char *)(uintptr_t)title,
                             .text = (char *)(uintptr_t)text};
}

// What every message must hold to, whatever the alert: CRLF line ends only, no line over 998
// bytes, ASCII only, the headers that are ours and no other, three boundaries.
static void check_form(const char *message, size_t headers) {
    static const char *const names[] = {"Date:",         "From:",
                                        "To:",           "Message-ID:",
                                        "Subject:",      "X-Ringfence-Alert:",
                                        "MIME-Version:", "Auto-Submitted:",
                                        "Content-Type:", "X-Ringfence-Incident:",
                                        "In-Reply-To:",  "References:"};
    bool in_head = true;
    size_t found = 0, boundaries = 0;
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
        boundaries += strncmp(line, "--=_", 4) == 0;
        line += length + 2;
    }
    assert_int_equal(found, headers);
    assert_int_equal(boundaries, 3);
}

static void an_alert_is_a_mail_of_text_and_html(void **state) {
    (void)state;
    struct rf_alert alert = alert_of("Provider twilio is down", "It is down\n.\nSince: now\n");
    char *message = mail_of(&alert, NULL);
    check_form(message, 10);
    const char *expected = "Date: Mon, 24 Nov 2025 10:48:00 +0000\r\n"
                           "From: " FROM "\r\n"
                           "To: " TO "\r\n"
                           "Message-ID: <01JDF@example.org>\r\n"
                           "Subject: [ringfence] error: Provider twilio is down\r\n"
                           "X-Ringfence-Alert: 01JDF\r\n"
                           "X-Ringfence-Incident: provider/twilio\r\n"
                           "Auto-Submitted: auto-generated\r\n"
                           "MIME-Version: 1.0\r\n"
                           "Content-Type: multipart/alternative; boundary=\"=_01JDF\"\r\n"
                           "\r\n"
                           "--=_01JDF\r\n"
                           "Content-Type: text/plain; charset=us-ascii\r\n"
                           "Content-Transfer-Encoding: 7bit\r\n"
                           "\r\n"
                           "It is down\r\n.\r\nSince: now\r\n\r\nid: 01JDF\r\n"
                           "\r\n--=_01JDF\r\n"
                           "Content-Type: text/html; charset=utf-8\r\n"
                           "Content-Transfer-Encoding: quoted-printable\r\n\r\n";
    assert_memory_equal(message, expected, strlen(expected));
    free(message);
}

// A reader joins by References; Gmail by the subject too.
static void later_notices_of_an_incident_answer_its_first(void **state) {
    (void)state;
    struct rf_alert first = alert_of("Provider twilio is down", "x\n");
    struct rf_alert later = alert_of("Provider twilio is up again", "y\n");
    first.at.ns -= 12 * 60 * RF_NS_PER_S;
    first.opened = later.opened = first.at;
    strcpy(later.id, "01JDG");
    later.kind = RF_NOTICE_RESOLVED;
    later.severity = (char *)(uintptr_t) "info";
    char *message = mail_of(&later, &first);
    check_form(message, 12);
    assert_non_null(strstr(message, "\r\nMessage-ID: <01JDG@example.org>\r\n"
                                    "In-Reply-To: <01JDF@example.org>\r\n"
                                    "References: <01JDF@example.org>\r\n"
                                    "Subject: Re: [ringfence] error: Provider twilio is down\r\n"));
    assert_non_null(
        strstr(message, "\r\n\r\nResolved after 12 min: Provider twilio is up again\r\n\r\ny\r\n"));
    free(message);
    // The first is not kept any more: the thread's id still is.
    message = mail_of(&later, NULL);
    check_form(message, 12);
    assert_non_null(strstr(message, "References: <01JDF@example.org>\r\n"
                                    "Subject: [ringfence] info: Provider twilio is up again\r\n"));
    free(message);
}

static void a_subject_beyond_ascii_is_made_of_encoded_words(void **state) {
    (void)state;
    struct rf_alert alert = alert_of("Anbieter \xC3\xA4\xC3\xB6\xC3\xBC", "x\n");
    char *message = mail_of(&alert, NULL);
    check_form(message, 10);
    assert_non_null(strstr(
        message, "Subject: =?UTF-8?B?W3JpbmdmZW5jZV0gZXJyb3I6IEFuYmlldGVyIMOkw7bDvA==?=\r\n"));
    free(message);
}

static void a_long_subject_is_folded_between_characters(void **state) {
    (void)state;
    char title[3 * 60 + 1] = "", plain[160];
    for (size_t i = 0; i < 60; i++)
        memcpy(title + 3 * i, "\xE2\x82\xAC", 4);
    struct rf_alert alert = alert_of(title, "x\n");
    char *message = mail_of(&alert, NULL);
    check_form(message, 10);
    for (const char *word = message; (word = strstr(word, "=?UTF-8?B?")) != NULL;) {
        size_t length = strcspn(word, " \r\n");
        assert_true(length <= 75);
        word += length;
    }
    free(message);
    for (size_t i = 0; i < sizeof plain - 1; i++)
        plain[i] = i % 10 == 9 ? ' ' : 'a';
    plain[sizeof plain - 1] = '\0';
    alert.title = plain;
    message = mail_of(&alert, NULL);
    check_form(message, 10);
    const char *subject = strstr(message, "Subject:");
    for (const char *line = subject; line == subject || line[0] == ' ';) {
        size_t length = strcspn(line, "\r");
        assert_true(length <= 78);
        line += length + 2;
    }
    free(message);
}

static void a_text_beyond_ascii_is_quoted_printable(void **state) {
    (void)state;
    struct rf_alert alert = alert_of("t", "caf\xC3\xA9 = 1 \nnext\n");
    char *message = mail_of(&alert, NULL);
    check_form(message, 10);
    assert_non_null(strstr(message, "text/plain; charset=utf-8\r\n"
                                    "Content-Transfer-Encoding: quoted-printable\r\n"));
    assert_non_null(strstr(message, "caf=C3=A9 =3D 1=20\r\nnext\r\n\r\nid: 01JDF\r\n"));
    free(message);
}

static void ten_thousand_characters_become_short_lines(void **state) {
    (void)state;
    char *text = malloc(10002);
    memset(text, 'x', 10000);
    strcpy(text + 10000, "\n");
    struct rf_alert alert = alert_of("t", text);
    char *message = mail_of(&alert, NULL);
    check_form(message, 10);
    const char *body = strstr(message, "quoted-printable\r\n\r\n"),
               *end = strstr(body, "\r\n\r\nid:");
    size_t letters = 0;
    for (const char *line = body; line < end;) {
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
static void no_text_of_an_alert_can_add_a_header_a_part_or_a_bare_line_end(void **state) {
    (void)state;
    const char *const hostile[] = {
        "x\r\nBcc: victim@example.org",
        "x\nBcc: victim@example.org",
        "x\r.\r\n",
        "=?UTF-8?B?Qg==?=\r\n\r\nbody",
        "\x01\x02\x7F\xFF\xFE",
        "\r\n.\r\nMAIL FROM:<x@y>\r\n",
        "\n--=_01JDF\nContent-Type: text/plain\n\nforged\n",
        "x\n--=_01JDF--\n",
    };
    for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
        struct rf_alert alert = alert_of(hostile[i], "x\n");
        alert.incident = (char *)(uintptr_t)hostile[i];
        char *message = mail_of(&alert, NULL);
        check_form(message, 10);
        free(message);
        alert = alert_of("t", hostile[i]);
        message = mail_of(&alert, NULL);
        check_form(message, 10);
        free(message);
    }
}

static void a_late_mail_says_so_first(void **state) {
    (void)state;
    struct rf_alert alert = alert_of("t", "x\n");
    alert.at.ns -= 3 * 3600 * RF_NS_PER_S;
    char *message = mail_of(&alert, NULL);
    assert_non_null(strstr(message, "\r\n\r\nLate: this happened 3 h ago"));
    free(message);
}

static int open_forms(void **state) {
    (void)state;
    struct rf_error error;
    return rf_forms_new(NULL, &forms, &error) == RF_OK ? 0 : -1;
}

static int close_forms(void **state) {
    (void)state;
    rf_forms_destroy(&forms);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_alert_is_a_mail_of_text_and_html),
        cmocka_unit_test(later_notices_of_an_incident_answer_its_first),
        cmocka_unit_test(a_subject_beyond_ascii_is_made_of_encoded_words),
        cmocka_unit_test(a_long_subject_is_folded_between_characters),
        cmocka_unit_test(a_text_beyond_ascii_is_quoted_printable),
        cmocka_unit_test(ten_thousand_characters_become_short_lines),
        cmocka_unit_test(no_text_of_an_alert_can_add_a_header_a_part_or_a_bare_line_end),
        cmocka_unit_test(a_late_mail_says_so_first),
    };
    return cmocka_run_group_tests(tests, open_forms, close_forms);
}
