#include "contacts/csv.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

// Twice a record, so that a whole one fits behind any place where the last one ended.
#define BUFFER_SIZE ((size_t)2 * RF_CSV_MAX_RECORD)
// A device such as /dev/zero has neither line breaks nor an end.
#define LONGEST_LINE ((size_t)16 << 20)

struct rf_csv {
    FILE *in;
    char separator;
    size_t start, end; // the bytes in `buffer` that are not yet taken
    size_t line;       // of `start`
    size_t cut;        // line of the record that ends with the file; 0: none does
    bool ended;        // nothing is left to read
    bool begun;        // the byte order mark was looked for
    const char *alien; // what the file is instead of CSV; NULL: it may be CSV
    char buffer[BUFFER_SIZE];
    // The fields, each with its NUL, and what is shown of a refused one.
    char text[RF_CSV_MAX_RECORD + RF_CSV_MAX_FIELDS + RF_CSV_MAX_FIELD];
};

// What scanning the bytes of one record found.
enum scan_result { SCAN_RECORD, SCAN_MORE, SCAN_BAD };

struct scan {
    const char *data;
    size_t size;
    char separator;
    bool ended;    // no bytes come behind these
    size_t at;     // next byte
    size_t line;   // of that byte
    size_t begins; // first byte of the field
    size_t opened; // and its line
    size_t field;  // index of the field that is being read
    char *text;    // its text
    char *out;     // where its next byte goes
    size_t length; // of it so far
    size_t last;   // line up to which a bad record is given up
    struct rf_csv_record *record;
    struct rf_csv_problem *problem;
};

static enum scan_result bad(struct scan *scan, size_t line, const char *format, ...)
    RF_PRINTF(3, 4);

static enum scan_result bad(struct scan *scan, size_t line, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(scan->problem->text, sizeof scan->problem->text, format, arguments);
    va_end(arguments);
    scan->problem->line = line;
    scan->problem->column = scan->field + 1;
    scan->last = line;
    return SCAN_BAD;
}

// The place of a byte in its line, from 1. A record begins with a line.
static size_t byte_in_line(const struct scan *scan, size_t at) {
    size_t begin = at;
    while (begin > 0 && scan->data[begin - 1] != '\n')
        begin--;
    return at - begin + 1;
}

static enum scan_result put(struct scan *scan, size_t at) {
    char byte = scan->data[at];
    if (byte == '\0')
        return bad(scan, scan->line,
                   "has a NUL, byte %zu of the line; save the file as plain text in UTF-8",
                   byte_in_line(scan, at));
    if (scan->length == RF_CSV_MAX_FIELD)
        return bad(scan, scan->line,
                   "is longer than %d bytes; shorten it, or look for a quote that is not closed",
                   RF_CSV_MAX_FIELD);
    *scan->out++ = byte;
    scan->length++;
    return SCAN_RECORD;
}

// The first byte that is not UTF-8, or `size`.
static size_t alien_byte(const char *text, size_t size) {
    uint32_t code;
    size_t at = 0, length;
    while (at < size && (length = rf_utf8_decode(text + at, size - at, &code)) > 0)
        at += length;
    return at;
}

// The field is complete: ends its text.
static enum scan_result end_field(struct scan *scan) {
    size_t size = scan->at - scan->begins;
    size_t alien = alien_byte(scan->data + scan->begins, size);
    if (alien < size) {
        size_t at = scan->begins + alien, line = scan->opened;
        for (size_t i = scan->begins; i < at; i++)
            line += scan->data[i] == '\n' ? 1 : 0;
        (void)bad(scan, line, "is not UTF-8 (0x%02X, byte %zu of the line); save the file in UTF-8",
                  (unsigned char)scan->data[at], byte_in_line(scan, at));
        scan->last = scan->line; // the whole field is read
        return SCAN_BAD;
    }
    *scan->out++ = '\0';
    scan->record->fields[scan->field] = scan->text;
    scan->record->count = scan->field + 1;
    return SCAN_RECORD;
}

// Behind the opening quote: up to the closing one.
static enum scan_result scan_quoted(struct scan *scan) {
    while (scan->at < scan->size) {
        char byte = scan->data[scan->at];
        size_t at = scan->at;
        if (byte == '"') {
            if (scan->at + 1 == scan->size && !scan->ended)
                return SCAN_MORE;
            bool doubled = scan->at + 1 < scan->size && scan->data[scan->at + 1] == '"';
            scan->at += doubled ? 2 : 1;
            if (!doubled)
                return SCAN_RECORD;
        } else {
            scan->at++;
        }
        enum scan_result result = put(scan, at);
        if (result != SCAN_RECORD) {
            // The quote is to blame, not where the field burst.
            scan->problem->line = scan->last = scan->opened;
            return result;
        }
        if (byte == '\n')
            scan->line++;
    }
    if (!scan->ended)
        return SCAN_MORE;
    return bad(scan, scan->opened,
               "has a quote that is never closed; close it, or double a quote that "
               "belongs to the text");
}

static enum scan_result scan_plain(struct scan *scan) {
    while (scan->at < scan->size) {
        char byte = scan->data[scan->at];
        if (byte == scan->separator || byte == '\n' || byte == '\r')
            return SCAN_RECORD;
        if (byte == '"')
            return bad(scan, scan->line,
                       "has a quote within unquoted text; put the whole field in "
                       "quotes and double the quotes within it");
        enum scan_result result = put(scan, scan->at);
        if (result != SCAN_RECORD)
            return result;
        scan->at++;
    }
    return scan->ended ? SCAN_RECORD : SCAN_MORE;
}

// Behind a field: a separator goes on with the record (`*more`), a line break or the end of the
// file ends it.
static enum scan_result scan_separator(struct scan *scan, bool *more) {
    *more = false;
    if (scan->at == scan->size)
        return scan->ended ? SCAN_RECORD : SCAN_MORE;
    char byte = scan->data[scan->at];
    if (byte == '\r') {
        if (scan->at + 1 == scan->size && !scan->ended)
            return SCAN_MORE;
        if (scan->at + 1 == scan->size || scan->data[scan->at + 1] != '\n')
            return bad(scan, scan->line,
                       "is followed by a carriage return without a line feed; "
                       "save the file with LF or CRLF line ends");
        scan->at++;
        byte = '\n';
    }
    if (byte == '\n')
        scan->line++;
    else if (byte == scan->separator)
        *more = true;
    else
        return bad(scan, scan->opened,
                   "has text behind its closing quote; double a quote that "
                   "belongs to the text");
    scan->at++;
    return SCAN_RECORD;
}

static enum scan_result scan_record(struct scan *scan) {
    for (bool more = true; more; scan->field++) {
        if (scan->field == RF_CSV_MAX_FIELDS)
            return bad(scan, scan->line, "is one too many; at most %d fields are allowed",
                       RF_CSV_MAX_FIELDS);
        scan->text = scan->out;
        scan->length = 0;
        scan->begins = scan->at;
        scan->opened = scan->line;
        bool quoted = scan->at < scan->size && scan->data[scan->at] == '"';
        if (quoted)
            scan->at++;
        enum scan_result result = quoted ? scan_quoted(scan) : scan_plain(scan);
        if (result == SCAN_RECORD)
            result = end_field(scan);
        if (result == SCAN_RECORD)
            result = scan_separator(scan, &more);
        if (result != SCAN_RECORD)
            return result;
    }
    return SCAN_RECORD;
}

struct rf_csv *rf_csv_new(FILE *in, char separator) {
    struct rf_csv *csv = calloc(1, sizeof *csv);
    if (csv == NULL)
        return NULL;
    csv->in = in;
    csv->separator = separator;
    csv->line = 1;
    return csv;
}

size_t rf_csv_cut(const struct rf_csv *csv) {
    return csv->cut;
}

void rf_csv_destroy(struct rf_csv **csv) {
    free(*csv);
    *csv = NULL;
}

// Looks at the first bytes: passes over a byte order mark, and knows files that are no text.
static void begin(struct rf_csv *csv) {
    static const struct {
        const char *bytes, *alien;
    } aliens[] = {
        {"\xff\xfe", "the file is in UTF-16; save it in UTF-8"},
        {"\xfe\xff", "the file is in UTF-16; save it in UTF-8"},
        {"PK\x03\x04", "the file is a workbook or an archive, not CSV; save it as CSV in UTF-8"},
        {"\xd0\xcf\x11\xe0", "the file is a workbook, not CSV; save it as CSV in UTF-8"},
        {"\x1f\x8b", "the file is compressed; unpack it"},
    };
    csv->begun = true;
    if (csv->end >= 3 && memcmp(csv->buffer, "\xef\xbb\xbf", 3) == 0)
        csv->start = 3;
    for (size_t i = 0; i < sizeof aliens / sizeof aliens[0]; i++) {
        size_t length = strlen(aliens[i].bytes);
        if (csv->end >= length && memcmp(csv->buffer, aliens[i].bytes, length) == 0)
            csv->alien = aliens[i].alien;
    }
}

// Reads on behind what is there, so that at least a whole record is in the buffer if the file has
// it.
static enum rf_err fill(struct rf_csv *csv) {
    memmove(csv->buffer, csv->buffer + csv->start, csv->end - csv->start);
    csv->end -= csv->start;
    csv->start = 0;
    while (csv->end < BUFFER_SIZE && !csv->ended) {
        size_t got = fread(csv->buffer + csv->end, 1, BUFFER_SIZE - csv->end, csv->in);
        csv->end += got;
        if (got == 0 && ferror(csv->in))
            return RF_ERR_IO;
        csv->ended = got == 0;
    }
    if (!csv->begun)
        begin(csv);
    return RF_OK;
}

// Goes on behind the line break that follows the line `line`, where the mistake stands. Only what
// belongs to lines up to that one is given up, so that an open quote does not swallow the rest of
// the file.
static enum rf_err skip_line(struct rf_csv *csv, size_t line) {
    for (size_t skipped = 0;; skipped += BUFFER_SIZE) {
        if (skipped > LONGEST_LINE) {
            csv->alien = "the file has a line of more than 16 MiB: it is no list";
            return RF_OK;
        }
        while (csv->start < csv->end) {
            if (csv->buffer[csv->start++] != '\n')
                continue;
            if (csv->line++ >= line)
                return RF_OK;
        }
        if (csv->ended)
            return RF_OK;
        enum rf_err err = fill(csv);
        if (err != RF_OK)
            return err;
    }
}

// Shows of a refused record, as its last field, what stands from the mistake's field to the end of
// what is given up. A NUL becomes U+FFFD.
static void show_rest(struct rf_csv *csv, struct scan *scan) {
    size_t at = scan->begins, line = scan->opened, available = csv->end - csv->start;
    char *out = scan->text, *end = out + RF_CSV_MAX_FIELD - 3;
    if (scan->field == RF_CSV_MAX_FIELDS)
        return; // no room for a further one
    for (; at < available && out < end; at++) {
        if (scan->data[at] == '\n' && line++ >= scan->last)
            break;
        if (scan->data[at] != '\0')
            *out++ = scan->data[at];
        else
            out = stpcpy(out, "\xef\xbf\xbd");
    }
    if (out > scan->text && out[-1] == '\r')
        out--;
    *out = '\0';
    scan->record->fields[scan->field] = scan->text;
    scan->record->count = scan->field + 1;
}

static bool is_blank(const struct rf_csv_record *record) {
    return record->count == 1 && record->fields[0][0] == '\0';
}

// The file as a whole is refused, and there is nothing behind that.
static enum rf_err refuse_alien(struct rf_csv *csv, struct rf_csv_record *record,
                                struct rf_csv_problem *problem) {
    record->line = problem->line = csv->line;
    record->count = problem->column = 0;
    snprintf(problem->text, sizeof problem->text, "%s", csv->alien);
    csv->alien = NULL;
    csv->start = csv->end;
    csv->ended = true;
    return RF_ERR_INVALID;
}

static enum rf_err refuse(struct rf_csv *csv, struct scan *scan) {
    show_rest(csv, scan);
    enum rf_err err = skip_line(csv, scan->last);
    return err != RF_OK ? err : RF_ERR_INVALID;
}

enum rf_err rf_csv_next(struct rf_csv *csv, struct rf_csv_record *record,
                        struct rf_csv_problem *problem) {
    for (;;) {
        if (!csv->ended && (csv->end - csv->start < RF_CSV_MAX_RECORD || !csv->begun)) {
            enum rf_err err = fill(csv);
            if (err != RF_OK)
                return err;
        }
        if (csv->alien != NULL)
            return refuse_alien(csv, record, problem);
        size_t available = csv->end - csv->start;
        if (available == 0)
            return RF_ERR_NOT_FOUND;
        bool whole = csv->ended && available <= RF_CSV_MAX_RECORD;
        struct scan scan = {
            .data = csv->buffer + csv->start,
            .size = whole ? available : RF_CSV_MAX_RECORD,
            .separator = csv->separator,
            .ended = whole,
            .line = csv->line,
            .text = csv->text,
            .out = csv->text,
            .record = record,
            .problem = problem,
        };
        record->line = csv->line;
        record->count = 0;
        enum scan_result result = scan_record(&scan);
        if (result == SCAN_MORE) {
            // The buffer holds more than a record may have.
            result = bad(&scan, csv->line,
                         "is longer than %d bytes; shorten it, or look for a quote that is not "
                         "closed",
                         RF_CSV_MAX_RECORD);
            problem->column = 0;
        }
        if (result == SCAN_BAD)
            return refuse(csv, &scan);
        if (whole && scan.at == available && scan.data[available - 1] != '\n')
            csv->cut = record->line;
        csv->start += scan.at;
        csv->line = scan.line;
        if (!is_blank(record))
            return RF_OK;
    }
}
