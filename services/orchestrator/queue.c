#include "queue.h"

#include <stdlib.h>

#include "campaigns/schema.h"
#include "contact_rows.h"
#include "dnc.h"
#include "notice.h"
#include "store/db.h"
#include "store/member.h"
#include "turn.h"

// ---- claim ----

// Contacts of one step become running.
static enum rf_err set_running(struct rf_db *db, const struct rf_contact *contacts, size_t count,
                               enum rf_contact_state to, struct rf_error *error) {
    static const struct rf_db_many update = {
        "UPDATE contact SET state = ?, owner = ? WHERE id IN (", "?", ")", 2, 1};
    struct rf_db_value values[2 + RF_DB_MANY_MAX] = {
        {.type = 't', .text = rf_contact_state_name(to)},
        {.type = 'i', .integer = rf_member_of(db)}};
    for (size_t i = 0; i < count; i++)
        values[2 + i] = (struct rf_db_value){.type = 'i', .integer = contacts[i].row};
    return rf_db_later_many(db, error, &update, values, count);
}

// As RF_SCHEMA_AHEAD has it.
static bool was_ahead(const struct rf_contact *contact) {
    return contact->state == RF_CONTACT_WAIT_WINDOW && contact->step != RF_STEP_SCRIPT &&
           contact->last_unreached == RF_UNREACHED_NONE;
}

// Contacts of one step begin, at most RF_DB_MANY_MAX of them; of those that were never begun before
// it is told. `ahead` are those that were made ready before, and not begun yet.
static enum rf_err begin(struct rf_db *db, struct rf_contact *contacts, size_t count,
                         struct rf_utc now, int64_t *ahead, struct rf_error *error) {
    enum rf_contact_state to = rf_contact_begins(contacts[0].step);
    char *texts[RF_DB_MANY_MAX];
    size_t text_count = 0;
    enum rf_err err = set_running(db, contacts, count, to, error);
    for (size_t i = 0; err == RF_OK && i < count; i++) {
        if (contacts[i].state == RF_CONTACT_SCHEDULED)
            texts[text_count++] = rf_notice_started(&contacts[i], now);
        *ahead -= was_ahead(&contacts[i]) ? 1 : 0;
        contacts[i].state = to;
    }
    if (err == RF_OK)
        err = rf_notice_store_all(db, texts, text_count, error);
    for (size_t i = 0; i < text_count; i++)
        free(texts[i]);
    return err;
}

// A claim on its way: whose turn it is among the campaigns that run.
struct turns {
    struct rf_turn *items;
    int64_t (*due)[RF_STEPS]; // of each: when it has something next at a step; INT64_MAX: nothing
    size_t count;
};

// The contacts of a campaign that are in progress, here and at other orchestrators.
static enum rf_err count_running(struct rf_db *db, struct rf_turn *turn, struct rf_error *error) {
    return rf_db_number(db, error, &turn->running,
                        "SELECT count (*) FROM contact WHERE campaign = ? AND " RF_SCHEMA_UNENDED
                        " AND " RF_SCHEMA_RUNNING,
                        "i", turn->campaign);
}

// When the campaign that `campaign` stands for has something next at a step.
#define DUE(campaign, step)                                                                        \
    "SELECT due FROM contact WHERE campaign = " campaign " AND " RF_SCHEMA_QUEUED                  \
    " AND step = " step " ORDER BY due LIMIT 1"

// How many are ready and wait for their first window.
#define AHEAD                                                                                      \
    "SELECT count (*) FROM contact WHERE " RF_SCHEMA_AHEAD                                         \
    " AND campaign IN (SELECT id FROM campaign WHERE state = 'running')"

static enum rf_err add_turn(struct turns *turns, const struct rf_rows *row,
                            struct rf_error *error) {
    struct rf_turn *items = reallocarray(turns->items, turns->count + 1, sizeof *items);
    if (items)
        turns->items = items;
    int64_t(*due)[RF_STEPS] = reallocarray(turns->due, turns->count + 1, sizeof *due);
    if (due)
        turns->due = due;
    if (!items || !due)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    items[turns->count] = (struct rf_turn){.campaign = rf_rows_number(row, 2),
                                           .priority = rf_rows_number(row, 3),
                                           .limit = rf_rows_number(row, 4)};
    for (int step = 0; step < RF_STEPS; step++)
        due[turns->count][step] =
            rf_rows_null(row, 5 + step) ? INT64_MAX : rf_rows_number(row, 5 + step);
    turns->count++;
    return RF_OK;
}

// All that a claim has to know beforehand, in one question: each is a way to the server and back.
static enum rf_err read_campaigns(struct rf_queue_claim *claim, struct rf_db *db,
                                  struct turns *turns, struct rf_error *error) {
    struct rf_rows *rows;
    enum rf_err err = rf_db_query(
        db, error, &rows,
        "SELECT m.count, (" AHEAD "), k.id, k.priority, coalesce (k.concurrency, ?),"
        " (" DUE("k.id", "0") "), (" DUE("k.id", "1") "), (" DUE(
            "k.id", "2") ")"
                         " FROM (SELECT count (*) AS count FROM member WHERE gone = 0) m"
                         " LEFT JOIN campaign k ON k.state = 'running' ORDER BY k.id",
        "i", claim->limit);
    if (err != RF_OK)
        return err;
    while ((err = rf_rows_next(rows, error)) == RF_OK) {
        claim->sharers = rf_rows_number(rows, 0);
        claim->ahead = rf_rows_number(rows, 1);
        if (!rf_rows_null(rows, 2) && (err = add_turn(turns, rows, error)) != RF_OK)
            break;
    }
    rf_rows_end(&rows);
    return err == RF_ERR_NOT_FOUND ? RF_OK : err;
}
_Static_assert(RF_STEPS == 3, "read_campaigns asks for each step");

static enum rf_err read_turns(struct rf_queue_claim *claim, struct rf_db *db, struct turns *turns,
                              struct rf_error *error) {
    enum rf_err err = read_campaigns(claim, db, turns, error);
    for (size_t i = 0; err == RF_OK && i < turns->count; i++) {
        struct rf_turn *turn = &turns->items[i];
        // With a limit claims of several orchestrators go one after the other, in order of the
        // campaigns: each counts what those before it took.
        if (turn->limit > 0)
            err = rf_db_run(db, error,
                            "SELECT id FROM campaign WHERE id = ? /*! FOR NO KEY UPDATE */", "i",
                            turn->campaign);
        // One campaign without a limit of its own takes all places anyway.
        if (err == RF_OK && (turns->count > 1 || turn->limit > 0))
            err = count_running(db, turn, error);
    }
    return err;
}

// Claims up to `limit` due contacts of one campaign at one step. `due` is when there is something
// next, before and after; who got as many as it wanted does not ask: there may be more at once.
static enum rf_err claim_step(struct rf_queue_claim *claim, struct rf_db *db, int64_t campaign,
                              int step, int64_t limit, int64_t *due, struct rf_error *error) {
    struct rf_rows *rows;
    size_t before = claim->contacts.count;
    if (*due > claim->now.ns)
        return RF_OK;
    enum rf_err err = rf_db_query(
        db, error, &rows,
        "SELECT " RF_CONTACT_COLUMNS " FROM contact c JOIN campaign k ON k.id = c.campaign"
        " WHERE c.campaign = ? AND " RF_SCHEMA_QUEUED_OF(
            "c.") " AND c.step = ? AND c.due <= ?"
                  " ORDER BY c.due, c.id LIMIT ? /*! FOR UPDATE OF c SKIP LOCKED */",
        "iiii", campaign, (int64_t)step, claim->now.ns, limit);
    if (err == RF_OK)
        err = rf_contact_rows_read(rows, &claim->contacts, error);
    for (size_t i = before, part; err == RF_OK && i < claim->contacts.count; i += part) {
        part = rf_db_many_part(claim->contacts.count - i);
        err = begin(db, &claim->contacts.items[i], part, claim->now, &claim->ahead, error);
    }
    if (err != RF_OK || (int64_t)(claim->contacts.count - before) == limit)
        return err;
    *due = INT64_MAX;
    err = rf_db_number(db, error, due, DUE("?", "?"), "ii", campaign, (int64_t)step);
    return err == RF_ERR_NOT_FOUND ? RF_OK : err;
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
            err = claim_step(claim, db, turn->campaign, step, want - got,
                             &turns->due[turn - turns->items][step], error);
            got = (int64_t)(claim->contacts.count - before);
        }
        rf_turn_took(turn, want, got);
        count -= got;
    }
    return err;
}

// When the queue has something next at the steps from `first` to before `end`. What is due of a
// campaign that has reached its own limit waits for one of its contacts, not for a time.
static struct rf_utc next_due(struct rf_queue_claim *claim, const struct turns *turns, int first,
                              int end) {
    struct rf_utc next = {INT64_MAX};
    for (size_t i = 0; i < turns->count; i++) {
        if (rf_turn_full(&turns->items[i])) {
            claim->full = true;
            continue;
        }
        for (int step = first; step < end; step++)
            next.ns = turns->due[i][step] < next.ns ? turns->due[i][step] : next.ns;
    }
    return next;
}

// How many contacts of a campaign are ready for `end`, or are being made ready.
static enum rf_err count_prepared(struct rf_db *db, int64_t campaign, int end, int64_t *count,
                                  struct rf_error *error) {
    int64_t ready = 0;
    enum rf_err err =
        rf_db_number(db, error, &ready,
                     // +step: by the state there are few, at a step there may be all.
                     "SELECT count (*) FROM contact WHERE campaign = ? AND " RF_SCHEMA_WAITING
                     " AND state = 'waiting.breaker' AND +step = ?",
                     "ii", campaign, (int64_t)end);
    *count += ready;
    if (err == RF_OK)
        err = rf_db_number(db, error, &ready,
                           "SELECT count (*) FROM contact WHERE campaign = ?"
                           " AND " RF_SCHEMA_UNENDED
                           " AND state IN ('running.script', 'running.speech')",
                           "i", campaign);
    *count += ready;
    return err;
}

// Claims contacts to be made ready in the places that are left.
static enum rf_err prepare(struct rf_queue_claim *claim, struct rf_db *db, struct turns *turns,
                           struct rf_error *error) {
    const struct rf_claim_decision *decision = &claim->decision;
    int first = (int)decision->prepare_first, end = (int)decision->prepare_end;
    int64_t places = decision->prepare - claim->claimed, ready = claim->ahead;
    enum rf_err err = RF_OK;
    for (size_t i = 0; err == RF_OK && i < turns->count; i++)
        err = count_prepared(db, turns->items[i].campaign, end, &ready, error);
    int64_t left = decision->prepare_most - ready;
    if (err == RF_OK && places > 0 && left > 0)
        err = claim_steps(claim, db, turns, first, end, places < left ? places : left, error);
    claim->prepared = left <= 0;
    claim->prepare_next.ns = INT64_MAX;
    if (err == RF_OK && left > 0)
        claim->prepare_next = next_due(claim, turns, first, end);
    return err;
}

enum rf_err rf_queue_claim_run(struct rf_store_job *job, struct rf_db *db, struct rf_error *error) {
    struct rf_queue_claim *claim = (struct rf_queue_claim *)job;
    const struct rf_claim_decision *decision = &claim->decision;
    struct turns turns = {0};
    int first = (int)decision->first, test_first = (int)decision->test_first;
    rf_contact_list_clear(&claim->contacts);
    claim->test_row = 0;
    claim->full = false;
    enum rf_err err = read_turns(claim, db, &turns, error);
    if (err == RF_OK)
        err = claim_steps(claim, db, &turns, first, RF_STEPS, decision->count, error);
    claim->claimed = (int64_t)claim->contacts.count;
    if (err == RF_OK && decision->test)
        err = claim_steps(claim, db, &turns, test_first, first, 1, error);
    if (err == RF_OK && (int64_t)claim->contacts.count > claim->claimed)
        claim->test_row = claim->contacts.items[claim->claimed].row;
    claim->open_next = next_due(claim, &turns, first, RF_STEPS);
    claim->test_next = next_due(claim, &turns, test_first, first);
    if (err == RF_OK && decision->prepare > 0)
        err = prepare(claim, db, &turns, error);
    free(turns.items);
    free(turns.due);
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
    json_decref(known->sids); // of an earlier run
    known->sids = json_array();
    if (!known->sids)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    enum rf_err err =
        rf_db_query(db, error, &rows, "SELECT sid FROM attempt WHERE phone = ? AND sid IS NOT NULL",
                    "t", known->phone);
    if (err != RF_OK)
        return err;
    while ((err = rf_rows_next(rows, error)) == RF_OK)
        if (json_array_append_new(known->sids, json_string(rf_rows_text(rows, 0))) != 0) {
            err = rf_error_set(error, RF_ERR_NOMEM, "out of memory");
            break;
        }
    rf_rows_end(&rows);
    return err == RF_ERR_NOT_FOUND ? RF_OK : err;
}
