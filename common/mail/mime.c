#include "mail/mime.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/digest.h"
#include "base/utf8.h"

#define LINE_MOST  76 // of an encoded line, without CRLF (RFC 2045 section 6.7, RFC 2047 section 2)
#define WORD_MOST  45 // bytes in one encoded word: base64 makes 60 of them, and "=?UTF-8?B?" "?="
#define PIECE_MOST 900 // of a word that cannot be folded: a line may have 998 bytes

static bool is_plain(const char *text) {
    for (; *text != '\0'; text++)
        if ((unsigned char)*text >= 0x7F || ((unsigned char)*text < 0x20 && *text != '\n'))
            return false;
    return true;
}

static size_t longest_word(const char *text) {
    size_t longest = 0;
    for (; *text != '\0'; text += *text == ' ') {
        size_t length = strcspn(text, " ");
        longest = length > longest ? length : longest;
        text += length;
    }
    return longest;
}

// Whether a header can hold it as it is.
static bool is_plain_value(const char *value) {
    return is_plain(value) && strchr(value, '\n') == NULL && strstr(value, "=?") == NULL &&
           longest_word(value) <= PIECE_MOST;
}

// Folded at spaces.
static void add_plain_value(struct rf_text *message, const char *value, size_t column) {
    while (*value != '\0') {
        size_t length = strcspn(value, " ");
        bool folds = length > 0 && column + 1 + length > LINE_MOST;
        rf_text_add(message, "%s %.*s", folds ? "\r\n" : "", (int)length, value);
        column = folds ? 1 + length : column + 1 + length;
        value += length;
        value += *value == ' ';
    }
}

// Encoded words of whole characters, one a line: each must decode by itself (RFC 2047 section 5).
static void add_encoded_words(struct rf_text *message, const char *value) {
    size_t size = strlen(value);
    for (size_t i = 0; i < size;) {
        size_t length = rf_utf8_cut(value + i, size - i, WORD_MOST);
        char *word = rf_base64_encode(value + i, length);
        if (word == NULL) {
            message->failed = true;
            return;
        }
        rf_text_add(message, "%s =?UTF-8?B?%s?=", i == 0 ? "" : "\r\n", word);
        free(word);
        i += length;
    }
}

void rf_mime_add_text(struct rf_text *message, const char *name, const char *value) {
    struct rf_text clean = {0};
    rf_text_add_clean(&clean, value, strlen(value) * 3 + 3);
    char *line = rf_text_take(&clean);
    rf_text_add(message, "%s:", name);
    if (line == NULL)
        message->failed = true;
    else if (is_plain_value(line))
        add_plain_value(message, line, strlen(name) + 1);
    else
        add_encoded_words(message, line);
    rf_text_add(message, "\r\n");
    free(line);
}

// A name as a phrase: atoms, a quoted string, or encoded words (RFC 5322 section 3.2.5).
static void add_phrase(struct rf_text *message, const char *name) {
    if (!is_plain_value(name)) {
        add_encoded_words(message, name);
        return;
    }
    rf_text_add(message, " ");
    if (strpbrk(name, "()<>[]:;@\\,.\"") == NULL) {
        rf_text_add(message, "%s", name);
        return;
    }
    rf_text_add(message, "\"");
    for (; *name != '\0'; name++)
        rf_text_add(message, "%s%c", *name == '"' || *name == '\\' ? "\\" : "", *name);
    rf_text_add(message, "\"");
}

void rf_mime_add_mailboxes(struct rf_text *message, const char *name,
                           const struct rf_mailboxes *mailboxes) {
    rf_text_add(message, "%s:", name);
    for (size_t i = 0; i < mailboxes->count; i++) {
        const struct rf_mailbox *mailbox = &mailboxes->items[i];
        if (i > 0)
            rf_text_add(message, ",\r\n");
        if (mailbox->name[0] == '\0')
            rf_text_add(message, " %s", mailbox->address);
        else {
            add_phrase(message, mailbox->name);
            rf_text_add(message, "%s <%s>", is_plain_value(mailbox->name) ? "" : "\r\n",
                        mailbox->address);
        }
    }
    rf_text_add(message, "\r\n");
}

void rf_mime_add_date(struct rf_text *message, struct rf_utc now) {
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

void rf_mime_add_part(struct rf_text *message, const char *subtype, const char *text) {
    bool quoted = !is_plain(text) || has_long_line(text) || strstr(text, "=_") != NULL;
    rf_text_add(message,
                "Content-Type: text/%s; charset=%s\r\n"
                "Content-Transfer-Encoding: %s\r\n\r\n",
                subtype, quoted ? "utf-8" : "us-ascii", quoted ? "quoted-printable" : "7bit");
    if (quoted)
        add_quoted_printable(message, text);
    else
        add_plain(message, text);
}
