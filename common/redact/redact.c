#include "redact/redact.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "redact/secrets.h"
#include "redact/span.h"

struct rf_redaction {
    struct rf_redact_rules rules;
    struct rf_secrets secrets;
};

struct rf_redaction *rf_redaction_new(const struct rf_redact_rules *rules) {
    struct rf_redaction *redaction = calloc(1, sizeof *redaction);
    if (redaction != NULL)
        redaction->rules = *rules;
    return redaction;
}

void rf_redaction_destroy(struct rf_redaction **redaction) {
    if (*redaction == NULL)
        return;
    rf_secrets_fini(&(*redaction)->secrets);
    explicit_bzero(*redaction, sizeof **redaction);
    free(*redaction);
    *redaction = NULL;
}

enum rf_err rf_redaction_secret(struct rf_redaction *redaction, const char *value) {
    return value == NULL ? RF_OK : rf_secrets_add(&redaction->secrets, value);
}

// ---- what a form tells ----

// What a byte can be the beginning of.
enum {
    NOTHING,
    WORD,        // nothing, but a word may go on behind it
    WORD_BEGINS, // a letter that a key may begin with
    DIGIT,
    SIGN, // anything, wherever it stands
};

static const unsigned char classes[256] = {
    ['a'] = WORD,        ['b'] = WORD_BEGINS, ['c'] = WORD,        ['d'] = WORD,
    ['e'] = WORD_BEGINS, ['f'] = WORD,        ['g'] = WORD_BEGINS, ['h'] = WORD,
    ['i'] = WORD,        ['j'] = WORD,        ['k'] = WORD,        ['l'] = WORD,
    ['m'] = WORD,        ['n'] = WORD,        ['o'] = WORD,        ['p'] = WORD,
    ['q'] = WORD,        ['r'] = WORD_BEGINS, ['s'] = WORD_BEGINS, ['t'] = WORD,
    ['u'] = WORD,        ['v'] = WORD,        ['w'] = WORD_BEGINS, ['x'] = WORD_BEGINS,
    ['y'] = WORD_BEGINS, ['z'] = WORD,        ['A'] = WORD_BEGINS, ['B'] = WORD_BEGINS,
    ['C'] = WORD,        ['D'] = WORD,        ['E'] = WORD,        ['F'] = WORD,
    ['G'] = WORD_BEGINS, ['H'] = WORD,        ['I'] = WORD,        ['J'] = WORD,
    ['K'] = WORD,        ['L'] = WORD,        ['M'] = WORD,        ['N'] = WORD,
    ['O'] = WORD,        ['P'] = WORD,        ['Q'] = WORD,        ['R'] = WORD,
    ['S'] = WORD_BEGINS, ['T'] = WORD,        ['U'] = WORD,        ['V'] = WORD,
    ['W'] = WORD,        ['X'] = WORD,        ['Y'] = WORD,        ['Z'] = WORD,
    ['0'] = DIGIT,       ['1'] = DIGIT,       ['2'] = DIGIT,       ['3'] = DIGIT,
    ['4'] = DIGIT,       ['5'] = DIGIT,       ['6'] = DIGIT,       ['7'] = DIGIT,
    ['8'] = DIGIT,       ['9'] = DIGIT,       ['+'] = SIGN,        ['%'] = SIGN,
    ['('] = SIGN,        ['-'] = SIGN,        [':'] = SIGN,        ['='] = SIGN,
};

struct find {
    struct rf_redact_span span;
    bool phone;
};

static bool phone_at(const struct rf_redaction *redaction, const struct rf_redact_view *view,
                     size_t at, struct find *find) {
    find->phone = true;
    return redaction->rules.phones == RF_REDACT_PHONES_HASH &&
           rf_redact_phone_at(view, at, redaction->rules.home, &find->span);
}

static bool sign_at(const struct rf_redaction *redaction, const struct rf_redact_view *view,
                    size_t at, struct find *find) {
    switch (view->text[at]) {
    case ':':
        return rf_redact_colon_at(view, at, &find->span);
    case '=':
        return rf_redact_equals_at(view, at, &find->span);
    case '-':
        return rf_redact_at(view, at + 1) == '-' && rf_redact_key_at(view, at, &find->span);
    default:
        return phone_at(redaction, view, at, find);
    }
}

// The first thing from `at` on. One pass: a byte that can begin nothing costs a look at a table.
static bool find_form(const struct rf_redaction *redaction, const struct rf_redact_view *view,
                      size_t at, struct find *find) {
    bool inside = at > view->floor && rf_redact_is_word(view->text[at - 1]);
    for (; at < view->size; at++) {
        unsigned class = classes[(unsigned char)view->text[at]];
        find->phone = false;
        if (class == NOTHING) {
            inside = false;
        } else if (class == SIGN) {
            if (sign_at(redaction, view, at, find))
                return true;
            inside = false;
        } else {
            if (!inside && class == WORD_BEGINS && rf_redact_key_at(view, at, &find->span))
                return true;
            if (!inside && class == DIGIT &&
                ((view->text[at] == '1' && rf_redact_key_at(view, at, &find->span)) ||
                 phone_at(redaction, view, at, find)))
                return true;
            inside = true;
        }
    }
    return false;
}

static bool redact_forms(const struct rf_redaction *redaction, const char *text, size_t size,
                         struct rf_text *out) {
    struct rf_redact_view view = {text, size, 0};
    struct find find;
    size_t done = 0;
    while (find_form(redaction, &view, done, &find)) {
        rf_text_add_bytes(out, text + done, find.span.from - done);
        if (find.phone)
            rf_redact_phone_write(&redaction->rules, text + find.span.from,
                                  find.span.to - find.span.from, out);
        else
            rf_text_add_bytes(out, RF_REDACTED, sizeof RF_REDACTED - 1);
        done = view.floor = find.span.to;
    }
    if (done > 0)
        rf_text_add_bytes(out, text + done, size - done);
    return done > 0;
}

// ---- what is known ----

static bool redact_known(const struct rf_secrets *secrets, const char *text, size_t size,
                         struct rf_text *out) {
    struct rf_redact_span span;
    size_t done = 0;
    while (rf_secrets_find(secrets, text, size, done, &span)) {
        rf_text_add_bytes(out, text + done, span.from - done);
        rf_text_add_bytes(out, RF_REDACTED, sizeof RF_REDACTED - 1);
        done = span.to;
    }
    if (done > 0)
        rf_text_add_bytes(out, text + done, size - done);
    return done > 0;
}

bool rf_redact(const struct rf_redaction *redaction, const char *text, size_t size,
               struct rf_text *out) {
    struct rf_text known = {0};
    if (!redact_known(&redaction->secrets, text, size, &known))
        return redact_forms(redaction, text, size, out);
    if (known.failed)
        out->failed = true;
    else if (!redact_forms(redaction, known.data, known.size, out))
        rf_text_add_bytes(out, known.data, known.size);
    rf_text_fini(&known);
    return true;
}

void rf_redact_add(const struct rf_redaction *redaction, const char *text, size_t size,
                   struct rf_text *out) {
    if (!rf_redact(redaction, text, size, out))
        rf_text_add_bytes(out, text, size);
}

// ---- values with a name ----

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
    if (redaction->rules.texts == RF_REDACT_TEXTS_DROP)
        return RF_REDACT_DROPPED;
    if (size == 0 || is_length(text, size))
        return RF_REDACT_CLEAN;
    rf_text_add(out, "[%zu characters]", characters(text, size));
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
    return redaction->rules.phones == RF_REDACT_PHONES_HASH &&
           (kind == RF_REDACT_PHONE || (kind == RF_REDACT_PARTY && all_digits(text, size))) &&
           rf_redact_phone_is(text, size);
}

enum rf_redact_verdict rf_redact_value(const struct rf_redaction *redaction,
                                       enum rf_redact_kind kind, const char *text, size_t size,
                                       struct rf_text *out) {
    if (kind == RF_REDACT_WORDS && redaction->rules.texts != RF_REDACT_TEXTS_KEEP)
        return redact_words(redaction, text, size, out);
    if (kind == RF_REDACT_SECRET) {
        if (size == 0 || begins(text, size, "[redacted"))
            return RF_REDACT_CLEAN;
        rf_text_add_bytes(out, RF_REDACTED, sizeof RF_REDACTED - 1);
        return RF_REDACT_CHANGED;
    }
    if (is_phone(redaction, kind, text, size)) {
        rf_redact_phone_write(&redaction->rules, text, size, out);
        return RF_REDACT_CHANGED;
    }
    return rf_redact(redaction, text, size, out) ? RF_REDACT_CHANGED : RF_REDACT_CLEAN;
}

enum rf_redact_verdict rf_redact_number(const struct rf_redaction *redaction,
                                        enum rf_redact_kind kind, long long number,
                                        struct rf_text *out) {
    char digits[24];
    if (kind != RF_REDACT_SECRET && kind != RF_REDACT_PHONE)
        return RF_REDACT_CLEAN;
    size_t size = (size_t)snprintf(digits, sizeof digits, "%lld", number);
    if (kind == RF_REDACT_PHONE && !is_phone(redaction, kind, digits, size))
        return RF_REDACT_CLEAN;
    return rf_redact_value(redaction, kind, digits, size, out);
}
