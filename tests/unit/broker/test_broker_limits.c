// The account's limits in the broker's core: words of gateways in, shares out.
#include "roster.h"
#include "stage.h"

#define MS      RF_NS_PER_MS
#define ATTEMPT (15 * RF_NS_PER_S)

static void two_places_and_one_a_second(struct rf_core_settings *settings) {
    settings->accounts[0] = (struct rf_limit_rules){
        .provider = "elevenlabs",
        .max_in_flight = 2,
        .budget = RF_BUDGET_POLICY_DEFAULT,
        .attempt_timeout = {ATTEMPT},
    };
    settings->accounts[1] = (struct rf_limit_rules){
        .provider = "twilio",
        .rate = 1,
        .burst = 1,
        .budget = RF_BUDGET_POLICY_DEFAULT,
        .attempt_timeout = {ATTEMPT},
    };
    settings->account_count = 2;
}

static struct rf_peer worker(int i) {
    char name[8];
    snprintf(name, sizeof name, "w%d", i);
    return peer(RF_SOCKET_WORKERS, name);
}

static struct rf_peer registered(struct stage *stage, int i) {
    struct rf_peer from = worker(i);
    char instance[16];
    snprintf(instance, sizeof instance, "gateway-%d", i);
    beat(stage, &from, instance, "speech", 4, 0);
    stage_hush(stage);
    return from;
}

static void demand(struct stage *stage, const struct rf_peer *from, int64_t term,
                   struct rf_limit_word *words, size_t count) {
    struct rf_limit_demand message = {.term = term, .stamp = 77, .limits = {words, count}};
    stage_receive(stage, from, RF_MESSAGE_limit_demand, &message);
}

static void places(struct stage *stage, const struct rf_peer *from, int64_t returned,
                   int64_t wanted, int64_t seen) {
    struct rf_limit_word word = {.service = "elevenlabs",
                                 .kind = "places",
                                 .returned = returned,
                                 .wanted = wanted,
                                 .seen = seen};
    demand(stage, from, 1, &word, 1);
}

// The last share that the worker was told of a kind; -1: none. What it was told counts as seen.
static int64_t granted(struct stage *stage, const struct rf_peer *to, const char *kind) {
    int64_t found = -1;
    for (size_t i = 0; i < stage->sent_count; i++) {
        struct stage_sent *sent = &stage->sent[i];
        if (!rf_peer_same(&sent->to, to) || sent->message->type != RF_MESSAGE_limit_share)
            continue;
        sent->seen = true;
        const struct rf_limit_share *share = &sent->message->as.limit_share;
        for (size_t k = 0; k < share->limits.count; k++)
            if (strcmp(share->limits.items[k].kind, kind) == 0)
                found = share->limits.items[k].granted;
    }
    return found;
}

static void two_places_are_never_three(void **state) {
    (void)state;
    struct stage stage;
    stage_open(&stage, two_places_and_one_a_second);
    struct rf_peer a = registered(&stage, 1), b = registered(&stage, 2), c = registered(&stage, 3);
    places(&stage, &a, 0, 0, 0);
    assert_int_equal(granted(&stage, &a, "places"), 2); // it is alone
    places(&stage, &b, 0, 0, 0);
    places(&stage, &c, 0, 3, 0);
    assert_int_equal(granted(&stage, &b, "places"), 0);
    assert_int_equal(granted(&stage, &c, "places"), 0);
    places(&stage, &a, 1, 0, 2);
    assert_int_equal(granted(&stage, &c, "places"), 1);
    places(&stage, &a, 2, 0, 2);
    assert_int_equal(granted(&stage, &c, "places"), 2);
    places(&stage, &c, 1, 2, 2);
    assert_int_equal(granted(&stage, &c, "places"), 3);
    stage_close(&stage);
}

static void a_share_is_a_lease_from_the_stamp_of_the_demand(void **state) {
    (void)state;
    struct stage stage;
    stage_open(&stage, two_places_and_one_a_second);
    struct rf_peer a = registered(&stage, 1);
    places(&stage, &a, 0, 1, 0);
    const struct rf_limit_share *share =
        &stage_next(&stage, &a, RF_MESSAGE_limit_share)->as.limit_share;
    assert_int_equal(share->term, 1);
    assert_int_equal(share->stamp, 77);
    assert_int_equal(share->lease_ns, STAGE_LEASE);
    assert_int_equal(share->limits.items[0].granted, 2);
    stage_close(&stage);
}

static void places_of_a_lost_gateway_are_free_after_its_lease_and_its_attempts(void **state) {
    (void)state;
    struct stage stage;
    stage_open(&stage, two_places_and_one_a_second);
    struct rf_peer a = registered(&stage, 1);
    places(&stage, &a, 0, 2, 0);
    stage_at(&stage, STAGE_LEASE - 1);
    struct rf_peer b = registered(&stage, 2);
    places(&stage, &b, 0, 2, 0);
    for (int64_t at = STAGE_LEASE; at < STAGE_LEASE + ATTEMPT; at += RF_NS_PER_S) {
        stage_at(&stage, at);
        registered(&stage, 2);
        assert_int_equal(granted(&stage, &b, "places"), 0);
    }
    stage_at(&stage, STAGE_LEASE + ATTEMPT);
    assert_int_equal(granted(&stage, &b, "places"), 2);
    stage_close(&stage);
}

static void a_gateway_that_says_goodbye_with_nothing_in_hand_frees_its_places(void **state) {
    (void)state;
    struct stage stage;
    stage_open(&stage, two_places_and_one_a_second);
    struct rf_peer a = registered(&stage, 1), b = registered(&stage, 2);
    places(&stage, &a, 0, 2, 0);
    places(&stage, &b, 0, 2, 0);
    struct rf_worker_bye bye = {.instance = "gateway-1"};
    stage_receive(&stage, &a, RF_MESSAGE_worker_bye, &bye);
    assert_int_equal(granted(&stage, &b, "places"), 2);
    stage_close(&stage);
}

static void one_dial_a_second_goes_from_gateway_to_gateway(void **state) {
    (void)state;
    struct stage stage;
    stage_open(&stage, two_places_and_one_a_second);
    struct rf_peer peers[3];
    int64_t used[3] = {0}, at = 0, last = -RF_NS_PER_S;
    struct rf_instant wake;
    for (int i = 0; i < 3; i++)
        peers[i] = registered(&stage, i);
    for (int turn = 0; turn < 9; turn++) {
        for (int i = 0; i < 3; i++) {
            struct rf_limit_word word = {.service = "twilio",
                                         .kind = "tokens",
                                         .used = used[i],
                                         .wanted = 5,
                                         .seen = used[i]};
            demand(&stage, &peers[i], 1, &word, 1);
        }
        int64_t all = 0, had = used[0] + used[1] + used[2];
        while ((all = granted(&stage, &peers[0], "tokens") + granted(&stage, &peers[1], "tokens") +
                      granted(&stage, &peers[2], "tokens")) == had) {
            assert_true(rf_core_wake(stage.core, &wake));
            at = wake.ns;
            stage_at(&stage, at);
            for (int i = 0; i < 3; i++)
                registered(&stage, i);
        }
        assert_int_equal(all, had + 1);
        for (int i = 0; i < 3; i++)
            used[i] = granted(&stage, &peers[i], "tokens");
        assert_true(at - last >= RF_NS_PER_S);
        last = at;
    }
    for (int i = 0; i < 3; i++)
        assert_int_equal(used[i], 3);
    stage_close(&stage);
}

static void a_limit_that_the_broker_does_not_know_is_the_gateways_own(void **state) {
    (void)state;
    struct stage stage;
    stage_open(&stage, two_places_and_one_a_second);
    struct rf_peer a = registered(&stage, 1);
    struct rf_limit_word strange[] = {{.service = "elevenlabs", .kind = "tokens"},
                                      {.service = "nobody", .kind = "places"},
                                      {.service = "twilio", .kind = "chairs"}};
    for (size_t i = 0; i < 3; i++) {
        demand(&stage, &a, 1, &strange[i], 1);
        const struct rf_limit_share *share =
            &stage_next(&stage, &a, RF_MESSAGE_limit_share)->as.limit_share;
        assert_int_equal(share->limits.count, 1);
        assert_true(share->limits.items[0].unlimited);
        assert_string_equal(share->limits.items[0].kind, strange[i].kind);
    }
    stage_close(&stage);
}

static void any_number_of_strange_words_is_answered_once(void **state) {
    (void)state;
    struct stage stage;
    stage_open(&stage, two_places_and_one_a_second);
    struct rf_peer a = registered(&stage, 1);
    static struct rf_limit_word words[3 * RF_LIMIT_POOLS];
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        words[i] = (struct rf_limit_word){.service = "nobody", .kind = "places"};
    demand(&stage, &a, 1, words, sizeof words / sizeof *words);
    assert_int_equal(stage_next(&stage, &a, RF_MESSAGE_limit_share)->as.limit_share.limits.count,
                     RF_LIMIT_POOLS);
    stage_quiet(&stage, &a);
    stage_close(&stage);
}

static void words_of_a_term_that_is_over_are_ignored(void **state) {
    (void)state;
    struct stage stage;
    stage_open(&stage, two_places_and_one_a_second);
    struct rf_peer a = registered(&stage, 1), b = registered(&stage, 2);
    struct rf_limit_word held = {.service = "elevenlabs", .kind = "places", .held = 2};
    demand(&stage, &a, 5, &held, 1);
    struct rf_limit_word old = {
        .service = "elevenlabs", .kind = "places", .returned = 2, .seen = 2};
    demand(&stage, &a, 4, &old, 1);
    places(&stage, &b, 0, 2, 0);
    assert_int_equal(granted(&stage, &b, "places"), 0);
    demand(&stage, &a, 5, &old, 1);
    assert_int_equal(granted(&stage, &b, "places"), 2);
    stage_close(&stage);
}

static void an_unregistered_gateway_is_told_so(void **state) {
    (void)state;
    struct stage stage;
    stage_open(&stage, two_places_and_one_a_second);
    struct rf_peer a = worker(1);
    places(&stage, &a, 0, 1, 0);
    stage_next(&stage, &a, RF_MESSAGE_worker_unknown);
    stage_quiet(&stage, &a);
    stage_close(&stage);
}

// ---- pauses ----

static void ask_pause(struct stage *stage, const struct rf_peer *from, const char *key,
                      int64_t wait_ns) {
    struct rf_limit_pause pause = {.service = "twilio", .key = key, .wait_ns = wait_ns};
    struct rf_limit_demand message = {.term = 1, .stamp = 1, .pauses = {&pause, 1}};
    stage_receive(stage, from, RF_MESSAGE_limit_demand, &message);
}

static void incident_31_a_pause_is_told_to_all_and_only_ever_extended(void **state) {
    (void)state;
    struct stage stage;
    stage_open(&stage, two_places_and_one_a_second);
    struct rf_peer a = registered(&stage, 1), b = registered(&stage, 2);
    places(&stage, &b, 0, 0, 0);
    stage_hush(&stage);
    ask_pause(&stage, &a, NULL, 20 * RF_NS_PER_S);
    const struct rf_limit_share *share =
        &stage_next(&stage, &b, RF_MESSAGE_limit_share)->as.limit_share;
    assert_int_equal(share->pauses.count, 1);
    assert_string_equal(share->pauses.items[0].service, "twilio");
    assert_int_equal(share->pauses.items[0].wait_ns, 20 * RF_NS_PER_S);

    // The second Retry-After is shorter: the first one's end stands.
    ask_pause(&stage, &a, NULL, 5 * RF_NS_PER_S);
    stage_quiet(&stage, &b);
    struct rf_state_entry entry;
    assert_int_equal(rf_states_get(&stage.core->states, "throttle/twilio", &entry), RF_OK);
    assert_int_equal(json_integer_value(json_object_get(entry.value, "until")),
                     STAGE_UTC + 20 * RF_NS_PER_S);

    stage_at(&stage, 1 * RF_NS_PER_S);
    ask_pause(&stage, &a, NULL, 30 * RF_NS_PER_S);
    share = &stage_next(&stage, &b, RF_MESSAGE_limit_share)->as.limit_share;
    assert_int_equal(share->pauses.items[0].wait_ns, 30 * RF_NS_PER_S);

    // A key's own pause is beside it; both are over with time alone.
    ask_pause(&stage, &a, "0123456789abcdef", 60 * RF_NS_PER_S);
    share = &stage_next(&stage, &b, RF_MESSAGE_limit_share)->as.limit_share;
    assert_int_equal(share->pauses.count, 2);
    stage_at(&stage, 31 * RF_NS_PER_S);
    assert_int_equal(rf_states_get(&stage.core->states, "throttle/twilio", &entry),
                     RF_ERR_NOT_FOUND);
    stage_close(&stage);
}

static void a_pause_of_any_length_is_borne(void **state) {
    (void)state;
    struct stage stage;
    stage_open(&stage, two_places_and_one_a_second);
    struct rf_peer a = registered(&stage, 1);
    char key[32];
    ask_pause(&stage, &a, NULL, INT64_MAX);
    ask_pause(&stage, &a, "k", 0);
    for (int i = 0; i < 2 * RF_PAUSES_MAX; i++) {
        snprintf(key, sizeof key, "key%d", i);
        ask_pause(&stage, &a, key, RF_NS_PER_S);
    }
    assert_int_equal(stage.core->limits.pauses.count, RF_PAUSES_MAX);
    stage_close(&stage);
}

// ---- a broker that was restarted ----

static void restart(struct stage *stage, const char *const *known, size_t count) {
    stage_open(stage, two_places_and_one_a_second);
    for (size_t i = 0; i < count; i++) {
        json_t *value = json_object();
        struct rf_state_entry entry;
        assert_int_equal(rf_states_put(&stage->core->states, known[i], value, 0, &entry), RF_OK);
        json_decref(value);
    }
    rf_limits_restore(&stage->core->limits);
}

static void a_restarted_broker_grants_when_all_that_hold_something_have_said_so(void **state) {
    (void)state;
    static const char *const known[] = {"limits/gateway-1", "limits/gateway-2"};
    struct stage stage;
    restart(&stage, known, 2);
    struct rf_peer a = registered(&stage, 1), b = registered(&stage, 2);
    places(&stage, &a, 0, 2, 0);
    assert_int_equal(granted(&stage, &a, "places"), 0);
    struct rf_limit_word held = {.service = "elevenlabs", .kind = "places", .held = 1};
    demand(&stage, &b, 1, &held, 1);
    assert_int_equal(granted(&stage, &a, "places"), 1);
    stage_close(&stage);
}

static void
a_restarted_broker_waits_for_the_lease_and_the_attempts_of_who_is_missing(void **state) {
    (void)state;
    static const char *const known[] = {"limits/gateway-1", "limits/gateway-9"};
    struct stage stage;
    restart(&stage, known, 2);
    struct rf_peer a = registered(&stage, 1);
    places(&stage, &a, 0, 2, 0);
    for (int64_t at = 0; at < STAGE_LEASE + ATTEMPT; at += RF_NS_PER_S) {
        stage_at(&stage, at);
        registered(&stage, 1);
        assert_int_equal(granted(&stage, &a, "places"), 0);
    }
    stage_at(&stage, STAGE_LEASE + ATTEMPT);
    assert_int_equal(granted(&stage, &a, "places"), 2);
    struct rf_state_entry entry;
    assert_int_equal(rf_states_get(&stage.core->states, known[1], &entry), RF_ERR_NOT_FOUND);
    assert_int_equal(rf_states_get(&stage.core->states, known[0], &entry), RF_OK);
    stage_close(&stage);
}

static void pauses_survive_a_restart(void **state) {
    (void)state;
    struct stage stage;
    stage_open(&stage, two_places_and_one_a_second);
    json_t *value = json_pack("{s:I}", "until", (json_int_t)(STAGE_UTC + 7 * RF_NS_PER_S));
    struct rf_state_entry entry;
    assert_int_equal(rf_states_put(&stage.core->states, "throttle/elevenlabs/k1", value, 0, &entry),
                     RF_OK);
    json_decref(value);
    rf_limits_restore(&stage.core->limits);
    struct rf_peer a = registered(&stage, 1);
    struct rf_limit_demand message = {.term = 1, .stamp = 1, .answer = true};
    stage_receive(&stage, &a, RF_MESSAGE_limit_demand, &message);
    const struct rf_limit_share *share =
        &stage_next(&stage, &a, RF_MESSAGE_limit_share)->as.limit_share;
    assert_int_equal(share->pauses.count, 1);
    assert_string_equal(share->pauses.items[0].key, "k1");
    assert_int_equal(share->pauses.items[0].wait_ns, 7 * RF_NS_PER_S);
    stage_close(&stage);
}

static struct rf_limit_word tokens(int64_t used, int64_t wanted, int64_t seen) {
    return (struct rf_limit_word){
        .service = "twilio", .kind = "tokens", .used = used, .wanted = wanted, .seen = seen};
}

// With a debt that nothing has been told of yet: who has it is found by the next broker.
static void a_broker_that_ends_before_its_gateways_writes_nothing_of_their_debts(void **state) {
    (void)state;
    struct stage stage;
    struct rf_state_entry entry;
    stage_open(&stage, two_places_and_one_a_second);
    struct rf_peer a = registered(&stage, 1);
    struct rf_limit_word word = tokens(0, 1, 0);
    demand(&stage, &a, 1, &word, 1);
    assert_int_equal(granted(&stage, &a, "tokens"), 1);
    word = tokens(1, 0, 1);
    demand(&stage, &a, 1, &word, 1);
    assert_int_equal(rf_states_get(&stage.core->states, "limits/gateway-1", &entry), RF_OK);
    stage_close(&stage);
}

static void a_bucket_is_not_full_because_the_whole_set_was_restarted(void **state) {
    (void)state;
    struct stage stage;
    struct rf_state_entry entry;
    stage_open(&stage, two_places_and_one_a_second);
    struct rf_peer a = registered(&stage, 1);
    struct rf_limit_word word = tokens(0, 1, 0);
    demand(&stage, &a, 1, &word, 1);
    assert_int_equal(granted(&stage, &a, "tokens"), 1);
    word = tokens(1, 0, 1);
    demand(&stage, &a, 1, &word, 1);
    struct rf_worker_bye bye = {.instance = "gateway-1"};
    stage_receive(&stage, &a, RF_MESSAGE_worker_bye, &bye);
    assert_int_equal(rf_states_get(&stage.core->states, "limits/gateway-1", &entry),
                     RF_ERR_NOT_FOUND);
    assert_int_equal(rf_states_get(&stage.core->states, "bucket/twilio", &entry), RF_OK);
    json_t *kept = json_incref(entry.value);
    stage_close(&stage);

    stage_open(&stage, two_places_and_one_a_second);
    assert_int_equal(rf_states_put(&stage.core->states, "bucket/twilio", kept, RF_NS_PER_S, &entry),
                     RF_OK);
    json_decref(kept);
    rf_limits_restore(&stage.core->limits);
    struct rf_peer b = registered(&stage, 2);
    word = tokens(0, 1, 0);
    demand(&stage, &b, 1, &word, 1);
    assert_int_equal(granted(&stage, &b, "tokens"), 0);
    stage_at(&stage, RF_NS_PER_S - 1);
    registered(&stage, 2);
    assert_int_equal(granted(&stage, &b, "tokens"), 0);
    stage_at(&stage, RF_NS_PER_S + RF_NS_PER_S / 16);
    assert_int_equal(granted(&stage, &b, "tokens"), 1);
    stage_close(&stage);
}

// It may have used all it had until its lease was over, and that is nowhere written down.
static void a_bucket_is_not_full_because_who_used_it_never_came_back(void **state) {
    (void)state;
    static const char *const known[] = {"limits/gateway-9"};
    struct stage stage;
    restart(&stage, known, 1);
    stage_at(&stage, STAGE_LEASE);
    struct rf_peer a = registered(&stage, 1);
    struct rf_limit_word word = tokens(0, 1, 0);
    demand(&stage, &a, 1, &word, 1);
    assert_int_equal(granted(&stage, &a, "tokens"), 0);
    stage_at(&stage, STAGE_LEASE + RF_NS_PER_S - 1);
    registered(&stage, 1);
    assert_int_equal(granted(&stage, &a, "tokens"), 0);
    stage_at(&stage, STAGE_LEASE + RF_NS_PER_S + RF_NS_PER_S / 16);
    assert_int_equal(granted(&stage, &a, "tokens"), 1);
    stage_close(&stage);
}

static void assert_token_at(struct stage *stage, const struct rf_peer *from, int64_t ns) {
    assert_int_equal(granted(stage, from, "tokens"), 0);
    stage_at(stage, ns - 1);
    registered(stage, 1);
    assert_int_equal(granted(stage, from, "tokens"), 0);
    stage_at(stage, ns + RF_NS_PER_S / 16);
}

// What it used in its term with the broker before nobody tells any more.
static void a_bucket_is_not_full_because_the_only_gateway_came_back_in_a_new_term(void **state) {
    (void)state;
    static const char *const known[] = {"limits/gateway-1"};
    struct stage stage;
    restart(&stage, known, 1);
    struct rf_peer a = registered(&stage, 1);
    struct rf_limit_word word = tokens(0, 1, 0);
    demand(&stage, &a, 1, &word, 1);
    assert_token_at(&stage, &a, RF_NS_PER_S);
    assert_int_equal(granted(&stage, &a, "tokens"), 1);
    stage_close(&stage);
}

// It tells what it used since its term began, long ago: the bucket is empty, and no emptier.
static void
a_long_term_with_an_earlier_broker_leaves_no_debt_of_all_that_was_ever_used(void **state) {
    (void)state;
    static const char *const known[] = {"limits/gateway-1"};
    struct stage stage;
    restart(&stage, known, 1);
    struct rf_peer a = registered(&stage, 1);
    struct rf_limit_word word = tokens(500, 1, 500);
    demand(&stage, &a, 7, &word, 1);
    stage_at(&stage, RF_NS_PER_S - 1);
    registered(&stage, 1);
    assert_int_equal(granted(&stage, &a, "tokens"), 500);
    stage_at(&stage, RF_NS_PER_S + RF_NS_PER_S / 16);
    assert_int_equal(granted(&stage, &a, "tokens"), 501);
    stage_close(&stage);
}

static void the_disk_knows_who_may_be_granted_something_before_it_has_a_call(void **state) {
    (void)state;
    struct stage stage;
    stage_open(&stage, two_places_and_one_a_second);
    struct rf_peer a = worker(1);
    const char *providers[] = {"elevenlabs"};
    struct rf_offer offer = {.service = "speech", .capacity = 1, .providers = {providers, 1}};
    struct rf_worker_heartbeat heartbeat = {.instance = "gateway-1", .offers = {&offer, 1}};
    stage_receive(&stage, &a, RF_MESSAGE_worker_heartbeat, &heartbeat);
    const struct rf_state_row *may = rf_states_find(&stage.core->states, "limits/gateway-1");
    const struct rf_state_row *is_there =
        rf_states_find(&stage.core->states, RF_ROSTER_PREFIX "gateway-1");
    assert_non_null(may);
    assert_non_null(is_there);
    assert_true(may->position < is_there->position); // for which its calls wait
    // One that never asked for anything leaves nothing behind.
    struct rf_worker_bye bye = {.instance = "gateway-1"};
    stage_receive(&stage, &a, RF_MESSAGE_worker_bye, &bye);
    assert_null(rf_states_find(&stage.core->states, "limits/gateway-1"));
    stage_close(&stage);
}

static void a_word_of_a_term_with_an_earlier_broker_tells_all_that_it_has(void **state) {
    (void)state;
    struct stage stage;
    stage_open(&stage, two_places_and_one_a_second);
    struct rf_peer a = registered(&stage, 1), b = registered(&stage, 2);
    places(&stage, &a, 3, 0, 5); // it had 5 in all, gave 3 back, and goes on with 2
    places(&stage, &b, 0, 2, 0);
    assert_int_equal(granted(&stage, &b, "places"), 0);
    places(&stage, &a, 5, 0, 5);
    assert_int_equal(granted(&stage, &b, "places"), 2);
    stage_close(&stage);
}

// ---- other limits while it runs ----

static void change(struct stage *stage, int64_t max_in_flight, double rate) {
    const struct rf_limit_rules rules = {.provider = "elevenlabs",
                                         .max_in_flight = max_in_flight,
                                         .rate = rate,
                                         .burst = 1,
                                         .budget = RF_BUDGET_POLICY_DEFAULT,
                                         .attempt_timeout = {ATTEMPT}};
    rf_core_limits(stage->core, &stage->now, &rules);
}

static void a_higher_limit_is_granted_at_once(void **state) {
    (void)state;
    struct stage stage;
    stage_open(&stage, two_places_and_one_a_second);
    struct rf_peer a = registered(&stage, 1);
    places(&stage, &a, 0, 5, 0);
    assert_int_equal(granted(&stage, &a, "places"), 2);
    change(&stage, 4, 0);
    assert_int_equal(granted(&stage, &a, "places"), 4);
    stage_close(&stage);
}

static void a_limit_that_is_no_more_is_the_gateways_own(void **state) {
    (void)state;
    struct stage stage;
    stage_open(&stage, two_places_and_one_a_second);
    struct rf_peer a = registered(&stage, 1);
    places(&stage, &a, 0, 5, 0);
    change(&stage, 0, 0);
    stage_hush(&stage);
    places(&stage, &a, 0, 5, 2);
    const struct rf_limit_share *share =
        &stage_next(&stage, &a, RF_MESSAGE_limit_share)->as.limit_share;
    assert_true(share->limits.items[0].unlimited);
    stage_close(&stage);
}

static void a_new_limit_begins_a_new_term_of_all(void **state) {
    (void)state;
    struct stage stage;
    stage_open(&stage, two_places_and_one_a_second);
    struct rf_peer a = registered(&stage, 1);
    struct rf_limit_word word = {.service = "elevenlabs", .kind = "tokens"};
    demand(&stage, &a, 1, &word, 1);
    stage_hush(&stage);
    change(&stage, 2, 5);
    assert_true(stage_next(&stage, &a, RF_MESSAGE_limit_share)->as.limit_share.anew);
    // It was lost: its heartbeat asks for an answer, which is the same.
    struct rf_limit_demand beat = {.term = 1, .stamp = 78, .answer = true};
    stage_receive(&stage, &a, RF_MESSAGE_limit_demand, &beat);
    assert_true(stage_next(&stage, &a, RF_MESSAGE_limit_share)->as.limit_share.anew);
    word.wanted = 1;
    demand(&stage, &a, 2, &word, 1);
    assert_int_equal(granted(&stage, &a, "tokens"), 1);
    stage_close(&stage);
}

static void the_status_tells_of_limits_and_pauses(void **state) {
    (void)state;
    struct stage stage;
    stage_open(&stage, two_places_and_one_a_second);
    struct rf_peer a = registered(&stage, 1);
    places(&stage, &a, 0, 5, 0);
    ask_pause(&stage, &a, NULL, RF_NS_PER_S);
    json_t *status = rf_core_status(stage.core);
    json_t *limit = json_array_get(json_object_get(status, "limits"), 0);
    assert_string_equal(json_string_value(json_object_get(limit, "service")), "elevenlabs");
    assert_int_equal(json_integer_value(json_object_get(limit, "most")), 2);
    assert_int_equal(json_integer_value(json_object_get(limit, "outstanding")), 2);
    json_t *holder = json_array_get(json_object_get(limit, "holders"), 0);
    assert_string_equal(json_string_value(json_object_get(holder, "instance")), "gateway-1");
    assert_int_equal(json_integer_value(json_object_get(holder, "wanted")), 3);
    json_t *pause = json_array_get(json_object_get(status, "pauses"), 0);
    assert_int_equal(json_integer_value(json_object_get(pause, "until")), STAGE_UTC + RF_NS_PER_S);
    json_decref(status);
    stage_close(&stage);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_places_are_never_three),
        cmocka_unit_test(a_share_is_a_lease_from_the_stamp_of_the_demand),
        cmocka_unit_test(places_of_a_lost_gateway_are_free_after_its_lease_and_its_attempts),
        cmocka_unit_test(a_gateway_that_says_goodbye_with_nothing_in_hand_frees_its_places),
        cmocka_unit_test(one_dial_a_second_goes_from_gateway_to_gateway),
        cmocka_unit_test(a_limit_that_the_broker_does_not_know_is_the_gateways_own),
        cmocka_unit_test(any_number_of_strange_words_is_answered_once),
        cmocka_unit_test(words_of_a_term_that_is_over_are_ignored),
        cmocka_unit_test(an_unregistered_gateway_is_told_so),
        cmocka_unit_test(incident_31_a_pause_is_told_to_all_and_only_ever_extended),
        cmocka_unit_test(a_pause_of_any_length_is_borne),
        cmocka_unit_test(a_restarted_broker_grants_when_all_that_hold_something_have_said_so),
        cmocka_unit_test(a_restarted_broker_waits_for_the_lease_and_the_attempts_of_who_is_missing),
        cmocka_unit_test(pauses_survive_a_restart),
        cmocka_unit_test(a_broker_that_ends_before_its_gateways_writes_nothing_of_their_debts),
        cmocka_unit_test(a_bucket_is_not_full_because_the_whole_set_was_restarted),
        cmocka_unit_test(a_bucket_is_not_full_because_the_only_gateway_came_back_in_a_new_term),
        cmocka_unit_test(
            a_long_term_with_an_earlier_broker_leaves_no_debt_of_all_that_was_ever_used),
        cmocka_unit_test(a_bucket_is_not_full_because_who_used_it_never_came_back),
        cmocka_unit_test(the_disk_knows_who_may_be_granted_something_before_it_has_a_call),
        cmocka_unit_test(a_word_of_a_term_with_an_earlier_broker_tells_all_that_it_has),
        cmocka_unit_test(a_higher_limit_is_granted_at_once),
        cmocka_unit_test(a_limit_that_is_no_more_is_the_gateways_own),
        cmocka_unit_test(a_new_limit_begins_a_new_term_of_all),
        cmocka_unit_test(the_status_tells_of_limits_and_pauses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
