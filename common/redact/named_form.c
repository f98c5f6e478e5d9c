// Names and their values: password=VALUE, "api_key": "VALUE", phone=NUMBER.
#include "redact/scan.h"

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

bool rf_redact_ends_value(char c, char quote) {
    if (quote != '\0')
        return c == quote || c == '\n';
    return c == '\0' || strchr(" \t\r\n&;,\"'<>)]}", c) != NULL;
}

size_t rf_redact_value_begins(const struct rf_redact_view *view, size_t at, char *quote,
                              bool *nested) {
    *quote = '\0';
    for (unsigned spaces = 0; rf_redact_at(view, at) == ' ' && spaces < 3; spaces++)
        at++;
    *nested = rf_redact_at(view, at) == '\\'; // JSON within a text of JSON
    at += *nested;
    if (rf_redact_at(view, at) == '"' || rf_redact_at(view, at) == '\'')
        *quote = view->text[at++];
    return at;
}

// The value that begins at `at`, behind its name and sign. `needs_form`: what could be a word of a
// sentence is none. `whole_line`: it ends with its line, as a header does.
static bool value_at(const struct rf_redact_view *view, size_t at, bool needs_form, bool whole_line,
                     struct rf_redact_span *span) {
    char quote;
    bool nested;
    size_t begin = at = rf_redact_value_begins(view, at, &quote, &nested);
    if (whole_line && quote == '\0')
        quote = '\r';
    static const char *const schemes[] = {"Bearer ", "Basic ", "Digest ", "Token "};
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0] && at < view->size; i++)
        if (rf_redact_has_in_any_case(view, at, schemes[i]))
            at += strlen(schemes[i]), needs_form = false;
    size_t end = at;
    while (end < view->size && !rf_redact_ends_value(view->text[end], quote))
        end += quote != '\0' && !nested && view->text[end] == '\\' && end + 1 < view->size ? 2 : 1;
    if (end > at && quote == '\0' && strchr(".:!?", view->text[end - 1]) != NULL)
        end--;
    if (nested && end > at && view->text[end - 1] == '\\') // the quote's own
        end--;
    if (end <= at || rf_redact_has(view, at, "[redacted"))
        return false;
    if (needs_form && quote == '\0' && !rf_redact_looks_secret(view->text + at, end - at))
        return false;
    return rf_redact_found(span, begin, end);
}

struct rf_redact_span rf_redact_name_before(const struct rf_redact_view *view, size_t at) {
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

bool rf_redact_named_at(const struct rf_redact_view *view, size_t at, struct rf_redact_span *span) {
    struct rf_redact_span name = rf_redact_name_before(view, at);
    size_t size = name.to - name.from;
    bool certain = false, equals = view->text[at] == '=';
    if (size < 3)
        return false;
    if (!rf_redact_secret_name(view->text + name.from, size, &certain) &&
        !(equals && is_parameter(view, name.from, size)))
        return false;
    bool cookies = !equals && size >= 6 && strncasecmp(view->text + name.to - 6, "cookie", 6) == 0;
    return value_at(view, at + 1, !equals && !certain && !cookies, cookies, span);
}

bool rf_redact_equals_at(const struct rf_redact_view *view, size_t at,
                         struct rf_redact_span *span) {
    return rf_redact_named_at(view, at, span);
}
