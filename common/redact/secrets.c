#include "redact/secrets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "events/text.h"

#define PIECE       4
#define MOST_STRIDE 8
#define CASE_LEAST  8 // bytes of a secret that is looked for in hexadecimal and in another case
#define FORM_LEAST  RF_REDACT_SECRET_LEAST

static uint32_t hash_at(const char *at) {
    uint32_t piece;
    memcpy(&piece, at, sizeof piece);
    return piece * UINT32_C(2654435761) >> (32 - RF_SECRETS_BITS);
}

static void set_bit(uint64_t *bits, uint32_t n) {
    bits[n / 64] |= UINT64_C(1) << n % 64;
}

static bool has_bit(const uint64_t *bits, uint32_t n) {
    return (bits[n / 64] >> n % 64 & 1) != 0;
}

// ---- forms ----

static void index_forms(struct rf_secrets *secrets) {
    size_t least = secrets->forms[0].size;
    for (size_t i = 1; i < secrets->count; i++)
        least = secrets->forms[i].size < least ? secrets->forms[i].size : least;
    size_t stride = least - PIECE + 1;
    secrets->least = least;
    secrets->stride = stride < MOST_STRIDE ? stride : MOST_STRIDE;
    memset(secrets->pieces, 0, sizeof secrets->pieces);
    for (size_t i = 0; i < secrets->count; i++) {
        const struct rf_secret_form *form = &secrets->forms[i];
        for (size_t at = 0; at + PIECE <= form->size; at++) {
            if (at < secrets->stride)
                set_bit(secrets->pieces, hash_at(form->bytes + at));
            set_bit(secrets->all_pieces, hash_at(form->bytes + at));
        }
    }
}

static enum rf_err add_form(struct rf_secrets *secrets, const char *bytes, size_t size) {
    if (size < FORM_LEAST)
        return RF_OK;
    for (size_t i = 0; i < secrets->count; i++)
        if (secrets->forms[i].size == size && memcmp(secrets->forms[i].bytes, bytes, size) == 0)
            return RF_OK;
    if (secrets->count == secrets->capacity) {
        size_t capacity = secrets->capacity == 0 ? 16 : secrets->capacity * 2;
        struct rf_secret_form *forms = realloc(secrets->forms, capacity * sizeof *secrets->forms);
        if (forms == NULL)
            return RF_ERR_NOMEM;
        secrets->forms = forms;
        secrets->capacity = capacity;
    }
    char *copy = malloc(size);
    if (copy == NULL)
        return RF_ERR_NOMEM;
    memcpy(copy, bytes, size);
    secrets->forms[secrets->count++] = (struct rf_secret_form){copy, size};
    return RF_OK;
}

// What stands in base64 of something that the value is a part of, whatever is around it: for each
// of the three places at which it can begin, the characters that it alone decides. Short ones could
// be anything and are left out.
static enum rf_err add_base64(struct rf_secrets *secrets, const char *value, size_t size,
                              char *(*encode)(const void *, size_t)) {
    enum rf_err err = RF_OK;
    for (size_t shift = 0; shift < 3 && err == RF_OK; shift++) {
        char *shifted = calloc(1, size + shift + 1);
        if (shifted == NULL)
            return RF_ERR_NOMEM;
        memcpy(shifted + shift, value, size);
        char *encoded = encode(shifted, size + shift);
        explicit_bzero(shifted, size + shift);
        free(shifted);
        if (encoded == NULL)
            return RF_ERR_NOMEM;
        size_t from = (shift * 8 + 5) / 6, to = (size + shift) * 8 / 6;
        if (to > from && to - from >= 8)
            err = add_form(secrets, encoded + from, to - from);
        explicit_bzero(encoded, strlen(encoded));
        free(encoded);
    }
    return err;
}

static bool is_unreserved(char c) {
    return rf_redact_is_word(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

static enum rf_err add_text(struct rf_secrets *secrets, struct rf_text *text) {
    enum rf_err err = text->failed
                          ? RF_ERR_NOMEM
                          : add_form(secrets, text->data == NULL ? "" : text->data, text->size);
    if (text->data != NULL)
        explicit_bzero(text->data, text->size);
    rf_text_fini(text);
    return err;
}

// `plus`: as a form is sent, where a space is a plus.
static enum rf_err add_percent(struct rf_secrets *secrets, const char *value, bool upper,
                               bool plus) {
    struct rf_text text = {0};
    for (const char *c = value; *c != '\0'; c++) {
        if (is_unreserved(*c))
            rf_text_add_bytes(&text, c, 1);
        else if (plus && *c == ' ')
            rf_text_add_bytes(&text, "+", 1);
        else
            rf_text_add(&text, upper ? "%%%02X" : "%%%02x", (unsigned char)*c);
    }
    return add_text(secrets, &text);
}

static enum rf_err add_hex(struct rf_secrets *secrets, const char *value, bool upper) {
    struct rf_text text = {0};
    for (const char *c = value; *c != '\0'; c++)
        rf_text_add(&text, upper ? "%02X" : "%02x", (unsigned char)*c);
    return add_text(secrets, &text);
}

// In capitals, or without any: somebody's header or database may know one case alone.
static enum rf_err add_case(struct rf_secrets *secrets, const char *value, bool upper) {
    struct rf_text text = {0};
    for (const char *c = value; *c != '\0'; c++) {
        char other = (char)(!rf_redact_is_letter(*c) ? *c : upper ? *c & ~0x20 : *c | 0x20);
        rf_text_add_bytes(&text, &other, 1);
    }
    return add_text(secrets, &text);
}

static enum rf_err add_escaped(struct rf_secrets *secrets, const char *value, const char *escaped) {
    struct rf_text text = {0};
    for (const char *c = value; *c != '\0'; c++) {
        if (strchr(escaped, *c) != NULL)
            rf_text_add_bytes(&text, "\\", 1);
        rf_text_add_bytes(&text, c, 1);
    }
    return add_text(secrets, &text);
}

enum rf_err rf_secrets_add(struct rf_secrets *secrets, const char *value) {
    size_t size = strlen(value);
    if (size < RF_REDACT_SECRET_LEAST)
        return RF_OK;
    enum rf_err err = add_form(secrets, value, size);
    if (err == RF_OK)
        err = add_escaped(secrets, value, "\"\\");
    if (err == RF_OK)
        err = add_escaped(secrets, value, "\"\\/");
    for (unsigned i = 0; i < 4 && err == RF_OK; i++)
        err = add_percent(secrets, value, (i & 1) != 0, (i & 2) != 0);
    if (err == RF_OK)
        err = add_base64(secrets, value, size, rf_base64_encode);
    if (err == RF_OK)
        err = add_base64(secrets, value, size, rf_base64url_encode);
    for (unsigned i = 0; i < 2 && err == RF_OK && size >= CASE_LEAST; i++) {
        err = add_hex(secrets, value, i == 1);
        if (err == RF_OK)
            err = add_case(secrets, value, i == 1);
    }
    index_forms(secrets);
    return err;
}

void rf_secrets_fini(struct rf_secrets *secrets) {
    for (size_t i = 0; i < secrets->count; i++) {
        explicit_bzero(secrets->forms[i].bytes, secrets->forms[i].size);
        free(secrets->forms[i].bytes);
    }
    free(secrets->forms);
    *secrets = (struct rf_secrets){0};
}

// ---- finding ----

// The longest form that stands with one of its first pieces at `at`, and not before `floor`.
static bool form_at(const struct rf_secrets *secrets, const char *text, size_t size, size_t floor,
                    size_t at, struct rf_redact_span *span) {
    bool found = false;
    for (size_t i = 0; i < secrets->count; i++) {
        const struct rf_secret_form *form = &secrets->forms[i];
        for (size_t shift = 0; shift < secrets->stride && shift <= at - floor; shift++) {
            size_t from = at - shift;
            if (form->size > size - from || memcmp(text + from, form->bytes, form->size) != 0)
                continue;
            if (!found || from < span->from || (from == span->from && from + form->size > span->to))
                *span = (struct rf_redact_span){from, from + form->size};
            found = true;
        }
    }
    return found;
}

// How much of the text's end is the beginning of a form.
static size_t cut_off(const struct rf_secrets *secrets, const char *text, size_t size, size_t at) {
    size_t longest = 0;
    char last = text[size - 1];
    if (size < RF_REDACT_CUT_LEAST || size - at < PIECE ||
        !has_bit(secrets->all_pieces, hash_at(text + size - PIECE)))
        return 0;
    for (size_t i = 0; i < secrets->count; i++) {
        const struct rf_secret_form *form = &secrets->forms[i];
        size_t most = form->size - 1 < size - at ? form->size - 1 : size - at;
        for (size_t n = most; n >= PIECE && n > longest; n--)
            if (form->bytes[n - 1] == last && memcmp(text + size - n, form->bytes, n) == 0)
                longest = n;
    }
    return longest;
}

bool rf_secrets_find(const struct rf_secrets *secrets, const char *text, size_t size, size_t at,
                     struct rf_redact_span *span) {
    if (secrets->stride == 0 || size - at < PIECE ||
        (size - at < secrets->least && size < RF_REDACT_CUT_LEAST))
        return false;
    for (size_t i = at; i + PIECE <= size; i += secrets->stride)
        if (has_bit(secrets->pieces, hash_at(text + i)) &&
            form_at(secrets, text, size, at, i, span))
            return true;
    size_t cut = cut_off(secrets, text, size, at);
    *span = (struct rf_redact_span){size - cut, size};
    return cut > 0;
}
