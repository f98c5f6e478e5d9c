#include "sheet_request.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "events/text.h"
#include "google/token.h"
#include "record.h"

#define CONNECT_LIMIT rf_seconds(10)
#define REPLY_BYTES   ((size_t)65536)
#define LOOK_BYTES    ((size_t)64 * 1024 * 1024) // two columns of a long sheet

struct sending {
    struct rf_http *http;
    const struct rf_config_logger *config;
    const struct rf_sheet *sheet;
    rf_http_fn *fn;
    void *arg;
    struct rf_http_transfer **transfer;
};

static enum rf_err send(const struct sending *s, struct rf_http_request *request,
                        struct rf_error *error) {
    request->ca_file = s->config->sheets.ca_file;
    request->timeout = s->config->timeout;
    request->connect_timeout =
        s->config->timeout.ns < CONNECT_LIMIT.ns ? s->config->timeout : CONNECT_LIMIT;
    request->body_size = request->body == NULL ? 0 : strlen(request->body);
    return rf_http_send(s->http, request, s->fn, s->arg, s->transfer, error);
}

static void add_escaped(struct rf_text *url, const char *segment) {
    for (; *segment != '\0'; segment++) {
        unsigned char c = (unsigned char)*segment;
        if (isascii(c) && (isalnum(c) || strchr("-._~", c) != NULL))
            rf_text_add_bytes(url, &c, 1);
        else
            rf_text_add(url, "%%%02X", c);
    }
}

// A request to the values of `range`, which is escaped already and freed here. `values` (may be
// NULL for a GET) is released.
static enum rf_err send_values(const struct sending *s, const char *method, char *range,
                               const char *suffix, json_t *values, size_t reply_bytes,
                               struct rf_error *error) {
    struct rf_text url = {0}, bearer = {0};
    bool has_body = strcmp(method, "GET") != 0;
    json_t *object =
        values == NULL ? NULL : json_pack("{s:s, s:o}", "majorDimension", "ROWS", "values", values);
    char *body = object == NULL ? NULL : json_dumps(object, JSON_COMPACT);
    json_decref(object);
    rf_text_add(&url, "%s/v4/spreadsheets/", s->config->sheets.base_url);
    add_escaped(&url, s->config->sheets.spreadsheet);
    rf_text_add(&url, "/values/%s%s", range == NULL ? "" : range, suffix);
    rf_text_add(&bearer, "Bearer %s", s->sheet->token);
    enum rf_err result;
    if (range == NULL || url.failed || bearer.failed || (has_body && body == NULL))
        result = rf_error_set(error, RF_ERR_NOMEM, "no memory for a request");
    else {
        struct rf_http_header headers[] = {{"Authorization", bearer.data},
                                           {"Content-Type", "application/json"}};
        // libcurl sends a POST a second time by itself when a pooled connection closes without an
        // answer: an append must not be doubled in that way.
        struct rf_http_request request = {.method = method,
                                          .fresh = strcmp(method, "POST") == 0,
                                          .url = url.data,
                                          .headers = headers,
                                          .header_count = has_body ? 2 : 1,
                                          .body = body,
                                          .max_body_bytes = reply_bytes};
        result = send(s, &request, error);
    }
    rf_text_fini(&url);
    rf_text_fini(&bearer);
    free(range);
    free(body);
    return result;
}

enum rf_err rf_sheet_request_send(struct rf_http *http, const struct rf_config_logger *config,
                                  const struct rf_sheet *sheet, enum rf_sheet_action action,
                                  struct rf_utc now, rf_http_fn *fn, void *arg,
                                  struct rf_http_transfer **transfer, struct rf_error *error) {
    struct sending s = {http, config, sheet, fn, arg, transfer};
    const char *tab = config->sheets.sheet;
    const struct rf_a1_place top = {.row = 1, .column = 1};
    int64_t rows = (int64_t)json_array_size(sheet->rows);
    switch (action) {
    case RF_SHEET_TOKEN:
        return rf_google_token_send(http, &config->sheets, config->timeout, now, fn, arg, transfer,
                                    error);
    case RF_SHEET_PEEK:
        return send_values(&s, "GET", rf_a1_block(tab, top, 1, RF_RECORD_COLUMNS), "", NULL,
                           REPLY_BYTES, error);
    case RF_SHEET_HEADER:
        return send_values(&s, "PUT", rf_a1_block(tab, top, 1, RF_RECORD_COLUMNS),
                           "?valueInputOption=RAW", rf_record_header(), REPLY_BYTES, error);
    case RF_SHEET_LOOK:
        return send_values(&s, "GET", rf_a1_rows(tab, rf_sheet_look_row(sheet), 1, 2),
                           "?majorDimension=ROWS", NULL, LOOK_BYTES, error);
    case RF_SHEET_APPEND:
        return send_values(&s, "POST", rf_a1_columns(tab, 1, RF_RECORD_COLUMNS),
                           ":append?valueInputOption=RAW&insertDataOption=INSERT_ROWS",
                           rf_sheet_keys(sheet), REPLY_BYTES, error);
    case RF_SHEET_UPDATE:
        return send_values(&s, "PUT", rf_a1_block(tab, sheet->place, rows, RF_RECORD_COLUMNS),
                           "?valueInputOption=RAW", json_incref(sheet->rows), REPLY_BYTES, error);
    case RF_SHEET_NOTHING:
    case RF_SHEET_KEEP:
        break;
    }
    return rf_error_set(error, RF_ERR_INVALID, "no such request");
}
