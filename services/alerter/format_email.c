// Mail after RFC 5322, with RFC 2047 words in the subject and, where the text is not plain ASCII
// with short lines, quoted-printable after RFC 2045.
#include "format.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/digest.h"
#include "base/utf8.h"
#include "events/field.h"
#include "events/text.h"

#define LINE_MOST  76 // of an encoded line, without CRLF (RFC 2045 section 6.7, RFC 2047 section 2)
#define ENTRY_MOST 900 // bytes of one address with its name
#define WORD_MOST  45  // bytes in one encoded word: base64 makes 60 of them, and "=?UTF-8?B?" "?="

char *rf_format_age(const struct rf_alert *alert, struct rf_utc now, char out[RF_AGE_SIZE]) {
    struct rf_duration age = rf_utc_since(now, alert->at);
    char span[RF_TIME_TEXT_SIZE];
    out[0] = '\0';
    if (age.ns >= 60 * RF_NS_PER_S)
        snprintf(out, RF_AGE_SIZE, "Late: this happened %s ago and could not be told earlier.",
                 rf_span_text(age, span));
    return out;
}

static bool is_plain(const char *text) {
    for (; *text != '\0'; text++)
        if ((unsigned char)*text >= 0x7F || ((unsigned char)*text < 0x20 && *text != '\n'))
            return false;
    return true;
}

// Whether the addresses can stand in a header: no controls, and each entry fits into a line.
static bool is_address_list(const char *text) {
    size_t entry = 0;
    for (; *text != '\0'; text++) {
        entry = *text == ',' ? 0 : entry + 1;
        if ((unsigned char)*text < 0x20 || *text == 0x7F || entry > ENTRY_MOST)
            return false;
    }
    return true;
}

// One entry a line.
static void add_address_list(struct rf_text *message, const char *name, const char *list) {
    rf_text_add(message, "%s: ", name);
    for (; *list != '\0'; list++) {
        rf_text_add_bytes(message, list, 1);
        if (*list == ',')
            rf_text_add(message, "\r\n ");
    }
    rf_text_add(message, "\r\n");
}

// A plain subject, folded at spaces. A word that is longer than a line stays whole: titles are
// far shorter than the 998 bytes that a line may have.
static void add_plain_subject(struct rf_text *message, const char *subject) {
    size_t column = sizeof "Subject:" - 1;
    rf_text_add(message, "Subject:");
    while (*subject != '\0') {
        size_t length = strcspn(subject, " ");
        bool folds = length > 0 && column + 1 + length > LINE_MOST;
        rf_text_add(message, "%s %.*s", folds ? "\r\n" : "", (int)length, subject);
        column = folds ? 1 + length : column + 1 + length;
        subject += length;
        subject += *subject == ' ';
    }
    rf_text_add(message, "\r\n");
}

// The subject: plain, or encoded words of whole characters, one a line.
static void add_subject(struct rf_text *message, const char *subject) {
    size_t size = strlen(subject);
    if (is_plain(subject) && strchr(subject, '\n') == NULL && strstr(subject, "=?") == NULL) {
        add_plain_subject(message, subject);
        return;
    }
    rf_text_add(message, "Subject:");
    for (size_t i = 0; i < size;) {
        size_t length = rf_utf8_cut(subject + i, size - i, WORD_MOST);
        char *word = rf_base64_encode(subject + i, length);
        if (word == NULL) {
            message->failed = true;
            return;
        }
        rf_text_add(message, "%s =?UTF-8?B?%s?=", i == 0 ? "" : "\r\n", word);
        free(word);
        i += length;
    }
    rf_text_add(message, "\r\n");
}

// "Tue, 24 Nov 2026 11:03:05 +0000", whatever the locale is.
static void add_date(struct rf_text *message, struct rf_utc now) {
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t seconds = (time_t)(now.ns / RF_NS_PER_S);
    struct tm parts = {0};
    gmtime_r(&seconds, &parts);
    rf_text_add(message, "Date: %s, %02d %s %d %02d:%02d:%02d +0000\r\n", days[parts.tm_wday],
                parts.tm_mday, months[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour,
                parts.tm_min, parts.tm_sec);
}

// The part behind the last '@' of the sender names the domain of the Message-ID.
static void add_message_id(struct rf_text *message, const char *id, const char *from) {
    const char *at = strrchr(from, '@');
    size_t length = at == NULL ? 0
                               : strspn(at + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRS"
                                                "TUVWXYZ0123456789.-");
    if (length == 0)
        rf_text_add(message, "Message-ID: <%s@ringfence.invalid>\r\n", id);
    else
        rf_text_add(message, "Message-ID: <%s@%.*s>\r\n", id, (int)length, at + 1);
}

// Lines end in CRLF; a line that is too long is broken by a soft break, and whatever is not a
// printable ASCII character is escaped, the space before an end of line too.
static void add_quoted_printable(struct rf_text *message, const char *text) {
    size_t column = 0;
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '\n') {
            rf_text_add(message, "\r\n");
            column = 0;
            continue;
        }
        bool escaped = c < 0x20 || c >= 0x7F || c == '=' || (c == ' ' && text[1] == '\n');
        size_t width = escaped ? 3 : 1;
        if (column + width > LINE_MOST - 1) {
            rf_text_add(message, "=\r\n");
            column = 0;
        }
        if (escaped)
            rf_text_add(message, "=%02X", c);
        else
            rf_text_add_bytes(message, &c, 1);
        column += width;
    }
}

static void add_plain(struct rf_text *message, const char *text) {
    for (; *text != '\0'; text++) {
        if (*text == '\n')
            rf_text_add_bytes(message, "\r\n", 2);
        else
            rf_text_add_bytes(message, text, 1);
    }
}

static bool has_long_line(const char *text) {
    for (; *text != '\0'; text += strcspn(text, "\n"), text += *text == '\n')
        if (strcspn(text, "\n") > LINE_MOST)
            return true;
    return false;
}

static char *body_of(const struct rf_alert *alert, struct rf_utc now) {
    struct rf_text body = {0};
    char age[RF_AGE_SIZE];
    rf_format_age(alert, now, age);
    rf_text_add(&body, "%s%s%s\nid: %s\n", age, age[0] == '\0' ? "" : "\n\n", alert->text,
                alert->id);
    return rf_text_take(&body);
}

static char *subject_of(const struct rf_alert *alert) {
    struct rf_text subject = {0};
    rf_text_add(&subject, "[ringfence] %s: %s", alert->severity, alert->title);
    return rf_text_take(&subject);
}

static void add_header_fields(struct rf_text *message, const struct rf_alert *alert,
                              const char *from, const char *to, struct rf_utc now,
                              const char *subject, bool quoted) {
    add_date(message, now);
    add_address_list(message, "From", from);
    add_address_list(message, "To", to);
    add_message_id(message, alert->id, from);
    add_subject(message, subject);
    rf_text_add(message,
                "X-Ringfence-Alert: %s\r\n"
                "Auto-Submitted: auto-generated\r\n"
                "MIME-Version: 1.0\r\n"
                "Content-Type: text/plain; charset=%s\r\n"
                "Content-Transfer-Encoding: %s\r\n\r\n",
                alert->id, quoted ? "utf-8" : "us-ascii", quoted ? "quoted-printable" : "7bit");
}

enum rf_err rf_format_email(const struct rf_alert *alert, const char *from, const char *to,
                            struct rf_utc now, char **message, struct rf_error *error) {
    struct rf_text text = {0};
    *message = NULL;
    if (!is_address_list(from) || !is_address_list(to))
        return rf_error_set(error, RF_ERR_INVALID,
                            "alerter.email: from and to must be addresses without controls");
    char *subject = subject_of(alert), *body = body_of(alert, now);
    if (subject != NULL && body != NULL) {
        bool quoted = !is_plain(body) || has_long_line(body);
        add_header_fields(&text, alert, from, to, now, subject, quoted);
        if (quoted)
            add_quoted_printable(&text, body);
        else
            add_plain(&text, body);
        *message = rf_text_take(&text);
    }
    free(subject);
    free(body);
    if (*message == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "no memory for a mail");
    return RF_OK;
}
