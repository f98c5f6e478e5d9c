// Google Sheets: values get, update, append; the spreadsheet itself (providers.md, section 6).
// Every spreadsheet id and tab exists, from its first use on, with a bound on its rows.

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

static void fail_with(unsigned status, const char *code, const char *message,
                      struct sim_reply *reply) {
    sim_reply_json(reply, status,
                   json_pack("{s:{s:i, s:s, s:s}}", "error", "code", (int)status, "message",
                             message, "status", code));
}

static void fail(struct sim *sim, unsigned status, struct sim_reply *reply) {
    (void)sim;
    static const struct {
        unsigned status;
        const char *code, *message;
    } errors[] = {
        {400, "INVALID_ARGUMENT", "Request contains an invalid argument."},
        {401, "UNAUTHENTICATED", "Request had invalid authentication credentials."},
        {403, "PERMISSION_DENIED", "The caller does not have permission"},
        {404, "NOT_FOUND", "Requested entity was not found."},
        {429, "RESOURCE_EXHAUSTED", "Quota exceeded for quota metric 'Write requests'"},
        {503, "UNAVAILABLE", "The service is currently unavailable."},
    };
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        if (errors[i].status == status) {
            fail_with(status, errors[i].code, errors[i].message, reply);
            return;
        }
    }
    fail_with(status, status >= 500 ? "INTERNAL" : "INVALID_ARGUMENT",
              "Internal error encountered.", reply);
}

// The key of a request is the account whose token it bears.
static const char *key(const struct sim *sim, const struct sim_request *request, const char *path,
                       char *room) {
    (void)path;
    (void)room;
    const char *bearer = sim_request_bearer(request);
    for (size_t i = 0; bearer != NULL && i < SIM_TOKENS_MOST; i++)
        if (sim->tokens.items[i].text[0] != '\0' && strcmp(sim->tokens.items[i].text, bearer) == 0)
            return sim->tokens.items[i].email;
    return "";
}

static void refuse(struct sim *sim, const char *value, struct sim_reply *reply) {
    (void)value;
    fail(sim, 401, reply);
}

struct target {
    char spreadsheet[128];
    struct sim_range range;
    struct sim_grid *grid;
};

// RAW keeps a value as it is. USER_ENTERED takes texts for what they look like, as if typed: a
// leading
// '=' is a formula (which ours cannot compute), digits are a number.
static json_t *as_entered(json_t *value) {
    const char *text = json_string_value(value);
    if (text == NULL || text[0] == '\0')
        return json_incref(value);
    if (text[0] == '=' || text[0] == '+')
        return json_string(text[1] == '\0' ? text : "#ERROR!");
    if (text[0] == '\'')
        return json_string(text + 1);
    char *end;
    double number = strtod(text, &end);
    return *end == '\0' && isdigit((unsigned char)text[0]) ? json_real(number) : json_incref(value);
}

static json_t *enter(const json_t *values, bool raw) {
    json_t *out = json_array();
    size_t i, k;
    json_t *row, *value;
    json_array_foreach(values, i, row) {
        json_t *copy = json_array();
        json_array_foreach(row, k, value)
            json_array_append_new(copy, raw ? json_incref(value) : as_entered(value));
        json_array_append_new(out, copy);
    }
    return out;
}

static size_t widest(const json_t *values) {
    size_t width = 0, i;
    json_t *row;
    json_array_foreach(values, i, row) if (json_array_size(row) > width) width =
        json_array_size(row);
    return width;
}

// The request's values, as they are to be written, or NULL with the reply set.
static json_t *read_values(const struct sim_request *request, struct sim_reply *reply) {
    const char *option = sim_request_query(request, "valueInputOption");
    bool raw = option != NULL && strcmp(option, "RAW") == 0;
    if (!raw && (option == NULL || strcmp(option, "USER_ENTERED") != 0)) {
        fail_with(400, "INVALID_ARGUMENT", "'valueInputOption' is required but not specified",
                  reply);
        return NULL;
    }
    json_t *body = sim_request_json(request);
    const json_t *values = json_object_get(body, "values");
    bool valid = json_is_array(values) && json_array_size(values) > 0;
    size_t i, k;
    json_t *row, *value;
    json_array_foreach(values, i, row) {
        valid = valid && json_is_array(row);
        json_array_foreach(row, k, value) valid =
            valid && !json_is_object(value) && !json_is_array(value);
    }
    json_t *entered = valid ? enter(values, raw) : NULL;
    if (!valid)
        fail_with(400, "INVALID_ARGUMENT",
                  "Invalid JSON payload received: 'values' must be a list of lists of values",
                  reply);
    json_decref(body);
    return entered;
}

static void beyond(const struct target *target, const char *name, struct sim_reply *reply) {
    char message[400];
    snprintf(message, sizeof message,
             "Range (%s) exceeds grid limits. Max rows: %zu, max columns: %zu", name,
             target->grid->row_bound, target->grid->column_bound);
    fail_with(400, "INVALID_ARGUMENT", message, reply);
}

static json_t *updates_json(const struct target *target, const char *name, const json_t *values,
                            size_t cells) {
    return json_pack("{s:s, s:s, s:I, s:I, s:I}", "spreadsheetId", target->spreadsheet,
                     "updatedRange", name, "updatedRows", (json_int_t)json_array_size(values),
                     "updatedColumns", (json_int_t)widest(values), "updatedCells",
                     (json_int_t)cells);
}

static void update(struct target *target, const struct sim_request *request,
                   struct sim_reply *reply) {
    json_t *values = read_values(request, reply);
    if (values == NULL)
        return;
    const struct sim_range *range = &target->range;
    size_t rows = json_array_size(values), columns = widest(values);
    char name[200];
    sim_range_name(range->tab, range->first_row, range->first_column, rows, columns, name);
    bool one_cell =
        range->last_row == range->first_row && range->last_column == range->first_column;
    bool fits = one_cell ||
                ((range->last_row == SIZE_MAX || rows <= range->last_row - range->first_row + 1) &&
                 (range->last_column == SIZE_MAX ||
                  columns <= range->last_column - range->first_column + 1));
    size_t last_row = range->first_row + rows - 1;
    if (!one_cell && range->last_row != SIZE_MAX && range->last_row > last_row)
        last_row = range->last_row;
    if (last_row >= target->grid->row_bound ||
        range->first_column + columns > target->grid->column_bound)
        beyond(target, name, reply);
    else if (!fits)
        fail_with(400, "INVALID_ARGUMENT", "Requested writing outside of the requested range",
                  reply);
    else
        sim_reply_json(reply, 200,
                       updates_json(target, name, values,
                                    sim_grid_write(target->grid, range->first_row,
                                                   range->first_column, values)));
    json_decref(values);
}

// Appends below the table, which is all there is; with OVERWRITE (the default) over the empty rows
// that follow, which are added where there are none, with INSERT_ROWS into new ones.
static void append(struct target *target, const struct sim_request *request,
                   struct sim_reply *reply) {
    const char *option = sim_request_query(request, "insertDataOption");
    if (option != NULL && strcmp(option, "OVERWRITE") != 0 && strcmp(option, "INSERT_ROWS") != 0) {
        fail_with(400, "INVALID_ARGUMENT", "Invalid value at 'insert_data_option'", reply);
        return;
    }
    json_t *values = read_values(request, reply);
    if (values == NULL)
        return;
    struct sim_grid *grid = target->grid;
    size_t used = sim_grid_used(grid), rows = json_array_size(values), columns = widest(values);
    bool insert = option != NULL && strcmp(option, "INSERT_ROWS") == 0;
    size_t needed = insert                          ? rows
                    : used + rows > grid->row_bound ? used + rows - grid->row_bound
                                                    : 0;
    char name[200], table[200];
    sim_range_name(target->range.tab, used, target->range.first_column, rows, columns, name);
    sim_range_name(target->range.tab, 0, 0, used, columns, table);
    if (target->range.first_column + columns > grid->column_bound) {
        beyond(target, name, reply);
    } else if (sim_grid_insert(grid, used, needed) != RF_OK) {
        fail_with(400, "INVALID_ARGUMENT",
                  "This action would increase the number of cells in the workbook above the limit "
                  "of 10000000 cells.",
                  reply);
    } else {
        size_t cells = sim_grid_write(grid, used, target->range.first_column, values);
        json_t *answer = json_pack("{s:s, s:o}", "spreadsheetId", target->spreadsheet, "updates",
                                   updates_json(target, name, values, cells));
        if (used > 0)
            json_object_set_new(answer, "tableRange", json_string(table));
        sim_reply_json(reply, 200, answer);
    }
    json_decref(values);
}

static void get(const struct target *target, const char *text, const struct sim_request *request,
                struct sim_reply *reply) {
    const char *render = sim_request_query(request, "valueRenderOption");
    bool formatted = render == NULL || strcmp(render, "FORMATTED_VALUE") == 0;
    if (target->range.first_row >= target->grid->row_bound) {
        beyond(target, text, reply);
        return;
    }
    json_t *values = sim_grid_read(target->grid, &target->range, formatted);
    json_t *answer = json_pack("{s:s, s:s}", "range", text, "majorDimension", "ROWS");
    if (json_array_size(values) > 0)
        json_object_set(answer, "values", values);
    json_decref(values);
    sim_reply_json(reply, 200, answer);
}

static void values_route(struct sim *sim, const struct sim_request *request, struct target *target,
                         char *text, struct sim_reply *reply) {
    static const char suffix[] = ":append";
    size_t length = strlen(text);
    bool appends =
        length > sizeof suffix - 1 && strcmp(text + length - (sizeof suffix - 1), suffix) == 0;
    if (appends)
        text[length - (sizeof suffix - 1)] = '\0';
    if (sim_range_parse(text, &target->range))
        target->grid = sim_grids_find(&sim->grids, target->spreadsheet, target->range.tab);
    if (target->grid == NULL) {
        char message[300];
        snprintf(message, sizeof message, "Unable to parse range: %.200s", text);
        fail_with(400, "INVALID_ARGUMENT", message, reply);
    } else if (appends && sim_request_is(request, "POST")) {
        append(target, request, reply);
    } else if (!appends && sim_request_is(request, "PUT")) {
        update(target, request, reply);
    } else if (!appends && sim_request_is(request, "GET")) {
        get(target, text, request, reply);
    } else {
        fail(sim, 404, reply);
    }
}

static void handle(struct sim *sim, const struct sim_request *request, const char *path,
                   struct rf_utc now, struct sim_reply *reply) {
    static const char prefix[] = "/v4/spreadsheets/";
    const char *bearer = sim_request_bearer(request);
    const struct sim_token *token =
        bearer == NULL ? NULL : sim_tokens_find(&sim->tokens, bearer, now);
    if (token == NULL) {
        fail(sim, 401, reply);
        return;
    }
    if (!token->sheets) {
        fail_with(403, "PERMISSION_DENIED", "Request had insufficient authentication scopes.",
                  reply);
        return;
    }
    char *rest =
        strncmp(path, prefix, sizeof prefix - 1) == 0 ? strdup(path + sizeof prefix - 1) : NULL;
    char *slash = rest == NULL ? NULL : strchr(rest, '/');
    struct target target = {.grid = NULL};
    if (rest != NULL && slash == NULL && sim_request_is(request, "GET")) {
        sim_reply_json(reply, 200, json_pack("{s:s}", "spreadsheetId", rest));
    } else if (slash != NULL && strncmp(slash, "/values/", 8) == 0) {
        *slash = '\0';
        snprintf(target.spreadsheet, sizeof target.spreadsheet, "%s", rest);
        values_route(sim, request, &target, slash + 8, reply);
    } else {
        fail(sim, 404, reply);
    }
    free(rest);
}

const struct sim_face sim_sheets = {"sheets", handle, key, refuse, fail};
