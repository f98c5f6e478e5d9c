#include "report.h"

#include <stdlib.h>
#include <string.h>

#include "contact.h"
#include "put.h"
#include "store/db.h"

void rf_report_destroy(struct rf_report **pointer) {
    struct rf_report *report = *pointer;
    if (!report)
        return;
    free(report->call);
    free(report->campaign);
    json_decref(report->states);
    json_decref(report->result);
    free(report);
    *pointer = NULL;
}

static json_t *contact_entry(const struct rf_report *report, struct rf_rows *row) {
    json_t *entry = json_object();
    int64_t line = rf_rows_number(row, 0);
    (void)json_object_set_new(entry, "id",
                              json_sprintf("%s-%lld", report->campaign, (long long)line));
    (void)json_object_set_new(entry, "line", json_integer(line));
    rf_put_text(entry, "phone", rf_rows_text(row, 1));
    rf_put_text(entry, "name", rf_rows_text(row, 2));
    enum rf_contact_state state = RF_CONTACT_NEW;
    const char *text = rf_rows_text(row, 3);
    (void)rf_contact_state_parse(text, &state);
    // "running.dial" is told as running, at the step dial.
    const char *dot = strchr(text, '.');
    if (rf_contact_running(state)) {
        rf_put_text(entry, "state", "running");
        rf_put_text(entry, "step", dot + 1);
    } else {
        rf_put_text(entry, "state", rf_contact_waiting(state) ? "waiting" : text);
        rf_put_text(entry, "step", rf_step_name((enum rf_step)rf_rows_number(row, 4)));
    }
    rf_put_text(entry, "outcome", rf_rows_text(row, 5));
    rf_put_text(entry, "reason", rf_rows_text(row, 6));
    rf_put_text(entry, "message", rf_rows_text(row, 7));
    rf_put_text(entry, "sid", rf_rows_text(row, 8));
    (void)json_object_set_new(entry, "attempts", json_integer(rf_rows_number(row, 9)));
    if (rf_contact_waiting(state))
        (void)json_object_set_new(entry, "until", json_integer(rf_rows_number(row, 10)));
    return entry;
}

enum rf_err rf_report_contacts_run(struct rf_store_job *job, struct rf_db *db,
                                   struct rf_error *error) {
    struct rf_report *report = (struct rf_report *)job;
    int64_t campaign = 0;
    enum rf_err err = rf_db_number(db, error, &campaign, "SELECT id FROM campaign WHERE name = ?",
                                   "t", report->campaign);
    if (err == RF_ERR_NOT_FOUND)
        return rf_error_set(error, err, "there is no campaign %s", report->campaign);
    json_t *contacts = json_array();
    report->result = json_pack("{s:o}", "contacts", contacts);
    if (err == RF_OK && !report->result)
        err = rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    struct rf_rows *rows = NULL;
    if (err == RF_OK)
        err = rf_db_query(
            db, error, &rows,
            "SELECT line, phone, name, state, step, outcome, reason, message,"
            " (SELECT sid FROM attempt a WHERE a.contact = c.id AND sid IS NOT NULL"
            "   ORDER BY created DESC LIMIT 1),"
            " (SELECT count (*) FROM attempt a WHERE a.contact = c.id AND a.unsent = 0),"
            " due"
            " FROM contact c WHERE campaign = ? AND line > ? ORDER BY line LIMIT ?",
            "iii", campaign, report->after, report->limit);
    if (err != RF_OK)
        return err;
    while ((err = rf_rows_next(rows, error)) == RF_OK)
        (void)json_array_append_new(contacts, contact_entry(report, rows));
    rf_rows_end(&rows);
    return err == RF_ERR_NOT_FOUND ? RF_OK : err;
}
