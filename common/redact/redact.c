#include "redact/redact.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/block.h"
#include "redact/decoded.h"
#include "redact/secrets.h"
#include "redact/span.h"

struct rf_redaction {
    uint64_t number;
    struct rf_redact_rules rules;
    struct rf_secrets secrets;
};

// ---- life ----

// Names what was made and decides nothing: an address may come again.
static uint64_t new_number(void) {
    static atomic_uint_fast64_t last;
    return atomic_fetch_add(&last, 1) + 1;
}

struct rf_redaction *rf_redaction_new(const struct rf_redact_rules *rules) {
    struct rf_redaction *redaction = calloc(1, sizeof *redaction);
    if (redaction == NULL)
        return NULL;
    redaction->number = new_number();
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
    if (value == NULL)
        return RF_OK;
    redaction->number = new_number();
    return rf_secrets_add(&redaction->secrets, value);
}

uint64_t rf_redaction_number(const struct rf_redaction *redaction) {
    return redaction->number;
}

// ---- what a form tells ----

// What a byte can be the beginning of.
enum {
    NOTHING,
    WORD,        // nothing, but a word may go on behind it
    WORD_BEGINS, // a letter that a key may begin with
    DIGIT,
    DASH,
    SIGN,    // anything, wherever it stands
    ENCODED, // something that reads as something else
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
    ['W'] = WORD_BEGINS, ['X'] = WORD,        ['Y'] = WORD,        ['Z'] = WORD,
    ['0'] = DIGIT,       ['1'] = DIGIT,       ['2'] = DIGIT,       ['3'] = DIGIT,
    ['4'] = DIGIT,       ['5'] = DIGIT,       ['6'] = DIGIT,       ['7'] = DIGIT,
    ['8'] = DIGIT,       ['9'] = DIGIT,       ['+'] = SIGN,        ['%'] = ENCODED,
    ['/'] = SIGN,        ['\\'] = ENCODED,    ['&'] = ENCODED,     [0xC2] = ENCODED,
    [0xD8] = ENCODED,    [0xD9] = ENCODED,    [0xDB] = ENCODED,    [0xE0] = ENCODED,
    [0xE2] = ENCODED,    [0xEF] = ENCODED,    ['('] = SIGN,        ['-'] = DASH,
    [':'] = SIGN,        ['='] = SIGN,
};

// As rf_redact_is_word, by one look.
static bool is_word(char c) {
    unsigned class = classes[(unsigned char)c];
    return class != NOTHING && class < DASH;
}

struct find {
    struct rf_redact_span span;
    bool phone;
    bool encoded; // something on the way reads as something else
};

static bool phone_at(const struct rf_redaction *redaction, const struct rf_redact_view *view,
                     size_t at, struct find *find) {
    find->phone = true;
    return redaction->rules.phones == RF_REDACT_PHONES_HASH &&
           rf_redact_phone_at(view, at, redaction->rules.home, &find->span);
}

static bool named_phone_at(const struct rf_redaction *redaction, const struct rf_redact_view *view,
                           size_t at, struct find *find) {
    find->phone = true;
    return redaction->rules.phones == RF_REDACT_PHONES_HASH &&
           rf_redact_named_phone_at(view, at, &find->span);
}

static bool sign_at(const struct rf_redaction *redaction, const struct rf_redact_view *view,
                    size_t at, struct find *find) {
    find->phone = false;
    switch (view->text[at]) {
    case ':':
        return rf_redact_colon_at(view, at, &find->span) ||
               named_phone_at(redaction, view, at, find);
    case '=':
        return rf_redact_equals_at(view, at, &find->span) ||
               named_phone_at(redaction, view, at, find);
    case '/':
        return rf_redact_slash_at(view, at, &find->span);
    default:
        return phone_at(redaction, view, at, find);
    }
}

// Whether a key can begin with these two characters: most words do not.
static bool may_be_key(char first, char second) {
    switch (first) {
    case 's':
    case 'r':
        return second == 'k';
    case 'W':
        return second == 'H';
    case 'e':
        return second == 'y';
    case 'w':
        return second == 'h';
    case 'x':
        return second == 'o' || second == 'a';
    case 'g':
        return second == 'h' || second == 'i' || second == 'l';
    case 'y':
        return second == 'a';
    case '1':
        return second == '/';
    case 'A':
    case 'S':
    case 'G':
        return (second >= 'A' && second <= 'Z') || second == '.' || second == 'k';
    default: // Bearer, Basic
        return (second | 0x20) == 'e' || (second | 0x20) == 'a';
    }
}

// A word begins at `at`, which is inside of the text.
static bool word_at(const struct rf_redaction *redaction, const struct rf_redact_view *view,
                    size_t at, bool digit, struct find *find) {
    find->phone = false;
    if (may_be_key(view->text[at], rf_redact_at(view, at + 1)) &&
        rf_redact_key_at(view, at, &find->span))
        return true;
    return digit && phone_at(redaction, view, at, find);
}

// Of a block, the bytes that are not in words.
static rf_block ends_at(const char *text) {
    rf_block bytes = rf_block_at(text), letters = (bytes | 0x20) - 'a', digits = bytes - '0';
    return (rf_block)((letters >= 26) & (digits >= 10));
}

// Where the word ends that `at` is in: most of an event's bytes are within ids.
static size_t word_end(const struct rf_redact_view *view, size_t at) {
    for (; view->size - at >= sizeof(rf_block); at += sizeof(rf_block)) {
        size_t run = rf_block_first(ends_at(view->text + at));
        if (run < sizeof(rf_block))
            return at + run;
    }
    if (view->size < sizeof(rf_block)) {
        while (at < view->size && is_word(view->text[at]))
            at++;
        return at;
    }
    // The last block, of which the bytes before `at` were looked at.
    size_t last = view->size - sizeof(rf_block);
    return last + rf_block_first(ends_at(view->text + last) & ~rf_block_head(at - last));
}

// The first thing from `at` on. One pass: a byte that can begin nothing costs a look at a table.
static bool find_form(const struct rf_redaction *redaction, const struct rf_redact_view *view,
                      size_t at, struct find *find) {
    if (at > view->floor && rf_redact_is_word(view->text[at - 1]))
        at = word_end(view, at);
    while (at < view->size) {
        unsigned class = classes[(unsigned char)view->text[at]];
        if (class != NOTHING && class < DASH) {
            if (class != WORD && word_at(redaction, view, at, class == DIGIT, find))
                return true;
            at = word_end(view, at + 1);
            continue;
        }
        if (class == DASH) {
            find->phone = false;
            if (rf_redact_at(view, at + 1) == '-' && rf_redact_key_at(view, at, &find->span))
                return true;
        } else if (class == SIGN && sign_at(redaction, view, at, find)) {
            return true;
        } else if (class == ENCODED && !find->encoded) {
            find->encoded = rf_decoded_at(view->text, view->size, at);
        }
        at++;
    }
    return false;
}

static void write_find(const struct rf_redaction *redaction, const char *text,
                       const struct find *find, struct rf_text *out) {
    if (find->phone)
        rf_redact_phone_write(&redaction->rules, text + find->span.from,
                              find->span.to - find->span.from, out);
    else
        rf_text_add_bytes(out, RF_REDACTED, sizeof RF_REDACTED - 1);
}

static bool redact_forms(const struct rf_redaction *redaction, const char *text, size_t size,
                         struct rf_text *out, bool *encoded) {
    struct rf_redact_view view = {text, size, 0};
    struct find find = {.encoded = false};
    size_t done = 0;
    while (find_form(redaction, &view, done, &find)) {
        rf_text_add_bytes(out, text + done, find.span.from - done);
        write_find(redaction, text, &find, out);
        done = view.floor = find.span.to;
    }
    if (done > 0)
        rf_text_add_bytes(out, text + done, size - done);
    *encoded = find.encoded;
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

static bool redact_plain(const struct rf_redaction *redaction, const char *text, size_t size,
                         struct rf_text *out, bool *encoded) {
    struct rf_text known = {0};
    if (!redact_known(&redaction->secrets, text, size, &known))
        return redact_forms(redaction, text, size, out, encoded);
    if (known.failed)
        out->failed = true;
    else if (!redact_forms(redaction, known.data, known.size, out, encoded))
        rf_text_add_bytes(out, known.data, known.size);
    rf_text_fini(&known);
    return true;
}

// ---- what reads as something else ----

static bool find_decoded(const struct rf_redaction *redaction, const struct rf_redact_view *view,
                         bool known, struct find *find) {
    if (!known)
        return find_form(redaction, view, view->floor, find);
    find->phone = false;
    return rf_secrets_find(&redaction->secrets, view->text, view->size, view->floor, &find->span);
}

// As redact_plain, by what the text reads as; `known`: secrets that are known, else their forms.
static bool redact_decoded(const struct rf_redaction *redaction, bool known, const char *text,
                           size_t size, struct rf_text *out) {
    struct rf_decoded decoded;
    if (!rf_decoded_make(text, size, &decoded)) {
        out->failed = true;
        return true;
    }
    struct rf_redact_view view = {decoded.text, decoded.size, 0};
    struct find find = {.encoded = true};
    size_t done = 0;
    while (find_decoded(redaction, &view, known, &find)) {
        rf_text_add_bytes(out, text + done, decoded.from[find.span.from] - done);
        write_find(redaction, decoded.text, &find, out);
        view.floor = find.span.to;
        done = decoded.from[find.span.to];
    }
    if (done > 0)
        rf_text_add_bytes(out, text + done, size - done);
    rf_decoded_fini(&decoded);
    return done > 0;
}

static bool redact_encoded(const struct rf_redaction *redaction, const char *text, size_t size,
                           struct rf_text *out) {
    struct rf_text known = {0};
    if (!redact_decoded(redaction, true, text, size, &known))
        return redact_decoded(redaction, false, text, size, out);
    if (known.failed)
        out->failed = true;
    else if (!redact_decoded(redaction, false, known.data, known.size, out))
        rf_text_add_bytes(out, known.data, known.size);
    rf_text_fini(&known);
    return true;
}

// Whether there is anything at all.
static bool has_any(const struct rf_redaction *redaction, const char *text, size_t size) {
    struct rf_redact_view view = {text, size, 0};
    struct find find = {.encoded = false};
    struct rf_redact_span span;
    return rf_secrets_find(&redaction->secrets, text, size, 0, &span) ||
           find_form(redaction, &view, 0, &find) || find.encoded;
}

bool rf_redact(const struct rf_redaction *redaction, const char *text, size_t size,
               struct rf_text *out) {
    if (!has_any(redaction, text, size)) // as nearly all are
        return false;
    size_t before = out->size;
    bool encoded = false, any = redact_plain(redaction, text, size, out, &encoded);
    if (!encoded || out->failed)
        return any;
    if (!any)
        return redact_encoded(redaction, text, size, out);
    struct rf_text more = {0};
    if (redact_encoded(redaction, out->data + before, out->size - before, &more)) {
        out->size = before;
        out->failed = more.failed;
        rf_text_add_bytes(out, more.data == NULL ? "" : more.data, more.size);
    }
    rf_text_fini(&more);
    return true;
}

void rf_redact_add(const struct rf_redaction *redaction, const char *text, size_t size,
                   struct rf_text *out) {
    if (!rf_redact(redaction, text, size, out))
        rf_text_add_bytes(out, text, size);
}

bool rf_redacts_names(const struct rf_redaction *redaction) {
    return redaction->rules.names != RF_REDACT_NAMES_SHOW;
}

const struct rf_redact_rules *rf_redact_rules(const struct rf_redaction *redaction) {
    return &redaction->rules;
}
