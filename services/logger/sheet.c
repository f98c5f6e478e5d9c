#include "sheet.h"

#include <stdlib.h>
#include <string.h>

#include <ringfence/messages.h>

#include "events/text.h"

#define MOST_REFUSALS 2 // new tokens tried in a row, as Google's own clients do

static void forget_last(struct rf_sheet *sheet) {
    json_decref(sheet->last);
    sheet->last = NULL;
    sheet->last_row = 0;
}

// Where the batch has ended; without memory for it the next look reads all.
static void note_last(struct rf_sheet *sheet) {
    size_t count = json_array_size(sheet->rows);
    json_t *row = json_array_get(sheet->rows, count - 1);
    forget_last(sheet);
    if (sheet->place.column == 1 && row != NULL)
        sheet->last = json_pack("[O, O]", json_array_get(row, 0), json_array_get(row, 1));
    if (sheet->last != NULL)
        sheet->last_row = sheet->place.row + (int64_t)count - 1;
}

static void drop_batch(struct rf_sheet *sheet) {
    json_decref(sheet->rows);
    sheet->rows = NULL;
    sheet->place = (struct rf_a1_place){0};
    sheet->asked = false;
}

void rf_sheet_fini(struct rf_sheet *sheet) {
    json_decref(sheet->rows);
    json_decref(sheet->last);
    free(sheet->journal);
    free(sheet->scanned_journal);
    free(sheet->place_id);
    free(sheet->token);
    *sheet = (struct rf_sheet){0};
}

static bool is_rows(const json_t *rows) {
    for (size_t i = 0; i < json_array_size(rows); i++)
        if (json_array_size(json_array_get(rows, i)) < 2)
            return false;
    return json_array_size(rows) > 0;
}

static bool is_id(const char *journal) {
    return journal == NULL || strlen(journal) < RF_JOURNAL_ID_SIZE;
}

static bool copy(const char *text, char **out) {
    *out = text == NULL ? NULL : strdup(text);
    return text == NULL || *out != NULL;
}

static enum rf_err load(struct rf_sheet *sheet, const json_t *kept, struct rf_error *error) {
    json_int_t cursor = 0, scanned = 0, row = 0, column = 0, last_row = 0;
    const char *place_id = "", *journal = NULL, *scanned_journal = NULL;
    json_t *rows = NULL, *last = NULL;
    if (json_unpack((json_t *)(uintptr_t)kept, "{s:I, s:s, s?o, s?I, s?I, s?I, s?s, s?s, s?I, s?o}",
                    "cursor", &cursor, "place", &place_id, "rows", &rows, "scanned", &scanned,
                    "row", &row, "column", &column, "journal", &journal, "scanned_journal",
                    &scanned_journal, "last_row", &last_row, "last", &last) != 0 ||
        last_row < 0 || (last_row > 0) != (json_array_size(last) == 2) || !is_id(journal) ||
        !is_id(scanned_journal) || cursor < 0 || scanned < 0 || row < 0 ||
        (row > 0 && column <= 0) || (rows != NULL && !is_rows(rows)))
        return rf_error_set(error, RF_ERR_INVALID,
                            "is not what this program keeps there; move it away to begin anew");
    sheet->cursor = cursor;
    sheet->known = true;
    if (!copy(journal, &sheet->journal) || !copy(scanned_journal, &sheet->scanned_journal))
        return rf_error_set(error, RF_ERR_NOMEM, "no memory for a sheet");
    if (strcmp(place_id, sheet->place_id) == 0 && last_row > 0) {
        sheet->last_row = last_row;
        sheet->last = json_incref(last);
    }
    if (rows == NULL)
        return RF_OK;
    sheet->rows = json_incref(rows);
    sheet->scanned = scanned;
    // Numbers that were asked for in another sheet are not in this one.
    sheet->asked = strcmp(place_id, sheet->place_id) == 0;
    if (sheet->asked)
        sheet->place = (struct rf_a1_place){.row = row, .column = column};
    sheet->dirty = !sheet->asked;
    return RF_OK;
}

enum rf_err rf_sheet_init(struct rf_sheet *sheet, const char *spreadsheet, const char *tab,
                          const char *kept, struct rf_error *error) {
    struct rf_text place_id = {0};
    *sheet = (struct rf_sheet){0};
    rf_text_add(&place_id, "%s/%s", spreadsheet, tab);
    sheet->place_id = rf_text_take(&place_id);
    if (sheet->place_id == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "no memory for a sheet");
    if (kept == NULL)
        return RF_OK;
    json_t *object = json_loads(kept, 0, NULL);
    enum rf_err result = load(sheet, object, error);
    json_decref(object);
    if (result != RF_OK)
        rf_sheet_fini(sheet);
    return result;
}

char *rf_sheet_dump(const struct rf_sheet *sheet) {
    json_t *object = json_pack("{s:I, s:s, s:s*}", "cursor", (json_int_t)sheet->cursor, "place",
                               sheet->place_id, "journal", sheet->journal);
    bool failed = object == NULL;
    if (!failed && sheet->last != NULL)
        failed = json_object_set_new(object, "last_row", json_integer(sheet->last_row)) != 0 ||
                 json_object_set(object, "last", sheet->last) != 0;
    if (!failed && sheet->rows != NULL) {
        failed = json_object_set(object, "rows", sheet->rows) != 0 ||
                 json_object_set_new(object, "scanned", json_integer(sheet->scanned)) != 0;
        if (!failed && sheet->scanned_journal != NULL)
            failed = json_object_set_new(object, "scanned_journal",
                                         json_string(sheet->scanned_journal)) != 0;
        if (!failed && sheet->place.row > 0)
            failed = json_object_set_new(object, "row", json_integer(sheet->place.row)) != 0 ||
                     json_object_set_new(object, "column", json_integer(sheet->place.column)) != 0;
    }
    char *text = failed ? NULL : json_dumps(object, JSON_COMPACT);
    json_decref(object);
    return text;
}

// The cursor goes behind the batch.
static void pass_batch(struct rf_sheet *sheet) {
    sheet->cursor = sheet->scanned;
    free(sheet->journal);
    sheet->journal = sheet->scanned_journal;
    sheet->scanned_journal = NULL;
    sheet->dirty = true;
}

void rf_sheet_batch(struct rf_sheet *sheet, json_t *rows, int64_t scanned, char *journal) {
    sheet->dirty = true;
    sheet->scanned = scanned;
    free(sheet->scanned_journal);
    sheet->scanned_journal = journal;
    if (json_array_size(rows) == 0) {
        json_decref(rows);
        pass_batch(sheet);
        return;
    }
    sheet->rows = rows;
    sheet->place = (struct rf_a1_place){0};
    sheet->asked = false;
}

enum rf_sheet_action rf_sheet_next(const struct rf_sheet *sheet, struct rf_instant now) {
    if (sheet->dirty)
        return RF_SHEET_KEEP;
    if (sheet->rows == NULL)
        return RF_SHEET_NOTHING;
    if (sheet->token == NULL || !rf_instant_before(now, sheet->token_until))
        return RF_SHEET_TOKEN;
    if (sheet->place.row > 0)
        return RF_SHEET_UPDATE;
    if (sheet->asked)
        return RF_SHEET_LOOK; // and no header: the append may yet come, into the first row
    if (sheet->header == RF_SHEET_HEADER_UNKNOWN)
        return RF_SHEET_PEEK;
    return sheet->header == RF_SHEET_HEADER_MISSING ? RF_SHEET_HEADER : RF_SHEET_APPEND;
}

void rf_sheet_kept(struct rf_sheet *sheet) {
    sheet->dirty = false;
    sheet->known = true;
}

enum rf_err rf_sheet_token(struct rf_sheet *sheet, const char *token, struct rf_duration lifetime,
                           struct rf_instant now, struct rf_error *error) {
    char *copy = strdup(token);
    if (copy == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "no memory for a token");
    free(sheet->token);
    sheet->token = copy;
    // A minute ahead of its end; of a short-lived one half is used.
    struct rf_duration used = rf_ns(lifetime.ns - 60 * RF_NS_PER_S);
    if (used.ns < lifetime.ns / 2)
        used = rf_ns(lifetime.ns / 2);
    sheet->token_until = rf_instant_add(now, used);
    return RF_OK;
}

void rf_sheet_peeked(struct rf_sheet *sheet, const json_t *values) {
    sheet->refusals = 0;
    sheet->header = json_array_size(json_array_get(values, 0)) > 0 ? RF_SHEET_HEADER_THERE
                                                                   : RF_SHEET_HEADER_MISSING;
}

void rf_sheet_headed(struct rf_sheet *sheet) {
    sheet->refusals = 0;
    sheet->header = RF_SHEET_HEADER_THERE;
}

json_t *rf_sheet_keys(const struct rf_sheet *sheet) {
    json_t *keys = json_array(), *row;
    size_t i;
    json_array_foreach(sheet->rows, i, row) {
        json_t *key = json_pack("[O, O]", json_array_get(row, 0), json_array_get(row, 1));
        if (key == NULL || json_array_append_new(keys, key) != 0) {
            json_decref(keys);
            return NULL;
        }
    }
    return keys;
}

// Whether row `at` of the sheet and one of ours have the same number and time. The number alone
// would not do: a broker that lost its numbers gives them a second time.
static bool is_same_row(const json_t *at, const json_t *row) {
    for (size_t c = 0; c < 2; c++) {
        const char *there = json_string_value(json_array_get(at, c));
        const char *ours = json_string_value(json_array_get(row, c));
        if (there == NULL || ours == NULL || strcmp(there, ours) != 0)
            return false;
    }
    return true;
}

int64_t rf_sheet_look_row(const struct rf_sheet *sheet) {
    return sheet->last_row > 0 ? sheet->last_row : 1;
}

bool rf_sheet_look_refused(struct rf_sheet *sheet) {
    bool again = sheet->last_row > 1;
    forget_last(sheet);
    return again;
}

void rf_sheet_looked(struct rf_sheet *sheet, const json_t *values) {
    const json_t *first = json_array_get(sheet->rows, 0);
    int64_t from = rf_sheet_look_row(sheet);
    sheet->refusals = 0;
    if (from > 1 && !is_same_row(json_array_get(values, 0), sheet->last)) {
        forget_last(sheet);
        return; // and looks again
    }
    for (size_t i = 0; i < json_array_size(values); i++) {
        if (is_same_row(json_array_get(values, i), first)) {
            sheet->place = (struct rf_a1_place){.row = from + (int64_t)i, .column = 1};
            sheet->dirty = true;
            return;
        }
    }
    sheet->asked = false;
}

bool rf_sheet_appended(struct rf_sheet *sheet, enum rf_sheet_outcome outcome, const char *range) {
    sheet->asked = outcome == RF_SHEET_OK || outcome == RF_SHEET_AMBIGUOUS;
    if (outcome != RF_SHEET_OK)
        return true;
    sheet->refusals = 0;
    if (range == NULL || !rf_a1_parse(range, &sheet->place))
        return false;
    sheet->dirty = true;
    return true;
}

void rf_sheet_updated(struct rf_sheet *sheet) {
    note_last(sheet);
    pass_batch(sheet);
    sheet->refusals = 0;
    drop_batch(sheet);
}

void rf_sheet_misplaced(struct rf_sheet *sheet) {
    sheet->place = (struct rf_a1_place){0};
    sheet->asked = true;
    sheet->header = RF_SHEET_HEADER_UNKNOWN; // it may be gone too
    sheet->dirty = true;
}

bool rf_sheet_no_access(struct rf_sheet *sheet) {
    free(sheet->token);
    sheet->token = NULL;
    return ++sheet->refusals <= MOST_REFUSALS;
}
