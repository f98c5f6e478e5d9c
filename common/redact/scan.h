// What the readers of forms have in common. Private to common/redact.
#ifndef RF_REDACT_SCAN_H
#define RF_REDACT_SCAN_H

#include <string.h>
#include <strings.h>

#include "redact/span.h"

// rf_redact_is_token: what keys are made of, and the stars in the middle of one.
static inline bool rf_redact_is_token(char c) {
    return rf_redact_is_word(c) || c == '-' || c == '_' || c == '*';
}

// How many bytes from `at` on are of this kind.
static inline size_t rf_redact_run(const struct rf_redact_view *view, size_t at,
                                   bool (*is)(char c)) {
    size_t length = 0;
    while (at + length < view->size && view->text[at + length] != '\0' &&
           is(view->text[at + length]))
        length++;
    return length;
}

// rf_redact_has: whether `text` stands at `at`.
static inline bool rf_redact_has(const struct rf_redact_view *view, size_t at, const char *text) {
    size_t length = strlen(text);
    return view->size - at >= length && memcmp(view->text + at, text, length) == 0;
}

static inline bool rf_redact_has_in_any_case(const struct rf_redact_view *view, size_t at,
                                             const char *text) {
    size_t length = strlen(text);
    return view->size - at >= length && strncasecmp(view->text + at, text, length) == 0;
}

// rf_redact_found: true, with the span.
static inline bool rf_redact_found(struct rf_redact_span *span, size_t from, size_t to) {
    *span = (struct rf_redact_span){from, to};
    return true;
}

// rf_redact_looks_secret: a secret, and not a word of a sentence.
bool rf_redact_looks_secret(const char *text, size_t size);

// rf_redact_name_before: the name that ends at `at`, where a quote and spaces may follow it.
struct rf_redact_span rf_redact_name_before(const struct rf_redact_view *view, size_t at);

// rf_redact_value_begins: where the value behind a sign begins, behind spaces and a quote.
size_t rf_redact_value_begins(const struct rf_redact_view *view, size_t at, char *quote,
                              bool *nested);

// rf_redact_ends_value: whether a value ends before `c`; `quote`: the one that it stands in, or
// NUL.
bool rf_redact_ends_value(char c, char quote);

// rf_redact_named_at: the value of a name that says secret, behind the sign at `at`.
bool rf_redact_named_at(const struct rf_redact_view *view, size_t at, struct rf_redact_span *span);

static inline bool rf_redact_is_url_safe(char c) {
    return rf_redact_is_word(c) || c == '-' || c == '_';
}

#endif
