#include "sweep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "campaigns/schema.h"
#include "notice.h"
#include "reason.h"
#include "record.h"
#include "store/db.h"
#include "store/member.h"

#define MESSAGE "its campaign was cancelled"

struct swept {
    int64_t row, line, step;
    int64_t calls; // that reached nobody: rf_contact_trace counts them
    char phone[32], name[256];
};

static enum rf_err set_aside(struct rf_db *db, int64_t campaign_row, const char *campaign,
                             struct swept *swept, struct rf_utc now, struct rf_error *error) {
    enum rf_err err = rf_db_run(db, error,
                                "UPDATE contact SET state = 'set_aside', reason = ?, message = ?,"
                                " ended = ?, owner = ? WHERE id = ?",
                                "ttiii", rf_reason_name(RF_REASON_CANCELLED), MESSAGE, now.ns,
                                rf_member_of(db), swept->row);
    if (err != RF_OK)
        return err;
    struct rf_contact contact = {.campaign = (char *)campaign,
                                 .campaign_row = campaign_row,
                                 .unreached = {swept->calls},
                                 .phone = swept->phone,
                                 .name = swept->name[0] ? swept->name : NULL,
                                 .step = (enum rf_step)swept->step};
    struct rf_plan plan = {.step = contact.step, .class = RF_CLASS_LOCAL};
    const struct rf_notice_step step = {.step = contact.step};
    (void)snprintf(contact.id, sizeof contact.id, "%.64s-%lld", campaign, (long long)swept->line);
    rf_plan_copy(plan.reason, sizeof plan.reason, rf_reason_name(RF_REASON_CANCELLED));
    rf_plan_copy(plan.message, sizeof plan.message, MESSAGE);
    char *text = rf_notice_set_aside(&contact, &plan, &step, now);
    err = rf_notice_store(db, text, error);
    free(text);
    return err;
}

// Reads up to `most` contacts of a campaign that are not in progress.
static enum rf_err read_some(struct rf_db *db, int64_t campaign, struct swept *swept, int64_t most,
                             int64_t *count, struct rf_error *error) {
    struct rf_rows *rows;
    *count = 0;
    enum rf_err err = rf_db_query(db, error, &rows,
                                  "SELECT id, line, step, phone, name,"
                                  " busy + no_answer + failed + canceled + voicemail"
                                  " FROM contact WHERE campaign = ?"
                                  " AND " RF_SCHEMA_UNENDED " AND " RF_SCHEMA_IDLE " LIMIT ?"
                                  " /*! FOR UPDATE SKIP LOCKED */",
                                  "ii", campaign, most);
    if (err != RF_OK)
        return err;
    while ((err = rf_rows_next(rows, error)) == RF_OK) {
        struct swept *one = &swept[(*count)++];
        one->row = rf_rows_number(rows, 0);
        one->line = rf_rows_number(rows, 1);
        one->step = rf_rows_number(rows, 2);
        one->calls = rf_rows_number(rows, 5);
        rf_plan_copy(one->phone, sizeof one->phone, rf_rows_text(rows, 3));
        rf_plan_copy(one->name, sizeof one->name, rf_rows_text(rows, 4));
    }
    rf_rows_end(&rows);
    return err == RF_ERR_NOT_FOUND ? RF_OK : err;
}

// The first cancelled campaign that has not come to its end, behind *campaign.
static enum rf_err find(struct rf_db *db, int64_t *campaign, char *name, size_t size,
                        struct rf_error *error) {
    struct rf_rows *row;
    enum rf_err err = rf_db_query(db, error, &row,
                                  "SELECT id, name FROM campaign WHERE state = 'cancelled'"
                                  " AND finished IS NULL AND id > ? ORDER BY id LIMIT 1",
                                  "i", *campaign);
    if (err != RF_OK)
        return err;
    err = rf_rows_next(row, error);
    if (err == RF_OK) {
        *campaign = rf_rows_number(row, 0);
        rf_plan_copy(name, size, rf_rows_text(row, 1));
    }
    rf_rows_end(&row);
    return err;
}

enum rf_err rf_sweep_run(struct rf_store_job *job, struct rf_db *db, struct rf_error *error) {
    struct rf_sweep *sweep = (struct rf_sweep *)job;
    struct swept *swept = calloc(RF_SWEEP_MOST, sizeof *swept);
    int64_t campaign = 0, count = 0;
    char name[96];
    enum rf_err err = RF_OK;
    sweep->count = 0;
    sweep->more = false;
    if (!swept)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    while (err == RF_OK && sweep->count < RF_SWEEP_MOST) {
        err = find(db, &campaign, name, sizeof name, error);
        if (err != RF_OK)
            break;
        err = read_some(db, campaign, swept, RF_SWEEP_MOST - sweep->count, &count, error);
        for (int64_t i = 0; err == RF_OK && i < count; i++)
            err = set_aside(db, campaign, name, &swept[i], sweep->now, error);
        sweep->count += count;
        if (err == RF_OK)
            err = rf_record_finish(db, campaign, sweep->now, error);
    }
    sweep->more = sweep->count >= RF_SWEEP_MOST;
    free(swept);
    return err == RF_ERR_NOT_FOUND ? RF_OK : err;
}
