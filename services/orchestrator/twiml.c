#include "twiml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// What stands in XML for `c`; NULL: `c` itself. "" for what XML 1.0 does not allow.
static const char *escape(unsigned char c) {
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&apos;";
    case '\t':
    case '\n':
    case '\r':
        return " ";
    default:
        return c < 0x20 || c == 0x7f ? "" : NULL;
    }
}

static void put_escaped(FILE *out, const char *text) {
    for (; *text; text++) {
        const char *entity = escape((unsigned char)*text);
        if (entity)
            (void)fputs(entity, out);
        else
            (void)fputc(*text, out);
    }
}

// The finished text of a memory stream, or NULL.
static char *finish(FILE *out, char **text) {
    int failed = ferror(out);
    if (fclose(out) != 0 || failed) {
        free(*text);
        return NULL;
    }
    return *text;
}

char *rf_twiml_say(const char *text) {
    char *twiml = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&twiml, &size);
    if (!out)
        return NULL;
    (void)fputs("<Response><Say>", out);
    put_escaped(out, text);
    (void)fputs("</Say></Response>", out);
    return finish(out, &twiml);
}

char *rf_twiml_play(const char *base, const char *path) {
    char *twiml = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&twiml, &size);
    if (!out)
        return NULL;
    size_t length = strlen(base);
    if (length > 0 && base[length - 1] == '/' && path[0] == '/')
        path++;
    (void)fputs("<Response><Play>", out);
    put_escaped(out, base);
    put_escaped(out, path);
    (void)fputs("</Play></Response>", out);
    return finish(out, &twiml);
}
