#include "store/dialect.h"

#include <stdio.h>
#include <string.h>

struct writer {
    char *out;
    size_t size, used;
    bool full;
};

static void put(struct writer *writer, const char *text, size_t length) {
    if (writer->full || length >= writer->size - writer->used) {
        writer->full = true;
        return;
    }
    memcpy(writer->out + writer->used, text, length);
    writer->used += length;
}

// The length of what is quoted from `sql` on; a doubled quote ends one and begins the next.
static size_t quoted(const char *sql) {
    const char *end = strchr(sql + 1, *sql);
    return end ? (size_t)(end - sql) + 1 : strlen(sql);
}

bool rf_dialect_postgres(const char *sql, char *out, size_t size, int *parameters) {
    struct writer writer = {.out = out, .size = size};
    bool open = false; // inside /*! ... */
    *parameters = 0;
    while (*sql && !writer.full) {
        size_t length = 1;
        char number[16];
        if (*sql == '\'' || *sql == '"') {
            length = quoted(sql);
            put(&writer, sql, length);
        } else if (*sql == '?') {
            int digits = snprintf(number, sizeof number, "$%d", ++*parameters);
            put(&writer, number, (size_t)digits);
        } else if (strncmp(sql, "/*!", 3) == 0) {
            length = 3;
            open = true;
        } else if (open && strncmp(sql, "*/", 2) == 0) {
            length = 2;
            open = false;
        } else {
            put(&writer, sql, 1);
        }
        sql += length;
    }
    if (size > 0)
        out[writer.full ? 0 : writer.used] = '\0';
    return !writer.full && size > 0;
}
