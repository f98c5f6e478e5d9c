// Whole campaigns against a model of the world, in random orders from a seed: gateways that are
// lost, replies that do not come, lists that lag, a clock that is off, and crashes of the
// orchestrator at any moment. The real decisions and the real database; time is given. What must
// hold: a number is dialled again only when no call to it exists or can still come; nobody is
// dialled outside the calling window, sooner than the plan of the last ending says, after having
// been reached, or more often than the cap; each contact ends, its outcome is its last call's, and
// each end is told once.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ringfence/retry.h>

#include "campaign.h"
#include "database.h"
#include "dial.h"
#include "follow.h"
#include "outcome.h"
#include "queue.h"
#include "reason.h"
#include "record.h"
#include "requeue.h"
#include "sweep.h"
#include "takeover.h"

#define S           RF_NS_PER_S
#define CONTACTS    10
#define CONCURRENCY 4
#define MAX_CALLS   400
#define CAP         3 // calls to one contact
#define NEVER       INT64_MAX

static const struct rf_rules rules = {.play = true,
                                      .media_ttl = {120 * S},
                                      .defer_delay = {15 * S},
                                      .send_margin = {10 * S},
                                      .http_timeout = {15 * S},
                                      .list_lag = {5 * S},
                                      .clock_skew = {3 * S},
                                      .poll_initial = {1 * S},
                                      .poll_max = {5 * S},
                                      .lost_after = {600 * S},
                                      .max_attempts = 4};
static const char hash[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

// A call that the provider has, or will have: a request may still be on its way to it.
struct call {
    int64_t contact;
    char phone[20], sid[16];
    int64_t created, ends;
    const char *status; // its last
    bool machine;       // answered it
};

// A contact in progress, waiting for one thing.
struct runner {
    struct rf_contact contact;
    int64_t at; // when it comes
    bool reply; // it is the reply to a step
    struct rf_follow follow;
    struct call *placed; // the call of a dial that is answered with its sid
    int fate;            // of the reply: see on_reply
};

struct world {
    struct rf_db *db;
    struct rf_rng rng;
    int64_t now, crash_at;
    struct runner runners[CONCURRENCY * 2];
    size_t running;
    struct call calls[MAX_CALLS];
    size_t call_count;
    int64_t attempts;
    int64_t skew; // of the provider's clock
    struct rf_zone *zone;
    struct rf_hours hours[48];
    struct rf_config_campaign campaign;
    bool paused;      // spring is
    bool cancels;     // autumn may be cancelled in this world
    int64_t retried;  // contacts that were set aside and go back into the queue
    int64_t reopened; // campaigns that had finished before
    unsigned dials_in_doubt, crashes, recalled, shut_out, spoken_again, pauses, cancelled;
};

static int64_t draw(struct world *w, int64_t below) {
    return (int64_t)(rf_rng_next(&w->rng) % (uint64_t)below);
}

static struct rf_utc now_of(const struct world *w) {
    return (struct rf_utc){w->now};
}

static void must(struct world *w, struct rf_store_job *job) {
    struct rf_error error = {0};
    if (database_do(w->db, job, &error) != RF_OK)
        fail_msg("%s", error.message);
}

// ---- the provider ----

static const char *status_at(const struct call *call, int64_t t) {
    if (t >= call->ends)
        return call->status;
    if (t < call->created + 1 * S)
        return "queued";
    return t < call->created + 3 * S ? "ringing" : "in-progress";
}

static struct call *place(struct world *w, const struct runner *r, int64_t created) {
    static const char *const ends[] = {"completed", "busy", "failed", "no-answer", "canceled"};
    assert_true(w->call_count < MAX_CALLS);
    struct call *call = &w->calls[w->call_count++];
    *call = (struct call){.contact = r->contact.row,
                          .created = created,
                          .ends = created + (1 + draw(w, 20)) * S,
                          .status = ends[draw(w, 5)],
                          .machine = draw(w, 2) == 0};
    snprintf(call->phone, sizeof call->phone, "%s", r->contact.phone);
    snprintf(call->sid, sizeof call->sid, "CA%zu", w->call_count);
    return call;
}

// The list as the provider shows it now: what is younger than the lag may be missing.
static json_t *list(struct world *w, const struct rf_contact *contact) {
    struct rf_queue_known known = {.job.run = rf_queue_known_run, .phone = contact->phone};
    must(w, &known.job);
    int64_t after = rf_dial_created_after(&contact->dial, &rules).ns;
    json_t *calls = json_array();
    for (size_t i = 0; i < w->call_count; i++) {
        const struct call *call = &w->calls[i];
        bool listed = call->created <= w->now - rules.list_lag.ns ||
                      (call->created <= w->now && draw(w, 2) == 0);
        size_t k;
        json_t *sid;
        json_array_foreach(known.sids, k, sid) {
            if (strcmp(json_string_value(sid), call->sid) == 0)
                listed = false;
        }
        int64_t shown = (call->created + w->skew) / S * S; // in whole seconds
        if (listed && strcmp(call->phone, contact->phone) == 0 && shown >= after)
            json_array_append_new(
                calls, json_pack("{s:s,s:s}", "sid", call->sid, "status", status_at(call, w->now)));
    }
    json_decref(known.sids);
    return json_pack("{s:o}", "calls", calls);
}

// Every ending is called again twice, below the cap; from :20 to :25 of each hour nobody is.
static void set_rules(struct world *w) {
    struct rf_error error = {0};
    for (int hour = 0; hour < 24; hour++) {
        char text[2][40];
        snprintf(text[0], sizeof text[0], "daily %02d:00-%02d:20", hour, hour);
        snprintf(text[1], sizeof text[1], "daily %02d:25-%02d:00", hour, hour + 1);
        for (int i = 0; i < 2; i++)
            assert_int_equal(rf_hours_parse(text[i], &w->hours[2 * hour + i], &error), RF_OK);
    }
    w->campaign = (struct rf_config_campaign){.max_calls = CAP, .windows = {w->hours, 48}};
    for (int how = RF_UNREACHED_BUSY; how < RF_UNREACHED_COUNT; how++)
        w->campaign.recall[how] = (struct rf_config_recall){.retries = 2,
                                                            .delay = {(30 + 10 * how) * S},
                                                            .max_delay = {600 * S},
                                                            .backoff_factor = 2};
    assert_int_equal(rf_zone_new("UTC", &w->zone, &error), RF_OK);
}

// ---- the orchestrator ----

static void drop(struct world *w, struct runner *r) {
    rf_contact_clear(&r->contact);
    *r = w->runners[--w->running];
}

static void go(struct world *w, struct runner *r, int64_t due);

// What waits of a cancelled campaign is set aside, some at a time.
static void sweep(struct world *w) {
    struct rf_sweep job = {.job.run = rf_sweep_run, .more = true};
    while (job.more) {
        job.now = now_of(w);
        must(w, &job.job);
    }
}

static void write_plan(struct world *w, struct runner *r, const struct rf_plan *plan) {
    const struct rf_notice_step step = {.step = r->contact.step};
    struct rf_record *record = rf_record_new(&r->contact, plan, now_of(w));
    assert_true(rf_contact_may(r->contact.state, plan->to));
    if (plan->to == RF_CONTACT_DONE)
        record->notices[0] = rf_notice_done(&r->contact, plan, now_of(w));
    else if (plan->to == RF_CONTACT_SET_ASIDE)
        record->notices[0] = rf_notice_set_aside(&r->contact, plan, &step, now_of(w));
    must(w, &record->job);
    if (record->cancelled)
        sweep(w);
    r->contact.state = record->to; // or it rests, as its campaign is paused
    r->contact.step = plan->step;
    r->contact.deferrals = plan->deferrals;
    r->contact.spent = plan->spent;
    r->contact.redials = plan->redials;
    r->contact.interruptions = plan->interruptions;
    if (plan->audio) {
        snprintf(r->contact.audio, sizeof r->contact.audio, "%s", plan->audio);
        r->contact.spoken = now_of(w);
    }
    memcpy(r->contact.unreached, plan->unreached, sizeof r->contact.unreached);
    r->contact.last_unreached = plan->last_unreached;
    if (record->dial.state != RF_DIAL_NONE)
        r->contact.dial = record->dial;
    if (record->dial.state == RF_DIAL_ABSENT || record->dial.state == RF_DIAL_ENDED)
        r->contact.dial = (struct rf_dial){0};
    rf_record_destroy(&record);
    if (rf_contact_running(r->contact.state))
        go(w, r, plan->due.ns);
    else
        drop(w, r);
}

static enum rf_unreached how_it_ended(const struct call *call) {
    return rf_outcome_unreached(call->status, call->machine ? "machine_start" : "human");
}

// The heart of it: at this moment no call to the number may exist that has not ended, nor may one
// come; and the contact may be called (again) now.
static void check_number_is_free(const struct world *w, const struct rf_contact *contact) {
    int64_t calls = 0;
    for (size_t i = 0; i < w->call_count; i++) {
        const struct call *call = &w->calls[i];
        if (strcmp(call->phone, contact->phone) == 0 && call->ends > w->now)
            fail_msg("%s is dialled while %s exists", contact->phone, call->sid);
        if (call->contact != contact->row)
            continue;
        calls++;
        if (how_it_ended(call) == RF_UNREACHED_NONE)
            fail_msg("contact %" PRId64 " is dialled though it was reached", contact->row);
        if (w->now < call->ends + w->campaign.recall[how_it_ended(call)].delay.ns)
            fail_msg("contact %" PRId64 " is dialled too soon", contact->row);
    }
    if (calls >= CAP)
        fail_msg("contact %" PRId64 " is dialled more than %d times", contact->row, CAP);
    int64_t minute = w->now / (60 * S) % 60;
    if (minute >= 20 && minute < 25)
        fail_msg("contact %" PRId64 " is dialled outside its window", contact->row);
}

// Sends the dial: what becomes of it is drawn now.
static void send_dial(struct world *w, struct runner *r) {
    int64_t left = (r->contact.dial.send_before.ns - w->now) / S; // 10 at most
    int64_t send = w->now + draw(w, left + 1) * S;
    int64_t answer = send + draw(w, 15) * S;
    r->placed = NULL;
    r->fate = (int)draw(w, 10);
    r->reply = true;
    r->at = answer;
    if (r->fate <= 4) { // placed and answered
        r->placed = place(w, r, send + draw(w, answer - send + 1));
    } else if (r->fate == 5) { // placed, the reply lost; perhaps late in the request's time
        (void)place(w, r, send + draw(w, 15 * S));
        r->at = send + draw(w, 20) * S;
    } // 6: sent and lost before it was carried out; 7 and up: refused
    w->dials_in_doubt += r->fate == 5 || r->fate == 6;
}

static void dial(struct world *w, struct runner *r) {
    char id[RF_ULID_SIZE];
    struct rf_dial attempt;
    struct rf_plan plan;
    if (!rf_outcome_may_dial(&r->contact, &w->campaign, w->zone, NULL, now_of(w), &plan)) {
        w->shut_out++;
        write_plan(w, r, &plan);
        return;
    }
    struct rf_utc until = plan.due;
    if (rf_plan_speak_again(&r->contact, &rules, now_of(w), &plan)) {
        w->spoken_again++;
        write_plan(w, r, &plan);
        return;
    }
    snprintf(id, sizeof id, "A%" PRId64, ++w->attempts);
    rf_dial_begin(&attempt, id, &rules, now_of(w));
    attempt.known_since.ns = w->now;
    if (until.ns < attempt.send_before.ns)
        attempt.send_before = until;
    struct rf_record *record = rf_record_intent(&r->contact, &attempt, 0, now_of(w));
    struct rf_error error = {0};
    enum rf_err err = database_do(w->db, &record->job, &error);
    bool paused = record->paused;
    rf_record_destroy(&record);
    if (err == RF_ERR_CONFLICT) {
        if (paused)
            rf_plan_put_back(&r->contact, "paused", "", now_of(w), &plan);
        else
            rf_plan_defer(&r->contact, "number_in_use", "", &rules, now_of(w), &plan);
        write_plan(w, r, &plan);
        return;
    }
    assert_int_equal(err, RF_OK);
    check_number_is_free(w, &r->contact);
    assert_true(w->now - r->contact.spoken.ns < rules.media_ttl.ns);
    r->contact.dial = attempt;
    if (draw(w, 10) == 0) { // dies between the commit and the sending
        w->crash_at = w->now;
        r->at = NEVER;
    } else {
        send_dial(w, r);
    }
}

static struct rf_duration known(const struct world *w, const struct runner *r) {
    return rf_ns(w->now - r->contact.dial.known_since.ns);
}

static void go(struct world *w, struct runner *r, int64_t due) {
    r->reply = false;
    r->follow = (struct rf_follow){0};
    r->at = due > w->now ? due : w->now;
    switch (r->contact.state) {
    case RF_CONTACT_SCRIPT:
    case RF_CONTACT_SPEECH:
        r->reply = true;
        r->fate = (int)draw(w, 10);
        r->at = w->now + draw(w, 10) * S;
        break;
    case RF_CONTACT_DIAL:
        dial(w, r);
        break;
    case RF_CONTACT_ASK:
        r->at = rf_dial_first_asked(&r->contact.dial, &rules, known(w, r), now_of(w)).ns;
        r->at = r->at > w->now ? r->at : w->now;
        break;
    default:
        assert_int_equal(r->contact.state, RF_CONTACT_FOLLOW);
    }
}

static void on_reply(struct world *w, struct runner *r) {
    static const struct rf_call_reply failures[] = {
        [5] = {.class = "local", .code = "worker_lost", .sent = "maybe"},
        [6] = {.class = "ambiguous", .sent = "maybe"},
        [7] = {.class = "local", .code = "breaker_open", .sent = "no"},
        [8] = {.class = "permanent.invalid", .code = "21211", .sent = "yes"},
        [9] = {.class = "transient", .sent = "no"},
    };
    json_t *result = NULL;
    if (r->contact.state == RF_CONTACT_SCRIPT)
        result = json_pack("{s:s}", "text", "Hello");
    else if (r->contact.state == RF_CONTACT_SPEECH)
        result = json_pack("{s:s,s:s}", "audio", hash, "format", "mp3");
    else if (r->placed)
        result = json_pack("{s:s,s:s}", "sid", r->placed->sid, "status", "queued");
    struct rf_call_reply reply = {.ok = true, .class = "ok", .result = result};
    if (r->fate >= 5) {
        reply = failures[r->fate];
        // Some of the refusals are the last: retries used up.
        reply.exhausted = r->fate == 9 && draw(w, 2) == 0;
    }
    struct rf_plan plan;
    rf_plan_reply(&r->contact, &reply, &rules, now_of(w), &plan);
    write_plan(w, r, &plan);
    json_decref(result);
}

static void on_due(struct world *w, struct runner *r) {
    struct rf_plan plan;
    struct rf_call_reply reply = {.class = "transient", .exhausted = true};
    bool fails = draw(w, 4) == 0;
    if (r->contact.state == RF_CONTACT_ASK) {
        if (!fails)
            reply =
                (struct rf_call_reply){.ok = true, .class = "ok", .result = list(w, &r->contact)};
        rf_dial_asked(&r->contact, &r->contact.dial, &reply, &rules, now_of(w), known(w, r),
                      now_of(w), &plan);
    } else {
        const struct call *call = NULL;
        for (size_t i = 0; i < w->call_count; i++)
            if (strcmp(w->calls[i].sid, r->contact.dial.sid) == 0)
                call = &w->calls[i];
        assert_non_null(call);
        if (!fails)
            reply = (struct rf_call_reply){
                .ok = true,
                .class = "ok",
                .result = json_pack("{s:s}", "status", status_at(call, w->now))};
        rf_follow_answer(&r->contact, &reply, &rules, &r->follow, now_of(w), &plan);
        if (plan.to == RF_CONTACT_DONE && how_it_ended(call) != RF_UNREACHED_NONE)
            rf_outcome_ended(&r->contact, how_it_ended(call), &w->campaign, w->zone, NULL,
                             now_of(w), &plan);
        w->recalled += plan.to == RF_CONTACT_WAIT_RETRY || plan.to == RF_CONTACT_WAIT_WINDOW;
    }
    json_decref(reply.result);
    if (plan.to == r->contact.state) {
        assert_true(plan.due.ns > w->now);
        r->at = plan.due.ns;
    } else {
        write_plan(w, r, &plan);
    }
}

static void take_over(struct world *w, struct rf_contact_list *contacts) {
    for (size_t i = 0; i < contacts->count; i++) {
        struct runner *r = &w->runners[w->running++];
        *r = (struct runner){.contact = contacts->items[i]};
        r->contact.dial.known_since.ns = w->now;
        contacts->items[i] = (struct rf_contact){0};
        if (r->contact.state == RF_CONTACT_DIAL && r->contact.dial.state != RF_DIAL_NONE) {
            struct rf_plan plan;
            rf_plan_stay(&r->contact, &plan);
            plan.to = RF_CONTACT_ASK;
            plan.dial = RF_DIAL_UNKNOWN;
            write_plan(w, r, &plan);
        } else {
            go(w, r, 0);
        }
    }
    rf_contact_list_clear(contacts);
}

static void crash(struct world *w) {
    while (w->running > 0)
        drop(w, &w->runners[0]);
    w->crashes++;
    w->crash_at = w->now + (1 + draw(w, 120)) * S;
    w->now += draw(w, 30) * S; // down for a while; what was sent goes on meanwhile
    database_live(w->db);
    struct rf_takeover resume = {.job.run = rf_takeover_run, .room = INT64_MAX};
    must(w, &resume.job);
    take_over(w, &resume.contacts);
}

// Claims into the free places; returns when the queue has something next.
static int64_t claim(struct world *w) {
    struct rf_queue_claim job = {.job.run = rf_queue_claim_run, .now = now_of(w)};
    job.decision.count = CONCURRENCY - (int64_t)w->running;
    must(w, &job.job);
    take_over(w, &job.contacts);
    return job.open_next.ns;
}

static bool is_in(struct world *w, const char *campaign, const char *state) {
    char sql[128];
    snprintf(sql, sizeof sql, "SELECT count (*) FROM campaign WHERE name = '%s' AND state = '%s'",
             campaign, state);
    return database_number(w->db, sql) != 0;
}

// Has those tried again that were set aside for a reason that allows it.
static void retry(struct world *w, const char *campaign) {
    bool finished = is_in(w, campaign, "finished");
    if (is_in(w, campaign, "cancelled"))
        return;
    struct rf_requeue job = {.job.run = rf_requeue_run, .campaign = (char *)campaign};
    job.now = now_of(w);
    must(w, &job.job);
    w->retried += job.retried;
    w->reopened += job.retried > 0 && finished;
    json_decref(job.result);
}

static void prioritize(struct world *w, const char *campaign) {
    struct rf_control job = {
        .job.run = rf_control_priority_run, .campaign = (char *)campaign, .prioritize = true};
    job.priority = draw(w, 21) - 10;
    job.now = now_of(w);
    must(w, &job.job);
    json_decref(job.result);
}

static void cancel(struct world *w) {
    if (!is_in(w, "autumn", "running"))
        return;
    (void)database_order(w->db, "autumn", RF_CAMPAIGN_CANCEL, now_of(w));
    sweep(w);
    w->cancelled++;
}

// The operator pauses a campaign now and then, and lets it go on later; has contacts tried again
// that were set aside; changes priorities; and cancels.
static void operate(struct world *w) {
    if (draw(w, 50) == 0)
        prioritize(w, draw(w, 2) == 0 ? "spring" : "autumn");
    if (w->retried < 2 * CONTACTS && draw(w, 60) == 0)
        retry(w, draw(w, 2) == 0 ? "spring" : "autumn");
    if (w->cancels && w->cancelled == 0 && draw(w, 60) == 0)
        cancel(w);
    if (draw(w, 40) != 0)
        return;
    w->paused = !w->paused;
    bool ended = is_in(w, "spring", "finished");
    if (!ended)
        (void)database_order(w->db, "spring", w->paused ? RF_CAMPAIGN_PAUSE : RF_CAMPAIGN_RESUME,
                             now_of(w));
    w->pauses += w->paused;
}

// Goes on to what comes first. False: nothing is left to come.
static bool step(struct world *w) {
    operate(w);
    int64_t queue_at = w->running < CONCURRENCY ? claim(w) : NEVER;
    size_t first = 0;
    for (size_t i = 1; i < w->running; i++)
        if (w->runners[i].at < w->runners[first].at)
            first = i;
    int64_t at = w->running > 0 ? w->runners[first].at : NEVER;
    if (w->running >= CONCURRENCY)
        queue_at = NEVER;
    if (w->running == 0 && queue_at == NEVER) {
        bool stands = database_number(w->db, "SELECT count (*) FROM campaign"
                                             " WHERE state = 'paused'") != 0;
        if (stands) {
            w->paused = false;
            (void)database_order(w->db, "spring", RF_CAMPAIGN_RESUME, now_of(w));
        }
        return stands;
    }
    int64_t next = at < queue_at ? at : queue_at;
    if (w->crash_at <= next) {
        w->now = w->crash_at > w->now ? w->crash_at : w->now;
        crash(w);
        return true;
    }
    w->now = next > w->now ? next : w->now;
    if (at > queue_at)
        return true; // the next round claims
    if (w->runners[first].reply)
        on_reply(w, &w->runners[first]);
    else
        on_due(w, &w->runners[first]);
    return true;
}

static void begin_campaign(struct world *w, const char *name) {
    json_t *contacts = json_array();
    for (int i = 0; i < CONTACTS; i++)
        json_array_append_new(contacts, json_pack("{s:i,s:o}", "line", i + 2, "phone",
                                                  json_sprintf("+120255501%02d", i)));
    json_t *params = json_pack("{s:s,s:o}", "campaign", name, "contacts", contacts);
    struct rf_campaign_load *load;
    struct rf_error error = {0};
    assert_int_equal(rf_campaign_load_new(params, now_of(w), &load, &error), RF_OK);
    must(w, &load->job);
    assert_int_equal(load->added, CONTACTS);
    rf_campaign_load_destroy(&load);
    json_decref(params);
    assert_true(database_order(w->db, name, RF_CAMPAIGN_START, now_of(w)) >= 0);
}

static int64_t calls_of(const struct world *w, int64_t contact, const char **outcome) {
    int64_t count = 0;
    for (size_t i = 0; i < w->call_count; i++)
        if (w->calls[i].contact == contact) {
            enum rf_unreached how = how_it_ended(&w->calls[i]);
            *outcome = how == RF_UNREACHED_NONE ? "completed" : rf_unreached_name(how);
            count++;
        }
    return count;
}

static void check_ends(struct world *w) {
    struct rf_error error = {0};
    struct rf_rows *rows;
    int64_t ended = 0;
    assert_int_equal(
        rf_db_query(w->db, &error, &rows, "SELECT id, state, outcome, reason FROM contact", ""),
        RF_OK);
    while (rf_rows_next(rows, &error) == RF_OK) {
        const char *outcome = NULL;
        int64_t count = calls_of(w, rf_rows_number(rows, 0), &outcome);
        const char *state = rf_rows_text(rows, 1);
        if (strcmp(state, "done") == 0) {
            assert_in_range(count, 1, CAP);
            assert_string_equal(rf_rows_text(rows, 2), outcome);
        } else {
            assert_string_equal(state, "set_aside");
            assert_non_null(rf_reason_find(RF_CONTACT_SET_ASIDE, rf_rows_text(rows, 3)));
            assert_in_range(count, 0, CAP - 1);
        }
        ended++;
    }
    rf_rows_end(&rows);
    assert_int_equal(ended, 2 * CONTACTS);
    const struct {
        const char *sql;
        int64_t value;
    } counts[] = {
        {"SELECT count (*) FROM outbox WHERE event /*! ::json */ ->> 'type' = 'campaign.finished'",
         2 + w->reopened},
        // Once each, but for who was cancelled before.
        {"SELECT count (*) - count (DISTINCT event /*! ::json */ ->> 'contact') FROM outbox"
         " WHERE event /*! ::json */ ->> 'type' = 'contact.started'",
         0},
        {"SELECT count (*) FROM outbox WHERE event /*! ::json */ ->> 'type' IN"
         " ('contact.done', 'contact.set_aside')",
         2 * CONTACTS + w->retried},
        {"SELECT count (DISTINCT event /*! ::json */ ->> 'contact') FROM outbox"
         " WHERE event /*! ::json */ ->> 'type' IN ('contact.done', 'contact.set_aside')",
         2 * CONTACTS},
        {"SELECT count (*) FROM attempt WHERE " RF_SCHEMA_OPEN, 0},
        // The counts that are kept say the same as the rows.
        {"SELECT count (*) FROM (SELECT campaign, state, coalesce (outcome, ''),"
         " coalesce (reason, ''), count (*) FROM contact GROUP BY 1, 2, 3, 4 EXCEPT"
         " SELECT campaign, state, outcome, reason, CAST (sum (count) AS BIGINT)"
         " FROM campaign_count GROUP BY 1, 2, 3, 4) AS wrong",
         0},
        {"SELECT CAST (sum (count) AS BIGINT) FROM campaign_count", 2 * CONTACTS},
    };
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        assert_int_equal(database_number(w->db, counts[i].sql), counts[i].value);
}

static void nobody_is_dialled_twice_and_everybody_ends_whatever_happens(void **state) {
    (void)state;
    const unsigned seeds = database_is_postgres() ? 10 : 60; // it takes a hundred times as long
    unsigned doubts = 0;
    unsigned crashes = 0, recalled = 0, shut_out = 0, spoken_again = 0, pauses = 0;
    unsigned retried = 0, reopened = 0, cancelled = 0;
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        struct world *w = calloc(1, sizeof *w);
        assert_non_null(w);
        w->db = database_open();
        w->rng.state = seed;
        w->now = 1000 * S;
        set_rules(w);
        w->cancels = seed % 3 == 0;
        w->crash_at = w->now + draw(w, 60) * S;
        w->skew = draw(w, 2 * rules.clock_skew.ns) - rules.clock_skew.ns;
        // Two campaigns to the same numbers, side by side.
        begin_campaign(w, "spring");
        begin_campaign(w, "autumn");
        int steps = 0;
        while (step(w))
            if (++steps > 20000)
                fail_msg("seed %" PRIu64 ": no end", seed);
        check_ends(w);
        doubts += w->dials_in_doubt;
        crashes += w->crashes;
        recalled += w->recalled;
        shut_out += w->shut_out;
        spoken_again += w->spoken_again;
        pauses += w->pauses;
        retried += (unsigned)w->retried;
        reopened += (unsigned)w->reopened;
        cancelled += w->cancelled;
        rf_zone_destroy(&w->zone);
        rf_db_close(&w->db);
        free(w);
    }
    // The test is worth something only if it came to the hard places.
    assert_true(60 * doubts > 100 * seeds);
    assert_true(60 * crashes > 60 * seeds);
    assert_true(60 * recalled > 500 * seeds);
    assert_true(60 * shut_out > 50 * seeds);
    assert_true(60 * spoken_again > 50 * seeds);
    assert_true(60 * pauses > 60 * seeds);
    assert_true(60 * retried > 60 * seeds);
    assert_true(60 * reopened > 6 * seeds);
    assert_true(60 * cancelled > 10 * seeds);
    print_message(
        "%u dials in doubt, %u crashes, %u called again, %u put off to a window, %u spoken"
        " again, %u pauses, %u tried again, %u campaigns opened again, %u cancelled\n",
        doubts, crashes, recalled, shut_out, spoken_again, pauses, retried, reopened, cancelled);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_is_dialled_twice_and_everybody_ends_whatever_happens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
