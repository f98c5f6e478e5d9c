// Reads JSON, strictly and without recursion, into one block.
#include "rules/value_parts.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

struct reader {
    char *at; // in the copy, which ends in a NUL
    struct rf_value *values;
    size_t count, capacity;
    size_t marks, max_marks;
    size_t open[RF_VALUE_MAX_DEPTH]; // the containers that are open, from the outside in
    size_t depth, max_depth;
    enum rf_value_fault fault;
};

static bool fail(struct reader *reader, enum rf_value_fault fault) {
    reader->fault = fault;
    return false;
}

static void skip_blanks(struct reader *reader) {
    while (*reader->at == ' ' || *reader->at == '\n' || *reader->at == '\r' || *reader->at == '\t')
        reader->at++;
}

// Four hexadecimal digits; a NUL behind the text ends them too.
static bool read_code(struct reader *reader, uint32_t *code) {
    *code = 0;
    for (int i = 0; i < 4; i++) {
        char c = *reader->at++;
        if (c >= '0' && c <= '9')
            *code = 16 * *code + (uint32_t)(c - '0');
        else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))
            *code = 16 * *code + (uint32_t)((c | 0x20) - 'a' + 10);
        else
            return fail(reader, RF_VALUE_NO_JSON);
    }
    return true;
}

// \uXXXX, or two of them for a character beyond the first 65,536. Never longer than it was written.
static bool read_unicode(struct reader *reader, char **end) {
    uint32_t code, low;
    if (!read_code(reader, &code))
        return false;
    if (code >= 0xD800 && code <= 0xDBFF) {
        if (reader->at[0] != '\\' || reader->at[1] != 'u')
            return fail(reader, RF_VALUE_NO_JSON);
        reader->at += 2;
        if (!read_code(reader, &low))
            return false;
        if (low < 0xDC00 || low > 0xDFFF)
            return fail(reader, RF_VALUE_NO_JSON);
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    } else if (code == 0 || (code >= 0xDC00 && code <= 0xDFFF)) {
        return fail(reader, RF_VALUE_NO_JSON);
    }
    *end += rf_utf8_encode(code, *end);
    return true;
}

static bool read_escape(struct reader *reader, char **end) {
    static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    char c = *reader->at++;
    if (c == 'u')
        return read_unicode(reader, end);
    const char *letter = c != '\0' ? strchr(letters, c) : NULL;
    if (letter == NULL)
        return fail(reader, RF_VALUE_NO_JSON);
    *(*end)++ = meant[letter - letters];
    return true;
}

// Controls, and the NUL behind the text with them, fall to the parser's refusal.
static bool is_plain(char c) {
    return (unsigned char)c >= 0x20 && (unsigned char)c < 0x80 && c != '"' && c != '\\';
}

// From behind the opening quote to behind the closing one.
static bool read_text(struct reader *reader, const char **text) {
    char *end = reader->at;
    *text = end;
    while (is_plain(*end))
        end++;
    for (reader->at = end; *reader->at != '"';) {
        char c = *reader->at;
        if (is_plain(c)) {
            *end++ = c;
            reader->at++;
        } else if (c == '\\') {
            reader->at++;
            if (!read_escape(reader, &end))
                return false;
        } else if ((unsigned char)c < 0x20) {
            return fail(reader, RF_VALUE_NO_JSON);
        } else {
            // What a sequence announces is not read beyond the NUL, which continues none.
            uint32_t code;
            size_t length = rf_utf8_decode(reader->at, 4, &code);
            if (length == 0)
                return fail(reader, RF_VALUE_NOT_UTF8);
            memmove(end, reader->at, length);
            end += length;
            reader->at += length;
        }
    }
    reader->at++;
    *end = '\0';
    return true;
}

static size_t digits(const char *at) {
    size_t count = 0;
    while (at[count] >= '0' && at[count] <= '9')
        count++;
    return count;
}

static bool read_real(struct reader *reader, const char *from, struct rf_value *value) {
    errno = 0;
    value->type = RF_VALUE_REAL;
    value->real = strtod(from, NULL); // the programs keep the C locale
    return (errno == ERANGE && fabs(value->real) == HUGE_VAL) ? fail(reader, RF_VALUE_NO_JSON)
                                                              : true;
}

static bool read_number(struct reader *reader, struct rf_value *value) {
    const char *from = reader->at;
    char *at = reader->at + (*reader->at == '-' ? 1 : 0);
    size_t whole = digits(at);
    bool real = false;
    if (whole == 0 || (whole > 1 && *at == '0'))
        return fail(reader, RF_VALUE_NO_JSON);
    at += whole;
    if (*at == '.') {
        size_t count = digits(++at);
        if (count == 0)
            return fail(reader, RF_VALUE_NO_JSON);
        at += count;
        real = true;
    }
    if (*at == 'e' || *at == 'E') {
        at++;
        at += *at == '+' || *at == '-' ? 1 : 0;
        size_t count = digits(at);
        if (count == 0)
            return fail(reader, RF_VALUE_NO_JSON);
        at += count;
        real = true;
    }
    reader->at = at;
    if (real)
        return read_real(reader, from, value);
    errno = 0;
    value->type = RF_VALUE_INTEGER;
    value->integer = strtoll(from, NULL, 10);
    return errno == ERANGE ? fail(reader, RF_VALUE_NO_JSON) : true;
}

static bool read_word(struct reader *reader, const char *word, enum rf_value_type type,
                      struct rf_value *value) {
    size_t length = strlen(word);
    if (strncmp(reader->at, word, length) != 0)
        return fail(reader, RF_VALUE_NO_JSON);
    reader->at += length;
    value->type = (uint8_t)type;
    return true;
}

static bool mark(struct reader *reader) {
    return ++reader->marks <= reader->max_marks || fail(reader, RF_VALUE_NO_JSON);
}

static bool open_container(struct reader *reader, struct rf_value *value) {
    if (!mark(reader))
        return false;
    if (reader->depth == reader->max_depth)
        return fail(reader, RF_VALUE_NO_JSON);
    value->type = *reader->at == '{' ? RF_VALUE_MAP : RF_VALUE_ARRAY;
    reader->open[reader->depth++] = (size_t)(value - reader->values);
    reader->at++;
    return true;
}

static bool read_name(struct reader *reader, const char **name) {
    if (*reader->at != '"')
        return fail(reader, RF_VALUE_NO_JSON);
    reader->at++;
    if (!read_text(reader, name))
        return false;
    skip_blanks(reader);
    if (*reader->at != ':')
        return fail(reader, RF_VALUE_NO_JSON);
    reader->at++;
    skip_blanks(reader);
    return true;
}

// A value, or the beginning of a map or an array.
static bool read_value(struct reader *reader, const char *name) {
    if (reader->count == reader->capacity) // would be a mistake in rf_value_read
        return fail(reader, RF_VALUE_NO_JSON);
    struct rf_value *value = &reader->values[reader->count++];
    *value = (struct rf_value){.name = name, .span = 1};
    switch (*reader->at) {
    case '{':
    case '[':
        return open_container(reader, value);
    case '"':
        value->type = RF_VALUE_TEXT;
        reader->at++;
        return read_text(reader, &value->text);
    case 't':
        return read_word(reader, "true", RF_VALUE_TRUE, value);
    case 'f':
        return read_word(reader, "false", RF_VALUE_FALSE, value);
    case 'n':
        return read_word(reader, "null", RF_VALUE_NULL, value);
    default:
        return read_number(reader, value);
    }
}

// The next item of the innermost container, or its end.
static bool read_item(struct reader *reader) {
    size_t index = reader->open[reader->depth - 1];
    struct rf_value *container = &reader->values[index];
    char close = container->type == RF_VALUE_MAP ? '}' : ']';
    bool first = reader->count == index + 1;
    const char *name = NULL;
    skip_blanks(reader);
    if (*reader->at == close) {
        reader->at++;
        reader->depth--;
        container->span = (uint32_t)(reader->count - index);
        return true;
    }
    if (!first) {
        if (*reader->at != ',')
            return fail(reader, RF_VALUE_NO_JSON);
        if (!mark(reader))
            return false;
        reader->at++;
        skip_blanks(reader);
    }
    if (container->type == RF_VALUE_MAP && !read_name(reader, &name))
        return false;
    return read_value(reader, name);
}

// Each value but the outermost stands behind an opening bracket or a comma; those within texts are
// counted with them. In pieces that a byte can count, which compilers make short work of: a block
// of the right size costs less than a large one, for which malloc tidies up first.
static size_t most_values(const char *text, size_t size) {
    size_t most = 1;
    for (size_t i = 0; i < size;) {
        size_t end = size - i > UINT8_MAX ? i + UINT8_MAX : size;
        uint8_t count = 0;
        for (; i < end; i++)
            count = (uint8_t)(count + (text[i] == ',') + (text[i] == '[') + (text[i] == '{'));
        most += count;
    }
    return most;
}

enum rf_value_fault rf_value_read(const char *text, size_t size, size_t max_depth, size_t max_marks,
                                  struct rf_value **value) {
    struct reader reader = {.max_marks = max_marks, .max_depth = max_depth};
    size_t most = most_values(text, size), bytes;
    reader.capacity = most <= max_marks ? most : max_marks + 1;
    if (__builtin_mul_overflow(reader.capacity, sizeof *reader.values, &bytes) ||
        __builtin_add_overflow(bytes, size + 1, &bytes) || (reader.values = malloc(bytes)) == NULL)
        return RF_VALUE_NOMEM;
    char *copy = reader.at = (char *)(reader.values + reader.capacity);
    memcpy(copy, text, size);
    copy[size] = '\0';
    skip_blanks(&reader);
    bool good = (*reader.at == '{' || *reader.at == '[') ? read_value(&reader, NULL)
                                                         : fail(&reader, RF_VALUE_NO_JSON);
    while (good && reader.depth > 0)
        good = read_item(&reader);
    if (good) {
        skip_blanks(&reader);
        good = reader.at == copy + size || fail(&reader, RF_VALUE_NO_JSON);
    }
    *value = reader.values;
    if (!good)
        rf_value_destroy(value);
    return reader.fault;
}
