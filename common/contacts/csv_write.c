#include "contacts/csv_write.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/utf8.h"

// What OWASP's page on CSV injection lists, but for what only separates cells.
static bool is_formula(const char *text) {
    static const char *const wide[] = {"\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d",
                                       "\xef\xbc\xa0"};
    if (text[0] == '+' && text[1] != '\0' && text[1 + strspn(text + 1, "0123456789")] == '\0')
        return false;
    if (text[0] != '\0' && strchr("=+-@", text[0]) != NULL)
        return true;
    for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++)
        if (strncmp(text, wide[i], 3) == 0)
            return true;
    return false;
}

static bool begins_formula(const char *text) {
    return is_formula(text) || (text[0] != '\0' && strchr("\t\r\n", text[0]) != NULL);
}

// Where a spreadsheet that separates by semicolons or tabs, or takes no notice of quotes, begins
// another cell within a field.
static bool begins_cell(const char *text, size_t at) {
    return at > 0 && strchr(";\t\r\n", text[at - 1]) != NULL;
}

static void put_text(FILE *out, const char *text) {
    size_t size = strlen(text);
    for (size_t at = 0, length; at < size; at += length) {
        uint32_t code;
        length = rf_utf8_decode(text + at, size - at, &code);
        if (length == 0) {
            (void)fputs("\xef\xbf\xbd", out);
            length = 1;
            continue;
        }
        if (begins_cell(text, at) && is_formula(text + at))
            (void)fputc('\'', out);
        if (code == '"')
            (void)fputc('"', out);
        (void)fwrite(text + at, 1, length, out);
    }
}

void rf_csv_write_field(FILE *out, const char *text) {
    size_t length = strlen(text);
    bool quoted = strpbrk(text, ",;\"\r\n\t") != NULL || text[0] == ' ' ||
                  (length > 0 && text[length - 1] == ' ');
    if (quoted)
        (void)fputc('"', out);
    if (begins_formula(text))
        (void)fputc('\'', out);
    put_text(out, text);
    if (quoted)
        (void)fputc('"', out);
}

void rf_csv_write_separator(FILE *out) {
    (void)fputc(',', out);
}

void rf_csv_write_end(FILE *out) {
    (void)fputs("\r\n", out);
}
