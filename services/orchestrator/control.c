#include "control.h"

#include <stdlib.h>
#include <string.h>

#include "campaigns/schema.h"
#include "dial_lock.h"
#include "enqueue.h"
#include "notice.h"
#include "record.h"
#include "report.h"
#include "store/db.h"
#include "store/member.h"

enum rf_err rf_control_new(const json_t *params, const char *call, struct rf_utc now,
                           struct rf_control **out, struct rf_error *error) {
    const char *campaign = json_string_value(json_object_get(params, "campaign"));
    const json_t *priority = json_object_get(params, "priority");
    json_int_t value = json_integer_value(priority);
    *out = NULL;
    if (!campaign)
        return rf_error_set(error, RF_ERR_INVALID, "campaign: expected a name");
    if (priority && (!json_is_integer(priority) || value < -RF_CAMPAIGN_PRIORITY_MOST ||
                     value > RF_CAMPAIGN_PRIORITY_MOST))
        return rf_error_set(error, RF_ERR_INVALID,
                            "priority: expected a number from %d to %d; higher goes first",
                            -RF_CAMPAIGN_PRIORITY_MOST, RF_CAMPAIGN_PRIORITY_MOST);
    struct rf_person person;
    enum rf_err err = rf_person_read(params, &person, error);
    if (err != RF_OK)
        return err;
    struct rf_control *control = calloc(1, sizeof *control);
    if (control) {
        control->person = person;
        control->call = strdup(call);
        control->campaign = strdup(campaign);
        control->prioritize = priority != NULL;
        control->priority = value;
        control->now = now;
        control->most = RF_CONTROL_MOST;
    }
    if (!control || !control->call || !control->campaign) {
        rf_control_destroy(&control);
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    }
    *out = control;
    return RF_OK;
}

void rf_control_destroy(struct rf_control **pointer) {
    struct rf_control *control = *pointer;
    if (!control)
        return;
    free(control->call);
    free(control->campaign);
    json_decref(control->result);
    free(control);
    *pointer = NULL;
}

enum rf_err rf_control_find(struct rf_db *db, const char *name,
                            struct rf_control_campaign *campaign, struct rf_error *error) {
    struct rf_rows *row;
    enum rf_err err = rf_db_query(db, error, &row,
                                  "SELECT id, state FROM campaign WHERE name = ?"
                                  " /*! FOR NO KEY UPDATE */",
                                  "t", name);
    if (err != RF_OK)
        return err;
    err = rf_rows_next(row, error);
    if (err == RF_OK) {
        campaign->row = rf_rows_number(row, 0);
        if (!rf_campaign_state_parse(rf_rows_text(row, 1), &campaign->state))
            err = rf_error_set(error, RF_ERR_IO, "campaign %s has an unknown state", name);
    } else if (err == RF_ERR_NOT_FOUND) {
        (void)rf_error_set(error, err,
                           "there is no campaign %s; ringfence campaign list shows those that "
                           "there are",
                           name);
    }
    rf_rows_end(&row);
    return err;
}

enum rf_err rf_control_obey(struct rf_db *db, const char *name,
                            struct rf_control_campaign *campaign, enum rf_campaign_order order,
                            int64_t contacts, const struct rf_person *person, struct rf_utc now,
                            struct rf_error *error) {
    enum rf_campaign_state from = campaign->state, to = from;
    const char *why_not = rf_campaign_obey(from, order, &to);
    if (why_not)
        return rf_error_set(error, RF_ERR_INVALID, "campaign %s: no %s: %s", name,
                            rf_campaign_order_name(order), why_not);
    if (to == from && order != RF_CAMPAIGN_RETRY)
        return RF_OK;
    enum rf_err err = RF_OK;
    if (to != from)
        err = rf_db_run(db, error,
                        "UPDATE campaign SET state = ?, changed = ?, finished = NULL,"
                        " started = coalesce (started, nullif (?, 0)) WHERE id = ?",
                        "tiii", rf_campaign_state_name(to), now.ns,
                        to == RF_CAMPAIGN_RUNNING ? now.ns : 0, campaign->row);
    if (err != RF_OK)
        return err;
    campaign->state = to;
    char *text = rf_notice_ordered(name, order, from, to, contacts, person, now);
    err = rf_notice_store(db, text, error);
    free(text);
    return err;
}

static enum rf_err tell(struct rf_control *control, struct rf_db *db,
                        const struct rf_control_campaign *campaign, enum rf_campaign_state was,
                        struct rf_error *error) {
    int64_t priority = 0;
    enum rf_err err = rf_db_number(
        db, error, &priority, "SELECT priority FROM campaign WHERE id = ?", "i", campaign->row);
    if (err != RF_OK)
        return err;
    json_decref(control->result);
    control->result = json_pack("{s:s,s:s,s:s,s:I}", "campaign", control->campaign, "state",
                                rf_campaign_state_name(campaign->state), "was",
                                rf_campaign_state_name(was), "priority", (json_int_t)priority);
    if (!control->result)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    return rf_report_counts(db, campaign->row, control->result, error);
}

static enum rf_err prioritize(const struct rf_control *control, struct rf_db *db, int64_t campaign,
                              struct rf_error *error) {
    return rf_db_run(db, error, "UPDATE campaign SET priority = ? WHERE id = ?", "ii",
                     control->priority, campaign);
}

enum rf_err rf_control_order_run(struct rf_store_job *job, struct rf_db *db,
                                 struct rf_error *error) {
    struct rf_control *control = (struct rf_control *)job;
    struct rf_control_campaign campaign = {0};
    int64_t total = 0;
    // When it is answered no intent to dial is under way that does not know of it.
    bool stops = control->order == RF_CAMPAIGN_PAUSE || control->order == RF_CAMPAIGN_CANCEL;
    enum rf_err err = stops ? rf_dial_lock_shut(db, error) : RF_OK;
    if (err == RF_OK)
        err = rf_control_find(db, control->campaign, &campaign, error);
    enum rf_campaign_state was = campaign.state;
    control->row = campaign.row;
    if (err == RF_OK)
        err = rf_db_number(db, error, &total, "SELECT total FROM campaign WHERE id = ?", "i",
                           campaign.row);
    if (err == RF_OK && !control->again)
        err = rf_control_obey(db, control->campaign, &campaign, control->order, total,
                              &control->person, control->now, error);
    // Later parts of the order let be what was ordered meanwhile.
    if (err == RF_OK && control->prioritize && !control->again)
        err = prioritize(control, db, campaign.row, error);
    // One that goes on takes what was loaded meanwhile.
    control->more = false;
    if (err == RF_OK && campaign.state == RF_CAMPAIGN_RUNNING &&
        (control->order == RF_CAMPAIGN_START || control->order == RF_CAMPAIGN_RESUME))
        err = rf_enqueue_some(db, campaign.row, control->most, control->now, &control->more, error);
    return err == RF_OK ? tell(control, db, &campaign, was, error) : err;
}

enum rf_err rf_control_priority_run(struct rf_store_job *job, struct rf_db *db,
                                    struct rf_error *error) {
    struct rf_control *control = (struct rf_control *)job;
    struct rf_control_campaign campaign = {0};
    if (!control->prioritize)
        return rf_error_set(error, RF_ERR_INVALID, "priority: expected a number from %d to %d",
                            -RF_CAMPAIGN_PRIORITY_MOST, RF_CAMPAIGN_PRIORITY_MOST);
    enum rf_err err = rf_control_find(db, control->campaign, &campaign, error);
    if (err == RF_OK)
        err = prioritize(control, db, campaign.row, error);
    return err == RF_OK ? tell(control, db, &campaign, campaign.state, error) : err;
}
