// A piece of a text that has to go. Private to common/redact.
#ifndef RF_REDACT_SPAN_H
#define RF_REDACT_SPAN_H

#include <stdbool.h>
#include <stddef.h>

#include "events/text.h"
#include "redact/redact.h"

// What is looked at: a text, and where it may be touched from on (what lies before is done).
struct rf_redact_view {
    const char *text;
    size_t size, floor;
};

struct rf_redact_span {
    size_t from, to;
};

// Who takes in a text may have cut it at a length of its own, the shortest of which is a code's;
// then it may end within a secret. A shorter one may be a name with which a secret begins.
#define RF_REDACT_CUT_LEAST 60

static inline bool rf_redact_is_digit(char c) {
    return c >= '0' && c <= '9';
}

static inline bool rf_redact_is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// rf_redact_small: a letter of ASCII as a small one, anything else as it is.
static inline char rf_redact_small(char c) {
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static inline bool rf_redact_is_word(char c) {
    return rf_redact_is_digit(c) || rf_redact_is_letter(c);
}

// The byte at `at`, NUL behind the end.
static inline char rf_redact_at(const struct rf_redact_view *view, size_t at) {
    if (at >= view->size)
        return '\0';
    return view->text[at];
}

// Whether a word can begin at `at`.
static inline bool rf_redact_begins(const struct rf_redact_view *view, size_t at) {
    return at == view->floor || !rf_redact_is_word(view->text[at - 1]);
}

// rf_redact_key_at: a key or token whose form tells it begins at `at`.
bool rf_redact_key_at(const struct rf_redact_view *view, size_t at, struct rf_redact_span *span);

// rf_redact_colon_at, rf_redact_equals_at: the byte at `at` is that sign, and what stands behind it
// is a secret: a login in an address, a bot's token, the value of a name.
bool rf_redact_colon_at(const struct rf_redact_view *view, size_t at, struct rf_redact_span *span);
bool rf_redact_equals_at(const struct rf_redact_view *view, size_t at, struct rf_redact_span *span);

// rf_redact_slash_at: the path that the slash at `at` begins is a secret's.
bool rf_redact_slash_at(const struct rf_redact_view *view, size_t at, struct rf_redact_span *span);

// rf_redact_named_phone_at: the value behind the sign at `at` is a number, as the name before it
// says: phone=2025550123, tel:2025550123.
bool rf_redact_named_phone_at(const struct rf_redact_view *view, size_t at,
                              struct rf_redact_span *span);

// rf_redact_phone_at: a telephone number begins at `at`.
bool rf_redact_phone_at(const struct rf_redact_view *view, size_t at, const struct rf_country *home,
                        struct rf_redact_span *span);

// rf_redact_phone_write: what is shown of a number that was written so.
void rf_redact_phone_write(const struct rf_redact_rules *rules, const char *text, size_t size,
                           struct rf_text *out);

// rf_redact_phone_is_whole: whether these digits are a number of some country, with its code.
bool rf_redact_phone_is_whole(const char *digits, size_t count);

// rf_redact_phone_is: whether all of the text is a number, where only one is expected.
bool rf_redact_phone_is(const char *text, size_t size);

// rf_redact_person: what is shown of a person's name; false: it is empty, or what is shown of one.
bool rf_redact_person(const struct rf_redact_rules *rules, const char *text, size_t size,
                      struct rf_text *out);

// rf_redact_rules: those that it was made with.
const struct rf_redact_rules *rf_redact_rules(const struct rf_redaction *redaction);

// rf_redact_unname: the names of an event's data, taken out of all its texts: `redacted->event`
// begins as the original and ends with what is left of it, which `redacted` owns. False: out of
// memory.
bool rf_redact_unname(const struct rf_redaction *redaction, struct rf_redacted_event *redacted);

// rf_redact_kind_inside: of a value whose name alone says `own`, inside one of kind `outer`.
enum rf_redact_kind rf_redact_kind_inside(enum rf_redact_kind own, enum rf_redact_kind outer);

// rf_redact_secret_name: whether a value with this name is a secret whatever it is. `certain`:
// prose has no such names, as it has "token" and "secret".
bool rf_redact_secret_name(const char *name, size_t size, bool *certain);

#endif
