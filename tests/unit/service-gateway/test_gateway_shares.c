// The account's limits, of which the broker grants shares, as the gateway's core sees them.
#include <stdio.h>
#include <string.h>

#include "bench.h"

static void take_rules(struct bench *b) {
    core_settings_changed(&b->core, b->at);
}

// One place for speech, one dial a second.
static void limit(struct bench *b) {
    b->providers[RF_PROVIDER_ELEVENLABS].bulkhead.max_in_flight = 1;
    b->providers[RF_PROVIDER_ELEVENLABS].bulkhead.max_queue = 10;
    b->providers[RF_PROVIDER_TWILIO].rate_limit.rate = 1;
    take_rules(b);
    core_term(&b->core, true, b->at);
}

static const struct rf_limit_word *word_of(const struct rf_limit_demand *demand,
                                           const char *service, const char *kind) {
    for (size_t i = 0; i < demand->limits.count; i++)
        if (strcmp(demand->limits.items[i].service, service) == 0 &&
            strcmp(demand->limits.items[i].kind, kind) == 0)
            return &demand->limits.items[i];
    return NULL;
}

static struct rf_limit_demand demanded(struct bench *b, bool all) {
    struct rf_limit_demand demand = {.answer = all};
    assert_true(core_demand(&b->core, all, &demand, b->at));
    return demand;
}

static void share(struct bench *b, const char *service, const char *kind, const char *key,
                  int64_t granted, bool unlimited) {
    struct rf_limit_grant grant = {
        .service = service, .kind = kind, .key = key, .granted = granted, .unlimited = unlimited};
    const struct rf_limit_share message = {.term = b->core.shares.term, .limits = {&grant, 1}};
    core_share(&b->core, &message, rf_instant_add(b->at.now, rf_seconds(60)), b->at);
}

static void a_term_declares_every_limit_that_is_configured(void **state) {
    struct bench *b = *state;
    limit(b);
    assert_true(core_shares_news(&b->core));
    struct rf_limit_demand demand = demanded(b, false);
    assert_true(demand.answer);
    assert_int_equal(demand.term, b->core.shares.term);
    assert_non_null(word_of(&demand, "elevenlabs", "places"));
    assert_null(word_of(&demand, "elevenlabs", "tokens"));
    assert_non_null(word_of(&demand, "twilio", "tokens"));
    assert_null(word_of(&demand, "twilio", "places"));
    for (int p = 0; p < RF_PROVIDER_COUNT; p++)
        assert_non_null(word_of(&demand, rf_provider_name((enum rf_provider)p), "retries"));
    assert_false(core_shares_news(&b->core));
    assert_false(demanded(b, false).answer);
}

static void a_call_waits_for_its_share_and_gives_it_back(void **state) {
    struct bench *b = *state;
    limit(b);
    (void)demanded(b, true);
    bench_speak(b, "s1");
    assert_int_equal(b->sends, 0);
    assert_true(core_shares_news(&b->core));
    struct rf_limit_demand demand = demanded(b, false);
    assert_int_equal(demand.limits.count, 1);
    assert_int_equal(word_of(&demand, "elevenlabs", "places")->wanted, 1);
    share(b, "elevenlabs", "places", NULL, 1, false);
    assert_int_equal(b->sends, 1);
    bench_answer_audio(b, 0);
    assert_true(bench_reply_of(b, "s1")->ok);
    demand = demanded(b, false);
    assert_int_equal(word_of(&demand, "elevenlabs", "places")->returned, 1);
}

static void a_dial_waits_for_its_token_and_tells_its_use_at_once(void **state) {
    struct bench *b = *state;
    limit(b);
    core_connected(&b->core, true, b->at);
    (void)demanded(b, true);
    share(b, "twilio", "tokens", NULL, 0, false);
    bench_dial(b, "d1");
    bench_dial(b, "d2");
    bench_advance(b, rf_seconds(2));
    assert_int_equal(b->sends, 0);
    struct rf_limit_demand demand = demanded(b, false);
    assert_int_equal(word_of(&demand, "twilio", "tokens")->wanted, 2);
    share(b, "twilio", "tokens", NULL, 1, false);
    assert_int_equal(b->sends, 1);
    // It is used when its connection stands, which needs its time.
    demand = demanded(b, true);
    assert_int_equal(word_of(&demand, "twilio", "tokens")->used, 0);
    struct call *sent = b->core.calls; // the latest, or the one before it
    assert_true(core_written(&b->core, sent->state == CALL_SENDING ? sent : sent->next, b->at));
    assert_true(core_shares_news(&b->core));
    demand = demanded(b, false);
    assert_int_equal(word_of(&demand, "twilio", "tokens")->used, 1);
    assert_int_equal(word_of(&demand, "twilio", "tokens")->wanted, 1);
}

static void a_dial_that_hung_in_connect_waits_for_another_token(void **state) {
    struct bench *b = *state;
    limit(b);
    core_connected(&b->core, true, b->at);
    (void)demanded(b, true);
    share(b, "twilio", "tokens", NULL, 1, false);
    bench_dial(b, "d1");
    assert_int_equal(b->sends, 1);
    bench_advance(b, rf_seconds(3));
    assert_false(core_written(&b->core, b->core.calls, b->at));
    int outcomes = b->outcome_count;
    bench_fail(b, 0, RF_HTTP_HELD_BACK, false);
    // Nothing was sent, so there was no attempt, and nobody counts a failure or a retry.
    assert_null(bench_reply_of(b, "d1"));
    assert_int_equal(b->outcome_count, outcomes);
    assert_int_equal(b->event_count, 0);
    assert_int_equal(b->core.calls->attempt_count, 0);
    assert_int_equal(b->core.calls->policy.retry.retries, 0);
    struct rf_limit_demand demand = demanded(b, true);
    assert_int_equal(word_of(&demand, "twilio", "tokens")->used, 1);
    assert_int_equal(word_of(&demand, "twilio", "tokens")->wanted, 1);
    bench_advance(b, rf_seconds(1));
    assert_int_equal(b->sends, 1);
    share(b, "twilio", "tokens", NULL, 2, false);
    assert_int_equal(b->sends, 2);
    bench_advance(b, rf_seconds(3));
    assert_true(core_written(&b->core, b->core.calls, b->at)); // it kept its token
    bench_fail(b, 1, RF_HTTP_CONNECT, false);
    assert_int_equal(b->outcome_count, outcomes + 1);
}

static void what_hung_in_connect_ends_by_its_deadline_without_a_token(void **state) {
    struct bench *b = *state;
    limit(b);
    core_connected(&b->core, true, b->at);
    (void)demanded(b, true);
    share(b, "twilio", "tokens", NULL, 1, false);
    bench_dial(b, "d1");
    bench_advance(b, rf_seconds(3));
    assert_false(core_written(&b->core, b->core.calls, b->at));
    bench_fail(b, 0, RF_HTTP_HELD_BACK, false);
    bench_advance(b, rf_seconds(60));
    const struct bench_reply *reply = bench_reply_of(b, "d1");
    assert_non_null(reply);
    assert_string_equal(reply->code, "deadline_exceeded");
    assert_string_equal(reply->sent, "no");
    assert_int_equal(b->sends, 1);
}

static void a_call_within_what_may_be_kept_asks_nobody(void **state) {
    struct bench *b = *state;
    core_term(&b->core, true, b->at); // the default configuration: no limits but the budget
    (void)demanded(b, true);
    assert_false(core_shares_news(&b->core));
    bench_speak(b, "s1");
    assert_int_equal(b->sends, 1);
    assert_false(core_shares_news(&b->core));
    bench_answer_audio(b, 0);
    assert_false(core_shares_news(&b->core));

    limit(b);
    (void)demanded(b, true);
    struct rf_limit_grant grant = {
        .service = "elevenlabs", .kind = "places", .granted = 1, .keep = 1};
    const struct rf_limit_share message = {.term = b->core.shares.term, .limits = {&grant, 1}};
    core_share(&b->core, &message, rf_instant_add(b->at.now, rf_seconds(60)), b->at);
    for (int i = 1; i <= 3; i++) {
        char id[8];
        snprintf(id, sizeof id, "t%d", i);
        bench_speak(b, id);
        assert_int_equal(b->sends, 1 + i);
        bench_answer_audio(b, i);
        assert_false(core_shares_news(&b->core));
    }
}

static void who_waits_in_vain_for_a_token_goes_on_to_the_next_link_in_time(void **state) {
    struct bench *b = *state;
    b->providers[RF_PROVIDER_OPENAI].rate_limit.rate = 1;
    take_rules(b);
    core_term(&b->core, true, b->at);
    (void)demanded(b, true);
    share(b, "openai", "tokens", NULL, 0, false);
    bench_write(b, "w1");
    assert_int_equal(b->sends, 0);
    struct rf_duration left = rf_instant_since(b->core.calls->deadline, b->at.now);
    struct rf_duration next = b->providers[RF_PROVIDER_ANTHROPIC].timeout.attempt;
    bench_advance(b, rf_ns(left.ns - next.ns - RF_NS_PER_MS));
    assert_int_equal(b->sends, 0);
    bench_advance(b, rf_ms(2));
    assert_int_equal(b->sends, 1);
    assert_non_null(strstr(b->sent_url[0], "/v1/messages"));
}

static void a_broker_that_keeps_none_leaves_the_own_limits(void **state) {
    struct bench *b = *state;
    limit(b);
    core_term(&b->core, false, b->at);
    struct rf_limit_demand demand = {.answer = true};
    assert_false(core_demand(&b->core, true, &demand, b->at));
    assert_false(core_shares_news(&b->core));
    bench_speak(b, "s1");
    bench_speak(b, "s2");
    assert_int_equal(b->sends, 1);
}

static void a_limit_that_the_broker_does_not_know_is_the_own_one(void **state) {
    struct bench *b = *state;
    limit(b);
    (void)demanded(b, true);
    bench_speak(b, "s1");
    assert_int_equal(b->sends, 0);
    share(b, "elevenlabs", "places", NULL, 0, true);
    assert_int_equal(b->sends, 1);
    struct rf_limit_demand demand = demanded(b, true);
    assert_null(word_of(&demand, "elevenlabs", "places"));
}

static void a_broker_with_other_limits_is_declared_all_anew(void **state) {
    struct bench *b = *state;
    limit(b);
    (void)demanded(b, true);
    share(b, "elevenlabs", "places", NULL, 0, true);
    const struct rf_limit_share anew = {.term = b->core.shares.term, .anew = true};
    core_share(&b->core, &anew, b->at.now, b->at);
    assert_true(core_shares_news(&b->core));
    struct rf_limit_demand demand = demanded(b, false);
    assert_int_equal(demand.term, anew.term + 1);
    assert_non_null(word_of(&demand, "elevenlabs", "places"));
}

static void a_share_of_a_term_that_is_over_is_nothing(void **state) {
    struct bench *b = *state;
    limit(b);
    bench_speak(b, "s1");
    struct rf_limit_grant grant = {.service = "elevenlabs", .kind = "places", .granted = 5};
    const struct rf_limit_share old = {.term = b->core.shares.term - 1, .limits = {&grant, 1}};
    core_share(&b->core, &old, rf_instant_add(b->at.now, rf_seconds(60)), b->at);
    assert_int_equal(b->sends, 0);
}

static void strange_shares_are_borne(void **state) {
    struct bench *b = *state;
    limit(b);
    share(b, "nobody", "places", NULL, 1, false);
    share(b, "elevenlabs", "chairs", NULL, 1, false);
    share(b, "elevenlabs", "tokens", "0123456789abcdef", 1, false);
    struct rf_limit_pause pause = {.service = "nobody", .wait_ns = 5};
    const struct rf_limit_share message = {.term = b->core.shares.term, .pauses = {&pause, 1}};
    core_share(&b->core, &message, b->at.now, b->at);
    bench_speak(b, "s1");
    assert_int_equal(b->sends, 0);
}

static void each_of_several_keys_has_tokens_of_its_own(void **state) {
    struct bench *b = *state;
    bench_more_keys(b, RF_PROVIDER_ELEVENLABS, 1);
    b->providers[RF_PROVIDER_ELEVENLABS].rate_limit.rate = 1000;
    take_rules(b);
    core_term(&b->core, true, b->at);
    struct rf_limit_demand demand = demanded(b, true);
    const char *keys[2] = {NULL, NULL};
    size_t count = 0;
    for (size_t i = 0; i < demand.limits.count; i++)
        if (strcmp(demand.limits.items[i].kind, "tokens") == 0 && count < 2)
            keys[count++] = demand.limits.items[i].key;
    assert_int_equal(count, 2);
    assert_string_equal(keys[1], "k2");
    share(b, "elevenlabs", "tokens", "k2", 1, false);
    share(b, "elevenlabs", "tokens", NULL, 9, false); // of an account with one key
    assert_int_equal(rf_share_has(&b->core.policies[RF_PROVIDER_ELEVENLABS].keys[1].share), 1);
    assert_int_equal(rf_share_has(&b->core.policies[RF_PROVIDER_ELEVENLABS].keys[0].share), 0);
}

static void other_keys_or_limits_begin_a_term(void **state) {
    struct bench *b = *state;
    limit(b);
    int64_t term = b->core.shares.term;
    take_rules(b);
    assert_int_equal(b->core.shares.term, term); // nothing is another
    bench_more_keys(b, RF_PROVIDER_TWILIO, 1);
    take_rules(b);
    assert_int_equal(b->core.shares.term, term + 1);
    b->providers[RF_PROVIDER_OPENAI].bulkhead.max_in_flight = 3;
    take_rules(b);
    assert_int_equal(b->core.shares.term, term + 2);
}

// ---- pauses ----

static void incident_31_a_pause_is_told_once_and_anothers_is_kept(void **state) {
    struct bench *b = *state;
    core_term(&b->core, true, b->at);
    (void)demanded(b, true);
    bench_speak(b, "s1");
    bench_answer_later(b, 0, 429, "{}", rf_seconds(20));
    struct rf_limit_demand demand = demanded(b, false);
    assert_int_equal(demand.pauses.count, 1);
    assert_string_equal(demand.pauses.items[0].service, "elevenlabs");
    assert_null(demand.pauses.items[0].key);
    assert_int_equal(demand.pauses.items[0].wait_ns, 20 * RF_NS_PER_S);
    // It may have been lost: with each heartbeat again, until the broker tells it.
    assert_false(core_shares_news(&b->core));
    assert_int_equal(demanded(b, false).pauses.count, 0);
    assert_int_equal(demanded(b, true).pauses.count, 1);
    struct rf_limit_pause pause = {.service = "elevenlabs", .wait_ns = 20 * RF_NS_PER_S - 1};
    const struct rf_limit_share message = {.term = b->core.shares.term, .pauses = {&pause, 1}};
    core_share(&b->core, &message, b->at.now, b->at);
    assert_int_equal(demanded(b, true).pauses.count, 0);

    // Another gateway was told a longer one.
    pause.wait_ns = 40 * RF_NS_PER_S;
    core_share(&b->core, &message, b->at.now, b->at);
    bench_speak(b, "s2");
    int sends = b->sends;
    bench_advance(b, rf_seconds(25));
    assert_int_equal(b->sends, sends);

    // A new broker is told of what stands.
    core_term(&b->core, true, b->at);
    demand = demanded(b, false);
    assert_int_equal(demand.pauses.count, 1);
    assert_int_equal(demand.pauses.items[0].wait_ns, 15 * RF_NS_PER_S);
}

// ---- retries ----

static void incident_30_a_retry_that_the_fleets_budget_has_not_fails_as_its_attempt(void **state) {
    struct bench *b = *state;
    core_term(&b->core, true, b->at);
    (void)demanded(b, true);
    share(b, "elevenlabs", "retries", NULL, 0, false);
    bench_speak(b, "s1");
    bench_answer(b, 0, 503, "over capacity");
    assert_null(bench_reply_of(b, "s1"));
    assert_int_equal(b->event_count, 0); // no retry is told of that nobody granted
    struct rf_limit_demand demand = demanded(b, false);
    assert_int_equal(word_of(&demand, "elevenlabs", "retries")->wanted, 1);
    assert_int_equal(word_of(&demand, "elevenlabs", "retries")->calls, 1);
    bench_advance(b, rf_ms(300));
    const struct bench_reply *reply = bench_reply_of(b, "s1");
    assert_non_null(reply);
    assert_string_equal(reply->class, "transient");
    assert_false(reply->exhausted);
    assert_non_null(strstr(reply->message, "retry.budget"));
    assert_true(reply->retry_at > 0);
    assert_int_equal(b->sends, 1);
    demand = demanded(b, true);
    assert_int_equal(word_of(&demand, "elevenlabs", "retries")->wanted, 0);
}

static void a_retry_that_is_granted_is_told_of_and_made(void **state) {
    struct bench *b = *state;
    core_term(&b->core, true, b->at);
    (void)demanded(b, true);
    share(b, "elevenlabs", "retries", NULL, 0, false);
    bench_speak(b, "s1");
    bench_answer(b, 0, 503, "over capacity");
    share(b, "elevenlabs", "retries", NULL, 1, false);
    assert_int_equal(b->event_count, 1);
    assert_string_equal(b->events[0].type, "retry.scheduled");
    bench_advance(b, rf_seconds(10));
    assert_int_equal(b->sends, 2);
    bench_answer_audio(b, 1);
    assert_true(bench_reply_of(b, "s1")->ok);
    struct rf_limit_demand demand = demanded(b, false);
    assert_int_equal(word_of(&demand, "elevenlabs", "retries")->used, 1);
}

static void eject(struct bench *b) {
    struct rf_breaker_view view = {.service = "elevenlabs",
                                   .state = "closed",
                                   .ejected_until = rf_utc_add(b->at.utc, rf_seconds(30)).ns};
    core_breaker(&b->core, &view, b->at);
}

static void with_retries(struct bench *b, int64_t granted) {
    core_connected(&b->core, true, b->at);
    core_term(&b->core, true, b->at);
    (void)demanded(b, true);
    share(b, "elevenlabs", "retries", NULL, granted, false);
}

static void assert_retries(struct bench *b, int64_t used, int64_t returned) {
    struct rf_limit_demand demand = demanded(b, true);
    assert_int_equal(word_of(&demand, "elevenlabs", "retries")->used, used);
    assert_int_equal(word_of(&demand, "elevenlabs", "retries")->returned, returned);
}

static void incident_30_a_retry_that_another_gateway_makes_is_paid_for_here(void **state) {
    struct bench *b = *state;
    with_retries(b, 1);
    bench_speak(b, "s1");
    bench_fail(b, 0, RF_HTTP_CONNECT, false);
    assert_int_equal(b->handbacks, 1);
    assert_true(core_shares_news(&b->core));
    assert_retries(b, 1, 0);
    bench_speak(b, "s2"); // no other one is free
    bench_fail(b, 1, RF_HTTP_CONNECT, false);
    bench_advance(b, rf_ms(300));
    assert_int_equal(b->handbacks, 1);
    assert_non_null(strstr(bench_reply_of(b, "s2")->message, "retry.budget"));
}

// It did not get out, so that another gateway is to make it (core.h); but whether the fleet has a
// retry for it is known only now.
static void a_retry_that_waited_for_its_grant_is_made_by_another_gateway_too(void **state) {
    struct bench *b = *state;
    with_retries(b, 0);
    bench_speak(b, "s1");
    bench_fail(b, 0, RF_HTTP_CONNECT, false);
    assert_int_equal(b->handbacks, 0);
    share(b, "elevenlabs", "retries", NULL, 1, false);
    assert_int_equal(b->handbacks, 1);
    assert_int_equal(b->handback.retries, 1);
    assert_int_equal(b->handback.attempts.count, 1);
    assert_int_equal(b->handback.next_attempt, b->at.utc.ns + 5 * RF_NS_PER_S);
    assert_int_equal(b->core.call_count, 0);
    assert_int_equal(b->event_count, 1);
    assert_string_equal(b->events[0].type, "retry.scheduled");
    assert_retries(b, 1, 0);
}

static void a_grant_that_comes_when_the_retry_is_due_sends_it_on_all_the_same(void **state) {
    struct bench *b = *state;
    b->providers[RF_PROVIDER_ELEVENLABS].retry.initial_delay = rf_ms(1);
    b->providers[RF_PROVIDER_ELEVENLABS].bulkhead.max_in_flight = 1;
    core_settings_changed(&b->core, b->at);
    with_retries(b, 0);
    share(b, "elevenlabs", "places", NULL, 0, true);
    bench_speak(b, "s1");
    bench_fail(b, 0, RF_HTTP_CONNECT, false);
    bench_advance(b, rf_ms(100));
    assert_int_equal(b->handbacks, 0);
    share(b, "elevenlabs", "retries", NULL, 1, false);
    assert_int_equal(b->handbacks, 1);
    assert_int_equal(b->handback.next_attempt, 0);
    assert_int_equal(b->sends, 1);
    assert_retries(b, 1, 0);
    bench_speak(b, "s2"); // in the place that the first one had
    assert_int_equal(b->sends, 2);
}

static void a_call_that_comes_for_its_retry_is_not_paid_for_again(void **state) {
    struct bench *b = *state;
    with_retries(b, 1);
    b->tried = true;
    bench_speak(b, "s1");
    assert_int_equal(b->sends, 1);
    bench_answer_audio(b, 0);
    assert_retries(b, 0, 1);
}

static void incident_30_of_what_goes_back_at_the_end_a_retry_alone_costs(void **state) {
    struct bench *b = *state;
    with_retries(b, 1);
    b->limits.speech_concurrency = 1;
    bench_speak(b, "s1");
    bench_answer(b, 0, 503, "{}"); // waits for its retry
    bench_speak(b, "s2");          // runs
    bench_speak(b, "s3");          // was never sent
    assert_int_equal(b->sends, 2);
    core_drain(&b->core, b->at);
    assert_int_equal(b->handbacks, 2);
    assert_retries(b, 1, 0);
}

static void incident_30_a_retry_that_an_ejection_sends_elsewhere_costs(void **state) {
    struct bench *b = *state;
    with_retries(b, 1);
    bench_speak(b, "s1");
    bench_answer(b, 0, 503, "{}");
    eject(b);
    assert_int_equal(b->handbacks, 1);
    bench_speak(b, "s2"); // goes back as it came
    assert_int_equal(b->handbacks, 2);
    assert_retries(b, 1, 0);
}

static void incident_30_a_retry_does_not_leave_before_it_is_paid_for(void **state) {
    struct bench *b = *state;
    with_retries(b, 0);
    bench_speak(b, "s1");
    bench_speak(b, "s2");
    bench_answer(b, 0, 503, "{}");
    bench_answer(b, 1, 503, "{}");
    eject(b);
    core_drain(&b->core, b->at);
    assert_int_equal(b->handbacks, 0);
    share(b, "elevenlabs", "retries", NULL, 1, false);
    assert_int_equal(b->handbacks, 1);
    assert_retries(b, 1, 0);
    bench_advance(b, rf_ms(300));
    assert_int_equal(b->handbacks, 1);
    assert_non_null(strstr(bench_reply_of(b, "s2")->message, "retry.budget"));
}

// A call whose retry nobody has granted yet as the breaker opens, with breaker.when_open: wait.
static void wait_unpaid_for_recovery(struct bench *b) {
    b->providers[RF_PROVIDER_ELEVENLABS].when_open = RF_WHEN_OPEN_WAIT;
    take_rules(b);
    with_retries(b, 0);
    bench_speak(b, "s1");
    bench_answer(b, 0, 503, "{}");
    bench_breaker(b, "elevenlabs", "open", 1, rf_utc_add(b->at.utc, rf_seconds(8)).ns);
    assert_null(bench_reply_of(b, "s1"));
}

static void incident_30_a_retry_is_asked_for_also_while_the_breaker_is_open(void **state) {
    struct bench *b = *state;
    wait_unpaid_for_recovery(b);
    struct rf_limit_demand demand = demanded(b, true);
    assert_int_equal(word_of(&demand, "elevenlabs", "retries")->wanted, 1);
    share(b, "elevenlabs", "retries", NULL, 1, false);
    bench_advance(b, rf_seconds(8));
    assert_int_equal(b->sends, 1);
    bench_breaker(b, "elevenlabs", "closed", 2, 0);
    assert_int_equal(b->sends, 2);
    bench_answer_audio(b, 1);
    assert_true(bench_reply_of(b, "s1")->ok);
    assert_retries(b, 1, 0);
}

static void what_waits_for_recovery_is_handed_back_when_its_retry_is_paid_for(void **state) {
    struct bench *b = *state;
    wait_unpaid_for_recovery(b);
    core_drain(&b->core, b->at);
    assert_int_equal(b->handbacks, 0);
    share(b, "elevenlabs", "retries", NULL, 1, false);
    assert_int_equal(b->handbacks, 1);
    assert_int_equal(b->sends, 1);
    assert_retries(b, 1, 0);
}

static void what_waits_for_recovery_is_over_when_its_retry_is_not_paid_for(void **state) {
    struct bench *b = *state;
    wait_unpaid_for_recovery(b);
    core_drain(&b->core, b->at);
    bench_advance(b, rf_ms(300));
    assert_int_equal(b->handbacks, 0);
    assert_non_null(strstr(bench_reply_of(b, "s1")->message, "retry.budget"));
}

// A dial whose connection hung until its token was used.
static void dial_and_hang(struct bench *b) {
    limit(b);
    core_connected(&b->core, true, b->at);
    (void)demanded(b, true);
    share(b, "twilio", "tokens", NULL, 1, false);
    bench_dial(b, "d1");
    assert_int_equal(b->sends, 1);
    bench_advance(b, rf_seconds(3));
}

static void hold_back(struct bench *b) {
    assert_false(core_written(&b->core, b->core.calls, b->at));
    bench_fail(b, 0, RF_HTTP_HELD_BACK, false);
}

static void a_dial_that_was_cancelled_while_it_hung_is_not_begun_anew(void **state) {
    struct bench *b = *state;
    dial_and_hang(b);
    core_cancel(&b->core, "d1", b->at);
    assert_null(bench_reply_of(b, "d1"));
    hold_back(b);
    assert_string_equal(bench_reply_of(b, "d1")->code, "cancelled");
    share(b, "twilio", "tokens", NULL, 2, false);
    assert_int_equal(b->sends, 1);
}

static void a_dial_whose_broker_was_lost_while_it_hung_is_not_begun_anew(void **state) {
    for (int back = 0; back < 2; back++) { // before it is held back
        struct bench *b = *state;
        dial_and_hang(b);
        core_connected(&b->core, false, b->at);
        assert_null(bench_reply_of(b, "d1"));
        if (back)
            core_connected(&b->core, true, b->at);
        hold_back(b);
        assert_string_equal(bench_reply_of(b, "d1")->code, "worker_lost");
        core_connected(&b->core, true, b->at);
        core_term(&b->core, true, b->at);
        (void)demanded(b, true);
        share(b, "twilio", "tokens", NULL, 2, false);
        assert_int_equal(b->sends, 1);
        assert_int_equal(bench_close(state), 0);
        assert_int_equal(bench_open(state), 0);
    }
}

static void a_dial_that_hung_while_we_drain_is_handed_back(void **state) {
    struct bench *b = *state;
    dial_and_hang(b);
    core_drain(&b->core, b->at);
    assert_int_equal(b->handbacks, 0);
    share(b, "twilio", "tokens", NULL, 2, false);
    bench_fail(b, 0, RF_HTTP_HELD_BACK, false);
    assert_int_equal(b->sends, 1);
    assert_int_equal(b->handbacks, 1);
    assert_null(b->core.calls);
}

static void a_dial_that_was_cancelled_is_not_repeated_after_its_failure(void **state) {
    struct bench *b = *state;
    dial_and_hang(b);
    core_cancel(&b->core, "d1", b->at);
    bench_answer(b, 0, 429, "{\"code\":20429}");
    share(b, "twilio", "tokens", NULL, 2, false);
    assert_int_equal(b->sends, 1);
    assert_string_equal(bench_reply_of(b, "d1")->code, "cancelled");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_open, bench_close)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_term_declares_every_limit_that_is_configured),
        TEST(a_call_waits_for_its_share_and_gives_it_back),
        TEST(a_dial_waits_for_its_token_and_tells_its_use_at_once),
        TEST(a_dial_that_hung_in_connect_waits_for_another_token),
        TEST(what_hung_in_connect_ends_by_its_deadline_without_a_token),
        TEST(a_call_within_what_may_be_kept_asks_nobody),
        TEST(who_waits_in_vain_for_a_token_goes_on_to_the_next_link_in_time),
        TEST(a_broker_that_keeps_none_leaves_the_own_limits),
        TEST(a_limit_that_the_broker_does_not_know_is_the_own_one),
        TEST(a_broker_with_other_limits_is_declared_all_anew),
        TEST(a_share_of_a_term_that_is_over_is_nothing),
        TEST(strange_shares_are_borne),
        TEST(each_of_several_keys_has_tokens_of_its_own),
        TEST(other_keys_or_limits_begin_a_term),
        TEST(incident_31_a_pause_is_told_once_and_anothers_is_kept),
        TEST(incident_30_a_retry_that_the_fleets_budget_has_not_fails_as_its_attempt),
        TEST(a_retry_that_is_granted_is_told_of_and_made),
        TEST(incident_30_a_retry_that_another_gateway_makes_is_paid_for_here),
        TEST(a_retry_that_waited_for_its_grant_is_made_by_another_gateway_too),
        TEST(a_grant_that_comes_when_the_retry_is_due_sends_it_on_all_the_same),
        TEST(a_call_that_comes_for_its_retry_is_not_paid_for_again),
        TEST(incident_30_of_what_goes_back_at_the_end_a_retry_alone_costs),
        TEST(incident_30_a_retry_that_an_ejection_sends_elsewhere_costs),
        TEST(incident_30_a_retry_does_not_leave_before_it_is_paid_for),
        TEST(incident_30_a_retry_is_asked_for_also_while_the_breaker_is_open),
        TEST(what_waits_for_recovery_is_handed_back_when_its_retry_is_paid_for),
        TEST(what_waits_for_recovery_is_over_when_its_retry_is_not_paid_for),
        TEST(a_dial_that_was_cancelled_while_it_hung_is_not_begun_anew),
        TEST(a_dial_whose_broker_was_lost_while_it_hung_is_not_begun_anew),
        TEST(a_dial_that_hung_while_we_drain_is_handed_back),
        TEST(a_dial_that_was_cancelled_is_not_repeated_after_its_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
