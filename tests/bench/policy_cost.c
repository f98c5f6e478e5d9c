// What the policies cost a call, in ns, beside what every program pays already: an uncontended
// mutex and a look at the clock. All four are measured in turns, many times over; told is the
// median of each. Allocations are counted while the policies run: malloc and its like are ours.
//
//   policy_cost TURNS OPERATIONS      prints "name value" lines
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <ringfence/policy.h>

#define MOST_TURNS 1000

static long allocations;

// The linker's --wrap sends every call of malloc and its like here, the library's too.
// NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
extern void *__real_malloc(size_t size);
extern void *__real_calloc(size_t count, size_t size);
extern void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

void *__wrap_malloc(size_t size) {
    allocations++;
    return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size) {
    allocations++;
    return __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size) {
    allocations++;
    return __real_realloc(old, size);
}
// NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)

static int64_t clock_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * RF_NS_PER_S + t.tv_nsec;
}

struct bench {
    pthread_mutex_t mutex;
    struct rf_breaker by_calls, by_time;
    struct rf_policy policy;
    struct rf_instant now; // of the machines: no clock is read for them
    volatile int64_t seen; // so that nothing is left out as unused
    long allocations;      // by the policies
    int64_t refused;
};

// Every tenth call is slow and every twentieth fails, in turns: rates that open nothing.
static enum rf_class call_ends(struct bench *bench, int64_t number) {
    int64_t took = number % 10 == 9 ? 3 * RF_NS_PER_S : 20 * RF_NS_PER_MS;
    bench->now = rf_instant_add(bench->now, rf_ns(took));
    return number % 20 == 0 ? RF_CLASS_TRANSIENT : RF_CLASS_OK;
}

static void look_at_clock(struct bench *bench, int64_t operations) {
    for (int64_t i = 0; i < operations; i++)
        bench->seen = clock_ns();
}

static void lock_mutex(struct bench *bench, int64_t operations) {
    for (int64_t i = 0; i < operations; i++) {
        pthread_mutex_lock(&bench->mutex);
        bench->seen = i;
        pthread_mutex_unlock(&bench->mutex);
    }
}

static void ask_breaker(struct bench *bench, struct rf_breaker *breaker, int64_t operations) {
    struct rf_breaker_ticket ticket;
    struct rf_breaker_transition transition;
    bool changed;
    for (int64_t i = 0; i < operations; i++) {
        if (!rf_breaker_admit(breaker, bench->now, &ticket, &changed, &transition)) {
            bench->refused++;
            continue;
        }
        enum rf_class c = call_ends(bench, i);
        bench->seen = rf_breaker_record(breaker, ticket, c, bench->now, &transition);
    }
}

static void ask_by_calls(struct bench *bench, int64_t operations) {
    ask_breaker(bench, &bench->by_calls, operations);
}

static void ask_by_time(struct bench *bench, int64_t operations) {
    ask_breaker(bench, &bench->by_time, operations);
}

// A call from its beginning to its end, retries included; nobody sleeps.
static void pass_policy(struct bench *bench, int64_t operations) {
    struct rf_policy *policy = &bench->policy;
    struct rf_policy_call call = {0};
    for (int64_t i = 0; i < operations; i++) {
        rf_policy_begin(policy, &call, rf_instant_add(bench->now, rf_seconds(120)));
        struct rf_policy_decision d = rf_policy_step(policy, &call, bench->now);
        if (d.verdict != RF_POLICY_GO) {
            bench->refused++;
        } else {
            rf_policy_sent(policy, &call, bench->now);
            enum rf_class c = call_ends(bench, i);
            d = rf_policy_ended(policy, &call, c, rf_ns(0), bench->now);
            bench->seen = d.verdict;
        }
        rf_policy_end(policy, &call, bench->now);
    }
}

static const struct {
    const char *name;
    void (*run)(struct bench *bench, int64_t operations);
    bool ours;
} subjects[] = {
    {"clock_gettime_ns", look_at_clock, false}, {"mutex_ns", lock_mutex, false},
    {"decision_ns", ask_by_calls, true},        {"decision_time_window_ns", ask_by_time, true},
    {"policy_ns", pass_policy, true},
};
#define SUBJECTS (sizeof subjects / sizeof subjects[0])

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void prepare(struct bench *bench) {
    struct rf_policy_rules rules = RF_POLICY_RULES_DEFAULT;
    rules.breaker.failure_rate = 0.5;
    rules.breaker.slow_rate = 0.5;
    rules.breaker.slow_after = rf_seconds(2);
    rules.bulkhead.max_in_flight = 16;
    rules.rate_limit = (struct rf_rate_limit_policy){.rate = 1000000, .burst = 1000};
    bench->now = (struct rf_instant){RF_NS_PER_S};
    pthread_mutex_init(&bench->mutex, NULL);
    rf_breaker_init(&bench->by_calls, &rules.breaker, bench->now);
    rf_policy_init(&bench->policy, &rules, 1, bench->now);
    rules.breaker.window = RF_WINDOW_TIME;
    rf_breaker_init(&bench->by_time, &rules.breaker, bench->now);
}

static double turn(struct bench *bench, size_t subject, int64_t operations) {
    long before = allocations;
    int64_t began = clock_ns();
    subjects[subject].run(bench, operations);
    int64_t took = clock_ns() - began;
    if (subjects[subject].ours)
        bench->allocations += allocations - before;
    return (double)took / (double)operations;
}

int main(int argc, char **argv) {
    static struct bench bench;
    static double ns[SUBJECTS][MOST_TURNS];
    long turns = argc > 2 ? strtol(argv[1], NULL, 10) : 0;
    long operations = argc > 2 ? strtol(argv[2], NULL, 10) : 0;
    if (turns < 1 || turns > MOST_TURNS || operations < 1) {
        fprintf(stderr, "use: policy_cost TURNS OPERATIONS, of 1 to %d turns\n", MOST_TURNS);
        return 2;
    }
    prepare(&bench);
    void *volatile probe = malloc(1); // is the counter ours?
    free(probe);
    if (allocations == 0)
        return 1;
    for (long i = 0; i < turns; i++)
        for (size_t s = 0; s < SUBJECTS; s++)
            ns[s][i] = turn(&bench, s, operations);
    if (bench.refused > 0) {
        fprintf(stderr, "%lld calls were refused: that is another measurement\n",
                (long long)bench.refused);
        return 1;
    }
    for (size_t s = 0; s < SUBJECTS; s++) {
        qsort(ns[s], (size_t)turns, sizeof ns[s][0], ascending);
        printf("%s %.3f\n", subjects[s].name, ns[s][turns / 2]);
    }
    printf("allocations %ld\noperations %lld\n", bench.allocations, 3LL * turns * operations);
    return 0;
}
