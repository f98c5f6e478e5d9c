// A breaker written plainly: every verdict is kept in a list with its time and judged anew each
// time. It shares no code with the machine, and 1,000,000 random events must find both the same.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include <ringfence/breaker.h>

#define EVENTS_A_LIFE 2500
#define LIVES         400 // times EVENTS_A_LIFE: 1,000,000
#define NEVER         INT64_MAX

// ---- the model ----

struct verdict {
    int64_t at;
    bool bad;
};

struct book { // of verdicts since the counts began anew
    struct verdict items[EVENTS_A_LIFE + 1];
    int count;
    int64_t began;
};

struct model {
    struct rf_breaker_policy policy;
    int64_t now, since, until, epoch, permit, permits, successes, force_until;
    int state, force; // 0 closed, 1 open, 2 half open; 0 none, 1 open, 2 closed, 3 disabled
    int64_t length;   // of the next OPEN
    bool early;
    struct book results, speeds;
    int64_t row[EVENTS_A_LIFE + 1]; // times of failures in a row
    int row_count;
    int cause; // of the last change
};

static void anew(struct model *m, int64_t at) {
    m->results.count = m->speeds.count = m->row_count = 0;
    m->results.began = m->speeds.began = at;
    m->successes = 0;
    m->permit = 0;
}

static bool go(struct model *m, int state, int cause, int64_t at) {
    m->state = state;
    m->cause = cause;
    m->epoch++;
    m->since = at;
    anew(m, at);
    if (state == 0) {
        m->length = m->policy.recovery_timeout.ns;
        m->early = false;
    }
    if (state == 1) {
        if (cause == RF_BREAKER_CAUSE_TEST_FAILED || cause == RF_BREAKER_CAUSE_TEST_SLOW) {
            m->length = (int64_t)((double)m->length * m->policy.recovery_growth);
            if (m->policy.recovery_max.ns != 0 && m->length > m->policy.recovery_max.ns)
                m->length = m->policy.recovery_max.ns;
        }
        int64_t length = m->length;
        if (m->policy.recovery_max.ns != 0 && length > m->policy.recovery_max.ns)
            length = m->policy.recovery_max.ns;
        m->until = m->force == 1 ? m->force_until : at + length;
    }
    return true;
}

static bool model_time(struct model *m, int64_t now) {
    if (now > m->now)
        m->now = now;
    if (m->force != 0) {
        if (m->force_until == NEVER || m->now < m->force_until)
            return false;
        int was = m->force;
        int64_t at = m->force_until > m->since ? m->force_until : m->since;
        m->force = 0;
        m->force_until = NEVER;
        bool tests = was == 1 && m->policy.mode != RF_BREAKER_DISABLED;
        return go(m, tests ? 2 : 0, RF_BREAKER_CAUSE_FORCE_ENDED, at);
    }
    if (m->state == 1 && m->now >= m->until)
        return go(m, 2, RF_BREAKER_CAUSE_TIMEOUT, m->until);
    if (m->state == 2 && m->permit != 0 && m->now >= m->until)
        m->permit = 0;
    return false;
}

static bool watches(const struct model *m) {
    return m->force == 0 && m->policy.mode == RF_BREAKER_OBSERVE;
}

static bool sleeps(const struct model *m) {
    return m->force == 3 || (m->force == 0 && m->policy.mode == RF_BREAKER_DISABLED);
}

static void figures(const struct model *m, const struct book *book, int64_t *total, int64_t *bad) {
    int64_t step = (m->policy.window_time.ns + 31) / 32;
    *total = *bad = 0;
    for (int i = 0; i < book->count; i++) {
        const struct verdict *v = &book->items[i];
        if (m->policy.window == RF_WINDOW_CALLS && i < book->count - (int)m->policy.window_calls)
            continue;
        if (m->policy.window == RF_WINDOW_TIME &&
            (m->now - book->began) / step - (v->at - book->began) / step >= 32)
            continue;
        (*total)++;
        *bad += v->bad ? 1 : 0;
    }
}

static int64_t row_now(const struct model *m) {
    int64_t count = 0;
    for (int i = 0; i < m->row_count; i++)
        if (m->now - m->row[i] <= m->policy.failure_interval.ns)
            count++;
    return count < m->policy.failure_threshold ? count : m->policy.failure_threshold;
}

static bool too_many(const struct model *m, const struct book *book, double rate) {
    int64_t total, bad, least = m->policy.minimum_calls;
    if (m->policy.window == RF_WINDOW_CALLS && least > m->policy.window_calls)
        least = m->policy.window_calls;
    figures(m, book, &total, &bad);
    // The rates of this test are whole percents.
    return rate > 0 && total >= least && bad * 100 >= (int64_t)(rate * 100 + 0.5) * total;
}

static bool model_judge(struct model *m, bool failed_now) {
    int cause = 0;
    if (failed_now && m->policy.failure_threshold > 0 && row_now(m) == m->policy.failure_threshold)
        cause = RF_BREAKER_CAUSE_FAILURES;
    else if (too_many(m, &m->results, m->policy.failure_rate))
        cause = RF_BREAKER_CAUSE_FAILURE_RATE;
    else if (m->policy.slow_after.ns > 0 && too_many(m, &m->speeds, m->policy.slow_rate))
        cause = RF_BREAKER_CAUSE_SLOW_RATE;
    return cause != 0 && m->force == 0 && go(m, 1, cause, m->now);
}

static bool model_admit(struct model *m, int64_t *permit) {
    *permit = 0;
    if (m->state == 0 || watches(m))
        return true;
    if (m->state == 1 || m->permit != 0)
        return false;
    *permit = m->permit = ++m->permits;
    m->until = m->now + m->policy.test_lease.ns;
    return true;
}

static void put(struct model *m, struct book *book, bool bad) {
    book->items[book->count++] = (struct verdict){m->now, bad};
}

static bool model_record(struct model *m, struct rf_breaker_ticket t, int c) {
    bool bad =
        (c == RF_CLASS_TRANSIENT || c == RF_CLASS_AMBIGUOUS) && (m->policy.ignore & (1u << c)) == 0;
    bool slow = m->policy.slow_after.ns > 0 && m->now - t.began.ns >= m->policy.slow_after.ns;
    if (t.epoch != m->epoch || sleeps(m) || m->state == 1)
        return false;
    if (m->state == 2) {
        if (!watches(m) && (t.permit == 0 || t.permit != m->permit))
            return false;
        m->permit = 0;
        if (bad)
            return go(m, 1, RF_BREAKER_CAUSE_TEST_FAILED, m->now);
        if (c != RF_CLASS_OK)
            return false;
        if (slow && m->policy.slow_rate > 0)
            return go(m, 1, RF_BREAKER_CAUSE_TEST_SLOW, m->now);
        return ++m->successes >= m->policy.success_threshold &&
               go(m, 0, RF_BREAKER_CAUSE_TEST_PASSED, m->now);
    }
    if (!bad && c != RF_CLASS_OK)
        return false;
    put(m, &m->results, bad);
    if (m->policy.slow_after.ns > 0 && !t.slow_told)
        put(m, &m->speeds, slow);
    if (bad)
        m->row[m->row_count++] = m->now;
    else
        m->row_count = 0;
    return model_judge(m, bad);
}

static bool model_slow(struct model *m, struct rf_breaker_ticket t) {
    if (m->policy.slow_after.ns == 0 || t.slow_told || t.epoch != m->epoch || sleeps(m))
        return false;
    if (m->state == 0) {
        put(m, &m->speeds, true);
        return model_judge(m, false);
    }
    bool is_test = watches(m) || (t.permit != 0 && t.permit == m->permit);
    return m->state == 2 && m->policy.slow_rate > 0 && is_test &&
           go(m, 1, RF_BREAKER_CAUSE_TEST_SLOW, m->now);
}

static bool model_probe(struct model *m) {
    if (m->state != 1 || m->force != 0 || m->early || m->policy.early_share >= 1)
        return false;
    if ((double)(m->now - m->since) < m->policy.early_share * (double)(m->until - m->since))
        return false;
    m->early = true;
    return go(m, 2, RF_BREAKER_CAUSE_PROBE_RECOVERED, m->now);
}

static bool model_force(struct model *m, int force, int64_t until) {
    static const int causes[] = {RF_BREAKER_CAUSE_RESET, RF_BREAKER_CAUSE_FORCED_OPEN,
                                 RF_BREAKER_CAUSE_FORCED_CLOSED, RF_BREAKER_CAUSE_DISABLED};
    m->force = force;
    m->force_until = until;
    return go(m, force == 1, causes[force], m->now);
}

// ---- both, side by side ----

enum { OUT = 24 };

struct pair {
    struct rf_breaker breaker;
    struct model model;
    struct rf_breaker_ticket out[OUT];
    size_t out_count;
    struct rf_rng rng;
    int64_t clock;
    int64_t changes[RF_BREAKER_CAUSE_RESET + 1];
};

static int64_t pick(struct pair *pair, int64_t below) {
    return (int64_t)(rf_rng_next(&pair->rng) % (uint64_t)below);
}

static bool lucky(struct pair *pair, int64_t one_in) {
    return pick(pair, one_in) == 0;
}

static struct rf_breaker_policy draw_policy(struct pair *pair) {
    struct rf_breaker_policy policy = RF_BREAKER_POLICY_DEFAULT;
    policy.failure_threshold = pick(pair, 5) * pick(pair, 3);
    policy.failure_interval = rf_ns(1 + pick(pair, 400));
    policy.recovery_timeout = rf_ns(pick(pair, 200));
    policy.success_threshold = 1 + pick(pair, 3);
    policy.test_lease = rf_ns(1 + pick(pair, 100));
    policy.window = lucky(pair, 2) ? RF_WINDOW_CALLS : RF_WINDOW_TIME;
    policy.window_calls = 1 + pick(pair, lucky(pair, 4) ? 200 : 20);
    policy.window_time = rf_ns(1 + pick(pair, 1000));
    policy.minimum_calls = 1 + pick(pair, 12);
    policy.failure_rate = lucky(pair, 3) ? 0 : (double)(1 + pick(pair, 100)) / 100;
    policy.slow_rate = lucky(pair, 3) ? 0 : (double)(1 + pick(pair, 100)) / 100;
    policy.slow_after = rf_ns(lucky(pair, 4) ? 0 : 1 + pick(pair, 60));
    policy.recovery_growth = 1.0 + (double)pick(pair, 3) / 2;
    policy.recovery_max = rf_ns(lucky(pair, 2) ? 0 : 1 + pick(pair, 600));
    policy.early_share = (double)pick(pair, 5) / 4;
    policy.mode = (enum rf_breaker_mode)(lucky(pair, 12) ? 2 : pick(pair, 2));
    policy.ignore = lucky(pair, 4) ? RF_BREAKER_IGNORE(RF_CLASS_AMBIGUOUS) : 0;
    return policy;
}

static enum rf_class draw_class(struct pair *pair) {
    if (lucky(pair, 3))
        return (enum rf_class)pick(pair, RF_CLASS_COUNT);
    return lucky(pair, 2) ? RF_CLASS_OK : RF_CLASS_TRANSIENT;
}

static void compare(struct pair *pair, bool expected, bool changed,
                    const struct rf_breaker_transition *transition) {
    struct rf_breaker_snapshot snapshot;
    const struct model *m = &pair->model;
    int64_t total, bad;
    assert_int_equal(changed, expected);
    if (changed) {
        assert_int_equal(transition->cause, m->cause);
        assert_int_equal(transition->to, m->state);
        assert_int_equal(transition->epoch, m->epoch);
        pair->changes[m->cause]++;
    }
    rf_breaker_snapshot(&pair->breaker, (struct rf_instant){m->now}, &snapshot);
    assert_int_equal(snapshot.state, m->state);
    assert_int_equal(snapshot.force, m->force);
    assert_int_equal(snapshot.epoch, m->epoch);
    assert_int_equal(snapshot.permit, m->permit);
    assert_int_equal(snapshot.since.ns, m->since);
    assert_int_equal(snapshot.successes, m->successes);
    if (m->state == 1)
        assert_int_equal(snapshot.until.ns, m->until);
    assert_int_equal(snapshot.figures.failures, row_now(m));
    figures(m, &m->results, &total, &bad);
    assert_int_equal(snapshot.figures.total, total);
    assert_int_equal(snapshot.figures.failed, bad);
    figures(m, &m->speeds, &total, &bad);
    assert_int_equal(snapshot.figures.timed, total);
    assert_int_equal(snapshot.figures.slow, bad);
}

static void forget(struct pair *pair, size_t which) {
    pair->out[which] = pair->out[--pair->out_count];
}

static void one_call(struct pair *pair, struct rf_instant now) {
    struct rf_breaker_transition transition;
    struct rf_breaker_ticket ticket;
    int64_t permit;
    bool changed, expected = model_time(&pair->model, now.ns);
    bool admitted = rf_breaker_admit(&pair->breaker, now, &ticket, &changed, &transition);
    assert_int_equal(admitted, model_admit(&pair->model, &permit));
    if (admitted)
        assert_int_equal(ticket.permit, permit);
    compare(pair, expected, changed, &transition);
    if (!admitted)
        return;
    if (pair->out_count == OUT)
        forget(pair, 0);
    pair->out[pair->out_count++] = ticket;
}

static void one_result(struct pair *pair, struct rf_instant now) {
    struct rf_breaker_transition transition;
    if (pair->out_count == 0)
        return;
    size_t which = (size_t)pick(pair, (int64_t)pair->out_count);
    struct rf_breaker_ticket *ticket = &pair->out[which];
    enum rf_class c = draw_class(pair);
    bool expected = model_time(&pair->model, now.ns);
    if (lucky(pair, 4)) {
        bool due = expected;
        expected = due || model_slow(&pair->model, *ticket);
        bool changed = rf_breaker_slow(&pair->breaker, ticket, now, &transition);
        compare(pair, expected, changed, &transition);
        return;
    }
    expected = expected || model_record(&pair->model, *ticket, (int)c);
    bool changed = rf_breaker_record(&pair->breaker, *ticket, c, now, &transition);
    compare(pair, expected, changed, &transition);
    if (!lucky(pair, 10)) // else it reports once more
        forget(pair, which);
}

static void one_cancel(struct pair *pair, struct rf_instant now) {
    struct model *m = &pair->model;
    if (pair->out_count == 0)
        return;
    size_t which = (size_t)pick(pair, (int64_t)pair->out_count);
    struct rf_breaker_ticket ticket = pair->out[which];
    if (now.ns > m->now)
        m->now = now.ns;
    if (m->permit != 0 && ticket.epoch == m->epoch && ticket.permit == m->permit)
        m->permit = 0;
    rf_breaker_cancel(&pair->breaker, ticket, now);
    forget(pair, which);
}

static void one_word(struct pair *pair, struct rf_instant now) {
    struct rf_breaker_transition transition;
    int force = (int)pick(pair, 4);
    int64_t until = force == 0 || lucky(pair, 8) ? NEVER : now.ns - 20 + pick(pair, 200);
    bool (*const words[])(struct rf_breaker *, struct rf_instant, struct rf_instant,
                          struct rf_breaker_transition *) = {
        NULL, rf_breaker_force_open, rf_breaker_force_closed, rf_breaker_disable};
    if (now.ns > pair->model.now)
        pair->model.now = now.ns;
    bool expected = model_force(&pair->model, force, until);
    bool changed = force == 0
                       ? rf_breaker_reset(&pair->breaker, now, &transition)
                       : words[force](&pair->breaker, (struct rf_instant){until}, now, &transition);
    compare(pair, expected, changed, &transition);
}

static void one_event(struct pair *pair) {
    struct rf_breaker_transition transition;
    pair->clock += lucky(pair, 200) ? pick(pair, 3000) : pick(pair, 8);
    int64_t back = lucky(pair, 20) ? pick(pair, 50) : 0;
    struct rf_instant now = {pair->clock - back};
    int64_t kind = pick(pair, 1000);
    bool expected;
    if (kind < 450) {
        one_call(pair, now);
    } else if (kind < 920) {
        one_result(pair, now);
    } else if (kind < 940) {
        one_cancel(pair, now);
    } else if (kind < 950) {
        one_word(pair, now);
    } else if (kind < 975) {
        expected = model_time(&pair->model, now.ns) || model_probe(&pair->model);
        compare(pair, expected, rf_breaker_probe_recovered(&pair->breaker, now, &transition),
                &transition);
    } else {
        expected = model_time(&pair->model, now.ns);
        compare(pair, expected, rf_breaker_tick(&pair->breaker, now, &transition), &transition);
    }
}

static void the_machine_does_what_the_plain_model_does_over_1000000_random_events(void **state) {
    (void)state;
    static struct pair pair;
    pair.rng.state = 20261124;
    for (int life = 0; life < LIVES; life++) {
        struct rf_breaker_policy policy = draw_policy(&pair);
        pair.clock = 1000000;
        pair.out_count = 0;
        pair.model = (struct model){.policy = policy,
                                    .now = pair.clock,
                                    .since = pair.clock,
                                    .force_until = NEVER,
                                    .length = policy.recovery_timeout.ns};
        anew(&pair.model, pair.clock);
        rf_breaker_init(&pair.breaker, &policy, (struct rf_instant){pair.clock});
        for (int i = 0; i < EVENTS_A_LIFE; i++)
            one_event(&pair);
    }
    // Each way there is was taken, and often.
    for (int cause = RF_BREAKER_CAUSE_FAILURES; cause <= RF_BREAKER_CAUSE_RESET; cause++)
        if (cause != RF_BREAKER_CAUSE_RESTORED)
            assert_true(pair.changes[cause] > 100);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_machine_does_what_the_plain_model_does_over_1000000_random_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
