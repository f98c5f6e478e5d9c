// On whose word a breaker opens: evidence and jury, without messages.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jury.h"

#define S         RF_NS_PER_S
#define GATEWAYS  8
#define THRESHOLD 5

// A provider with its breaker, its jury and gateways "a" to "h".
struct court {
    struct rf_breaker breaker;
    struct rf_jury jury;
    struct rf_instant now;
    bool gone[GATEWAYS];
    int64_t size;
    bool marked;
};

static void open_court(struct court *court, int64_t size, const struct rf_breaker_policy *policy) {
    *court = (struct court){.size = size, .now = {100 * S}};
    court->jury.ejections.policy = RF_EJECTION_POLICY_DEFAULT;
    court->jury.ejections.policy.confirm_within = rf_seconds(10);
    rf_breaker_init(&court->breaker, policy, court->now);
}

static const char *name_of(int64_t gateway) {
    static const char *const names[GATEWAYS] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    return names[gateway];
}

static uint64_t who_of(int64_t gateway) {
    return rf_ejection_who(name_of(gateway));
}

static bool ejected(struct court *court, int64_t gateway) {
    return rf_ejections_find(&court->jury.ejections, name_of(gateway)) != NULL;
}

static struct rf_fleet fleet_of(struct court *court) {
    struct rf_fleet fleet = {0};
    for (int64_t g = 0; g < court->size; g++) {
        fleet.alive += !court->gone[g];
        fleet.ejected += !court->gone[g] && ejected(court, g);
    }
    return fleet;
}

static int64_t gateway_of(uint64_t who) {
    int64_t g = 0;
    while (who_of(g) != who)
        g++;
    return g;
}

// What a broker does with a verdict.
static void carry_out(struct court *court, struct rf_hearing hearing) {
    if (hearing.changed)
        rf_jury_dismiss(&court->jury);
    if (hearing.verdict == RF_VERDICT_EJECT)
        assert_non_null(rf_ejections_begin(&court->jury.ejections,
                                           name_of(gateway_of(court->jury.culprit)), court->now));
}

static enum rf_verdict say(struct court *court, int64_t gateway, enum rf_class class,
                           int64_t took_ns, bool slow) {
    struct rf_breaker_transition transition;
    court->now.ns++;
    (void)rf_breaker_tick(&court->breaker, court->now, &transition);
    struct rf_report report = {
        .who = who_of(gateway),
        .ticket = {.epoch = court->breaker.epoch, .began = {court->now.ns - took_ns}},
        .class = class,
        .slow = slow,
    };
    struct rf_hearing hearing =
        rf_jury_hear(&court->jury, &court->breaker, &report, fleet_of(court), court->now);
    carry_out(court, hearing);
    return hearing.verdict;
}

static void accuse(struct court *court, int64_t gateway) {
    enum rf_verdict verdict =
        rf_jury_accuse(&court->jury, who_of(gateway), fleet_of(court), court->now);
    court->marked |= verdict == RF_VERDICT_COUNT || verdict == RF_VERDICT_CLEAR;
}

static void pass(struct court *court, int64_t seconds) {
    struct rf_ejection *over;
    court->now.ns += seconds * S;
    while ((over = rf_ejections_due(&court->jury.ejections, court->now)) != NULL)
        rf_ejections_end(over, over->until);
    carry_out(court, rf_jury_wait(&court->jury, &court->breaker, fleet_of(court), court->now));
}

static void lose(struct court *court, int64_t gateway) {
    court->gone[gateway] = true;
    bool suspected = court->jury.suspect == who_of(gateway);
    assert_int_equal(rf_jury_forget(&court->jury, &court->breaker, who_of(gateway), court->now),
                     suspected);
    pass(court, 0);
}

// "aF": gateway a fails. S: it succeeds, O and o: it succeeds or fails, by a call that began a
// minute ago, N: a result that does not count, L: a slow success, E: one that took just so long as
// to be slow, P: it still runs and is slow. "aF3": three times. "+10": ten seconds pass. "-a": a is
// gone. M: it wants a mark; "closed *" tells that one was made.
static void play(struct court *court, const char *script) {
    for (const char *at = script; *at != '\0'; at++) {
        if (*at == ' ')
            continue;
        char *end;
        if (*at == '+') {
            pass(court, strtol(at + 1, &end, 10));
            at = end - 1;
            continue;
        }
        if (*at == '-') {
            lose(court, *++at - 'a');
            continue;
        }
        int64_t gateway = *at++ - 'a';
        char what = *at;
        long times = at[1] >= '0' && at[1] <= '9' ? strtol(at + 1, &end, 10) : 1;
        if (at[1] >= '0' && at[1] <= '9')
            at = end - 1;
        if (what == 'M') {
            accuse(court, gateway);
            continue;
        }
        for (long i = 0; i < times; i++)
            (void)say(court, gateway,
                      what == 'F' || what == 'o' ? RF_CLASS_TRANSIENT
                      : what == 'N'              ? RF_CLASS_RATE_LIMITED
                      : what == 'P'              ? RF_CLASS_LOCAL
                                                 : RF_CLASS_OK,
                      what == 'E'                                                ? 5 * S
                      : what == 'O' || what == 'o' || what == 'L' || what == 'P' ? 60 * S
                                                                                 : 0,
                      what == 'P');
    }
}

// "closed", "closed ?a" (a is suspected), "open !bc" (b and c are ejected).
static void tell(struct court *court, char *out, size_t size) {
    int used = snprintf(out, size, "%s%s", rf_breaker_state_name(court->breaker.state),
                        court->marked ? " *" : "");
    if (court->jury.suspect != 0)
        used += snprintf(out + used, size - (size_t)used, " ?%s",
                         name_of(gateway_of(court->jury.suspect)));
    for (int64_t g = 0, first = 1; g < court->size; g++) {
        if (ejected(court, g)) {
            used +=
                snprintf(out + used, size - (size_t)used, "%s%s", first ? " !" : "", name_of(g));
            first = 0;
        }
    }
}

static void by_failures(struct rf_breaker_policy *policy) {
    policy->failure_threshold = THRESHOLD;
}

// Each report comes 1 ns after the one before.
static void at_the_last_moment(struct rf_breaker_policy *policy) {
    policy->failure_interval = rf_ns(4);
}

static void past_the_last_moment(struct rf_breaker_policy *policy) {
    policy->failure_interval = rf_ns(3);
}

static void by_rate(struct rf_breaker_policy *policy) {
    policy->failure_threshold = 0;
    policy->failure_rate = 0.5;
    policy->minimum_calls = 10;
    policy->window_calls = 20;
}

static void by_row_and_rate(struct rf_breaker_policy *policy) {
    by_rate(policy);
    policy->failure_threshold = THRESHOLD;
}

static void by_rate_of_a_time(struct rf_breaker_policy *policy) {
    by_rate(policy);
    policy->window = RF_WINDOW_TIME;
    policy->window_time = rf_seconds(60);
}

static void by_slowness(struct rf_breaker_policy *policy) {
    policy->failure_threshold = 0;
    policy->slow_rate = 0.5;
    policy->slow_after = rf_seconds(5);
    policy->minimum_calls = 4;
}

static void observing(struct rf_breaker_policy *policy) {
    policy->mode = RF_BREAKER_OBSERVE;
}

static const struct {
    const char *name;
    void (*policy)(struct rf_breaker_policy *policy);
    int64_t size;
    const char *script, *end;
} cases[] = {
    // One gateway is the fleet.
    {"alone, its word is enough", by_failures, 1, "aF5", "open"},
    {"alone, four are not", by_failures, 1, "aF4", "closed"},
    // Several say so.
    {"two share the failures", by_failures, 2, "aF3 bF2", "open"},
    {"one failure of another is confirmation", by_failures, 2, "bF aF4", "open"},
    {"eight, none of which failed twice", by_failures, 8, "aF bF cF dF eF", "open"},
    // One says so.
    {"one of two is suspected", by_failures, 2, "aF5", "closed ?a"},
    {"of it more failures change nothing", by_failures, 2, "aF9", "closed ?a"},
    {"the other fails too", by_failures, 2, "aF5 bF", "open"},
    {"the other is served", by_failures, 2, "aF5 bS", "closed !a"},
    {"an old success says nothing", by_failures, 2, "aF5 bO", "closed ?a"},
    {"an old failure does", by_failures, 3, "aF5 bO cF", "open"},
    {"what others did before says nothing", by_failures, 2, "bS aF5", "closed ?a"},
    {"an old failure counts to its last moment", at_the_last_moment, 2, "bF aF4", "open"},
    {"and not after it", past_the_last_moment, 2, "bF aF4", "closed"},
    {"only ejected ones are left", by_failures, 4, "aF5 bS bF5 -c -d", "open !a"},
    {"what does not count says nothing", by_failures, 2, "aF5 bN", "closed ?a"},
    {"the suspect itself is served", by_failures, 2, "aF5 aS", "closed"},
    {"and has five more to go", by_failures, 2, "aF5 aS aF4", "closed"},
    {"though another is served meanwhile", by_failures, 2, "aF5 aS bS aF4", "closed"},
    {"but not for the fifth", by_failures, 2, "aF5 aS bS aF5", "closed ?a"},
    {"nobody confirms in time", by_failures, 2, "aF5 +10", "open"},
    {"nine seconds are not ten", by_failures, 2, "aF5 +9", "closed ?a"},
    {"the only other one is gone", by_failures, 2, "aF5 -b", "open"},
    {"one of two others is gone", by_failures, 3, "aF5 -b", "closed ?a"},
    {"the suspect is gone, and its word with it", by_failures, 3, "aF5 -a bF4", "closed"},
    {"the others may say the same", by_failures, 3, "aF5 -a bF2 cF3", "open"},
    {"in force after the one that follows too", by_failures, 3, "aF5 bS bF5 cF", "open !a"},
    // Ejected.
    {"its failures do not count", by_failures, 2, "aF5 bS aF9 bS", "closed !a"},
    {"the provider itself fails then", by_failures, 8, "aF5 bS bF2 cF2 dF1", "open !a"},
    {"after its time it is back", by_failures, 2, "aF5 bS +30", "closed"},
    {"what began before it was back does not count", by_failures, 2, "aF5 bS +30 ao9", "closed"},
    {"a second time it is twice as long", by_failures, 2, "aF5 bS +30 aF5 bS +59", "closed !a"},
    {"and then over", by_failures, 2, "aF5 bS +30 aF5 bS +60", "closed"},
    {"long after it is once as long", by_failures, 2, "aF5 bS +631 aF5 bS +30", "closed"},
    // Never the last, never more than half.
    {"of two, one", by_failures, 2, "aF5 bS bF5", "open !a"},
    {"of three, one", by_failures, 3, "aF5 bS bF5", "open !a"},
    {"of four, two", by_failures, 4, "aF5 bS bF5 cS", "closed !ab"},
    {"neither is heard", by_failures, 4, "aF5 bS bF5 cS bF9 aF9", "closed !ab"},
    {"but not three", by_failures, 4, "aF5 bS bF5 cS cF5", "open !ab"},
    {"the gone do not count", by_failures, 4, "-c -d aF5 bS bF5", "open !a"},
    // Between the others' good results.
    {"each fifth call of it fails", by_failures, 2, "aF bS aF bS aF bS aF bS aF", "closed !a"},
    {"four of them are not enough", by_failures, 2, "aF bS aF bS aF bS aF bS", "closed"},
    {"others fail as well", by_failures, 3, "aF bS aF cF bS aF bS aF bS aF", "closed"},
    {"but that was before", by_failures, 3, "aF cF aF bS aF bS aF bS aF bS aF", "closed !a"},
    {"its own success in between", by_failures, 2, "aF3 bS aS bS aF3 bS aF bS", "closed"},
    {"what others began before says nothing", by_failures, 2, "aF bO aF bO aF bO aF bO aF",
     "closed"},
    // Rates.
    {"half of all, and of each", by_rate, 2, "aF aS bF bS aF aS bF bS aF bF", "open"},
    {"ten of one", by_rate, 2, "aF10", "closed ?a"},
    {"ten of one, the other fails too", by_rate, 2, "aF10 bF", "open"},
    {"ten of one, the other is served", by_rate, 2, "aF10 bS", "closed !a"},
    {"the others' share is small", by_rate, 3, "bS4 cS aF5", "closed ?a"},
    {"then another one's is too large", by_rate, 4, "bS4 cS aF5 bS bF9", "closed ?b !a"},
    {"and no more may be ejected", by_rate, 3, "bS4 cS aF5 bS bF9", "open !a"},
    {"the others' share is just enough", by_rate, 2, "bF bS aF8", "open"},
    {"what has left the window says nothing", by_rate, 3, "bF4 cS4 aS20 aF10", "closed ?a"},
    {"the culprit is not among the latest", by_rate, 3, "aF8 bS cS", "closed ?a"},
    {"a success fills the window", by_rate, 2, "aF9 bS", "closed ?a"},
    {"over a time", by_rate_of_a_time, 2, "aF10 bS", "closed !a"},
    {"its own success is no confirmation", by_rate, 2, "aF10 aS", "closed ?a"},
    {"and the next call is another one's", by_rate, 2, "aF10 aS bS", "closed !a"},
    {"which fails too", by_rate, 2, "aF10 aS bF", "open"},
    {"nobody else confirms in time", by_rate, 2, "aF10 aS +10", "open"},
    {"but by then its share is small", by_rate, 2, "aF10 aS11 +10", "closed"},
    {"its share has become small", by_rate, 2, "bS5 aF5 aS", "closed"},
    {"and too large again", by_rate, 2, "bS5 aF5 aS aF", "closed ?a"},
    {"a share of one, then of another", by_rate, 4, "aF10 aS11 bF10 cS", "closed !b"},
    {"no more may be ejected meanwhile", by_rate, 4, "aF10 bS bF10 -d cS", "closed !a"},
    {"and its word was for nothing", by_rate, 4, "aF10 bS bF10 -d cS cF8", "closed !a"},
    {"a row and a share of one", by_row_and_rate, 2, "aF4 aS aF5", "closed ?a"},
    {"the row ends, the share stays", by_row_and_rate, 2, "aF4 aS aF5 aS", "closed ?a"},
    {"until another one is served", by_row_and_rate, 2, "aF4 aS aF5 aS bS", "closed !a"},
    {"over a time, the older ones are gone", by_rate_of_a_time, 2, "bF9 +61 aF10", "closed ?a"},
    // Slowness.
    {"slow ones of one", by_slowness, 2, "aL4", "closed ?a"},
    {"slow by a hair", by_slowness, 2, "aE4", "closed ?a"},
    {"the other is quick", by_slowness, 2, "aL4 bS", "closed !a"},
    {"the other is slow", by_slowness, 2, "aL4 bL", "open"},
    {"slow ones that still run", by_slowness, 2, "aP4 bP", "open"},
    {"slow ones of both", by_slowness, 2, "aL2 bL2", "open"},
    {"its own quick one is no confirmation", by_slowness, 2, "aL4 aS", "closed ?a"},
    {"enough of them are", by_slowness, 2, "aL4 aS5", "closed"},
    {"one that still ran is slow whatever it ends as", by_slowness, 2, "aP4 aS bP", "open"},
    // Marks.
    {"alone, its word makes a mark", by_failures, 1, "aM", "closed *"},
    {"one of two is suspected instead", by_failures, 2, "aM", "closed ?a"},
    {"however often it says so", by_failures, 2, "aM aM +5 aM", "closed ?a"},
    {"the other wants it too", by_failures, 2, "aM bM", "closed *"},
    {"but long after", by_failures, 3, "aM +11 bM", "closed ?b"},
    {"the other is served", by_failures, 2, "aM bS", "closed !a"},
    {"by a call from before", by_failures, 2, "aM bO", "closed ?a"},
    {"the other fails in another way", by_failures, 2, "aM bF", "closed ?a"},
    {"and so opens the breaker", by_failures, 2, "aM bF5", "open"},
    {"of three the third is asked first", by_failures, 3, "aM bF5", "closed ?b"},
    {"and it fails too", by_failures, 3, "aM bF5 cF", "open"},
    {"or is served", by_failures, 3, "aM bF5 cS", "closed !b"},
    {"another result of the suspect", by_failures, 2, "aM aF", "closed"},
    {"a good one of it", by_failures, 2, "aM aS", "closed"},
    {"nobody else is asked", by_failures, 2, "aM +10", "closed"},
    {"then it is believed", by_failures, 2, "aM +10 aM", "closed *"},
    {"but long after it is not", by_failures, 2, "aM +31 aM", "closed ?a"},
    {"nor when another was served since", by_failures, 2, "aM +10 bS aM", "closed ?a"},
    {"a call from before says nothing of it", by_failures, 2, "aM +10 bO aM", "closed *"},
    {"nor a failure", by_failures, 2, "aM +10 bF aM", "closed *"},
    {"the other one goes", by_failures, 2, "aM -b aM", "closed *"},
    {"the accuser goes", by_failures, 3, "aM -a bM", "closed ?b"},
    {"one who is ejected is not heard", by_failures, 4, "aM bS aM cM", "closed ?c !a"},
    {"no more may be ejected", by_failures, 2, "aM bS bM", "closed * !a"},
    {"while another is suspected", by_failures, 3, "aF5 bM", "closed ?a"},
    {"that one goes on", by_failures, 3, "aF5 bM cM", "closed * ?a"},
    {"a third is served meanwhile", by_failures, 4, "aF5 bM cS dM", "closed ?d !a"},
    // Where nobody is held back, nobody is ejected.
    {"observed only", observing, 2, "aF5", "open"},
};

static void each_case_ends_as_the_table_says(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        static struct court court;
        char end[64];
        struct rf_breaker_policy policy = RF_BREAKER_POLICY_DEFAULT;
        cases[i].policy(&policy);
        open_court(&court, cases[i].size, &policy);
        play(&court, cases[i].script);
        tell(&court, end, sizeof end);
        if (strcmp(end, cases[i].end) != 0)
            print_error("%s: %s\n", cases[i].name, cases[i].script);
        assert_string_equal(end, cases[i].end);
    }
}

static void ejections_that_are_switched_off_leave_the_breaker_to_itself(void **state) {
    (void)state;
    static struct court court;
    struct rf_breaker_policy policy = RF_BREAKER_POLICY_DEFAULT;
    open_court(&court, 2, &policy);
    court.jury.ejections.policy.time = rf_ns(0);
    play(&court, "aF4");
    assert_int_equal(say(&court, 0, RF_CLASS_TRANSIENT, 0, false), RF_VERDICT_COUNT);
    assert_int_equal(court.breaker.state, RF_BREAKER_OPEN);
}

static void a_breaker_that_was_withheld_opens_with_all_that_it_counted(void **state) {
    (void)state;
    static struct court court;
    struct rf_breaker_policy policy = RF_BREAKER_POLICY_DEFAULT;
    open_court(&court, 2, &policy);
    play(&court, "aF5");
    assert_int_equal(court.breaker.failures, 5);
    assert_int_equal(court.breaker.state, RF_BREAKER_CLOSED);
    struct rf_report report = {
        .who = who_of(1), .ticket = {.began = court.now}, .class = RF_CLASS_TRANSIENT};
    struct rf_hearing hearing =
        rf_jury_hear(&court.jury, &court.breaker, &report, fleet_of(&court), court.now);
    assert_int_equal(hearing.verdict, RF_VERDICT_OPEN);
    assert_true(hearing.changed);
    assert_int_equal(hearing.transition.cause, RF_BREAKER_CAUSE_FAILURES);
    assert_int_equal(hearing.transition.failures, 5);
}

static void failures_that_grew_old_during_the_wait_open_nothing(void **state) {
    (void)state;
    static struct court court;
    struct rf_breaker_policy policy = RF_BREAKER_POLICY_DEFAULT;
    policy.failure_interval = rf_seconds(5);
    open_court(&court, 2, &policy);
    play(&court, "aF5 +10");
    assert_int_equal(court.breaker.state, RF_BREAKER_CLOSED);
    assert_int_equal(court.jury.suspect, 0);
}

static void the_testimony_tells_what_is_kept_of_both_sides(void **state) {
    (void)state;
    static struct court court;
    struct rf_breaker_policy policy = RF_BREAKER_POLICY_DEFAULT;
    policy.slow_rate = 0.9;
    policy.slow_after = rf_seconds(5);
    open_court(&court, 3, &policy);
    play(&court, "aF2 aS aL aP bS3 cF aN");
    struct rf_testimony said = rf_evidence_of(&court.jury.evidence, who_of(0));
    assert_int_equal(said.total, 5);
    assert_int_equal(said.failed, 4);
    assert_int_equal(said.others_total, 4);
    assert_int_equal(said.others_failed, 1);
    // Where no speed matters, none is told.
    policy.slow_rate = 0;
    static struct court other;
    open_court(&other, 3, &policy);
    play(&other, "aF2 aL");
    said = rf_evidence_of(&other.jury.evidence, who_of(0));
    assert_int_equal(said.total, 3);
    assert_int_equal(said.failed, 2);
    rf_evidence_forget(&court.jury.evidence, who_of(0));
    said = rf_evidence_of(&court.jury.evidence, who_of(0));
    assert_int_equal(said.total, 0);
    assert_int_equal(said.others_total, 4);
}

static void evidence_keeps_the_latest_words(void **state) {
    (void)state;
    static struct rf_evidence evidence;
    struct rf_breaker_policy policy = RF_BREAKER_POLICY_DEFAULT;
    rf_evidence_clear(&evidence);
    for (int64_t i = 0; i < RF_EVIDENCE_MAX + 10; i++)
        rf_evidence_add(
            &evidence,
            &(struct rf_word){.who = i < 10 ? 1 : 2, .at = {i}, .result = true, .failed = true});
    assert_int_equal(evidence.count, RF_EVIDENCE_MAX);
    assert_int_equal(rf_evidence_one_word(&evidence, &policy, RF_BREAKER_CAUSE_FAILURES,
                                          (struct rf_instant){RF_EVIDENCE_MAX + 10}),
                     2);
}

static void more_gateways_than_are_told_apart_count_as_others(void **state) {
    (void)state;
    static struct rf_evidence evidence;
    struct rf_breaker_policy policy = RF_BREAKER_POLICY_DEFAULT;
    policy.failure_rate = 0.5;
    policy.window_calls = 1000;
    rf_evidence_clear(&evidence);
    for (uint64_t who = 100; who < 200; who++)
        rf_evidence_add(&evidence, &(struct rf_word){.who = who, .result = true});
    for (int i = 0; i < 200; i++)
        rf_evidence_add(&evidence, &(struct rf_word){.who = 7, .result = true, .failed = true});
    assert_int_equal(rf_evidence_one_word(&evidence, &policy, RF_BREAKER_CAUSE_FAILURE_RATE,
                                          (struct rf_instant){0}),
                     7);
}

// ---- any course of events ----

// Whose word was bad since it was heard last that nothing was, or was ejected.
static int64_t bad_ones(struct court *court, const bool *bad) {
    int64_t count = 0;
    for (int64_t g = 0; g < court->size; g++)
        count += bad[g] && !ejected(court, g);
    return count;
}

static uint64_t random_next(uint64_t *seed) {
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *seed >> 33;
}

static void one_course(uint64_t seed, void (*choose)(struct rf_breaker_policy *policy)) {
    static struct court court;
    struct rf_breaker_policy policy = RF_BREAKER_POLICY_DEFAULT;
    bool bad[GATEWAYS] = {false};
    uint64_t first = seed;
    choose(&policy);
    open_court(&court, 2 + (int64_t)(random_next(&seed) % (GATEWAYS - 1)), &policy);
    uint64_t worst = random_next(&seed) % (uint64_t)court.size;
    for (int step = 0; step < 80 && court.breaker.state == RF_BREAKER_CLOSED; step++) {
        // One is worse than the others, as it is where the jury matters.
        uint64_t g =
            random_next(&seed) % 3 == 0 ? random_next(&seed) % (uint64_t)court.size : worst;
        bool is_bad = random_next(&seed) % 8 < (g == worst ? 6 : 1);
        bool slow = random_next(&seed) % 4 == 0;
        struct rf_fleet fleet = fleet_of(&court);
        bad[g] |= is_bad;
        (void)say(&court, (int64_t)g, is_bad && !slow ? RF_CLASS_TRANSIENT : RF_CLASS_OK,
                  is_bad && slow ? 60 * S : 0, false);
        if (court.breaker.state == RF_BREAKER_OPEN &&
            rf_ejection_room(fleet.alive, fleet.ejected) && bad_ones(&court, bad) < 2)
            fail_msg("seed %llu, step %d: opened on one word", (unsigned long long)first, step);
        for (int64_t i = 0; i < court.size; i++)
            bad[i] = bad[i] && !ejected(&court, i);
    }
}

static void as_long_as_one_may_be_ejected_no_word_of_one_opens_it(void **state) {
    (void)state;
    void (*const policies[])(struct rf_breaker_policy *) = {by_failures, by_rate, by_row_and_rate,
                                                            by_rate_of_a_time, by_slowness};
    for (size_t i = 0; i < sizeof policies / sizeof policies[0]; i++)
        for (uint64_t seed = 1; seed <= 3000; seed++)
            one_course(seed, policies[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_case_ends_as_the_table_says),
        cmocka_unit_test(as_long_as_one_may_be_ejected_no_word_of_one_opens_it),
        cmocka_unit_test(ejections_that_are_switched_off_leave_the_breaker_to_itself),
        cmocka_unit_test(a_breaker_that_was_withheld_opens_with_all_that_it_counted),
        cmocka_unit_test(failures_that_grew_old_during_the_wait_open_nothing),
        cmocka_unit_test(the_testimony_tells_what_is_kept_of_both_sides),
        cmocka_unit_test(evidence_keeps_the_latest_words),
        cmocka_unit_test(more_gateways_than_are_told_apart_count_as_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
