// Workers that vanish and come back with calls in hand, hand back, and tell of before, under a
// broker with little room for answers, by chance from a seed: what may not be repeated is given out
// once, and once more for each time that it was handed back.
#include <stdio.h>
#include <stdlib.h>

#include "stage.h"

#define SEEDS   30
#define STEPS   3000
#define WORKERS 3
#define CALLS   1500
#define ROOM    16
#define LONG    (60 * RF_NS_PER_S)

struct call {
    int64_t asked; // first
    int given, handed_back;
    int holder; // who has it in hand; -1: nobody
};

struct worker {
    struct rf_peer peer;
    char name[16];
    const char *service;
    bool silent;
};

static struct stage stage;
static struct rf_peer client;
static struct call calls[CALLS];
static int call_count, old_count;
static struct worker workers[WORKERS];
static unsigned seed;
static int64_t refused, adopted, lost, answered;

static unsigned chance(unsigned below) {
    seed = seed * 1664525U + 1013904223U;
    return (seed >> 8) % below;
}

static void few_answers(struct rf_core_settings *settings) {
    settings->calls.once = ROOM;
}

static const char *name_of(int i) {
    static char id[16];
    snprintf(id, sizeof id, "d%d", i);
    return id;
}

// What was sent is read by whom it was sent to.
static void read_all(void) {
    for (size_t i = 0; i < stage.sent_count; i++) {
        const struct rf_message *message = stage.sent[i].message;
        if (message->type != RF_MESSAGE_call_request)
            continue;
        int n = atoi(message->as.call_request.id + 1), who = 0;
        while (!rf_peer_same(&workers[who].peer, &stage.sent[i].to))
            who++;
        struct call *it = &calls[n];
        if (++it->given > 1 + it->handed_back)
            fail_msg("%s was given out %d times, and handed back %d times", name_of(n), it->given,
                     it->handed_back);
        it->holder = who;
    }
    stage_forget(&stage);
}

static void heartbeat(int who) {
    struct worker *worker = &workers[who];
    char ids[64][16];
    const char *in_hand[64];
    size_t count = 0;
    for (int i = 0; i < call_count && count < 64; i++) {
        if (calls[i].holder == who) {
            snprintf(ids[count], sizeof ids[count], "d%d", i);
            in_hand[count] = ids[count];
            count++;
        }
    }
    struct rf_offer offer = {.service = worker->service, .capacity = 1000};
    struct rf_worker_heartbeat beat = {
        .instance = worker->name, .offers = {&offer, 1}, .in_hand = {in_hand, count}};
    stage_receive(&stage, &worker->peer, RF_MESSAGE_worker_heartbeat, &beat);
    read_all();
}

static void ask(int i) {
    struct rf_call_request request = {.id = name_of(i),
                                      .service = i % 2 ? "speech" : "script",
                                      .operation = "speak",
                                      .deadline = stage.now.utc.ns + LONG,
                                      .remaining_ns = LONG,
                                      .trace = "",
                                      .asked_ns =
                                          calls[i].asked != stage.now.instant.ns && chance(2)
                                              ? stage.now.instant.ns - calls[i].asked
                                              : 0};
    stage_receive(&stage, &client, RF_MESSAGE_call_request, &request);
    read_all();
}

static int one_in_hand(void) {
    for (int tries = 0; tries < 20 && call_count > 0; tries++) {
        int i = call_count - 1 - (int)chance(call_count < 30 ? (unsigned)call_count : 30);
        if (calls[i].holder >= 0)
            return i;
    }
    return -1;
}

// Its answer is not ten minutes old yet, as it was asked for within them.
static int one_that_was_given_out(void) {
    for (int tries = 0; tries < 20 && call_count > 0; tries++) {
        int i = call_count - 1 - (int)chance(call_count < 200 ? (unsigned)call_count : 200);
        if (calls[i].given > 0 && calls[i].holder < 0 &&
            stage.now.instant.ns - calls[i].asked < RF_ANSWERS_KEEP - RF_NS_PER_S)
            return i;
    }
    return -1;
}

static void step(void) {
    int i;
    unsigned who = chance(WORKERS);
    struct worker *worker = &workers[who];
    switch (chance(14)) {
    case 0:
    case 1:
    case 2:
        if (call_count < CALLS) {
            calls[call_count] = (struct call){.asked = stage.now.instant.ns, .holder = -1};
            ask(call_count++);
        }
        break;
    case 3:
    case 4:
        i = one_that_was_given_out();
        if (i >= 0)
            ask(i);
        break;
    case 5:
    case 6:
        i = one_in_hand();
        if (i >= 0 && !workers[calls[i].holder].silent) {
            int holder = calls[i].holder;
            calls[i].holder = -1;
            answer(&stage, &workers[holder].peer, name_of(i));
            answered++;
        }
        break;
    case 7:
        i = one_in_hand();
        if (i >= 0 && !workers[calls[i].holder].silent && chance(4) == 0) {
            struct rf_worker_handback handback = {.id = name_of(i)};
            int holder = calls[i].holder;
            calls[i].holder = -1;
            calls[i].handed_back++;
            stage_receive(&stage, &workers[holder].peer, RF_MESSAGE_worker_handback, &handback);
        }
        break;
    case 8:
        worker->silent = chance(3) != 0;
        break;
    case 9:
        if (!worker->silent && chance(3) == 0) {
            struct rf_worker_bye bye = {.instance = worker->name};
            stage_receive(&stage, &worker->peer, RF_MESSAGE_worker_bye, &bye);
        }
        break;
    case 10:
        if (!worker->silent && chance(4) == 0) {
            struct rf_worker_recalled recalled = {.known_ns = 0};
            stage_receive(&stage, &worker->peer, RF_MESSAGE_worker_recalled, &recalled);
        }
        break;
    case 11:
        if (!worker->silent && chance(2)) {
            for (unsigned n = chance(ROOM); n > 0; n--) {
                char id[16];
                snprintf(id, sizeof id, "old%d", old_count++);
                answer(&stage, &worker->peer, id);
            }
        }
        break;
    default:
        for (int n = chance(15) == 0 ? 90 : 1; n > 0; n--) {
            stage_at(&stage, stage.now.instant.ns + (int64_t)chance(2000) * 1000000);
            read_all();
            for (int w = 0; w < WORKERS; w++) {
                if (!workers[w].silent)
                    heartbeat(w);
            }
        }
    }
    read_all();
}

static void
what_may_not_be_repeated_is_given_out_once_and_once_more_for_each_handback(void **state) {
    (void)state;
    for (unsigned first = 1; first <= SEEDS; first++) {
        seed = first;
        call_count = 0;
        stage_open(&stage, few_answers);
        client = peer(RF_SOCKET_CALLS, "client");
        for (int w = 0; w < WORKERS; w++) {
            workers[w] = (struct worker){.service = w % 2 ? "speech" : "script"};
            snprintf(workers[w].name, sizeof workers[w].name, "g-%d", w);
            workers[w].peer = peer(RF_SOCKET_WORKERS, workers[w].name);
            heartbeat(w);
        }
        for (int i = 0; i < STEPS; i++)
            step();
        const struct rf_counters *counters = &stage.core->ground.counters;
        refused += counters->calls_overloaded;
        adopted += counters->calls_adopted;
        lost += counters->calls_worker_lost;
        stage_close(&stage);
    }
    print_message("%lld answered, %lld refused, %lld lost, %lld adopted\n", (long long)answered,
                  (long long)refused, (long long)lost, (long long)adopted);
    assert_true(answered > 500 && refused > 1000 && lost > 1000 && adopted > 1000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            what_may_not_be_repeated_is_given_out_once_and_once_more_for_each_handback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
