#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "mail/mailbox.h"
#include "mail/mime.h"

static void names_and_addresses_are_taken_apart(void **state) {
    (void)state;
    struct rf_mailboxes boxes;
    struct rf_error error;
    assert_int_equal(
        rf_mailboxes_parse(" a@b.c ,Ops Team <ops@example.org>,, <x@y.z>, \"Last, \\\"First\\\"\" "
                           "<l@f.org>, B\xC3\xB6rse <boerse@xn--brse-5qa.de>",
                           &boxes, &error),
        RF_OK);
    static const struct rf_mailbox expected[] = {
        {(char *)"", (char *)"a@b.c"},
        {(char *)"Ops Team", (char *)"ops@example.org"},
        {(char *)"", (char *)"x@y.z"},
        {(char *)"Last, \"First\"", (char *)"l@f.org"},
        {(char *)"B\xC3\xB6rse", (char *)"boerse@xn--brse-5qa.de"},
    };
    assert_int_equal(boxes.count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal(boxes.items[i].name, expected[i].name);
        assert_string_equal(boxes.items[i].address, expected[i].address);
    }
    rf_mailboxes_fini(&boxes);
    assert_null(boxes.items);
}

static void what_smtp_cannot_carry_is_refused_with_the_mend(void **state) {
    (void)state;
    static const struct {
        const char *list, *words;
    } cases[] = {
        {"", "no mail address"},
        {" , ", "no mail address"},
        {"nobody", "\"nobody\" is not a mail address; expected name@domain"},
        {"@b", "is not a mail address"},
        {"a@", "is not a mail address"},
        {"a b@c", "is not a mail address"},
        {"a@b@c", "is not a mail address"},
        {"a@b\r\nRCPT TO:x", "is not a mail address"},
        {"a@b\nX: y", "is not a mail address"},
        {"a@b\x7F", "is not a mail address"},
        {"a@b> SIZE=1", "is not a mail address"},
        {"A <a@b> SIZE=1", "expected Name <name@domain>"},
        {"<>", "is not a mail address"},
        {"good@x.y,bad", "\"bad\" is not a mail address"},
        {"\"open <a@b.c>", "has a quote that does not end"},
        {"A\r\nBcc: v <a@b.c>", "has a name that is not a line of UTF-8 text"},
        {"A\xFF <a@b.c>", "has a name that is not a line of UTF-8 text"},
        {"A\xE2\x80\xAE <a@b.c>", "has a name that is not a line of UTF-8 text"}, // turns the line
        {"\xC3\xA4@b.c", "needs SMTPUTF8"},
        {"a@b\xC3\xB6rse.de", "expected its ASCII form (xn--"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rf_mailboxes boxes;
        struct rf_error error = {0};
        assert_int_equal(rf_mailboxes_parse(cases[i].list, &boxes, &error), RF_ERR_INVALID);
        if (strstr(error.message, cases[i].words) == NULL)
            fail_msg("%s: %s", cases[i].list, error.message);
        assert_null(boxes.items);
    }
    char long_name[400] = "";
    memset(long_name, 'x', 300);
    strcpy(long_name + 300, " <a@b.c>");
    struct rf_mailboxes boxes;
    struct rf_error error;
    assert_int_equal(rf_mailboxes_parse(long_name, &boxes, &error), RF_ERR_INVALID);
    memcpy(long_name + 290, "@b.c", 5);
    assert_int_equal(rf_mailboxes_parse(long_name, &boxes, &error), RF_ERR_INVALID);
}

static void a_header_quotes_or_encodes_a_name(void **state) {
    (void)state;
    struct rf_mailboxes boxes;
    struct rf_error error;
    struct rf_text text = {0};
    assert_int_equal(
        rf_mailboxes_parse("Ops <a@b.c>, \"x, \\\"y\\\\\" <d@e.f>, \xC3\xA4 <g@h.i>, j@k.l", &boxes,
                           &error),
        RF_OK);
    rf_mime_add_mailboxes(&text, "To", &boxes);
    assert_string_equal(text.data, "To: Ops <a@b.c>,\r\n \"x, \\\"y\\\\\" <d@e.f>,\r\n "
                                   "=?UTF-8?B?w6Q=?=\r\n <g@h.i>,\r\n j@k.l\r\n");
    rf_text_fini(&text);
    rf_mailboxes_fini(&boxes);
}

static void a_value_never_ends_its_header(void **state) {
    (void)state;
    struct rf_text text = {0};
    rf_mime_add_text(&text, "X-A", "one\r\nBcc: two");
    assert_string_equal(text.data, "X-A: one  Bcc: two\r\n");
    rf_text_fini(&text);
    rf_mime_add_text(&text, "X-A", "=?UTF-8?B?Qg==?=");
    assert_string_equal(text.data, "X-A: =?UTF-8?B?PT9VVEYtOD9CP1FnPT0/PQ==?=\r\n");
    rf_text_fini(&text);
    char word[2001];
    memset(word, 'x', 2000);
    word[2000] = '\0';
    rf_mime_add_text(&text, "X-A", word);
    for (const char *line = text.data; *line != '\0'; line += strcspn(line, "\n") + 1)
        assert_true(strcspn(line, "\r") <= 78);
    rf_text_fini(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_addresses_are_taken_apart),
        cmocka_unit_test(what_smtp_cannot_carry_is_refused_with_the_mend),
        cmocka_unit_test(a_header_quotes_or_encodes_a_name),
        cmocka_unit_test(a_value_never_ends_its_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
