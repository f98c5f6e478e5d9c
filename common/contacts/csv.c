#include "contacts/csv.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "events/utf8.h"

// Twice a record, so that a whole one fits behind any place where the last one ended.
#define BUFFER_SIZE ((size_t)2 * RF_CSV_MAX_RECORD)

struct rf_csv {
    FILE *in;
    size_t start, end; // the bytes in `buffer` that are not yet taken
    size_t line;       // of `start`
    bool ended;        // nothing is left to read
    bool begun;        // the byte order mark was looked for
    char buffer[BUFFER_SIZE];
    char text[RF_CSV_MAX_RECORD + RF_CSV_MAX_FIELDS]; // the fields, each with its NUL
};

// What scanning the bytes of one record found.
enum scan_result { SCAN_RECORD, SCAN_MORE, SCAN_BAD };

struct scan {
    const char *data;
    size_t size;
    bool ended;    // no bytes come behind these
    size_t at;     // next byte
    size_t line;   // of that byte
    size_t opened; // line where the field begins
    size_t field;  // index of the field that is being read
    char *out;     // where its next byte goes
    size_t length; // of it so far
    struct rf_csv_record *record;
    struct rf_csv_problem *problem;
};

static enum scan_result bad(struct scan *scan, size_t line, const char *text) {
    scan->problem->line = line;
    scan->problem->column = scan->field + 1;
    scan->problem->text = text;
    return SCAN_BAD;
}

static enum scan_result put(struct scan *scan, char byte) {
    if (byte == '\0')
        return bad(scan, scan->line, "has a NUL byte; save the file as plain text in UTF-8");
    if (scan->length == RF_CSV_MAX_FIELD)
        return bad(scan, scan->line,
                   "is longer than 8192 bytes; shorten it, or look for a quote "
                   "that is not closed");
    *scan->out++ = byte;
    scan->length++;
    return SCAN_RECORD;
}

static bool is_utf8(const char *text, size_t size) {
    uint32_t code;
    for (size_t at = 0, length; at < size; at += length)
        if ((length = rf_utf8_decode(text + at, size - at, &code)) == 0)
            return false;
    return true;
}

// The field is complete: ends its text.
static enum scan_result end_field(struct scan *scan, const char *begin) {
    if (!is_utf8(begin, scan->length))
        return bad(scan, scan->line, "is not UTF-8; save the file in UTF-8");
    *scan->out++ = '\0';
    scan->record->fields[scan->field] = begin;
    scan->record->count = scan->field + 1;
    return SCAN_RECORD;
}

// Behind the opening quote: up to the closing one.
static enum scan_result scan_quoted(struct scan *scan) {
    while (scan->at < scan->size) {
        char byte = scan->data[scan->at];
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
        enum scan_result result = put(scan, byte);
        if (result != SCAN_RECORD) {
            scan->problem->line = scan->opened; // the quote is to blame, not where the field burst
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
        if (byte == ',' || byte == '\n' || byte == '\r')
            return SCAN_RECORD;
        if (byte == '"')
            return bad(scan, scan->line,
                       "has a quote within unquoted text; put the whole field in "
                       "quotes and double the quotes within it");
        enum scan_result result = put(scan, byte);
        if (result != SCAN_RECORD)
            return result;
        scan->at++;
    }
    return scan->ended ? SCAN_RECORD : SCAN_MORE;
}

// Behind a field: a comma goes on with the record (`*more`), a line break or the end of the file
// ends it.
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
    else if (byte == ',')
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
            return bad(scan, scan->line, "is one too many; at most 64 fields are allowed");
        const char *begin = scan->out;
        scan->length = 0;
        scan->opened = scan->line;
        bool quoted = scan->at < scan->size && scan->data[scan->at] == '"';
        if (quoted)
            scan->at++;
        enum scan_result result = quoted ? scan_quoted(scan) : scan_plain(scan);
        if (result == SCAN_RECORD)
            result = end_field(scan, begin);
        if (result == SCAN_RECORD)
            result = scan_separator(scan, &more);
        if (result != SCAN_RECORD)
            return result;
    }
    return SCAN_RECORD;
}

struct rf_csv *rf_csv_new(FILE *in) {
    struct rf_csv *csv = calloc(1, sizeof *csv);
    if (csv == NULL)
        return NULL;
    csv->in = in;
    csv->line = 1;
    return csv;
}

void rf_csv_destroy(struct rf_csv **csv) {
    free(*csv);
    *csv = NULL;
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
    if (!csv->begun && csv->end >= 3 && memcmp(csv->buffer, "\xef\xbb\xbf", 3) == 0)
        csv->start = 3;
    csv->begun = true;
    return RF_OK;
}

// Goes on behind the line break that follows the line `line`, where the mistake stands. Only what
// belongs to lines up to that one is given up, so that an open quote does not swallow the rest of
// the file.
static enum rf_err skip_line(struct rf_csv *csv, size_t line) {
    for (;;) {
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

static bool is_blank(const struct rf_csv_record *record) {
    return record->count == 1 && record->fields[0][0] == '\0';
}

enum rf_err rf_csv_next(struct rf_csv *csv, struct rf_csv_record *record,
                        struct rf_csv_problem *problem) {
    for (;;) {
        if (!csv->ended && (csv->end - csv->start < RF_CSV_MAX_RECORD || !csv->begun)) {
            enum rf_err err = fill(csv);
            if (err != RF_OK)
                return err;
        }
        size_t available = csv->end - csv->start;
        if (available == 0)
            return RF_ERR_NOT_FOUND;
        bool whole = csv->ended && available <= RF_CSV_MAX_RECORD;
        struct scan scan = {
            .data = csv->buffer + csv->start,
            .size = whole ? available : RF_CSV_MAX_RECORD,
            .ended = whole,
            .line = csv->line,
            .out = csv->text,
            .record = record,
            .problem = problem,
        };
        record->line = csv->line;
        record->count = 0;
        enum scan_result result = scan_record(&scan);
        if (result == SCAN_MORE) {
            // The buffer holds more than a record may have.
            problem->line = csv->line;
            problem->column = 0;
            problem->text = "is longer than 65536 bytes; shorten it, or look for a quote that is "
                            "not closed";
            result = SCAN_BAD;
        }
        if (result == SCAN_BAD) {
            enum rf_err err = skip_line(csv, problem->line);
            return err != RF_OK ? err : RF_ERR_INVALID;
        }
        csv->start += scan.at;
        csv->line = scan.line;
        if (!is_blank(record))
            return RF_OK;
    }
}
