#include "record.h"

#include <stdlib.h>
#include <string.h>

#include "campaign_state.h"
#include "campaigns/schema.h"
#include "dial.h"
#include "dial_lock.h"
#include "reason.h"
#include "store/db.h"
#include "store/member.h"

// A copy of an optional text; false if out of memory.
static bool copy(char **out, const char *text) {
    *out = text ? strdup(text) : NULL;
    return !text || *out;
}

static struct rf_record *record_new(const struct rf_contact *contact, struct rf_utc now) {
    struct rf_record *record = calloc(1, sizeof *record);
    if (!record)
        return NULL;
    record->job.run = rf_record_run;
    record->row = contact->row;
    record->from = record->to = contact->state;
    record->now = now;
    if (!copy(&record->phone, contact->phone))
        rf_record_destroy(&record);
    return record;
}

struct rf_record *rf_record_new(const struct rf_contact *contact, const struct rf_plan *plan,
                                struct rf_utc now) {
    struct rf_record *record = record_new(contact, now);
    if (!record)
        return NULL;
    record->to = plan->to;
    record->step = plan->step;
    record->due = plan->due;
    record->deferrals = plan->deferrals;
    record->spent = plan->spent;
    record->redials = plan->redials;
    record->interruptions = plan->interruptions;
    record->judged = plan->judged;
    record->unsent = plan->unsent;
    memcpy(record->unreached, plan->unreached, sizeof record->unreached);
    record->last_unreached = plan->last_unreached;
    rf_plan_copy(record->audio, sizeof record->audio, plan->audio);
    rf_plan_copy(record->audio_format, sizeof record->audio_format, plan->audio_format);
    rf_plan_copy(record->reason, sizeof record->reason, plan->reason);
    rf_plan_copy(record->message, sizeof record->message, plan->message);
    if (plan->to == RF_CONTACT_DONE)
        rf_plan_copy(record->outcome, sizeof record->outcome, plan->status);
    if (plan->dial != RF_DIAL_NONE) {
        record->dial = contact->dial;
        record->dial.state = plan->dial;
        if (plan->dial == RF_DIAL_UNKNOWN)
            record->dial.interrupted = rf_dial_interrupted(plan->reason);
        if (plan->dial == RF_DIAL_PLACED)
            rf_plan_copy(record->dial.sid, sizeof record->dial.sid, plan->sid);
        record->duration_s = plan->duration_s;
        record->answered = contact->dial.question && plan->dial == RF_DIAL_ABSENT;
        if (contact->dial.question && plan->dial == RF_DIAL_PLACED)
            record->created = plan->created;
        rf_plan_copy(record->provider, sizeof record->provider, plan->provider);
        rf_plan_copy(record->status, sizeof record->status,
                     plan->dial == RF_DIAL_ABSENT ? plan->reason : plan->status);
    }
    if (!copy(&record->script, plan->text))
        rf_record_destroy(&record);
    return record;
}

struct rf_record *rf_record_intent(const struct rf_contact *contact, const struct rf_dial *dial,
                                   int64_t version, struct rf_utc now) {
    struct rf_record *record = record_new(contact, now);
    if (record) {
        record->dial = *dial;
        record->version = version;
    }
    return record;
}

void rf_record_destroy(struct rf_record **pointer) {
    struct rf_record *record = *pointer;
    if (!record)
        return;
    for (int i = 0; i < RF_RECORD_NOTICES; i++)
        free(record->notices[i]);
    free(record->script);
    free(record->phone);
    free(record->settings);
    free(record);
    *pointer = NULL;
}

// Refuses to write over what somebody else wrote in the meantime (incident 47).
static enum rf_err left_otherwise(struct rf_record *record, const char *what,
                                  struct rf_error *error) {
    record->elsewhere = true;
    return rf_error_set(error, RF_ERR_INVALID, "%s is not in the state that it was left in", what);
}

static enum rf_err one_changed(struct rf_record *record, struct rf_db *db, const char *what,
                               struct rf_error *error) {
    return rf_db_changes(db) == 1 ? RF_OK : left_otherwise(record, what, error);
}

static enum rf_err write_contact(struct rf_record *record, struct rf_db *db,
                                 struct rf_error *error) {
    const int64_t *unreached = record->unreached;
    enum rf_err err = rf_db_run(
        db, error,
        "UPDATE contact SET state = ?, step = ?, due = ?, deferrals = ?, spent = ?, redials = ?,"
        " interruptions = ?, busy = ?, no_answer = ?, failed = ?, canceled = ?, voicemail = ?, "
        "last_unreached = ?,"
        " script = coalesce (?, script), audio = coalesce (nullif (?, ''), audio),"
        " audio_format = coalesce (nullif (?, ''), audio_format),"
        " spoken = CASE WHEN ? = '' THEN spoken ELSE ? END,"
        " outcome = nullif (?, ''), reason = nullif (?, ''), message = nullif (?, ''), ended = ?"
        " WHERE id = ? AND state = ? AND owner = ?",
        "tiiiiiiiiiiitttttitttiiti", rf_contact_state_name(record->to), (int64_t)record->step,
        record->due.ns, record->deferrals, record->spent, record->redials, record->interruptions,
        unreached[RF_UNREACHED_BUSY], unreached[RF_UNREACHED_NO_ANSWER],
        unreached[RF_UNREACHED_FAILED], unreached[RF_UNREACHED_CANCELED],
        unreached[RF_UNREACHED_VOICEMAIL], rf_unreached_name(record->last_unreached),
        record->script, record->audio, record->audio_format, record->audio, record->now.ns,
        record->outcome, record->reason, record->message,
        rf_contact_ended(record->to) ? record->now.ns : 0, record->row,
        rf_contact_state_name(record->from), rf_member_of(db));
    return err == RF_OK ? one_changed(record, db, "the contact", error) : err;
}

// Whether its campaign runs, and has the settings that what is to be written goes by. The contact
// is still ours, and in the state that we left it in.
static enum rf_err read_campaign(struct rf_record *record, struct rf_db *db,
                                 struct rf_error *error) {
    struct rf_rows *row;
    enum rf_err err =
        rf_db_query(db, error, &row,
                    "SELECT k.state, k.version, k.settings FROM contact c"
                    " JOIN campaign k ON k.id = c.campaign"
                    " WHERE c.id = ? AND c.state = ? AND c.owner = ?",
                    "iti", record->row, rf_contact_state_name(record->from), rf_member_of(db));
    if (err == RF_OK)
        err = rf_rows_next(row, error);
    if (err == RF_OK) {
        record->paused = strcmp(rf_rows_text(row, 0), "running") != 0;
        record->newer = rf_rows_number(row, 1);
        record->stale = record->newer != record->version;
        free(record->settings); // of an earlier run
        if (!copy(&record->settings, rf_rows_text(row, 2)))
            err = rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    }
    rf_rows_end(&row);
    return err == RF_ERR_NOT_FOUND ? left_otherwise(record, "the contact", error) : err;
}

// What follows the end of a call is judged by the settings that hold when it is written.
static enum rf_err may_judge(struct rf_record *record, struct rf_db *db, struct rf_error *error) {
    enum rf_err err = read_campaign(record, db, error);
    if (err == RF_OK && record->stale)
        return rf_error_set(error, RF_ERR_CONFLICT, "the campaign has other settings by now");
    return err;
}

// The last look before a dial, in the transaction of its intent.
static enum rf_err may_dial(struct rf_record *record, struct rf_db *db, struct rf_error *error) {
    enum rf_err err = rf_dial_lock_share(db, error);
    if (err == RF_OK)
        err = read_campaign(record, db, error);
    if (err == RF_OK && record->paused)
        return rf_error_set(error, RF_ERR_CONFLICT, "the campaign does not run");
    if (err == RF_OK && record->stale)
        return rf_error_set(error, RF_ERR_CONFLICT, "the campaign has other settings by now");
    if (err == RF_OK)
        err = rf_dnc_look(db, record->phone, &record->barred, record->barred_why, error);
    if (err == RF_OK && record->barred)
        err = rf_error_set(error, RF_ERR_CONFLICT, "the number %s", record->barred_why);
    return err;
}

static enum rf_err read_campaign_state(const struct rf_record *record, struct rf_db *db,
                                       enum rf_campaign_state *state, struct rf_error *error) {
    struct rf_rows *row;
    enum rf_err err = rf_db_query(db, error, &row,
                                  "SELECT k.state FROM contact c"
                                  " JOIN campaign k ON k.id = c.campaign WHERE c.id = ?",
                                  "i", record->row);
    *state = RF_CAMPAIGN_RUNNING;
    if (err == RF_OK)
        err = rf_rows_next(row, error);
    if (err == RF_OK)
        (void)rf_campaign_state_parse(rf_rows_text(row, 0), state);
    rf_rows_end(&row);
    return err;
}

// While its campaign does not run, a contact rests at the end of a step; one of a cancelled
// campaign is set aside from there (sweep.h). Decided here, as the campaign may be stopped at any
// moment, and by another process: who cancels it waits until those that come to rest are there for
// the sweep to find, and who comes to rest later sees the cancellation.
static enum rf_err rest(struct rf_record *record, struct rf_db *db, struct rf_error *error) {
    bool step_ended = (record->from == RF_CONTACT_SCRIPT || record->from == RF_CONTACT_SPEECH) &&
                      (record->to == RF_CONTACT_SPEECH || record->to == RF_CONTACT_DIAL);
    enum rf_campaign_state state = RF_CAMPAIGN_RUNNING;
    enum rf_err err = RF_OK;
    record->cancelled = false; // of an earlier run
    if (step_ended)
        err = read_campaign_state(record, db, &state, error);
    bool paused = step_ended && state != RF_CAMPAIGN_RUNNING;
    if (err != RF_OK || (!paused && !rf_contact_waiting(record->to)))
        return err;
    err = rf_dial_lock_share(db, error);
    if (err == RF_OK)
        err = read_campaign_state(record, db, &state, error);
    record->cancelled = state == RF_CAMPAIGN_CANCELLED;
    if (err != RF_OK || !paused)
        return err;
    record->to = RF_CONTACT_WAIT_RETRY;
    record->due = record->now;
    rf_plan_copy(record->reason, sizeof record->reason, rf_reason_name(RF_REASON_PAUSED));
    rf_plan_copy(record->message, sizeof record->message, "its campaign does not run");
    return RF_OK;
}

// Nothing was dialled by a question, so nothing is left of it.
static enum rf_err end_question(struct rf_record *record, struct rf_db *db,
                                struct rf_error *error) {
    enum rf_err err =
        rf_db_run(db, error, "DELETE FROM attempt WHERE id = ? AND contact = ? AND question = 1",
                  "ti", record->dial.id, record->row);
    if (err == RF_OK)
        err = one_changed(record, db, "the question", error);
    return err == RF_OK ? rf_db_run(db, error, "UPDATE contact SET ask_since = 0 WHERE id = ?", "i",
                                    record->row)
                        : err;
}

static enum rf_err write_attempt(struct rf_record *record, struct rf_db *db,
                                 struct rf_error *error) {
    const struct rf_dial *dial = &record->dial;
    bool ended = dial->state == RF_DIAL_ABSENT || dial->state == RF_DIAL_ENDED;
    if (dial->state == RF_DIAL_INTENT)
        return rf_db_run(db, error,
                         "INSERT INTO attempt (id, contact, phone, created, send_before, state,"
                         " account, sender, proven_after, question)"
                         " VALUES (?, ?, ?, ?, ?, 'intent', nullif (?, ''), nullif (?, ''), ?, ?)",
                         "titiittii", dial->id, record->row, record->phone, dial->created.ns,
                         dial->send_before.ns, dial->account, dial->sender, dial->proven_after.ns,
                         (int64_t)dial->question);
    enum rf_err err =
        rf_db_run(db, error,
                  "UPDATE attempt SET state = ?, sid = nullif (?, ''),"
                  " status = nullif (?, ''),"
                  " provider = coalesce (nullif (?, ''), provider), ended = ?,"
                  " duration_s = nullif (?, -1), unsent = ?,"
                  " created = coalesce (nullif (?, 0), created)"
                  " WHERE id = ? AND contact = ?",
                  "ttttiiiiti", rf_dial_state_name(dial->state), dial->sid, record->status,
                  record->provider, ended ? record->now.ns : 0, record->duration_s,
                  (int64_t)record->unsent, record->created.ns, dial->id, record->row);
    return err == RF_OK ? one_changed(record, db, "the attempt", error) : err;
}

// Contacts of the campaign, from the counts that the database keeps.
#define COUNTED                                                                                    \
    "(SELECT CAST (coalesce (sum (count), 0) AS BIGINT) FROM campaign_count"                       \
    " WHERE campaign_count.campaign = campaign.id"

static enum rf_err store_finished(struct rf_db *db, int64_t campaign, struct rf_utc now,
                                  struct rf_error *error) {
    struct rf_rows *statement;
    enum rf_err err = rf_db_query(db, error, &statement,
                                  "SELECT name, " COUNTED " AND state = 'done'), " COUNTED
                                  " AND state = 'set_aside'), " COUNTED ")"
                                  " FROM campaign WHERE id = ?",
                                  "i", campaign);
    if (err != RF_OK)
        return err;
    err = rf_rows_next(statement, error);
    char *text = NULL;
    if (err == RF_OK)
        text = rf_notice_finished(rf_rows_text(statement, 0), rf_rows_number(statement, 1),
                                  rf_rows_number(statement, 2), rf_rows_number(statement, 3), now);
    rf_rows_end(&statement);
    if (err == RF_OK)
        err = rf_notice_store(db, text, error);
    free(text);
    return err;
}

enum rf_err rf_record_finish(struct rf_db *db, int64_t campaign, struct rf_utc now,
                             struct rf_error *error) {
    int64_t left = 0;
    enum rf_err err = rf_db_number(db, error, &left,
                                   "SELECT EXISTS (SELECT 1 FROM contact WHERE campaign = ?"
                                   " AND " RF_SCHEMA_UNENDED ")",
                                   "i", campaign);
    if (err != RF_OK || left)
        return err;
    // Who loads contacts into it at this moment is waited for, and then they are seen below.
    err = rf_db_run(db, error, "SELECT id FROM campaign WHERE id = ? /*! FOR NO KEY UPDATE */", "i",
                    campaign);
    if (err == RF_OK)
        err = rf_db_run(db, error,
                        "UPDATE campaign SET finished = ?, changed = ?,"
                        " state = CASE WHEN state = 'cancelled' THEN state ELSE 'finished' END"
                        " WHERE id = ? AND state IN ('running', 'paused', 'cancelled')"
                        " AND finished IS NULL AND NOT EXISTS"
                        " (SELECT 1 FROM contact WHERE campaign = ? AND " RF_SCHEMA_UNENDED ")",
                        "iiii", now.ns, now.ns, campaign, campaign);
    if (err != RF_OK || rf_db_changes(db) == 0)
        return err;
    return store_finished(db, campaign, now, error);
}

enum rf_err rf_record_run(struct rf_store_job *job, struct rf_db *db, struct rf_error *error) {
    struct rf_record *record = (struct rf_record *)job;
    enum rf_err err = RF_OK;
    record->elsewhere = false;
    if (record->dial.state == RF_DIAL_INTENT)
        err = may_dial(record, db, error);
    else if (record->judged)
        err = may_judge(record, db, error);
    if (err == RF_OK && record->to != record->from)
        err = rest(record, db, error);
    if (err == RF_OK && record->to != record->from)
        err = write_contact(record, db, error);
    if (err == RF_OK && record->dial.state != RF_DIAL_NONE)
        err = write_attempt(record, db, error);
    if (err == RF_OK && record->answered)
        err = end_question(record, db, error);
    for (int i = 0; err == RF_OK && i < RF_RECORD_NOTICES; i++)
        if (record->notices[i])
            err = rf_notice_store(db, record->notices[i], error);
    if (err != RF_OK || !rf_contact_ended(record->to))
        return err;
    int64_t campaign = 0;
    err = rf_db_number(db, error, &campaign, "SELECT campaign FROM contact WHERE id = ?", "i",
                       record->row);
    return err == RF_OK ? rf_record_finish(db, campaign, record->now, error) : err;
}
