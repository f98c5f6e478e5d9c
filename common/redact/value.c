// Values with a name.
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "redact/span.h"

static size_t characters(const char *text, size_t size) {
    size_t count = 0;
    for (size_t i = 0, length; i < size; i += length) {
        uint32_t code;
        length = rf_utf8_decode(text + i, size - i, &code);
        length += length == 0;
        count++;
    }
    return count;
}

static bool begins(const char *text, size_t size, const char *with) {
    return size >= strlen(with) && memcmp(text, with, strlen(with)) == 0;
}

static bool is_length(const char *text, size_t size) {
    size_t i = 1;
    while (i < size && rf_redact_is_digit(text[i]))
        i++;
    return size > 2 && text[0] == '[' && i > 1 && size - i == sizeof " characters]" - 1 &&
           begins(text + i, size - i, " characters]");
}

static enum rf_redact_verdict redact_words(const struct rf_redaction *redaction, const char *text,
                                           size_t size, struct rf_text *out) {
    if (rf_redact_rules(redaction)->texts == RF_REDACT_TEXTS_DROP)
        return RF_REDACT_DROPPED;
    if (size == 0 || is_length(text, size))
        return RF_REDACT_CLEAN;
    rf_text_add_bytes(out, "[", 1);
    rf_text_add_number(out, (int64_t)characters(text, size));
    rf_text_add(out, " characters]");
    return RF_REDACT_CHANGED;
}

static bool all_digits(const char *text, size_t size) {
    size_t i = 0;
    while (i < size && rf_redact_is_digit(text[i]))
        i++;
    return size > 0 && i == size;
}

static bool is_phone(const struct rf_redaction *redaction, enum rf_redact_kind kind,
                     const char *text, size_t size) {
    return rf_redact_rules(redaction)->phones == RF_REDACT_PHONES_HASH &&
           (kind == RF_REDACT_PHONE || (kind == RF_REDACT_PARTY && all_digits(text, size))) &&
           rf_redact_phone_is(text, size);
}

enum rf_redact_verdict rf_redact_value(const struct rf_redaction *redaction,
                                       enum rf_redact_kind kind, const char *text, size_t size,
                                       struct rf_text *out) {
    if (kind == RF_REDACT_WORDS && rf_redact_rules(redaction)->texts != RF_REDACT_TEXTS_KEEP)
        return redact_words(redaction, text, size, out);
    if (kind == RF_REDACT_SECRET) {
        if (size == 0 || begins(text, size, "[redacted"))
            return RF_REDACT_CLEAN;
        rf_text_add_bytes(out, RF_REDACTED, sizeof RF_REDACTED - 1);
        return RF_REDACT_CHANGED;
    }
    if (kind == RF_REDACT_NAME && rf_redacts_names(redaction))
        return rf_redact_person(rf_redact_rules(redaction), text, size, out) ? RF_REDACT_CHANGED
                                                                             : RF_REDACT_CLEAN;
    if (is_phone(redaction, kind, text, size)) {
        rf_redact_phone_write(rf_redact_rules(redaction), text, size, out);
        return RF_REDACT_CHANGED;
    }
    return rf_redact(redaction, text, size, out) ? RF_REDACT_CHANGED : RF_REDACT_CLEAN;
}

enum rf_redact_verdict rf_redact_number(const struct rf_redaction *redaction,
                                        enum rf_redact_kind kind, long long number,
                                        struct rf_text *out) {
    char digits[24];
    if (kind != RF_REDACT_SECRET && kind != RF_REDACT_PHONE && kind != RF_REDACT_PARTY)
        return RF_REDACT_CLEAN;
    size_t size = (size_t)snprintf(digits, sizeof digits, "%lld", number);
    // "from" and "to" may be places in a journal.
    if (kind == RF_REDACT_PARTY && !rf_redact_phone_is_whole(digits, size))
        return RF_REDACT_CLEAN;
    if (kind != RF_REDACT_SECRET && !is_phone(redaction, kind, digits, size))
        return RF_REDACT_CLEAN;
    return rf_redact_value(redaction, kind, digits, size, out);
}
