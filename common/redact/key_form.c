// Keys and tokens that tell by their form what they are. Sources: the providers' documentation of
// their keys, RFC 7519 (JWT), RFC 6750 (Bearer), RFC 7617 (Basic), RFC 7468 (PEM).
#include "redact/scan.h"

#define SID_HEX      32
#define LONGEST_WORD 20 // no word of a sentence is longer

static bool is_base64(char c) {
    return rf_redact_is_word(c) || strchr("+/=-_.~", c) != NULL;
}

static bool is_hex(char c) {
    return rf_redact_is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// ---- a beginning and a length ----

static bool has_digit_or_star(const struct rf_redact_view *view, size_t at, size_t size) {
    for (size_t i = at; i < at + size; i++)
        if (rf_redact_is_digit(view->text[i]) || view->text[i] == '*')
            return true;
    return false;
}

// What keys begin with, and how many bytes there are behind it at least. `any_case`: some of these
// keys have no letters of both cases, so that a whole one is one in capitals, too.
static const struct beginning {
    const char *text;
    unsigned least;
    bool any_case;
} beginnings[] = {
    {"sk-", 8, true},     {"sk_", 8, true},           {"whsec_", 8, true},    {"rk_", 16, false},
    {"AIza", 8, false},   {"AKIA", 16, false},        {"ASIA", 16, false},    {"SG.", 20, false},
    {"xoxb-", 10, false}, {"xoxp-", 10, false},       {"xoxa-", 10, false},   {"xoxr-", 10, false},
    {"xoxs-", 10, false}, {"xapp-", 10, false},       {"ghp_", 20, false},    {"gho_", 20, false},
    {"ghu_", 20, false},  {"ghs_", 20, false},        {"ghr_", 20, false},    {"glpat-", 16, false},
    {"ya29.", 10, false}, {"github_pat_", 20, false}, {"GOCSPX-", 16, false}, {"1//0", 20, false},
};

#define ANY_CASE_LEAST 16

static bool is_encoded_base64(const struct rf_redact_view *view, size_t at) {
    return rf_redact_has_in_any_case(view, at, "%2B") ||
           rf_redact_has_in_any_case(view, at, "%2F") || rf_redact_has_in_any_case(view, at, "%3D");
}

// The parts of some have dots between them, and whsec_ is base64, which may be percent-encoded.
static size_t key_length(const struct rf_redact_view *view, size_t begin) {
    size_t length = rf_redact_run(view, begin, rf_redact_is_token);
    for (;;) {
        char mark = rf_redact_at(view, begin + length);
        if (mark == '%' && is_encoded_base64(view, begin + length)) {
            length += 3 + rf_redact_run(view, begin + length + 3, rf_redact_is_token);
            continue;
        }
        if (mark == '\0' || strchr("./+=", mark) == NULL ||
            (mark != '=' && !rf_redact_is_token(rf_redact_at(view, begin + length + 1))))
            return length;
        length += 1 + rf_redact_run(view, begin + length + 1, rf_redact_is_token);
    }
}

static bool is_key(const struct rf_redact_view *view, size_t at, const struct beginning *beginning,
                   size_t *end) {
    if (!rf_redact_has_in_any_case(view, at, beginning->text))
        return false;
    size_t begin = at + strlen(beginning->text), length = key_length(view, begin);
    *end = begin + length;
    if (!rf_redact_has(view, at, beginning->text))
        return beginning->any_case && length >= ANY_CASE_LEAST &&
               has_digit_or_star(view, begin, length);
    // Cut at the text's end, or starred out: nothing else looks like that.
    bool cut = *end == view->size && view->size >= RF_REDACT_CUT_LEAST;
    return length >= beginning->least || (length > 0 && cut) ||
           (beginning->any_case && length >= 4 && has_digit_or_star(view, begin, length));
}

// A key behind its beginning: providers echo one whole, cut, or with its middle starred.
static bool prefixed_at(const struct rf_redact_view *view, size_t at, struct rf_redact_span *span) {
    size_t end;
    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++)
        if ((beginnings[i].text[0] | 0x20) == (view->text[at] | 0x20) &&
            is_key(view, at, &beginnings[i], &end))
            return rf_redact_found(span, at, end);
    return false;
}

// AC or SK, 32 hexadecimal digits, and the secret behind a colon: the sid itself is no secret.
static bool sid_at(const struct rf_redact_view *view, size_t at, struct rf_redact_span *span) {
    if ((!rf_redact_has(view, at, "AC") && !rf_redact_has(view, at, "SK")) ||
        rf_redact_run(view, at + 2, is_hex) != SID_HEX ||
        rf_redact_at(view, at + 2 + SID_HEX) != ':')
        return false;
    size_t begin = at + 3 + SID_HEX, length = rf_redact_run(view, begin, rf_redact_is_token);
    return length >= 8 && rf_redact_found(span, begin, begin + length);
}

static bool jwt_at(const struct rf_redact_view *view, size_t at, struct rf_redact_span *span) {
    if (!rf_redact_has(view, at, "eyJ"))
        return false;
    size_t head = rf_redact_run(view, at, rf_redact_is_url_safe), end = at + head;
    if (head < 10 || rf_redact_at(view, end) != '.')
        return false;
    size_t claims = rf_redact_run(view, end + 1, rf_redact_is_url_safe);
    if (claims < 4)
        return false;
    end += 1 + claims;
    if (rf_redact_at(view, end) == '.')
        end += 1 + rf_redact_run(view, end + 1, rf_redact_is_url_safe);
    return rf_redact_found(span, at, end);
}

// ---- what follows a scheme ----

bool rf_redact_looks_secret(const char *text, size_t size) {
    bool small = false, large = false, digit = false, mark = false;
    while (size > 0 && strchr(".,-", text[size - 1]) != NULL)
        size--;
    for (size_t i = 0; i < size; i++) {
        digit = digit || rf_redact_is_digit(text[i]);
        small = small || (text[i] >= 'a' && text[i] <= 'z');
        large = large || (i > 0 && text[i] >= 'A' && text[i] <= 'Z');
        mark = mark || strchr("._+/=~*", text[i]) != NULL;
    }
    return (size >= 6 && (digit || mark || (small && large))) || size >= LONGEST_WORD;
}

static bool scheme_at(const struct rf_redact_view *view, size_t at, struct rf_redact_span *span) {
    size_t length = rf_redact_has_in_any_case(view, at, "bearer")  ? 6
                    : rf_redact_has_in_any_case(view, at, "basic") ? 5
                                                                   : 0;
    size_t begin = at + length;
    if (length == 0 || (rf_redact_at(view, begin) != ' ' && rf_redact_at(view, begin) != '+'))
        return false;
    while (rf_redact_at(view, begin) == ' ' || rf_redact_at(view, begin) == '+')
        begin++;
    size_t size = rf_redact_run(view, begin, is_base64);
    // Bearer realm="...": of a server that asks for a token.
    if (size == 0 || rf_redact_at(view, begin + size) == '"' ||
        !rf_redact_looks_secret(view->text + begin, size))
        return false;
    while (size > 0 && view->text[begin + size - 1] == '.')
        size--;
    return rf_redact_found(span, at, begin + size);
}

// What a mail's client says to log in (RFC 4954).
static bool auth_at(const struct rf_redact_view *view, size_t at, struct rf_redact_span *span) {
    static const char *const begins[] = {"AUTH PLAIN ", "AUTH LOGIN ", "AUTH XOAUTH2 "};
    for (size_t i = 0; i < sizeof begins / sizeof begins[0]; i++) {
        size_t begin = at + strlen(begins[i]);
        if (!rf_redact_has(view, at, begins[i]))
            continue;
        size_t length = rf_redact_run(view, begin, is_base64);
        return length >= 4 && rf_redact_found(span, begin, begin + length);
    }
    return false;
}

#define PEM_BEGINS "-----BEGIN "
#define PEM_ENDS   "-----END "

// A private key to its end, or to the end of a text that was cut.
static bool pem_at(const struct rf_redact_view *view, size_t at, struct rf_redact_span *span) {
    if (!rf_redact_has(view, at, PEM_BEGINS))
        return false;
    const char *begin = view->text + at, *kind = begin + strlen(PEM_BEGINS);
    size_t left = view->size - at - strlen(PEM_BEGINS);
    const char *dashes = memmem(kind, left, "-----", 5);
    const char *key = memmem(kind, left, "PRIVATE KEY", 11);
    if (key == NULL || (dashes != NULL && key > dashes))
        return false;
    const char *end = memmem(kind, left, PEM_ENDS, strlen(PEM_ENDS));
    if (end == NULL)
        return rf_redact_found(span, at, view->size);
    size_t behind = (size_t)(end - view->text) + strlen(PEM_ENDS);
    const char *close = memmem(view->text + behind, view->size - behind, "-----", 5);
    return rf_redact_found(span, at, close == NULL ? view->size : (size_t)(close - view->text) + 5);
}

bool rf_redact_key_at(const struct rf_redact_view *view, size_t at, struct rf_redact_span *span) {
    switch (view->text[at]) {
    case '-':
        return pem_at(view, at, span);
    case 'B':
    case 'b':
        return scheme_at(view, at, span);
    case 'e':
        return jwt_at(view, at, span);
    case 'A':
    case 'S':
        return sid_at(view, at, span) || auth_at(view, at, span) || prefixed_at(view, at, span);
    default:
        return prefixed_at(view, at, span);
    }
}
