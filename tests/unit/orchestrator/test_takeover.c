// What becomes of the work of an orchestrator that is gone. With PostgreSQL there are two of them
// side by side; with SQLite one comes after the other.
#include "database.h"

#include <string.h>

#include "campaign.h"
#include "contact_rows.h"
#include "dial.h"
#include "dnc.h"
#include "queue.h"
#include "record.h"
#include "sweep.h"

#define S RF_NS_PER_S

static const struct rf_rules rules = {.send_margin = {20 * S}, .max_attempts = 3};

static int setup(void **state) {
    *state = database_open();
    return 0;
}

static int teardown(void **state) {
    struct rf_db *db = *state;
    rf_db_close(&db);
    return 0;
}

static void must(struct rf_db *db, struct rf_store_job *job) {
    struct rf_error error = {0};
    if (database_do(db, job, &error) != RF_OK)
        fail_msg("%s", error.message);
}

static void load(struct rf_db *db, int contacts) {
    json_t *list = json_array();
    for (int i = 0; i < contacts; i++)
        json_array_append_new(list, json_pack("{s:i,s:o}", "line", i + 2, "phone",
                                              json_sprintf("+1202555%04d", 100 + i)));
    json_t *params = json_pack("{s:s,s:o}", "campaign", "c", "contacts", list);
    struct rf_campaign_load *job;
    struct rf_error error = {0};
    assert_int_equal(rf_campaign_load_new(params, (struct rf_utc){S}, &job, &error), RF_OK);
    must(db, &job->job);
    rf_campaign_load_destroy(&job);
    json_decref(params);
}

static void begin_campaign(struct rf_db *db, int contacts) {
    load(db, contacts);
    assert_true(database_order(db, "c", RF_CAMPAIGN_START, (struct rf_utc){2 * S}) >= 0);
}

static struct rf_queue_claim claim(struct rf_db *db, int64_t count) {
    struct rf_queue_claim job = {.job.run = rf_queue_claim_run, .now = {10 * S}};
    job.decision.count = count;
    must(db, &job.job);
    return job;
}

static struct rf_takeover take_over(struct rf_db *db) {
    struct rf_takeover job = {.job.run = rf_takeover_run, .now = {20 * S}, .room = INT64_MAX};
    must(db, &job.job);
    return job;
}

// Another orchestrator: the next life of the same, or one beside it.
static struct rf_db *another(struct rf_db *db) {
    if (!database_is_postgres()) {
        database_live(db);
        return db;
    }
    struct rf_db *other = database_connect(false);
    struct rf_takeover_open open = {.job.run = rf_takeover_open_run};
    struct rf_error error = {0};
    assert_int_equal(other->driver->begin(other, &error), RF_OK);
    assert_int_equal(rf_member_join(other, "other", rf_seconds(3600), &error), RF_OK);
    assert_int_equal(other->driver->commit(other, &error), RF_OK);
    must(other, &open.job);
    other->connected = (struct rf_instant){1}; // here for long: it may judge
    return other;
}

static void end(struct rf_db *db, struct rf_db *other) {
    if (other != db)
        rf_db_close(&other);
}

static enum rf_err write_as(struct rf_db *db, const struct rf_contact *contact,
                            enum rf_contact_state to, struct rf_error *error) {
    struct rf_plan plan;
    rf_plan_stay(contact, &plan);
    plan.to = to;
    rf_plan_copy(plan.reason, sizeof plan.reason, "failed");
    struct rf_record *record = rf_record_new(contact, &plan, (struct rf_utc){30 * S});
    enum rf_err err = database_do(db, &record->job, error);
    rf_record_destroy(&record);
    return err;
}

static void who_is_gone(struct rf_db *db) {
    if (database_is_postgres())
        assert_int_equal(database_exec(db, "UPDATE member SET alive_until = 0 WHERE id ="
                                           " (SELECT min (id) FROM member WHERE gone = 0)"),
                         RF_OK);
}

static void
incident_46_the_contacts_of_one_that_is_gone_go_on_with_their_open_attempts(void **state) {
    struct rf_db *db = *state;
    struct rf_error error = {0};
    begin_campaign(db, 3);
    struct rf_queue_claim claimed = claim(db, 2);
    assert_int_equal(database_exec(db, "UPDATE contact SET state = 'running.dial'"
                                       " WHERE state = 'running.script' AND line = 2"),
                     RF_OK);
    struct rf_contact *dialled = &claimed.contacts.items[0];
    dialled->state = RF_CONTACT_DIAL;
    struct rf_dial dial;
    rf_dial_begin(&dial, "A1", &rules, (struct rf_utc){10 * S});
    strcpy(dial.account, "AC1 at https://api.example");
    strcpy(dial.sender, "+12025550199");
    struct rf_record *intent = rf_record_intent(dialled, &dial, 0, (struct rf_utc){10 * S});
    must(db, &intent->job);
    rf_record_destroy(&intent);

    struct rf_db *other = another(db);
    struct rf_takeover taken;
    if (database_is_postgres()) {
        taken = take_over(other);
        assert_int_equal(taken.contacts.count, 0); // its owner is alive
        assert_int_equal(taken.stream_count, 0);
        who_is_gone(other);
    }
    taken = take_over(other);
    assert_int_equal(taken.contacts.count, 2);
    assert_false(taken.more);
    for (size_t i = 0; i < 2; i++) {
        struct rf_contact *contact = &taken.contacts.items[i];
        bool open = contact->line == 2;
        assert_int_equal(contact->state, open ? RF_CONTACT_DIAL : RF_CONTACT_SCRIPT);
        assert_int_equal(contact->dial.state, open ? RF_DIAL_INTENT : RF_DIAL_NONE);
        if (open) {
            assert_int_equal(contact->dial.send_before.ns, 30 * S);
            assert_int_equal(contact->dial.proven_after.ns, dial.proven_after.ns);
            assert_string_equal(contact->dial.account, "AC1 at https://api.example");
            assert_string_equal(contact->dial.sender, "+12025550199");
        }
        assert_int_equal(write_as(other, contact, RF_CONTACT_SET_ASIDE, &error), RF_OK);
    }
    struct rf_takeover again = take_over(other);
    assert_int_equal(again.contacts.count, 0);
    rf_contact_list_clear(&taken.contacts);
    rf_contact_list_clear(&claimed.contacts);
    end(db, other);
}

static void incident_47_what_one_that_is_gone_still_writes_changes_nothing(void **state) {
    struct rf_db *db = *state;
    struct rf_error error = {0};
    if (!database_is_postgres())
        skip(); // its file has one writer
    begin_campaign(db, 1);
    struct rf_queue_claim claimed = claim(db, 1);
    struct rf_db *other = another(db);
    who_is_gone(other);
    struct rf_takeover taken = take_over(other);
    assert_int_equal(taken.contacts.count, 1);
    // The whole transaction is refused: with its first statement, and should that be ignored, too.
    assert_int_equal(db->driver->begin(db, &error), RF_OK);
    assert_int_equal(rf_db_run(db, &error, "UPDATE contact SET name = 'late'", ""), RF_ERR_IO);
    assert_true(db->lost);
    assert_int_equal(db->driver->commit(db, &error), RF_ERR_IO);
    db->driver->rollback(db);
    assert_int_equal(database_number(other, "SELECT count (*) FROM contact WHERE name = 'late'"),
                     0);
    // And the write itself would be, whoever let it begin: the contact is another's.
    assert_int_equal(db->driver->begin(db, &error), RF_ERR_IO);
    db->member = 0;
    db->lost = false;
    assert_int_equal(write_as(db, &claimed.contacts.items[0], RF_CONTACT_SET_ASIDE, &error),
                     RF_ERR_INVALID);
    assert_int_equal(database_number(other, "SELECT count (*) FROM contact"
                                            " WHERE state = 'running.script'"),
                     1);
    rf_contact_list_clear(&taken.contacts);
    rf_contact_list_clear(&claimed.contacts);
    end(db, other);
}

// The contact as another process, or a person at the database, may have left it in the meantime.
static void incident_47_an_intent_begins_only_where_the_contact_was_left(void **state) {
    static const struct {
        const char *is;
        enum rf_err err;
    } cases[] = {
        {"state = 'running.ask'", RF_ERR_INVALID},
        {"state = 'running.dial', owner = owner + 1", RF_ERR_INVALID},
        {"owner = owner - 1", RF_OK},
    };
    struct rf_db *db = *state;
    struct rf_error error = {0};
    struct rf_dial dial;
    begin_campaign(db, 1);
    struct rf_queue_claim claimed = claim(db, 1);
    struct rf_contact *contact = &claimed.contacts.items[0];
    assert_int_equal(database_exec(db, "UPDATE contact SET state = 'running.dial'"), RF_OK);
    contact->state = RF_CONTACT_DIAL;
    rf_dial_begin(&dial, "A1", &rules, (struct rf_utc){10 * S});
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char sql[96];
        snprintf(sql, sizeof sql, "UPDATE contact SET %s", cases[i].is);
        assert_int_equal(database_exec(db, sql), RF_OK);
        struct rf_record *intent = rf_record_intent(contact, &dial, 0, (struct rf_utc){10 * S});
        assert_int_equal(database_do(db, &intent->job, &error), cases[i].err);
        assert_false(intent->paused);
        rf_record_destroy(&intent);
    }
    assert_int_equal(database_number(db, "SELECT count (*) FROM attempt"), 1);
    rf_contact_list_clear(&claimed.contacts);
}

static void many_contacts_are_taken_over_page_by_page(void **state) {
    struct rf_db *db = *state;
    begin_campaign(db, RF_TAKEOVER_MAX + 5);
    struct rf_queue_claim claimed = claim(db, RF_TAKEOVER_MAX + 5);
    assert_int_equal(claimed.contacts.count, RF_TAKEOVER_MAX + 5);
    rf_contact_list_clear(&claimed.contacts);
    struct rf_db *other = another(db);
    who_is_gone(other);
    struct rf_takeover first = take_over(other);
    struct rf_takeover second = take_over(other);
    assert_int_equal(first.contacts.count, RF_TAKEOVER_MAX);
    assert_true(first.more);
    assert_int_equal(second.contacts.count, 5);
    assert_false(second.more);
    rf_contact_list_clear(&first.contacts);
    rf_contact_list_clear(&second.contacts);
    end(db, other);
}

// One that takes over again and again would have all contacts of the campaign in the end, and the
// others nothing to do.
static void whom_it_has_no_place_for_goes_back_into_the_queue(void **state) {
    struct rf_db *db = *state;
    begin_campaign(db, 5);
    struct rf_queue_claim claimed = claim(db, 5);
    assert_int_equal(database_exec(db, "UPDATE contact SET state = 'running.dial'"
                                       " WHERE line IN (4, 5)"),
                     RF_OK);
    struct rf_contact *dialled = &claimed.contacts.items[2];
    assert_int_equal(dialled->line, 4);
    dialled->state = RF_CONTACT_DIAL;
    struct rf_dial dial;
    rf_dial_begin(&dial, "A1", &rules, (struct rf_utc){10 * S});
    struct rf_record *intent = rf_record_intent(dialled, &dial, 0, (struct rf_utc){10 * S});
    must(db, &intent->job);
    rf_record_destroy(&intent);
    rf_contact_list_clear(&claimed.contacts);

    struct rf_db *other = another(db);
    who_is_gone(other);
    struct rf_takeover taken = {.job.run = rf_takeover_run, .now = {20 * S}, .room = 2};
    must(other, &taken.job);
    assert_int_equal(taken.contacts.count, 2);
    assert_int_equal(taken.contacts.items[0].line, 2);
    assert_int_equal(taken.contacts.items[1].line, 4); // somebody may be on the telephone
    assert_int_equal(taken.contacts.items[1].dial.state, RF_DIAL_INTENT);
    assert_int_equal(taken.returned, 3);
    assert_false(taken.more);
    assert_int_equal(database_number(other, "SELECT count (*) FROM contact WHERE line IN (3, 5, 6)"
                                            " AND state = 'waiting.retry' AND due = 20000000000"
                                            " AND reason = 'taken_over' AND deferrals = 0"),
                     3);
    assert_int_equal(database_number(other, "SELECT count (*) FROM outbox"
                                            " WHERE event LIKE '%contact.deferred%'"),
                     3);
    rf_contact_list_clear(&taken.contacts);
    claimed = claim(other, 5);
    assert_int_equal(claimed.contacts.count, 0); // not due before the takeover
    claimed = (struct rf_queue_claim){.job.run = rf_queue_claim_run, .now = {20 * S}};
    claimed.decision.count = 5;
    must(other, &claimed.job);
    assert_int_equal(claimed.contacts.count, 3);
    rf_contact_list_clear(&claimed.contacts);
    end(db, other);
}

static void
events_of_one_that_is_gone_are_published_and_then_its_stream_is_forgotten(void **state) {
    struct rf_db *db = *state;
    struct rf_error error = {0};
    if (!database_is_postgres())
        skip(); // the next life goes on with the stream: test_campaign
    for (int i = 0; i < 3; i++)
        assert_int_equal(rf_notice_store(db, "a", &error), RF_OK);
    assert_int_equal(database_exec(db, "DELETE FROM outbox WHERE seq = 1"), RF_OK);
    struct rf_db *other = another(db);
    assert_int_equal(rf_notice_store(other, "b", &error), RF_OK);
    who_is_gone(other);
    struct rf_takeover taken = take_over(other);
    assert_int_equal(taken.stream_count, 1);
    assert_int_equal(taken.streams[0].next, 2);
    assert_int_equal(strncmp(taken.streams[0].name, "orchestrator-", 13), 0);
    // What is ours goes on under our own numbers, in a stream of its own.
    assert_int_equal(rf_notice_store(other, "b", &error), RF_OK);
    assert_int_equal(database_number(other, "SELECT max (seq) FROM outbox WHERE event = 'b'"), 2);
    struct rf_takeover_forget forget = {.job.run = rf_takeover_forget_run,
                                        .stream = taken.streams[0].row};
    must(other, &forget.job); // not yet: something is in it
    assert_int_equal(database_number(other, "SELECT count (*) FROM stream"), 2);
    assert_int_equal(database_exec(other, "DELETE FROM outbox WHERE event = 'a'"), RF_OK);
    must(other, &forget.job);
    assert_int_equal(database_number(other, "SELECT count (*) FROM stream"), 1);
    assert_int_equal(take_over(other).stream_count, 0);
    end(db, other);
}

static void claims_at_the_same_moment_have_no_contact_in_common(void **state) {
    struct rf_db *db = *state;
    struct rf_error error = {0};
    if (!database_is_postgres())
        skip();
    begin_campaign(db, 10);
    struct rf_db *other = another(db);
    struct rf_queue_claim ours = {.job.run = rf_queue_claim_run, .now = {10 * S}};
    ours.decision.count = 4;
    assert_int_equal(db->driver->begin(db, &error), RF_OK);
    assert_int_equal(ours.job.run(&ours.job, db, &error), RF_OK);
    struct rf_queue_claim theirs = claim(other, 10); // while ours is not committed: no waiting
    assert_int_equal(db->driver->commit(db, &error), RF_OK);
    assert_int_equal(ours.contacts.count, 4);
    assert_int_equal(theirs.contacts.count, 6);
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < 6; k++)
            assert_true(ours.contacts.items[i].row != theirs.contacts.items[k].row);
    rf_contact_list_clear(&ours.contacts);
    rf_contact_list_clear(&theirs.contacts);
    end(db, other);
}

static void a_campaign_whose_last_contacts_end_at_the_same_moment_is_finished_once(void **state) {
    struct rf_db *db = *state;
    struct rf_error error = {0};
    if (!database_is_postgres())
        skip();
    begin_campaign(db, 2);
    struct rf_db *other = another(db);
    struct rf_queue_claim ours = claim(db, 1), theirs = claim(other, 1);
    struct rf_plan plan;
    rf_plan_stay(&ours.contacts.items[0], &plan);
    plan.to = RF_CONTACT_SET_ASIDE;
    struct rf_record *record =
        rf_record_new(&ours.contacts.items[0], &plan, (struct rf_utc){30 * S});
    assert_int_equal(db->driver->begin(db, &error), RF_OK);
    assert_int_equal(record->job.run(&record->job, db, &error), RF_OK);
    assert_int_equal(write_as(other, &theirs.contacts.items[0], RF_CONTACT_SET_ASIDE, &error),
                     RF_OK);
    assert_int_equal(db->driver->commit(db, &error), RF_OK);
    rf_record_destroy(&record);
    static const char finished[] = "SELECT count (*) FROM outbox"
                                   " WHERE event LIKE '%campaign.finished%'";
    assert_int_equal(database_number(db, finished), 0); // neither saw the other's
    (void)take_over(db);
    (void)take_over(other);
    assert_int_equal(database_number(db, finished), 1);
    rf_contact_list_clear(&ours.contacts);
    rf_contact_list_clear(&theirs.contacts);
    end(db, other);
}

// Who was told that a number is on the list can rely on it: an intent that did not see it is
// waited for.
static void a_number_comes_on_the_list_behind_the_intents_that_are_under_way(void **state) {
    struct rf_db *db = *state;
    struct rf_error error = {0};
    if (!database_is_postgres())
        skip();
    begin_campaign(db, 1);
    struct rf_queue_claim claimed = claim(db, 1);
    assert_int_equal(database_exec(db, "UPDATE contact SET state = 'running.dial'"), RF_OK);
    claimed.contacts.items[0].state = RF_CONTACT_DIAL;
    struct rf_db *other = another(db);
    struct rf_dial dial;
    rf_dial_begin(&dial, "A1", &rules, (struct rf_utc){10 * S});
    struct rf_record *intent =
        rf_record_intent(&claimed.contacts.items[0], &dial, 0, (struct rf_utc){10 * S});
    assert_int_equal(db->driver->begin(db, &error), RF_OK);
    assert_int_equal(intent->job.run(&intent->job, db, &error), RF_OK);
    rf_record_destroy(&intent);
    json_t *params = json_pack("{s:[{s:s}]}", "numbers", "phone", "+12025550100");
    struct rf_dnc_change *change;
    assert_int_equal(rf_dnc_change_new(params, false, (struct rf_utc){20 * S}, &change, &error),
                     RF_OK);
    json_decref(params);
    assert_int_equal(database_exec(other, "SET lock_timeout = 200"), RF_OK);
    assert_int_equal(database_do(other, &change->job, &error), RF_ERR_TIMEOUT);
    assert_int_equal(db->driver->commit(db, &error), RF_OK);
    must(other, &change->job);
    rf_dnc_change_destroy(&change);
    rf_contact_list_clear(&claimed.contacts);
    end(db, other);
}

static void cancel(struct rf_db *db) {
    assert_true(database_order(db, "c", RF_CAMPAIGN_CANCEL, (struct rf_utc){31 * S}) >= 0);
}

static int64_t sweep(struct rf_db *db) {
    struct rf_sweep job = {.job.run = rf_sweep_run, .now = {32 * S}};
    must(db, &job.job);
    assert_false(job.more);
    return job.count;
}

// The campaign is cancelled, and not swept yet: a takeover finds that, and finds it no more.
static void assert_swept_by(struct rf_db *db, int64_t contacts) {
    static const char finished[] = "SELECT count (*) FROM outbox"
                                   " WHERE event LIKE '%campaign.finished%'";
    struct rf_takeover found = take_over(db);
    assert_int_equal(found.contacts.count, 0);
    assert_true(found.cancelled);
    assert_int_equal(sweep(db), contacts);
    assert_false(take_over(db).cancelled);
    assert_int_equal(database_number(db, finished), 1);
}

static void a_cancellation_whose_sweep_never_came_is_found_and_carried_out(void **state) {
    struct rf_db *db = *state;
    begin_campaign(db, 3);
    assert_false(take_over(db).cancelled);
    struct rf_queue_claim claimed = claim(db, 1);
    cancel(db);
    struct rf_db *other = another(db);
    who_is_gone(other);
    struct rf_takeover taken = take_over(other);
    assert_int_equal(taken.contacts.count, 1);
    assert_true(taken.cancelled);
    assert_int_equal(sweep(other), 2);
    assert_false(take_over(other).cancelled); // the one in progress comes to its end
    rf_contact_list_clear(&taken.contacts);
    rf_contact_list_clear(&claimed.contacts);
    end(db, other);
}

// Whichever of both is first, the other waits for it: either the sweep of the cancellation finds
// the contact, or the contact finds its campaign cancelled.
static void a_contact_comes_to_rest_before_its_campaign_is_cancelled_or_knows_of_it(void **state) {
    struct rf_db *db = *state;
    struct rf_error error = {0};
    if (!database_is_postgres())
        skip(); // its file has one writer
    begin_campaign(db, 2);
    struct rf_queue_claim claimed = claim(db, 2);
    struct rf_db *other = another(db);
    struct rf_control order = {.campaign = (char *)"c",
                               .order = RF_CAMPAIGN_CANCEL,
                               .now = {31 * S},
                               .job.run = rf_control_order_run};
    struct rf_record *records[2];
    for (int i = 0; i < 2; i++) {
        struct rf_plan plan;
        rf_plan_defer(&claimed.contacts.items[i], "transient", "x", &rules, (struct rf_utc){30 * S},
                      &plan);
        records[i] = rf_record_new(&claimed.contacts.items[i], &plan, (struct rf_utc){30 * S});
    }
    assert_int_equal(database_exec(other, "SET lock_timeout = 200"), RF_OK);
    assert_int_equal(database_exec(db, "SET lock_timeout = 200"), RF_OK);
    assert_int_equal(db->driver->begin(db, &error), RF_OK);
    assert_int_equal(records[0]->job.run(&records[0]->job, db, &error), RF_OK);
    assert_int_equal(database_do(other, &order.job, &error), RF_ERR_TIMEOUT);
    assert_int_equal(db->driver->commit(db, &error), RF_OK);
    assert_false(records[0]->cancelled);

    assert_int_equal(other->driver->begin(other, &error), RF_OK);
    assert_int_equal(order.job.run(&order.job, other, &error), RF_OK);
    assert_int_equal(database_do(db, &records[1]->job, &error), RF_ERR_TIMEOUT);
    assert_int_equal(other->driver->commit(other, &error), RF_OK);
    assert_int_equal(sweep(other), 1);
    must(db, &records[1]->job);
    assert_true(records[1]->cancelled);
    assert_int_equal(sweep(db), 1);
    assert_false(take_over(db).cancelled);
    for (int i = 0; i < 2; i++)
        rf_record_destroy(&records[i]);
    json_decref(order.result);
    rf_contact_list_clear(&claimed.contacts);
    end(db, other);
}

static void contacts_that_another_holds_while_they_are_swept_are_swept_later(void **state) {
    struct rf_db *db = *state;
    struct rf_error error = {0};
    if (!database_is_postgres())
        skip();
    begin_campaign(db, 20);
    assert_int_equal(database_exec(db, "UPDATE contact SET state = 'running.script';"
                                       "UPDATE contact SET state = 'waiting.breaker',"
                                       " due = 1000000000000"),
                     RF_OK);
    struct rf_db *other = another(db);
    struct rf_queue_release release = {.job.run = rf_queue_release_run, .now = {30 * S}};
    assert_int_equal(db->driver->begin(db, &error), RF_OK);
    assert_int_equal(release.job.run(&release.job, db, &error), RF_OK);
    cancel(other);
    assert_int_equal(sweep(other), 0);
    assert_int_equal(db->driver->commit(db, &error), RF_OK);
    assert_swept_by(other, 20);
    end(db, other);
}

static void a_contact_that_is_given_up_is_read_anew(void **state) {
    struct rf_db *db = *state;
    begin_campaign(db, 2);
    struct rf_queue_claim claimed = claim(db, 1);
    struct rf_contact *contact = &claimed.contacts.items[0];
    assert_int_equal(database_exec(db, "UPDATE contact SET state = 'running.dial', step = 2"
                                       " WHERE state = 'running.script'"),
                     RF_OK);
    assert_int_equal(take_over(db).contacts.count, 0);
    struct rf_takeover_release release = {.job.run = rf_takeover_release_run,
                                          .contact = contact->row};
    must(db, &release.job);
    struct rf_takeover taken = take_over(db);
    assert_int_equal(taken.contacts.count, 1);
    assert_int_equal(taken.contacts.items[0].state, RF_CONTACT_DIAL);
    rf_contact_list_clear(&taken.contacts);
    // One that is another's by now is let be.
    struct rf_db *other = another(db);
    must(other, &release.job);
    assert_int_equal(database_number(other, "SELECT count (*) FROM contact WHERE owner = 0"), 0);
    rf_contact_list_clear(&claimed.contacts);
    end(db, other);
}

// A plan for a handful of rows selects again for each of them.
static void no_more_is_taken_over_at_once_than_there_is_room_for_whatever_the_plan(void **state) {
    struct rf_db *db = *state;
    begin_campaign(db, 5);
    if (database_is_postgres())
        assert_int_equal(database_exec(db, "ANALYZE contact; ANALYZE member"), RF_OK);
    assert_int_equal(database_exec(db, "UPDATE campaign SET name = 'a'"), RF_OK);
    begin_campaign(db, 300);
    struct rf_queue_claim claimed = claim(db, 305);
    rf_contact_list_clear(&claimed.contacts);
    struct rf_db *other = another(db);
    who_is_gone(other);
    struct rf_takeover taken = take_over(other);
    assert_int_equal(taken.contacts.count, RF_TAKEOVER_MAX);
    assert_true(taken.more);
    rf_contact_list_clear(&taken.contacts);
    char sql[96];
    snprintf(sql, sizeof sql, "SELECT count (*) FROM contact WHERE owner = %lld",
             (long long)rf_member_of(other));
    assert_int_equal(database_number(other, sql), RF_TAKEOVER_MAX);
    end(db, other);
}

static void start_half(struct rf_db *db, int most) {
    struct rf_control start = {.job.run = rf_control_order_run,
                               .campaign = (char *)"c",
                               .order = RF_CAMPAIGN_START,
                               .now = {2 * S},
                               .most = most};
    must(db, &start.job);
    assert_true(start.more);
    json_decref(start.result);
}

static void a_start_that_was_broken_off_goes_on_at_the_next_takeover(void **state) {
    struct rf_db *db = *state;
    static const char left[] = "SELECT count (*) FROM contact WHERE state = 'new'";
    load(db, 20);
    start_half(db, 5);
    assert_int_equal(database_number(db, left), 15);
    struct rf_db *other = another(db);
    if (database_is_postgres()) {
        assert_false(take_over(other).starting); // who began it is alive, and goes on with it
        assert_int_equal(database_number(db, left), 15);
    }
    who_is_gone(other);
    assert_true(take_over(other).starting);
    assert_int_equal(database_number(other, left), 0);
    assert_false(take_over(other).starting);
    assert_int_equal(database_number(other, "SELECT count (*) FROM contact"
                                            " WHERE state = 'scheduled'"),
                     20);
    // Who comes later waits for a start of its own.
    load(other, 22);
    assert_false(take_over(other).starting);
    assert_int_equal(database_number(other, left), 2);
    end(db, other);
}

static void a_start_of_ours_that_failed_half_way_goes_on(void **state) {
    struct rf_db *db = *state;
    load(db, 20);
    start_half(db, 5);
    assert_true(take_over(db).starting);
    assert_int_equal(database_number(db, "SELECT count (*) FROM contact WHERE state = 'new'"), 0);
}

static void a_start_that_was_broken_off_does_not_go_on_while_its_campaign_rests(void **state) {
    struct rf_db *db = *state;
    load(db, 20);
    start_half(db, 5);
    assert_true(database_order(db, "c", RF_CAMPAIGN_PAUSE, (struct rf_utc){3 * S}) >= 0);
    assert_false(take_over(db).starting);
    assert_true(database_order(db, "c", RF_CAMPAIGN_RESUME, (struct rf_utc){4 * S}) >= 0);
    assert_int_equal(database_number(db, "SELECT count (*) FROM contact WHERE state = 'new'"), 0);
    assert_false(take_over(db).starting);
}

static void counts_of_one_that_is_gone_are_added_to_those_of_nobody(void **state) {
    struct rf_db *db = *state;
    if (!database_is_postgres())
        skip(); // it has one row for all
    begin_campaign(db, 7);
    struct rf_queue_claim claimed = claim(db, 3);
    rf_contact_list_clear(&claimed.contacts);
    struct rf_db *other = another(db);
    static const char rows[] = "SELECT count (*) FROM campaign_count"
                               " WHERE owner NOT IN (SELECT id FROM member WHERE gone = 0)"
                               " AND owner <> 0";
    who_is_gone(other);
    struct rf_takeover taken = take_over(other);
    assert_int_equal(taken.contacts.count, 3);
    rf_contact_list_clear(&taken.contacts);
    assert_int_equal(database_number(other, rows), 0);
    static const char sums[] =
        "SELECT count (*) FROM (SELECT state, CAST (sum (count) AS BIGINT) FROM campaign_count"
        " GROUP BY state HAVING sum (count) <> 0 EXCEPT"
        " SELECT state, count (*) FROM contact GROUP BY state) AS wrong";
    assert_int_equal(database_number(other, sums), 0);
    assert_int_equal(database_number(other, "SELECT CAST (sum (count) AS BIGINT)"
                                            " FROM campaign_count"),
                     7);
    (void)take_over(other);
    assert_int_equal(database_number(other, sums), 0);
    end(db, other);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(incident_46_the_contacts_of_one_that_is_gone_go_on_with_their_open_attempts),
        TEST(incident_47_what_one_that_is_gone_still_writes_changes_nothing),
        TEST(incident_47_an_intent_begins_only_where_the_contact_was_left),
        TEST(many_contacts_are_taken_over_page_by_page),
        TEST(whom_it_has_no_place_for_goes_back_into_the_queue),
        TEST(events_of_one_that_is_gone_are_published_and_then_its_stream_is_forgotten),
        TEST(claims_at_the_same_moment_have_no_contact_in_common),
        TEST(a_campaign_whose_last_contacts_end_at_the_same_moment_is_finished_once),
        TEST(a_cancellation_whose_sweep_never_came_is_found_and_carried_out),
        TEST(a_contact_comes_to_rest_before_its_campaign_is_cancelled_or_knows_of_it),
        TEST(contacts_that_another_holds_while_they_are_swept_are_swept_later),
        TEST(a_contact_that_is_given_up_is_read_anew),
        TEST(no_more_is_taken_over_at_once_than_there_is_room_for_whatever_the_plan),
        TEST(a_start_that_was_broken_off_goes_on_at_the_next_takeover),
        TEST(a_start_of_ours_that_failed_half_way_goes_on),
        TEST(a_start_that_was_broken_off_does_not_go_on_while_its_campaign_rests),
        TEST(counts_of_one_that_is_gone_are_added_to_those_of_nobody),
        TEST(a_number_comes_on_the_list_behind_the_intents_that_are_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
