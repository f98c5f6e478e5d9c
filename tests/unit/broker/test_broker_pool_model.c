// The whole of it as a model: gateways with shares of their own, messages that need their time, and
// the broker's pool; gateways are killed and begin anew, links are cut, the broker is restarted.
// What is asserted is what the provider sees: never more than its limit, whatever happens; and
// without faults at least 95 % of it in use while there is demand, with nobody left waiting.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <ringfence/share.h>

#include "../resilience/random.h"
#include "pool.h"

#define GATEWAYS 8
#define LIVES    400 // of gateways, one after the other
#define RUNNING  64
#define MAIL     4096

#define BEAT    100 // all times are milliseconds
#define LEASE   300
#define TIMEOUT 400 // of an attempt

struct letter {
    int64_t due;
    bool up; // to the broker
    int life;
    unsigned broker; // whose, of a letter down
    int64_t term, stamp, base, granted, keep;
    struct rf_pool_word word;
    bool unknown; // down: the broker does not know this term
};

struct gateway {
    int life; // which of all that ever were
    bool dead;
    int64_t reborn, cut_until, stopped_until, beat;
    int64_t term, stamp_seen;
    unsigned broker; // that its term is with
    struct rf_share share;
    int64_t base;
    int64_t waiting, oldest; // calls, and since when the first of them waits
    int64_t running;
    bool changed;
};

struct seen { // by the broker, of a life
    struct rf_pool_holder holder;
    bool known;
    int64_t term, stamp, heard;
};

struct world {
    struct test_random random;
    enum rf_pool_kind kind;
    struct rf_pool_rules rules;
    struct rf_pool pool;
    unsigned broker;
    bool broker_up;
    int64_t broker_back;
    struct seen seen[LIVES];
    bool stored[LIVES]; // registered, as the broker's disk knows
    struct gateway gateways[GATEWAYS];
    int lives;
    struct letter mail[MAIL];
    size_t mail_count;
    struct {
        int64_t ends;
        int life;
    } attempts[RUNNING]; // at the provider
    size_t attempt_count;
    int64_t now, slowest; // message
    int64_t longest;      // attempt
    bool faults;
    bool lossy; // each tenth letter is lost
    // What came of it.
    int64_t begun, busy, longest_wait, last_begun, begun_by[GATEWAYS];
    int64_t served[GATEWAYS];
};

static struct rf_instant at(int64_t ms) {
    return (struct rf_instant){ms * RF_NS_PER_MS};
}

static int64_t draw(struct world *w, int64_t most) {
    return test_random_below(&w->random, most);
}

static void post(struct world *w, struct letter letter) {
    if (w->lossy && draw(w, 10) == 0)
        return;
    // In order on each way, as a connection is.
    letter.due = w->now + draw(w, w->slowest + 1);
    for (size_t i = 0; i < w->mail_count; i++)
        if (w->mail[i].up == letter.up && w->mail[i].life == letter.life &&
            w->mail[i].due > letter.due)
            letter.due = w->mail[i].due;
    assert_true(w->mail_count < MAIL);
    w->mail[w->mail_count++] = letter;
}

// ---- the gateways ----

static void be_born(struct world *w, struct gateway *g) {
    assert_true(w->lives < LIVES);
    int64_t waiting = g->waiting, oldest = g->oldest;
    *g = (struct gateway){.life = w->lives++, .waiting = waiting, .oldest = oldest, .term = 1};
    rf_share_begin(&g->share, 0);
    g->changed = true;
}

static void begin_term(struct gateway *g) {
    g->term++;
    g->base = g->running;
    rf_share_begin(&g->share, g->running);
    g->changed = true;
}

static void check_provider(struct world *w) {
    if (w->kind == RF_POOL_PLACES)
        assert_true((int64_t)w->attempt_count <= w->rules.places);
    else if (w->begun > 0) // bursts of 1
        assert_true((double)(w->now - w->last_begun) * w->rules.rate >= 1000.0);
}

static void begin_attempt(struct world *w, struct gateway *g) {
    int64_t index = g - w->gateways;
    if (w->kind == RF_POOL_PLACES) {
        assert_true(w->attempt_count < RUNNING);
        w->attempts[w->attempt_count].life = g->life;
        // Many last as long as they may: what is freed too early shows.
        int64_t length = draw(w, 2) == 0 && w->faults ? TIMEOUT : 1 + draw(w, w->longest);
        w->attempts[w->attempt_count++].ends = w->now + length;
        g->running++;
    }
    check_provider(w);
    if (w->kind == RF_POOL_TOKENS)
        rf_share_use(&g->share);
    int64_t waited = w->now - g->oldest;
    if (waited > w->longest_wait)
        w->longest_wait = waited;
    g->oldest = w->now;
    g->waiting--;
    g->changed = true;
    w->begun++;
    w->begun_by[index]++;
    w->last_begun = w->now;
}

static void tell(struct world *w, struct gateway *g) {
    int64_t has_place_for = g->waiting;
    post(w, (struct letter){
                .up = true,
                .life = g->life,
                .term = g->term,
                .stamp = w->now,
                .base = g->base,
                .word = {g->share.returned, g->share.used, has_place_for, g->share.granted}});
    g->changed = false;
    g->beat = w->now + BEAT;
}

static void run_gateway(struct world *w, struct gateway *g) {
    if (g->dead) {
        if (w->now >= g->reborn)
            be_born(w, g);
        return;
    }
    if (w->now < g->stopped_until)
        return;
    while (g->waiting > 0 && rf_share_free(&g->share, g->running, at(w->now)) > 0)
        begin_attempt(w, g);
    if (rf_share_trim(&g->share, g->running))
        g->changed = true;
    if (g->changed || w->now >= g->beat)
        tell(w, g);
}

static struct gateway *alive(struct world *w, int life) {
    for (int i = 0; i < GATEWAYS; i++)
        if (w->gateways[i].life == life && !w->gateways[i].dead)
            return &w->gateways[i];
    return NULL;
}

static void end_attempts(struct world *w) {
    for (size_t i = 0; i < w->attempt_count;) {
        if (w->now < w->attempts[i].ends) {
            i++;
            continue;
        }
        struct gateway *g = alive(w, w->attempts[i].life);
        if (g != NULL) {
            g->running--;
            // As rf_bulkhead_leave: before the own queue is looked at, but for its turn.
            bool is_turn = rf_instant_before(at(w->now), g->share.turn);
            (void)rf_share_trim(&g->share, g->running + (is_turn ? g->waiting : 0));
            g->changed = true;
        }
        w->attempts[i] = w->attempts[--w->attempt_count];
    }
}

static void gateway_hears(struct world *w, const struct letter *letter) {
    struct gateway *g = alive(w, letter->life);
    if (g == NULL || w->now < g->cut_until || letter->term != g->term)
        return;
    if (letter->unknown || letter->broker != g->broker) {
        if (letter->unknown) {
            g->broker = letter->broker;
            begin_term(g);
        }
        return;
    }
    rf_share_grant(&g->share, letter->granted, letter->keep, at(letter->stamp + LEASE), at(w->now));
}

// ---- the broker ----

static void broker_starts(struct world *w) {
    w->broker++;
    w->broker_up = true;
    memset(w->seen, 0, sizeof w->seen);
    rf_pool_init(&w->pool, w->kind, &w->rules, at(w->now));
    bool any = false;
    for (int i = 0; i < LIVES; i++)
        any = any || w->stored[i];
    if (any)
        rf_pool_hold(&w->pool, at(w->now + LEASE + TIMEOUT));
}

static void all_are_back(struct world *w) {
    for (int i = 0; i < LIVES; i++)
        if (w->stored[i] && !w->seen[i].known)
            return;
    rf_pool_unhold(&w->pool, at(w->now));
}

static void broker_hears(struct world *w, const struct letter *letter) {
    struct seen *seen = &w->seen[letter->life];
    struct gateway *g = alive(w, letter->life);
    if (!w->broker_up || (g != NULL && w->now < g->cut_until))
        return;
    // A term that began with another broker, or before we lost it: it has to begin a new one, as
    // it does with the registration.
    bool of_another = g == NULL || g->broker != w->broker;
    if (!seen->known && (of_another || letter->term <= seen->term)) {
        post(w,
             (struct letter){
                 .life = letter->life, .term = letter->term, .broker = w->broker, .unknown = true});
        return;
    }
    if (!seen->known || letter->term > seen->term) {
        rf_pool_join(&w->pool, &seen->holder, letter->base, at(w->now));
        seen->known = w->stored[letter->life] = true;
        seen->term = letter->term;
        all_are_back(w);
    }
    seen->stamp = letter->stamp;
    seen->heard = w->now;
    seen->holder.untold = true;
    rf_pool_hear(&w->pool, &seen->holder, &letter->word, at(w->now));
}

static void lose_the_silent(struct world *w) {
    for (int i = 0; i < w->lives; i++) {
        struct seen *seen = &w->seen[i];
        if (!seen->known || w->now < seen->heard + LEASE)
            continue;
        seen->known = w->stored[i] = false;
        rf_pool_lose(&w->pool, &seen->holder, at(w->now + TIMEOUT), at(w->now));
        all_are_back(w);
    }
}

static void run_broker(struct world *w) {
    if (!w->broker_up) {
        if (w->now >= w->broker_back)
            broker_starts(w);
        return;
    }
    lose_the_silent(w);
    rf_pool_run(&w->pool, at(w->now));
    for (int i = 0; i < w->lives; i++) {
        struct seen *seen = &w->seen[i];
        if (!seen->known || !seen->holder.untold)
            continue;
        rf_pool_told(&seen->holder);
        post(w, (struct letter){.life = i,
                                .broker = w->broker,
                                .term = seen->term,
                                .stamp = seen->stamp,
                                .granted = seen->holder.granted,
                                .keep = seen->holder.keep});
    }
}

// ---- time ----

static void do_harm(struct world *w) {
    struct gateway *g = &w->gateways[draw(w, GATEWAYS)];
    switch (draw(w, 1500)) {
    case 0:
    case 1:
        if (!g->dead && w->lives < LIVES) {
            g->dead = true; // its attempts go on at the provider
            g->reborn = w->now + draw(w, 500);
        }
        break;
    case 2:
    case 3:
        g->cut_until = w->now + draw(w, 2 * LEASE);
        break;
    case 4:
        if (w->broker_up) {
            w->broker_up = false;
            w->broker_back = w->now + draw(w, 1000);
        }
        break;
    case 5: // by the system; what comes meanwhile it reads afterwards
        g->stopped_until = w->now + draw(w, 3 * LEASE);
        break;
    default:
        break;
    }
}

static bool is_stopped(struct world *w, const struct letter *letter) {
    struct gateway *g = letter->up ? NULL : alive(w, letter->life);
    return g != NULL && w->now < g->stopped_until;
}

static void step(struct world *w) {
    for (size_t i = 0; i < w->mail_count;) {
        struct letter letter = w->mail[i];
        if (letter.due > w->now || is_stopped(w, &letter)) {
            i++;
            continue;
        }
        memmove(&w->mail[i], &w->mail[i + 1], (--w->mail_count - i) * sizeof w->mail[0]);
        if (letter.up)
            broker_hears(w, &letter);
        else
            gateway_hears(w, &letter);
    }
    end_attempts(w);
    if (w->faults)
        do_harm(w);
    for (int i = 0; i < GATEWAYS; i++)
        run_gateway(w, &w->gateways[i]);
    run_broker(w);
    w->busy += (int64_t)w->attempt_count;
    w->now++;
}

static void world_open(struct world *w, uint64_t seed, enum rf_pool_kind kind,
                       struct rf_pool_rules rules) {
    memset(w, 0, sizeof *w);
    w->random.state = seed * 2654435761u + 1;
    w->kind = kind;
    w->rules = rules;
    w->slowest = 2;
    w->longest = TIMEOUT;
    for (int i = 0; i < GATEWAYS; i++)
        be_born(w, &w->gateways[i]);
    broker_starts(w);
}

// `hungry` gateways always have calls that wait.
static void feed(struct world *w, int hungry) {
    for (int i = 0; i < hungry; i++) {
        struct gateway *g = &w->gateways[i];
        if (g->waiting == 0) {
            g->oldest = w->now;
            g->changed = true;
        }
        g->waiting = 5;
    }
}

static const struct rf_pool_rules few = {.places = 2}, many = {.places = 20};
static const struct rf_pool_rules slow = {.rate = 1, .burst = 1}, fast = {.rate = 8, .burst = 1};

static void whatever_happens_the_limit_is_never_exceeded(void **state) {
    (void)state;
    static struct world w;
    const struct {
        enum rf_pool_kind kind;
        const struct rf_pool_rules *rules;
    } limits[] = {{RF_POOL_PLACES, &few},
                  {RF_POOL_PLACES, &many},
                  {RF_POOL_TOKENS, &slow},
                  {RF_POOL_TOKENS, &fast}};
    for (uint64_t seed = 1; seed <= 10; seed++)
        for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
            world_open(&w, seed, limits[i].kind, *limits[i].rules);
            w.faults = true;
            w.slowest = draw(&w, 60);
            w.lossy = seed % 2 == 0;
            for (int64_t ms = 0; ms < 30000; ms++) {
                if (draw(&w, 20) == 0)
                    feed(&w, (int)draw(&w, GATEWAYS + 1));
                step(&w);
            }
            assert_true(w.begun > 0);
        }
}

static void steady_demand_of_all_uses_95_percent_of_the_places(void **state) {
    (void)state;
    static struct world w;
    const struct rf_pool_rules *limits[] = {&few, &many};
    for (size_t i = 0; i < 2; i++) {
        world_open(&w, 7, RF_POOL_PLACES, *limits[i]);
        for (int64_t ms = 0; ms < 60000; ms++) {
            feed(&w, GATEWAYS);
            step(&w);
        }
        double used = (double)w.busy / (double)(limits[i]->places * w.now);
        print_message("%lld places: %.1f %% used, longest wait %lld ms\n",
                      (long long)limits[i]->places, 100 * used, (long long)w.longest_wait);
        assert_true(used >= 0.95);
        for (int g = 1; g < GATEWAYS; g++)
            assert_true(w.begun_by[g] * 5 > w.begun_by[0] * 4 &&
                        w.begun_by[g] * 4 < w.begun_by[0] * 5);
        int64_t turn = RF_SHARE_TURN / RF_NS_PER_MS + TIMEOUT;
        assert_true(w.longest_wait < (GATEWAYS / limits[i]->places + 2) * turn);
    }
}

static void attempts_of_milliseconds_use_95_percent_of_the_places(void **state) {
    (void)state;
    static struct world w;
    world_open(&w, 11, RF_POOL_PLACES, few);
    w.longest = 20;
    for (int64_t ms = 0; ms < 60000; ms++) {
        feed(&w, GATEWAYS);
        step(&w);
    }
    double used = (double)w.busy / (double)(few.places * w.now);
    print_message("attempts of 1 to 20 ms: %.1f %% used\n", 100 * used);
    assert_true(used >= 0.95);
}

static void one_gateway_alone_may_use_the_whole_limit(void **state) {
    (void)state;
    static struct world w;
    world_open(&w, 3, RF_POOL_PLACES, many);
    for (int64_t ms = 0; ms < 60000; ms++) {
        feed(&w, 1);
        w.gateways[0].waiting = 30;
        step(&w);
    }
    double used = (double)w.busy / (double)(many.places * w.now);
    print_message("one of eight: %.1f %% used\n", 100 * used);
    assert_true(used >= 0.95);
}

static void steady_demand_uses_95_percent_of_the_rate(void **state) {
    (void)state;
    static struct world w;
    for (int hungry = 1; hungry <= GATEWAYS; hungry += 7) {
        world_open(&w, 5, RF_POOL_TOKENS, slow);
        for (int64_t ms = 0; ms < 200000; ms++) {
            feed(&w, hungry);
            step(&w);
        }
        double used = (double)w.begun / ((double)w.now / 1000.0 * slow.rate);
        print_message("1 a second, %d gateways: %.1f %% used\n", hungry, 100 * used);
        assert_true(used >= 0.95);
        for (int g = 1; g < hungry; g++)
            assert_in_range(w.begun_by[g], w.begun_by[0] - 2, w.begun_by[0] + 2);
    }
}

static void lost_messages_exceed_nothing_and_are_made_up_for_within_a_heartbeat(void **state) {
    (void)state;
    static struct world w;
    const struct {
        enum rf_pool_kind kind;
        const struct rf_pool_rules *rules;
    } limits[] = {{RF_POOL_PLACES, &few}, {RF_POOL_PLACES, &many}, {RF_POOL_TOKENS, &fast}};
    for (uint64_t seed = 1; seed <= 8; seed++)
        for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
            world_open(&w, seed, limits[i].kind, *limits[i].rules);
            w.lossy = true;
            for (int64_t ms = 0; ms < 10000; ms++) {
                feed(&w, GATEWAYS);
                step(&w);
            }
            w.lossy = false;
            for (int64_t ms = 0; ms < BEAT + 10; ms++) {
                feed(&w, GATEWAYS);
                step(&w);
            }
            int64_t busy = w.busy, begun = w.begun;
            for (int64_t ms = 0; ms < 10000; ms++) {
                feed(&w, GATEWAYS);
                step(&w);
            }
            double used = limits[i].kind == RF_POOL_PLACES
                              ? (double)(w.busy - busy) / (double)(limits[i].rules->places * 10000)
                              : (double)(w.begun - begun) / (limits[i].rules->rate * 10);
            print_message("seed %d, limit %d: %.1f %% used\n", (int)seed, (int)i, 100 * used);
            assert_true(used >= (limits[i].kind == RF_POOL_PLACES ? 0.95 : 0.9));
        }
}

static void after_faults_the_whole_limit_is_in_use_again(void **state) {
    (void)state;
    static struct world w;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        world_open(&w, seed, RF_POOL_PLACES, few);
        w.faults = true;
        for (int64_t ms = 0; ms < 10000; ms++) {
            feed(&w, GATEWAYS);
            step(&w);
        }
        w.faults = false;
        for (int64_t ms = 0; ms < 4 * (LEASE + TIMEOUT) + 1000; ms++) {
            feed(&w, GATEWAYS);
            step(&w);
        }
        int64_t busy = w.busy;
        for (int64_t ms = 0; ms < 10000; ms++) {
            feed(&w, GATEWAYS);
            step(&w);
        }
        assert_true((double)(w.busy - busy) >= 0.95 * 2 * 10000);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_happens_the_limit_is_never_exceeded),
        cmocka_unit_test(steady_demand_of_all_uses_95_percent_of_the_places),
        cmocka_unit_test(attempts_of_milliseconds_use_95_percent_of_the_places),
        cmocka_unit_test(one_gateway_alone_may_use_the_whole_limit),
        cmocka_unit_test(steady_demand_uses_95_percent_of_the_rate),
        cmocka_unit_test(lost_messages_exceed_nothing_and_are_made_up_for_within_a_heartbeat),
        cmocka_unit_test(after_faults_the_whole_limit_is_in_use_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
