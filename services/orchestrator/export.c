#include "export.h"

#include <stdbool.h>
#include <string.h>

#include "contact.h"
#include "put.h"
#include "store/db.h"

// A page ends when its contacts' own fields are so large: it has to fit into a message.
#define PAGE_BYTES ((size_t)1024 * 1024)

static void put_time(json_t *object, const char *key, int64_t ns) {
    if (ns != 0)
        rf_put_number(object, key, ns);
}

// What an operator calls a state.
static const char *word_of(enum rf_contact_state state) {
    if (rf_contact_running(state))
        return "running";
    if (rf_contact_waiting(state))
        return "waiting";
    return state == RF_CONTACT_SCHEDULED ? "new" : rf_contact_state_name(state);
}

static bool among(const json_t *states, const char *word) {
    size_t i;
    json_t *state;
    json_array_foreach(states, i, state) {
        const char *text = json_string_value(state);
        if (text && strcmp(text, word) == 0)
            return true;
    }
    return false;
}

static bool is_word(const char *text) {
    static const char *const words[] = {"new", "running", "waiting", "done", "set_aside"};
    for (size_t i = 0; text && i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i], text) == 0)
            return true;
    return false;
}

bool rf_export_states_valid(const json_t *states) {
    size_t i;
    json_t *state;
    bool valid = !states || json_array_size(states) > 0;
    json_array_foreach(states, i, state) valid &= is_word(json_string_value(state));
    return valid;
}

// ---- contacts ----

static json_t *contact_entry(const struct rf_report *report, struct rf_rows *row) {
    json_t *entry = json_object();
    int64_t line = rf_rows_number(row, 0);
    enum rf_contact_state state = RF_CONTACT_NEW;
    const char *stored = rf_rows_text(row, 4), *fields = rf_rows_text(row, 3);
    (void)rf_contact_state_parse(stored, &state);
    rf_put_number(entry, "line", line);
    (void)json_object_set_new(entry, "id",
                              json_sprintf("%s-%lld", report->campaign, (long long)line));
    rf_put_text(entry, "phone", rf_rows_text(row, 1));
    rf_put_text(entry, "name", rf_rows_text(row, 2));
    (void)json_object_set_new(entry, "fields",
                              fields ? json_loads(fields, 0, NULL) : json_object());
    rf_put_text(entry, "state", word_of(state));
    rf_put_text(entry, "step",
                rf_contact_running(state) ? strchr(stored, '.') + 1
                                          : rf_step_name((enum rf_step)rf_rows_number(row, 5)));
    rf_put_text(entry, "outcome", rf_rows_text(row, 6));
    rf_put_text(entry, "reason", rf_rows_text(row, 7));
    rf_put_text(entry, "message", rf_rows_text(row, 8));
    put_time(entry, "created", rf_rows_number(row, 9));
    put_time(entry, "ended", rf_rows_number(row, 10));
    rf_put_number(entry, "attempts", 0);
    (void)json_object_set_new(entry, "sids", json_array());
    return entry;
}

// What a page has found so far.
struct page {
    json_t *contacts;
    int64_t last; // line
    bool more;
};

static enum rf_err read_contacts(const struct rf_report *report, struct rf_db *db, int64_t campaign,
                                 struct page *page, struct rf_error *error) {
    struct rf_rows *rows;
    size_t bytes = 0;
    int64_t count = 0;
    enum rf_err err = rf_db_query(db, error, &rows,
                                  "SELECT line, phone, name, fields, state, step, outcome, reason,"
                                  " message, created, ended FROM contact"
                                  " WHERE campaign = ? AND line > ? ORDER BY line LIMIT ?",
                                  "iii", campaign, report->after, report->limit);
    if (err != RF_OK)
        return err;
    while (bytes < PAGE_BYTES && (err = rf_rows_next(rows, error)) == RF_OK) {
        const char *fields = rf_rows_text(rows, 3);
        json_t *entry = contact_entry(report, rows);
        count++;
        page->last = rf_rows_number(rows, 0);
        bytes += fields ? strlen(fields) : 0;
        if (!report->states ||
            among(report->states, json_string_value(json_object_get(entry, "state"))))
            (void)json_array_append(page->contacts, entry);
        json_decref(entry);
    }
    rf_rows_end(&rows);
    page->more = err == RF_OK || count == report->limit;
    return err == RF_ERR_NOT_FOUND ? RF_OK : err;
}

// ---- their attempts ----

static void add_attempt(json_t *entry, struct rf_rows *row) {
    const char *sid = rf_rows_text(row, 3);
    rf_put_number(entry, "attempts", json_integer_value(json_object_get(entry, "attempts")) + 1);
    if (!json_object_get(entry, "first_dial"))
        put_time(entry, "first_dial", rf_rows_number(row, 1));
    rf_put_text(entry, "provider", rf_rows_text(row, 2));
    if (sid)
        (void)json_array_append_new(json_object_get(entry, "sids"), json_string(sid));
    // Of the last call that told it.
    if (!rf_rows_null(row, 4))
        rf_put_number(entry, "duration_s", rf_rows_number(row, 4));
}

// Both are in order of lines: one pass puts them together.
static enum rf_err read_attempts(const struct rf_report *report, struct rf_db *db, int64_t campaign,
                                 const struct page *page, struct rf_error *error) {
    struct rf_rows *rows;
    size_t i = 0;
    enum rf_err err = rf_db_query(db, error, &rows,
                                  "SELECT c.line, a.created, a.provider, a.sid, a.duration_s"
                                  " FROM contact c JOIN attempt a ON a.contact = c.id"
                                  " WHERE c.campaign = ? AND c.line > ? AND c.line <= ?"
                                  " AND a.unsent = 0 ORDER BY c.line, a.created",
                                  "iii", campaign, report->after, page->last);
    if (err != RF_OK)
        return err;
    while ((err = rf_rows_next(rows, error)) == RF_OK) {
        int64_t line = rf_rows_number(rows, 0);
        json_t *entry;
        while ((entry = json_array_get(page->contacts, i)) &&
               json_integer_value(json_object_get(entry, "line")) < line)
            i++;
        if (entry && json_integer_value(json_object_get(entry, "line")) == line)
            add_attempt(entry, rows);
    }
    rf_rows_end(&rows);
    return err == RF_ERR_NOT_FOUND ? RF_OK : err;
}

// ---- the columns ----

static enum rf_err read_columns(struct rf_db *db, int64_t campaign, json_t *columns,
                                struct rf_error *error) {
    struct rf_rows *rows;
    enum rf_err err = rf_db_query(
        db, error, &rows, "SELECT name FROM campaign_column WHERE campaign = ? ORDER BY place", "i",
        campaign);
    if (err != RF_OK)
        return err;
    while ((err = rf_rows_next(rows, error)) == RF_OK)
        (void)json_array_append_new(columns, json_string(rf_rows_text(rows, 0)));
    rf_rows_end(&rows);
    return err == RF_ERR_NOT_FOUND ? RF_OK : err;
}

enum rf_err rf_export_run(struct rf_store_job *job, struct rf_db *db, struct rf_error *error) {
    struct rf_report *report = (struct rf_report *)job;
    struct page page = {.contacts = json_array(), .last = report->after};
    json_t *columns = json_array();
    int64_t campaign = 0;
    report->result = json_pack("{s:o,s:o}", "contacts", page.contacts, "columns", columns);
    if (!report->result)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    enum rf_err err = rf_db_number(db, error, &campaign, "SELECT id FROM campaign WHERE name = ?",
                                   "t", report->campaign);
    if (err == RF_ERR_NOT_FOUND)
        return rf_error_set(error, err, "there is no campaign %s", report->campaign);
    if (err == RF_OK && report->after == 0)
        err = read_columns(db, campaign, columns, error);
    if (err == RF_OK)
        err = read_contacts(report, db, campaign, &page, error);
    if (err == RF_OK && json_array_size(page.contacts) > 0)
        err = read_attempts(report, db, campaign, &page, error);
    rf_put_number(report->result, "last", page.last);
    (void)json_object_set_new(report->result, "more", json_boolean(page.more));
    return err;
}
