#include "requeue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "campaigns/schema.h"
#include "contact.h"
#include "control.h"
#include "notice.h"
#include "reason.h"
#include "store/db.h"
#include "store/member.h"

// Whether a call of the contact c may exist that nobody can be asked about any more: only a
// terminal status, or a proven absence, says that there is none; or that its provider denies a call
// that we know the sid of.
#define MAY_HAVE_CALL                                                                              \
    "EXISTS (SELECT 1 FROM attempt a WHERE a.contact = c.id"                                       \
    " AND a.state = 'ended' AND a.status IS NULL AND a.sid IS NULL)"

// The state of its attempt that is open; NULL: it has none.
#define OPEN_ATTEMPT "(SELECT a.state FROM attempt a WHERE a.contact = c.id AND " RF_SCHEMA_OPEN ")"

// Who is set aside for one of these is tried again only if it is named: `by_name`.
static const enum rf_reason by_name[] = {RF_REASON_DO_NOT_CALL, RF_REASON_CALL_UNKNOWN,
                                         RF_REASON_CALL_LOST};
#define BY_NAME rf_reason_name(by_name[0]), rf_reason_name(by_name[1]), rf_reason_name(by_name[2])

static bool wants_name(const char *reason) {
    for (size_t i = 0; reason && i < sizeof by_name / sizeof *by_name; i++)
        if (strcmp(reason, rf_reason_name(by_name[i])) == 0)
            return true;
    return false;
}

// The line of "<campaign>-<line>", or of "<line>"; 0: it is neither.
static int64_t line_of(const char *contact, const char *campaign) {
    size_t length = strlen(campaign);
    const char *digits = contact;
    if (strncmp(contact, campaign, length) == 0 && contact[length] == '-')
        digits = contact + length + 1;
    size_t count = strspn(digits, "0123456789");
    return count >= 1 && count <= 18 && digits[count] == '\0' ? strtoll(digits, NULL, 10) : 0;
}

enum rf_err rf_requeue_new(const json_t *params, const char *call, struct rf_utc now,
                           struct rf_requeue **out, struct rf_error *error) {
    const char *campaign = json_string_value(json_object_get(params, "campaign"));
    const char *reason = json_string_value(json_object_get(params, "reason"));
    const char *contact = json_string_value(json_object_get(params, "contact"));
    int64_t line = campaign && contact ? line_of(contact, campaign) : 0;
    *out = NULL;
    if (!campaign)
        return rf_error_set(error, RF_ERR_INVALID, "campaign: expected a name");
    if (reason && !rf_reason_find(RF_CONTACT_SET_ASIDE, reason))
        return rf_error_set(error, RF_ERR_INVALID,
                            "reason: nobody is set aside as \"%.60s\"; campaign status tells the "
                            "reasons that there are",
                            reason);
    if (contact && line < 1)
        return rf_error_set(error, RF_ERR_INVALID,
                            "contact: expected the id of one of its contacts, such as %.64s-2",
                            campaign);
    struct rf_person person;
    enum rf_err err = rf_person_read(params, &person, error);
    if (err != RF_OK)
        return err;
    struct rf_requeue *requeue = calloc(1, sizeof *requeue);
    if (requeue) {
        requeue->person = person;
        requeue->job.run = rf_requeue_run;
        requeue->call = strdup(call);
        requeue->campaign = strdup(campaign);
        requeue->reason = reason ? strdup(reason) : NULL;
        requeue->line = line;
        requeue->after = json_integer_value(json_object_get(params, "after"));
        requeue->now = now;
    }
    if (!requeue || !requeue->call || !requeue->campaign || (reason && !requeue->reason)) {
        rf_requeue_destroy(&requeue);
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    }
    *out = requeue;
    return RF_OK;
}

void rf_requeue_destroy(struct rf_requeue **pointer) {
    struct rf_requeue *requeue = *pointer;
    if (!requeue)
        return;
    free(requeue->call);
    free(requeue->campaign);
    free(requeue->reason);
    json_decref(requeue->result);
    free(requeue);
    *pointer = NULL;
}

struct candidate {
    int64_t row, line;
    enum rf_dial_state open; // RF_DIAL_NONE: it has no open attempt
    bool may_have_call;
};

static bool goes(const struct candidate *one, bool cancelled) {
    return !one->may_have_call && (one->open != RF_DIAL_NONE || !cancelled);
}

// Up to RF_REQUEUE_MOST contacts that are asked for, whether or not they may be tried again.
static enum rf_err read_some(const struct rf_requeue *requeue, struct rf_db *db, int64_t campaign,
                             struct candidate *found, size_t *count, struct rf_error *error) {
    struct rf_rows *rows;
    enum rf_err err =
        rf_db_query(db, error, &rows,
                    "SELECT c.id, c.line, " MAY_HAVE_CALL ", " OPEN_ATTEMPT
                    " FROM contact c WHERE c.campaign = ?"
                    " AND c.state = 'set_aside' AND c.line > ? AND (? = 0 OR c.line = ?)"
                    " AND (c.reason = ? OR (? = '' AND coalesce (c.reason, '') NOT IN (?, ?, ?)))"
                    " ORDER BY c.line LIMIT ? /*! FOR UPDATE OF c */",
                    "iiiittttti", campaign, requeue->after, requeue->line, requeue->line,
                    requeue->reason ? requeue->reason : "", requeue->reason ? requeue->reason : "",
                    BY_NAME, (int64_t)RF_REQUEUE_MOST);
    *count = 0;
    if (err != RF_OK)
        return err;
    while ((err = rf_rows_next(rows, error)) == RF_OK) {
        struct candidate *one = &found[(*count)++];
        *one = (struct candidate){.row = rf_rows_number(rows, 0),
                                  .line = rf_rows_number(rows, 1),
                                  .may_have_call = rf_rows_number(rows, 2) != 0};
        (void)rf_dial_state_parse(rf_rows_text(rows, 3), &one->open);
    }
    rf_rows_end(&rows);
    return err == RF_ERR_NOT_FOUND ? RF_OK : err;
}

// Why the only contact that was asked for is not tried again.
static enum rf_err refuse(const struct rf_requeue *requeue, struct rf_db *db, int64_t campaign,
                          bool may_have_call, struct rf_error *error) {
    struct rf_rows *row;
    enum rf_err err = rf_db_query(db, error, &row,
                                  "SELECT state, reason FROM contact WHERE campaign = ?"
                                  " AND line = ?",
                                  "ii", campaign, requeue->line);
    if (err == RF_OK)
        err = rf_rows_next(row, error);
    if (err == RF_ERR_NOT_FOUND)
        err = rf_error_set(error, err, "there is no contact %s-%lld", requeue->campaign,
                           (long long)requeue->line);
    else if (err == RF_OK) {
        const char *state = rf_rows_text(row, 0), *reason = rf_rows_text(row, 1);
        const char *id = requeue->campaign;
        long long line = (long long)requeue->line;
        if (may_have_call)
            err = rf_error_set(error, RF_ERR_INVALID,
                               "contact %s-%lld: it is not known whether its last dial made a "
                               "call: a second one is not risked",
                               id, line);
        else if (strcmp(state, "set_aside") != 0)
            err = rf_error_set(error, RF_ERR_INVALID,
                               "contact %s-%lld is %s, not set aside: there is nothing to try "
                               "again; ringfence campaign why tells more",
                               id, line, state);
        else if (wants_name(reason) && !requeue->reason)
            err = rf_error_set(error, RF_ERR_INVALID,
                               "contact %s-%lld was set aside as %s: ask for it by --reason %s", id,
                               line, reason, reason);
        else
            err = rf_error_set(error, RF_ERR_INVALID, "contact %s-%lld was set aside as %s", id,
                               line, reason ? reason : "unknown");
    }
    rf_rows_end(&row);
    return err;
}

// With an open attempt it is nobody's: the next takeover goes on with it.
static enum rf_err put_back(const struct rf_requeue *requeue, struct rf_db *db,
                            const struct candidate *one, struct rf_error *error) {
    enum rf_contact_state to = one->open == RF_DIAL_NONE     ? RF_CONTACT_WAIT_RETRY
                               : one->open == RF_DIAL_PLACED ? RF_CONTACT_FOLLOW
                                                             : RF_CONTACT_ASK;
    enum rf_err err =
        rf_db_run(db, error,
                  "UPDATE contact SET state = ?, due = ?, deferrals = 0, spent = 0, redials = 0,"
                  " interruptions = 0, reason = NULL, message = NULL, ended = 0, owner = ?"
                  " WHERE id = ?",
                  "tiii", rf_contact_state_name(to), requeue->now.ns,
                  to == RF_CONTACT_WAIT_RETRY ? rf_member_of(db) : 0, one->row);
    if (err == RF_OK && one->open == RF_DIAL_INTENT)
        err = rf_db_run(db, error,
                        "UPDATE attempt SET state = 'unknown' WHERE contact = ?"
                        " AND state = 'intent'",
                        "i", one->row);
    return err;
}

// A cancelled campaign comes to its end once more when it is known what became of the attempts.
static enum rf_err reopen(const struct rf_requeue *requeue, struct rf_db *db, int64_t campaign,
                          struct rf_error *error) {
    enum rf_err err =
        rf_db_run(db, error, "UPDATE campaign SET finished = NULL, changed = ? WHERE id = ?", "ii",
                  requeue->now.ns, campaign);
    char *text =
        rf_notice_ordered(requeue->campaign, RF_CAMPAIGN_RETRY, RF_CAMPAIGN_CANCELLED,
                          RF_CAMPAIGN_CANCELLED, requeue->asked, &requeue->person, requeue->now);
    if (err == RF_OK)
        err = rf_notice_store(db, text, error);
    free(text);
    return err;
}

// Also with nobody to try again: whether the order fits the campaign is told all the same.
static enum rf_err obey(const struct rf_requeue *requeue, struct rf_db *db,
                        struct rf_control_campaign *campaign, struct rf_error *error) {
    if (campaign->state == RF_CAMPAIGN_CANCELLED && requeue->asked > 0)
        return reopen(requeue, db, campaign->row, error);
    if (requeue->retried > 0)
        return rf_control_obey(db, requeue->campaign, campaign, RF_CAMPAIGN_RETRY, requeue->retried,
                               &requeue->person, requeue->now, error);
    enum rf_campaign_state unused;
    const char *why_not = rf_campaign_obey(campaign->state, RF_CAMPAIGN_RETRY, &unused);
    return why_not ? rf_error_set(error, RF_ERR_INVALID, "campaign %s: no retry: %s",
                                  requeue->campaign, why_not)
                   : RF_OK;
}

enum rf_err rf_requeue_run(struct rf_store_job *job, struct rf_db *db, struct rf_error *error) {
    struct rf_requeue *requeue = (struct rf_requeue *)job;
    struct candidate found[RF_REQUEUE_MOST];
    struct rf_control_campaign campaign = {0};
    size_t count = 0;
    int64_t kept = 0, unnamed = 0;
    enum rf_err err = rf_control_find(db, requeue->campaign, &campaign, error);
    if (err == RF_OK)
        err = read_some(requeue, db, campaign.row, found, &count, error);
    bool cancelled = campaign.state == RF_CAMPAIGN_CANCELLED;
    requeue->retried = requeue->asked = 0;
    for (size_t i = 0; i < count; i++) {
        kept += found[i].may_have_call ? 1 : 0;
        requeue->retried += goes(&found[i], cancelled) ? 1 : 0;
        requeue->asked += goes(&found[i], true) ? 1 : 0;
    }
    if (err == RF_OK && requeue->line != 0 && (int64_t)count == kept)
        err = refuse(requeue, db, campaign.row, kept > 0, error);
    if (err == RF_OK)
        err = obey(requeue, db, &campaign, error);
    for (size_t i = 0; err == RF_OK && i < count; i++)
        if (goes(&found[i], cancelled))
            err = put_back(requeue, db, &found[i], error);
    if (err == RF_OK && !requeue->reason)
        err = rf_db_number(db, error, &unnamed,
                           "SELECT CAST (coalesce (sum (count), 0) AS BIGINT) FROM campaign_count"
                           " WHERE campaign = ? AND state = 'set_aside' AND reason IN (?, ?, ?)",
                           "ittt", campaign.row, BY_NAME);
    if (err != RF_OK)
        return err;
    requeue->result = json_pack("{s:s,s:s,s:I,s:I,s:I,s:I}", "campaign", requeue->campaign, "state",
                                rf_campaign_state_name(campaign.state), "retried",
                                (json_int_t)requeue->retried, "asked", (json_int_t)requeue->asked,
                                "kept", (json_int_t)kept, "unnamed", (json_int_t)unnamed);
    if (requeue->result && count == RF_REQUEUE_MOST)
        (void)json_object_set_new(requeue->result, "after", json_integer(found[count - 1].line));
    return requeue->result ? RF_OK : rf_error_set(error, RF_ERR_NOMEM, "out of memory");
}
