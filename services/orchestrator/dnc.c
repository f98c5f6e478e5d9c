#include "dnc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "contacts/phone.h"
#include "dial_lock.h"
#include "notice.h"
#include "reason.h"

static const char *problem_of(const char *phone, const json_t *why) {
    if (!phone)
        return "has no phone number";
    if (why && !json_is_null(why) &&
        (!json_is_string(why) || json_string_length(why) > RF_DNC_WHY_BYTES))
        return "has a reason that is no text of at most 200 bytes";
    return rf_phone_problem(phone);
}

// What is wrong with it becomes its problem; RF_ERR_NOMEM only.
static enum rf_err read_row(const json_t *item, struct rf_dnc_row *row) {
    const char *phone = json_string_value(json_object_get(item, "phone"));
    const json_t *why = json_object_get(item, "why");
    row->line = json_integer_value(json_object_get(item, "line"));
    row->problem = problem_of(phone, why);
    if (row->problem)
        return RF_OK;
    row->number = rf_phone_number(phone);
    row->why = strdup(json_is_string(why) ? json_string_value(why) : "");
    return row->why ? RF_OK : RF_ERR_NOMEM;
}

enum rf_err rf_dnc_change_new(const json_t *params, bool remove, struct rf_utc now,
                              struct rf_dnc_change **out, struct rf_error *error) {
    const json_t *numbers = json_object_get(params, "numbers");
    *out = NULL;
    const json_t *by = json_object_get(params, "by");
    if (by && (!json_is_string(by) || json_string_length(by) > RF_DNC_BY_BYTES))
        return rf_error_set(error, RF_ERR_INVALID, "by: expected a text of at most %d bytes",
                            RF_DNC_BY_BYTES);
    if (!json_is_array(numbers) || json_array_size(numbers) > RF_DNC_PAGE_MAX)
        return rf_error_set(error, RF_ERR_INVALID, "numbers: expected an array of at most %d",
                            RF_DNC_PAGE_MAX);
    struct rf_dnc_change *change = calloc(1, sizeof *change);
    enum rf_err err = change ? RF_OK : RF_ERR_NOMEM;
    if (err == RF_OK) {
        change->job.run = rf_dnc_change_run;
        change->remove = remove;
        change->now = now;
        change->count = json_array_size(numbers);
        change->rows = calloc(change->count + 1, sizeof *change->rows);
        change->by = by ? strdup(json_string_value(by)) : NULL;
        err = change->rows && (!by || change->by) ? RF_OK : RF_ERR_NOMEM;
    }
    for (size_t i = 0; err == RF_OK && i < change->count; i++)
        err = read_row(json_array_get(numbers, i), &change->rows[i]);
    if (err != RF_OK) {
        rf_dnc_change_destroy(&change);
        return rf_error_set(error, err, "out of memory");
    }
    *out = change;
    return RF_OK;
}

void rf_dnc_change_destroy(struct rf_dnc_change **pointer) {
    struct rf_dnc_change *change = *pointer;
    if (!change)
        return;
    for (size_t i = 0; change->rows && i < change->count; i++)
        free(change->rows[i].why);
    free(change->rows);
    free(change->by);
    free(change->call);
    free(change);
    *pointer = NULL;
}

static enum rf_err tell(const struct rf_dnc_change *change, struct rf_db *db,
                        struct rf_error *error) {
    char *text = rf_notice_dnc(change->remove ? "removed" : "added", change->changed, change->by,
                               change->now);
    enum rf_err err = rf_notice_store(db, text, error);
    free(text);
    return err;
}

enum rf_err rf_dnc_change_run(struct rf_store_job *job, struct rf_db *db, struct rf_error *error) {
    struct rf_dnc_change *change = (struct rf_dnc_change *)job;
    change->changed = change->unchanged = 0;
    enum rf_err err = change->remove ? RF_OK : rf_dial_lock_shut(db, error);
    for (size_t i = 0; err == RF_OK && i < change->count; i++) {
        const struct rf_dnc_row *row = &change->rows[i];
        if (row->problem)
            continue;
        if (change->remove)
            err =
                rf_db_run(db, error, "DELETE FROM do_not_call WHERE number = ?", "i", row->number);
        else
            // The first date stands, whoever says it again.
            err = rf_db_run(db, error,
                            "INSERT INTO do_not_call (number, since, why) VALUES (?, ?, ?)"
                            " ON CONFLICT DO NOTHING",
                            "iit", row->number, change->now.ns, row->why);
        *(err == RF_OK && rf_db_changes(db) == 1 ? &change->changed : &change->unchanged) += 1;
    }
    return err == RF_OK && change->changed > 0 ? tell(change, db, error) : err;
}

json_t *rf_dnc_change_result(const struct rf_dnc_change *change) {
    json_t *refused = json_array();
    for (size_t i = 0; i < change->count; i++)
        if (change->rows[i].problem)
            (void)json_array_append_new(refused, json_pack("{s:I,s:I,s:s}", "place", (json_int_t)i,
                                                           "line", (json_int_t)change->rows[i].line,
                                                           "reason", change->rows[i].problem));
    return json_pack("{s:I,s:I,s:o}", change->remove ? "removed" : "added",
                     (json_int_t)change->changed, change->remove ? "unknown" : "known",
                     (json_int_t)change->unchanged, "refused", refused);
}

enum rf_err rf_dnc_list_run(struct rf_store_job *job, struct rf_db *db, struct rf_error *error) {
    struct rf_dnc_list *list = (struct rf_dnc_list *)job;
    struct rf_rows *rows;
    json_t *numbers = json_array();
    list->result = json_pack("{s:o}", "numbers", numbers);
    if (!list->result)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    enum rf_err err = rf_db_query(db, error, &rows,
                                  "SELECT number, since, why FROM do_not_call WHERE number > ?"
                                  " ORDER BY number LIMIT ?",
                                  "ii", list->after, list->limit);
    if (err != RF_OK)
        return err;
    while ((err = rf_rows_next(rows, error)) == RF_OK)
        (void)json_array_append_new(
            numbers, json_pack("{s:o,s:I,s:s}", "phone",
                               json_sprintf("+%lld", (long long)rf_rows_number(rows, 0)), "since",
                               (json_int_t)rf_rows_number(rows, 1), "why", rf_rows_text(rows, 2)));
    rf_rows_end(&rows);
    return err == RF_ERR_NOT_FOUND ? RF_OK : err;
}

void rf_dnc_list_destroy(struct rf_dnc_list **pointer) {
    struct rf_dnc_list *list = *pointer;
    if (!list)
        return;
    json_decref(list->result);
    free(list->call);
    free(list);
    *pointer = NULL;
}

enum rf_err rf_dnc_look(struct rf_db *db, const char *phone, bool *barred,
                        char why[RF_DNC_TEXT_SIZE], struct rf_error *error) {
    struct rf_rows *row;
    char since[RF_RFC3339_SIZE];
    *barred = false;
    enum rf_err err =
        rf_db_query(db, error, &row, "SELECT since, why FROM do_not_call WHERE number = ?", "i",
                    rf_phone_number(phone));
    if (err != RF_OK)
        return err;
    err = rf_rows_next(row, error);
    if (err == RF_OK) {
        const char *text = rf_rows_text(row, 1);
        *barred = true;
        rf_utc_format((struct rf_utc){rf_rows_number(row, 0)}, since);
        (void)snprintf(why, RF_DNC_TEXT_SIZE, "is on the do-not-call list since %.10s%s%s", since,
                       text && text[0] ? ": " : "", text ? text : "");
    }
    rf_rows_end(&row);
    return err == RF_ERR_NOT_FOUND ? RF_OK : err;
}

enum rf_err rf_dnc_empty(struct rf_db *db, bool *empty, struct rf_error *error) {
    int64_t number;
    enum rf_err err =
        rf_db_number(db, error, &number, "SELECT number FROM do_not_call LIMIT 1", "");
    *empty = err == RF_ERR_NOT_FOUND;
    return *empty ? RF_OK : err;
}

void rf_dnc_plan(const struct rf_contact *contact, const char *why, struct rf_plan *plan) {
    rf_plan_stay(contact, plan);
    plan->to = RF_CONTACT_SET_ASIDE;
    plan->class = RF_CLASS_LOCAL;
    rf_plan_copy(plan->reason, sizeof plan->reason, rf_reason_name(RF_REASON_DO_NOT_CALL));
    rf_plan_copy(plan->message, sizeof plan->message, why);
}
