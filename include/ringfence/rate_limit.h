// Rate limit of one key: a token bucket of our own (`rate` a second, `burst` at once), what the
// provider tells of its own limit in headers, and the pauses that it asks for (Retry-After). A call
// begins when all three allow it. Pure; O(1), no allocation.
//
// The bucket is kept as the time at which it will be full again (GCRA, ITU-T I.371), in whole
// nanoseconds and 2^-32 parts of one, so a rate such as 3 a second does not drift.
#ifndef RINGFENCE_RATE_LIMIT_H
#define RINGFENCE_RATE_LIMIT_H

#include <stdbool.h>

#include <ringfence/time.h>

#pragma GCC visibility push(default)

struct rf_rate_limit_policy {
    double rate;               // calls a second, 0.000001 to 1e9; 0: no limit of our own
    int64_t burst;             // as many at once after a rest; 1 or more
    struct rf_duration follow; // what the provider tells counts for so long at most; 0: not at all
};

// Off: only the provider's word counts.
#define RF_RATE_LIMIT_POLICY_DEFAULT                                                               \
    ((struct rf_rate_limit_policy){.rate = 0, .burst = 1, .follow = {60 * RF_NS_PER_S}})

// A length or point of time to 2^-32 ns.
struct rf_rate_limit_time {
    int64_t ns;
    uint32_t parts;
};

// Members are for reading only.
struct rf_rate_limit {
    struct rf_rate_limit_policy policy;
    struct rf_rate_limit_time interval; // between two tokens; 0: no limit of our own
    struct rf_rate_limit_time depth;    // of the bucket: (burst - 1) intervals
    struct rf_rate_limit_time full;     // when the bucket is full again
    struct rf_instant paused_until;     // nothing begins before it
    struct rf_instant told_by;          // when the call began whose reply told of the limit
    struct rf_instant whole_at;         // the provider's limit is whole: what it told is over
    bool told;                          // the provider told something, be it over or not
    int64_t allowed;                    // calls that it allows, less those reserved since, as of
    struct rf_instant allowed_at;       // this time;
    struct rf_duration share;           // one more after each of these
    struct rf_instant empty_until;      // it told that nothing remains: as a pause
};

// What the headers of a reply tell of the provider's limit (x-ratelimit-*).
struct rf_rate_limit_told {
    int64_t limit;            // calls in all; 0: not told
    int64_t remaining;        // calls left
    struct rf_duration reset; // until the limit is whole again
};

// rf_rate_limit_init: a full bucket. The policy is copied, its numbers clamped to their range.
void rf_rate_limit_init(struct rf_rate_limit *limit, const struct rf_rate_limit_policy *policy,
                        struct rf_instant now);

// rf_rate_limit_change: another policy from now on. Tokens that are in debt stay so; pauses and
// what the provider told stay.
void rf_rate_limit_change(struct rf_rate_limit *limit, const struct rf_rate_limit_policy *policy,
                          struct rf_instant now);

// rf_rate_limit_ready: when the next call may begin, as things stand: `now` or later. Takes
// nothing.
struct rf_instant rf_rate_limit_ready(const struct rf_rate_limit *limit, struct rf_instant now);

// rf_rate_limit_take: may a call begin now? On true its token is taken; on false `when` is when to
// ask again, and nothing is taken.
bool rf_rate_limit_take(struct rf_rate_limit *limit, struct rf_instant now,
                        struct rf_instant *when);

// rf_rate_limit_reserve: takes a token in advance: the call may begin at `when`, in the order of
// reservations. False, with nothing taken, if that were after `latest`. A pause that comes later
// counts all the same: whoever reserved asks rf_rate_limit_paused before it begins.
bool rf_rate_limit_reserve(struct rf_rate_limit *limit, struct rf_instant now,
                           struct rf_instant latest, struct rf_instant *when);

// rf_rate_limit_give_back: a token that was taken or reserved was not used (the call was not sent).
void rf_rate_limit_give_back(struct rf_rate_limit *limit);

// rf_rate_limit_pause: nothing begins before `until`. Only ever extends (incident 31): an earlier
// end than the one that stands changes nothing, and no result of a call takes it away.
void rf_rate_limit_pause(struct rf_rate_limit *limit, struct rf_instant until);

// rf_rate_limit_paused: whether a pause stands at `now`, or the provider told that nothing remains;
// `until` (may be NULL) is its end.
bool rf_rate_limit_paused(const struct rf_rate_limit *limit, struct rf_instant now,
                          struct rf_instant *until);

// rf_rate_limit_resume: ends the pause and forgets what the provider told: a person's word.
void rf_rate_limit_resume(struct rf_rate_limit *limit);

// rf_rate_limit_follow: takes over what a reply told. `began` is when its call began: the word of a
// call that began before the one whose word stands is stale and ignored (incident 31): false.
// `in_flight` calls are sent and not answered: the provider may not have counted them. `reserved`
// ones have their token and are not sent: they stay ahead of all that come later, but none of them
// begins while nothing remains. The limit refills steadily until the reset (OpenAI and Anthropic
// tell when it will be whole again), or all at once if its size is not told: so long the next call
// waits when nothing remains, and never longer than the policy's `follow`: then it asks again.
// Negative numbers, and a reset of 0 or less, say nothing (Azure sends -1, -1, 0: openai-dotnet
// #838): false.
bool rf_rate_limit_follow(struct rf_rate_limit *limit, const struct rf_rate_limit_told *told,
                          struct rf_instant began, int64_t in_flight, int64_t reserved,
                          struct rf_instant now);

#pragma GCC visibility pop

#endif
