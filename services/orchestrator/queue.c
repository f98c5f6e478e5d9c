#include "queue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dnc.h"
#include "notice.h"
#include "schema.h"
#include "store/db.h"
#include "turn.h"

// In the order in which read_contact reads them.
#define CONTACT_COLUMNS                                                                            \
    "c.id, k.name, c.line, c.phone, c.name, c.fields, c.state, c.step, c.script, c.audio,"         \
    " c.audio_format, c.deferrals, c.spent, c.redials, c.time_zone, c.last_unreached, c.busy,"     \
    " c.no_answer, c.failed, c.canceled, c.voicemail, c.campaign, k.priority, " RF_DNC_BARRED

void rf_contact_list_clear(struct rf_contact_list *list) {
    for (size_t i = 0; i < list->count; i++)
        rf_contact_clear(&list->items[i]);
    free(list->items);
    *list = (struct rf_contact_list){0};
}

static struct rf_contact *append(struct rf_contact_list *list) {
    if (list->count == list->room) {
        size_t room = list->room ? list->room * 2 : 16;
        struct rf_contact *items = reallocarray(list->items, room, sizeof *items);
        if (!items)
            return NULL;
        list->items = items;
        list->room = room;
    }
    struct rf_contact *contact = &list->items[list->count++];
    *contact = (struct rf_contact){0};
    return contact;
}

static bool copy(char **out, const char *text) {
    *out = text ? strdup(text) : NULL;
    return !text || *out;
}

static enum rf_err read_contact(struct rf_rows *row, struct rf_contact *contact,
                                struct rf_error *error) {
    contact->row = rf_rows_number(row, 0);
    contact->line = rf_rows_number(row, 2);
    contact->step = (enum rf_step)rf_rows_number(row, 7);
    rf_plan_copy(contact->audio, sizeof contact->audio, rf_rows_text(row, 9));
    rf_plan_copy(contact->audio_format, sizeof contact->audio_format, rf_rows_text(row, 10));
    contact->deferrals = rf_rows_number(row, 11);
    contact->spent = rf_rows_number(row, 12);
    contact->redials = rf_rows_number(row, 13);
    // In the order of enum rf_unreached, which begins with those that were reached.
    for (int how = RF_UNREACHED_BUSY; how < RF_UNREACHED_COUNT; how++)
        contact->unreached[how] = rf_rows_number(row, 15 + how);
    contact->campaign_row = rf_rows_number(row, 21);
    contact->barred = rf_rows_number(row, 23) != 0;
    contact->priority = rf_rows_number(row, 22);
    if (!rf_unreached_parse(rf_rows_text(row, 15), &contact->last_unreached))
        return rf_error_set(error, RF_ERR_INVALID, "contact %lld has an unknown last ending",
                            (long long)contact->row);
    if (!rf_contact_state_parse(rf_rows_text(row, 6), &contact->state))
        return rf_error_set(error, RF_ERR_INVALID, "contact %lld has an unknown state",
                            (long long)contact->row);
    if (!copy(&contact->campaign, rf_rows_text(row, 1)) ||
        !copy(&contact->phone, rf_rows_text(row, 3)) ||
        !copy(&contact->name, rf_rows_text(row, 4)) ||
        !copy(&contact->fields, rf_rows_text(row, 5)) ||
        !copy(&contact->script, rf_rows_text(row, 8)) ||
        !copy(&contact->time_zone, rf_rows_text(row, 14)))
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    (void)snprintf(contact->id, sizeof contact->id, "%s-%lld", contact->campaign,
                   (long long)contact->line);
    return RF_OK;
}

// Steps through `rows` into `list` and ends the statement.
static enum rf_err read_contacts(struct rf_rows *rows, struct rf_contact_list *list,
                                 struct rf_error *error) {
    enum rf_err err;
    while ((err = rf_rows_next(rows, error)) == RF_OK) {
        struct rf_contact *contact = append(list);
        err = contact ? read_contact(rows, contact, error)
                      : rf_error_set(error, RF_ERR_NOMEM, "out of memory");
        if (err != RF_OK)
            break;
    }
    rf_rows_end(&rows);
    return err == RF_ERR_NOT_FOUND ? RF_OK : err;
}

// ---- claim ----

static enum rf_err begin(struct rf_db *db, struct rf_contact *contact, struct rf_utc now,
                         struct rf_error *error) {
    enum rf_contact_state to = rf_contact_begins(contact->step);
    enum rf_err err = rf_db_run(db, error, "UPDATE contact SET state = ? WHERE id = ?", "ti",
                                rf_contact_state_name(to), contact->row);
    if (err == RF_OK && contact->state == RF_CONTACT_SCHEDULED) {
        char *text = rf_notice_started(contact, now);
        err = rf_notice_store(db, text, error);
        free(text);
    }
    contact->state = to;
    return err;
}

// A claim on its way: whose turn it is among the campaigns that run.
struct turns {
    struct rf_turn *items;
    size_t count;
};

// The contacts of a campaign that are in progress, here and at other orchestrators.
static enum rf_err count_running(struct rf_db *db, struct rf_turn *turn, struct rf_error *error) {
    return rf_db_number(db, error, &turn->running,
                        "SELECT count (*) FROM contact WHERE campaign = ? AND " RF_SCHEMA_UNENDED
                        " AND " RF_SCHEMA_RUNNING,
                        "i", turn->campaign);
}

static enum rf_err read_turns(struct rf_db *db, int64_t limit, struct turns *turns,
                              struct rf_error *error) {
    struct rf_rows *rows;
    enum rf_err err = rf_db_query(db, error, &rows,
                                  "SELECT id, priority FROM campaign"
                                  " WHERE state = 'running' AND paused = 0 ORDER BY id",
                                  "");
    if (err != RF_OK)
        return err;
    while ((err = rf_rows_next(rows, error)) == RF_OK) {
        struct rf_turn *items = reallocarray(turns->items, turns->count + 1, sizeof *items);
        if (!items) {
            err = rf_error_set(error, RF_ERR_NOMEM, "out of memory");
            break;
        }
        turns->items = items;
        items[turns->count++] = (struct rf_turn){.campaign = rf_rows_number(rows, 0),
                                                 .priority = rf_rows_number(rows, 1),
                                                 .limit = limit};
    }
    rf_rows_end(&rows);
    err = err == RF_ERR_NOT_FOUND ? RF_OK : err;
    // One campaign without a limit of its own takes all places anyway.
    for (size_t i = 0; err == RF_OK && i < turns->count && (turns->count > 1 || limit > 0); i++)
        err = count_running(db, &turns->items[i], error);
    return err;
}

// Claims up to `limit` due contacts of one campaign at one step.
static enum rf_err claim_step(struct rf_queue_claim *claim, struct rf_db *db, int64_t campaign,
                              int step, int64_t limit, struct rf_error *error) {
    struct rf_rows *rows;
    size_t before = claim->contacts.count;
    enum rf_err err =
        rf_db_query(db, error, &rows,
                    "SELECT " CONTACT_COLUMNS " FROM contact c JOIN campaign k ON k.id = c.campaign"
                    " WHERE c.campaign = ? AND c." RF_SCHEMA_QUEUED " AND c.step = ? AND c.due <= ?"
                    " ORDER BY c.due, c.id LIMIT ?",
                    "iiii", campaign, (int64_t)step, claim->now.ns, limit);
    if (err == RF_OK)
        err = read_contacts(rows, &claim->contacts, error);
    for (size_t i = before; err == RF_OK && i < claim->contacts.count; i++)
        err = begin(db, &claim->contacts.items[i], claim->now, error);
    return err;
}

// Shares out `count` places at the steps from `first` to before `end`. Within a campaign contacts
// that are further on go first: what was paid for is used soonest.
static enum rf_err claim_steps(struct rf_queue_claim *claim, struct rf_db *db, struct turns *turns,
                               int first, int end, int64_t count, struct rf_error *error) {
    int64_t want;
    struct rf_turn *turn;
    enum rf_err err = RF_OK;
    for (size_t i = 0; i < turns->count; i++)
        turns->items[i].dry = false;
    while (err == RF_OK && (turn = rf_turn_next(turns->items, turns->count, count, &want))) {
        size_t before = claim->contacts.count;
        int64_t got = 0;
        for (int step = end - 1; err == RF_OK && step >= first && got < want; step--) {
            err = claim_step(claim, db, turn->campaign, step, want - got, error);
            got = (int64_t)(claim->contacts.count - before);
        }
        rf_turn_took(turn, want, got);
        count -= got;
    }
    return err;
}

// When the queue has something next at the steps from `first` to before `end`. What is due of a
// campaign that has reached its own limit waits for one of its contacts, not for a time.
static enum rf_err next_due(struct rf_queue_claim *claim, struct rf_db *db,
                            const struct turns *turns, int first, int end, struct rf_utc *due,
                            struct rf_error *error) {
    due->ns = INT64_MAX;
    for (size_t i = 0; i < turns->count; i++) {
        if (rf_turn_full(&turns->items[i])) {
            claim->full = true;
            continue;
        }
        for (int step = first; step < end; step++) {
            int64_t at;
            enum rf_err err =
                rf_db_number(db, error, &at,
                             "SELECT due FROM contact WHERE campaign = ? AND " RF_SCHEMA_QUEUED
                             " AND step = ? ORDER BY due LIMIT 1",
                             "ii", turns->items[i].campaign, (int64_t)step);
            if (err == RF_ERR_NOT_FOUND)
                continue;
            if (err != RF_OK)
                return err;
            due->ns = at < due->ns ? at : due->ns;
        }
    }
    return RF_OK;
}

enum rf_err rf_queue_claim_run(struct rf_store_job *job, struct rf_db *db, struct rf_error *error) {
    struct rf_queue_claim *claim = (struct rf_queue_claim *)job;
    const struct rf_claim_decision *decision = &claim->decision;
    struct turns turns = {0};
    int first = (int)decision->first, test_first = (int)decision->test_first;
    enum rf_err err = read_turns(db, claim->limit, &turns, error);
    if (err == RF_OK)
        err = claim_steps(claim, db, &turns, first, RF_STEPS, decision->count, error);
    claim->claimed = (int64_t)claim->contacts.count;
    if (err == RF_OK && decision->test)
        err = claim_steps(claim, db, &turns, test_first, first, 1, error);
    if (err == RF_OK && (int64_t)claim->contacts.count > claim->claimed)
        claim->test_row = claim->contacts.items[claim->claimed].row;
    if (err == RF_OK)
        err = next_due(claim, db, &turns, first, RF_STEPS, &claim->open_next, error);
    if (err == RF_OK)
        err = next_due(claim, db, &turns, test_first, first, &claim->test_next, error);
    free(turns.items);
    return err;
}

// ---- resume ----

static enum rf_err read_dial(struct rf_db *db, struct rf_contact *contact, struct rf_error *error) {
    struct rf_rows *row;
    enum rf_err err = rf_db_query(db, error, &row,
                                  "SELECT id, state, created, send_before, sid FROM attempt"
                                  " WHERE contact = ? AND " RF_SCHEMA_OPEN,
                                  "i", contact->row);
    if (err != RF_OK)
        return err;
    struct rf_dial *dial = &contact->dial;
    err = rf_rows_next(row, error);
    if (err == RF_OK) {
        rf_plan_copy(dial->id, sizeof dial->id, rf_rows_text(row, 0));
        dial->created.ns = rf_rows_number(row, 2);
        dial->send_before.ns = rf_rows_number(row, 3);
        rf_plan_copy(dial->sid, sizeof dial->sid, rf_rows_text(row, 4));
        if (!rf_dial_state_parse(rf_rows_text(row, 1), &dial->state))
            err = rf_error_set(error, RF_ERR_INVALID, "attempt %s has an unknown state", dial->id);
    }
    rf_rows_end(&row);
    return err == RF_ERR_NOT_FOUND ? RF_OK : err;
}

enum rf_err rf_queue_resume_run(struct rf_store_job *job, struct rf_db *db,
                                struct rf_error *error) {
    struct rf_queue_resume *resume = (struct rf_queue_resume *)job;
    struct rf_rows *rows;
    enum rf_err err = rf_db_query(db, error, &rows,
                                  "SELECT " CONTACT_COLUMNS " FROM contact c JOIN campaign k"
                                  " ON k.id = c.campaign WHERE c." RF_SCHEMA_UNENDED
                                  " AND c." RF_SCHEMA_RUNNING " ORDER BY c.id",
                                  "");
    if (err == RF_OK)
        err = read_contacts(rows, &resume->contacts, error);
    for (size_t i = 0; err == RF_OK && i < resume->contacts.count; i++)
        err = read_dial(db, &resume->contacts.items[i], error);
    return err;
}

// ---- release, known ----

enum rf_err rf_queue_release_run(struct rf_store_job *job, struct rf_db *db,
                                 struct rf_error *error) {
    const struct rf_queue_release *release = (const struct rf_queue_release *)job;
    return rf_db_run(db, error,
                     "UPDATE contact SET due = ? WHERE " RF_SCHEMA_QUEUED
                     " AND state = 'waiting.breaker' AND due > ?",
                     "ii", release->now.ns, release->now.ns);
}

enum rf_err rf_queue_known_run(struct rf_store_job *job, struct rf_db *db, struct rf_error *error) {
    struct rf_queue_known *known = (struct rf_queue_known *)job;
    struct rf_rows *rows;
    known->sids = json_array();
    enum rf_err err =
        rf_db_query(db, error, &rows, "SELECT sid FROM attempt WHERE phone = ? AND sid IS NOT NULL",
                    "t", known->phone);
    if (err != RF_OK)
        return err;
    while ((err = rf_rows_next(rows, error)) == RF_OK)
        (void)json_array_append_new(known->sids, json_string(rf_rows_text(rows, 0)));
    rf_rows_end(&rows);
    return err == RF_ERR_NOT_FOUND ? RF_OK : err;
}
