// The gateway's core on a bench: time is given, effects are written down.
#ifndef RF_TEST_GATEWAY_BENCH_H
#define RF_TEST_GATEWAY_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core.h"
#include "redact/redact.h"

#define BENCH_MAX 64

struct bench_reply {
    char id[32], class[32], code[64], message[600], provider[32], sent[8];
    char request_id[160]; // of the last attempt
    bool ok, mark_made, destination, exhausted;
    int64_t retry_at;
    size_t attempts;
    json_t *result;
};

struct bench_outcome {
    enum rf_provider provider;
    int64_t epoch;
    char permit[32];
    enum rf_class class;
};

struct bench_event {
    char type[32], subject[32];
    json_t *data;
};

struct bench {
    struct core core;
    struct rf_redaction *redaction;
    const char *request_id; // of the replies; NULL: none
    struct moment at;
    struct rf_config_provider providers[RF_PROVIDER_COUNT];
    struct rf_config_telephony telephony;
    struct rf_config_gateway limits;
    struct provider_settings settings[RF_PROVIDER_COUNT];

    struct call *sent_call[BENCH_MAX]; // of the sends, in order
    bool sent_beside[BENCH_MAX];       // it is the call's second attempt
    char sent_url[BENCH_MAX][256];
    char sent_key[BENCH_MAX][64]; // as it stood in the request
    int64_t sent_timeout[BENCH_MAX];
    enum rf_err send_error; // what effects.send returns
    bool unleased;          // what effects.leased does not say
    int slow, sends, aborts, hedge_aborts, releases, handbacks, unmarks, stores;
    int64_t last_waiting;
    struct bench_reply replies[BENCH_MAX];
    int reply_count;
    struct bench_outcome outcomes[BENCH_MAX];
    int outcome_count;
    char permits[BENCH_MAX][32];
    int permit_count;
    struct rf_worker_handback handback; // the last: numbers only
    bool only;                 // the broker says of what comes that no other gateway is left for it
    bool tried;                // what comes was tried once elsewhere
    struct rf_duration ahead;  // of the caller's clock
    struct rf_duration queued; // in the broker, by what comes
    json_t *marks[BENCH_MAX];
    struct rf_duration mark_ttl;
    int mark_count;
    json_t *asides[BENCH_MAX]; // keys that were set aside
    char aside_key[BENCH_MAX][17], cleared_key[17];
    struct rf_duration aside_ttl;
    int aside_count, key_clears;
    struct bench_event events[BENCH_MAX];
    int event_count;
    char stored_sha256[65];
    struct call *looking; // the disk was asked for its audio last; NULL: nobody
    char looked_for[65];
    int looks;
    enum rf_err begin_looking; // what effects.look returns
    struct call *storing;      // its audio is on the way to the disk; NULL: none
    bool slow_disk;            // bench_answer_audio does not end the store, bench_stored does
    enum rf_err begin_storing; // what effects.store returns
};

int bench_open(void **state);
int bench_close(void **state);

// bench_advance: time goes on, and acts whenever the core wants it.
void bench_advance(struct bench *bench, struct rf_duration by);

// bench_request: a request with a deadline `seconds` from now. `params` is JSON.
void bench_request(struct bench *bench, const char *id, const char *service, const char *operation,
                   const char *params, int seconds);
void bench_speak(struct bench *bench, const char *id);
void bench_write(struct bench *bench, const char *id);
void bench_dial(struct bench *bench, const char *id);

// bench_more_keys: gives the provider `count` keys beside its first: "key-2", ... with the
// fingerprints "k2", ...
void bench_more_keys(struct bench *bench, enum rf_provider provider, size_t count);

// bench_answer: the reply to send number `send` (0 is the first).
void bench_answer(struct bench *bench, int send, long status, const char *body);
// bench_answer_told: and it tells of the provider's rate limit.
void bench_answer_told(struct bench *bench, int send, long status, struct rf_rate_limit_told told);
void bench_answer_audio(struct bench *bench, int send);
void bench_stored(struct bench *bench, enum rf_err result);

// bench_looked: the disk's answer to what it was asked last; NULL: there is no such audio.
void bench_looked(struct bench *bench, const struct recording *found);
void bench_fail(struct bench *bench, int send, enum rf_http_failure failure, bool sent);
void bench_answer_later(struct bench *bench, int send, long status, const char *body,
                        struct rf_duration retry_after);

void bench_breaker(struct bench *bench, const char *provider, const char *state, int64_t epoch,
                   int64_t until);

// bench_reply_of: the one reply to the call `id`; NULL if none came. Fails if two came.
const struct bench_reply *bench_reply_of(struct bench *bench, const char *id);

#endif
