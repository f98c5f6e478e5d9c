// Keys and tokens that tell by their form what they are. Sources: the providers' documentation of
// their keys, RFC 7519 (JWT), RFC 6750 (Bearer), RFC 7617 (Basic), RFC 7468 (PEM).
#include "redact/span.h"

#include <string.h>
#include <strings.h>

#define SID_HEX      32
#define LONGEST_WORD 20 // no word of a sentence is longer

static bool is_token(char c) {
    return rf_redact_is_word(c) || c == '-' || c == '_' || c == '*';
}

static bool is_base64(char c) {
    return rf_redact_is_word(c) || strchr("+/=-_.~", c) != NULL;
}

static bool is_hex(char c) {
    return rf_redact_is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// How many bytes from `at` on are of this kind.
static size_t run(const struct rf_redact_view *view, size_t at, bool (*is)(char c)) {
    size_t length = 0;
    while (at + length < view->size && view->text[at + length] != '\0' &&
           is(view->text[at + length]))
        length++;
    return length;
}

static bool has(const struct rf_redact_view *view, size_t at, const char *text) {
    size_t length = strlen(text);
    return view->size - at >= length && memcmp(view->text + at, text, length) == 0;
}

static bool has_in_any_case(const struct rf_redact_view *view, size_t at, const char *text) {
    size_t length = strlen(text);
    return view->size - at >= length && strncasecmp(view->text + at, text, length) == 0;
}

static bool found(struct rf_redact_span *span, size_t from, size_t to) {
    *span = (struct rf_redact_span){from, to};
    return true;
}

// ---- a beginning and a length ----

static bool has_digit_or_star(const struct rf_redact_view *view, size_t at, size_t size) {
    for (size_t i = at; i < at + size; i++)
        if (rf_redact_is_digit(view->text[i]) || view->text[i] == '*')
            return true;
    return false;
}

// A key behind its beginning: providers echo one whole, cut, or with its middle starred.
static bool prefixed_at(const struct rf_redact_view *view, size_t at, struct rf_redact_span *span) {
    static const struct {
        const char *begins;
        unsigned least; // bytes behind it
    } keys[] = {
        {"sk-", 8},    {"sk_", 8},          {"rk_", 16},     {"whsec_", 8}, {"AIza", 8},
        {"AKIA", 16},  {"ASIA", 16},        {"SG.", 20},     {"xoxb-", 10}, {"xoxp-", 10},
        {"xoxa-", 10}, {"xoxr-", 10},       {"xoxs-", 10},   {"xapp-", 10}, {"ghp_", 20},
        {"gho_", 20},  {"ghu_", 20},        {"ghs_", 20},    {"ghr_", 20},  {"glpat-", 16},
        {"ya29.", 10}, {"github_pat_", 20}, {"GOCSPX-", 16}, {"1//0", 20},
    };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (keys[i].begins[0] != view->text[at] || !has(view, at, keys[i].begins))
            continue;
        size_t begin = at + strlen(keys[i].begins), length = run(view, begin, is_token);
        // The parts of some have dots between them, and whsec_ is base64.
        while (strchr("./+=", rf_redact_at(view, begin + length)) != NULL &&
               rf_redact_at(view, begin + length) != '\0' &&
               (is_token(rf_redact_at(view, begin + length + 1)) ||
                rf_redact_at(view, begin + length) == '='))
            length += 1 + run(view, begin + length + 1, is_token);
        // Cut at the text's end, or starred out: nothing else looks like that.
        bool cut = begin + length == view->size && view->size >= RF_REDACT_CUT_LEAST;
        if (length >= keys[i].least || (length > 0 && cut) ||
            (view->text[at] == 's' && length >= 4 && has_digit_or_star(view, begin, length)))
            return found(span, at, begin + length);
    }
    return false;
}

// AC or SK, 32 hexadecimal digits, and the secret behind a colon: the sid itself is no secret.
static bool sid_at(const struct rf_redact_view *view, size_t at, struct rf_redact_span *span) {
    if ((!has(view, at, "AC") && !has(view, at, "SK")) || run(view, at + 2, is_hex) != SID_HEX ||
        rf_redact_at(view, at + 2 + SID_HEX) != ':')
        return false;
    size_t begin = at + 3 + SID_HEX, length = run(view, begin, is_token);
    return length >= 8 && found(span, begin, begin + length);
}

static bool is_jwt_part(char c) {
    return rf_redact_is_word(c) || c == '-' || c == '_';
}

static bool jwt_at(const struct rf_redact_view *view, size_t at, struct rf_redact_span *span) {
    if (!has(view, at, "eyJ"))
        return false;
    size_t head = run(view, at, is_jwt_part), end = at + head;
    if (head < 10 || rf_redact_at(view, end) != '.')
        return false;
    size_t claims = run(view, end + 1, is_jwt_part);
    if (claims < 4)
        return false;
    end += 1 + claims;
    if (rf_redact_at(view, end) == '.')
        end += 1 + run(view, end + 1, is_jwt_part);
    return found(span, at, end);
}

// ---- what follows a scheme ----

// A secret, and not a word of a sentence.
static bool looks_secret(const char *text, size_t size) {
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
    size_t length = has_in_any_case(view, at, "bearer")  ? 6
                    : has_in_any_case(view, at, "basic") ? 5
                                                         : 0;
    size_t begin = at + length;
    if (length == 0 || rf_redact_at(view, begin) != ' ')
        return false;
    while (rf_redact_at(view, begin) == ' ')
        begin++;
    size_t size = run(view, begin, is_base64);
    // Bearer realm="...": of a server that asks for a token.
    if (size == 0 || rf_redact_at(view, begin + size) == '"' ||
        !looks_secret(view->text + begin, size))
        return false;
    while (size > 0 && view->text[begin + size - 1] == '.')
        size--;
    return found(span, at, begin + size);
}

#define PEM_BEGINS "-----BEGIN "
#define PEM_ENDS   "-----END "

// A private key to its end, or to the end of a text that was cut.
static bool pem_at(const struct rf_redact_view *view, size_t at, struct rf_redact_span *span) {
    if (!has(view, at, PEM_BEGINS))
        return false;
    const char *begin = view->text + at, *kind = begin + strlen(PEM_BEGINS);
    size_t left = view->size - at - strlen(PEM_BEGINS);
    const char *dashes = memmem(kind, left, "-----", 5);
    const char *key = memmem(kind, left, "PRIVATE KEY", 11);
    if (key == NULL || (dashes != NULL && key > dashes))
        return false;
    const char *end = memmem(kind, left, PEM_ENDS, strlen(PEM_ENDS));
    if (end == NULL)
        return found(span, at, view->size);
    size_t behind = (size_t)(end - view->text) + strlen(PEM_ENDS);
    const char *close = memmem(view->text + behind, view->size - behind, "-----", 5);
    return found(span, at, close == NULL ? view->size : (size_t)(close - view->text) + 5);
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
        return sid_at(view, at, span) || prefixed_at(view, at, span);
    default:
        return prefixed_at(view, at, span);
    }
}

// ---- a name and its value ----

static bool is_name(char c) {
    return rf_redact_is_word(c) || c == '-' || c == '_' || c == '.';
}

// Of `key=` in an address; in prose it is a word like others.
static bool is_parameter(const struct rf_redact_view *view, size_t from, size_t size) {
    static const char *const names[] = {"key", "sig", "signature", "X-Amz-Signature",
                                        "code_verifier"};
    char before = '\0';
    if (from > view->floor)
        before = view->text[from - 1];
    for (size_t i = 0; (before == '?' || before == '&') && i < sizeof names / sizeof names[0]; i++)
        if (strlen(names[i]) == size && strncasecmp(view->text + from, names[i], size) == 0)
            return true;
    return false;
}

static bool ends_value(char c, char quote) {
    if (quote != '\0')
        return c == quote || c == '\n';
    return c == '\0' || strchr(" \t\r\n&;,\"'<>)]}", c) != NULL;
}

// The value that begins at `at`, behind its name and sign. `needs_form`: what could be a word of a
// sentence is none.
static bool value_at(const struct rf_redact_view *view, size_t at, bool needs_form,
                     struct rf_redact_span *span) {
    char quote = '\0';
    for (unsigned spaces = 0; rf_redact_at(view, at) == ' ' && spaces < 3; spaces++)
        at++;
    bool nested = rf_redact_at(view, at) == '\\'; // JSON within a text of JSON
    at += nested;
    if (rf_redact_at(view, at) == '"' || rf_redact_at(view, at) == '\'')
        quote = view->text[at++];
    size_t begin = at;
    static const char *const schemes[] = {"Bearer ", "Basic ", "Digest ", "Token "};
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0] && at < view->size; i++)
        if (has_in_any_case(view, at, schemes[i]))
            at += strlen(schemes[i]), needs_form = false;
    size_t end = at;
    while (end < view->size && !ends_value(view->text[end], quote))
        end += quote != '\0' && !nested && view->text[end] == '\\' && end + 1 < view->size ? 2 : 1;
    if (end > at && quote == '\0' && strchr(".:!?", view->text[end - 1]) != NULL)
        end--;
    if (nested && end > at && view->text[end - 1] == '\\') // the quote's own
        end--;
    if (end <= at || has(view, at, "[redacted"))
        return false;
    if (needs_form && quote == '\0' && !looks_secret(view->text + at, end - at))
        return false;
    return found(span, begin, end);
}

// The name that ends at `at`, where a quote and spaces may follow it.
static struct rf_redact_span name_before(const struct rf_redact_view *view, size_t at) {
    size_t to = at;
    while (to > view->floor && view->text[to - 1] == ' ' && at - to < 2)
        to--;
    if (to > view->floor && (view->text[to - 1] == '"' || view->text[to - 1] == '\''))
        to--;
    if (to > view->floor && view->text[to - 1] == '\\')
        to--;
    size_t from = to;
    while (from > view->floor && to - from < 64 && is_name(view->text[from - 1]))
        from--;
    return (struct rf_redact_span){from, to};
}

static bool named_at(const struct rf_redact_view *view, size_t at, struct rf_redact_span *span) {
    struct rf_redact_span name = name_before(view, at);
    size_t size = name.to - name.from;
    bool certain = false, equals = view->text[at] == '=';
    if (size < 3)
        return false;
    if (!rf_redact_secret_name(view->text + name.from, size, &certain) &&
        !(equals && is_parameter(view, name.from, size)))
        return false;
    return value_at(view, at + 1, !equals && !certain, span);
}

bool rf_redact_equals_at(const struct rf_redact_view *view, size_t at,
                         struct rf_redact_span *span) {
    return named_at(view, at, span);
}

// ---- behind a colon ----

static bool ends_host(char c) {
    return c == '\0' || strchr("/?# \t\r\n\"'<>", c) != NULL;
}

// Addresses whose path is what lets in.
static bool is_secret_path(const struct rf_redact_view *view, size_t host, size_t *path) {
    static const char *const begins[] = {"hooks.slack.com/services/", "discord.com/api/webhooks/",
                                         "discordapp.com/api/webhooks/"};
    for (size_t i = 0; i < sizeof begins / sizeof begins[0]; i++)
        if (has(view, host, begins[i])) {
            *path = host + strlen(begins[i]);
            return true;
        }
    return false;
}

static bool address_at(const struct rf_redact_view *view, size_t at, struct rf_redact_span *span) {
    size_t host = at + 3, end = host, colon = 0, sign = 0, path;
    for (; end < view->size && !ends_host(view->text[end]); end++) {
        if (view->text[end] == '@')
            sign = end; // the last one: a password may have one too
        else if (view->text[end] == ':' && colon == 0)
            colon = end;
    }
    if (sign > host) {
        size_t from = colon > 0 && colon < sign ? colon + 1 : host;
        return from < sign && !has(view, from, "[redacted") && found(span, from, sign);
    }
    if (!is_secret_path(view, host, &path) || has(view, path, "[redacted"))
        return false;
    for (end = path; end < view->size && !ends_value(view->text[end], '\0');)
        end++;
    return end > path && found(span, path, end);
}

// Digits, a colon, 35 characters: a Telegram bot's. The number is the bot's own name.
static bool bot_at(const struct rf_redact_view *view, size_t at, struct rf_redact_span *span) {
    size_t digits = 0, length = run(view, at + 1, is_jwt_part);
    while (at - digits > view->floor && rf_redact_is_digit(view->text[at - digits - 1]))
        digits++;
    return digits >= 6 && digits <= 12 && length >= 30 && length <= 45 &&
           found(span, at + 1, at + 1 + length);
}

bool rf_redact_colon_at(const struct rf_redact_view *view, size_t at, struct rf_redact_span *span) {
    if (has(view, at, "://"))
        return address_at(view, at, span);
    return bot_at(view, at, span) || named_at(view, at, span);
}
