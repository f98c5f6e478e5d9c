// The gateway's decisions. Pure: it is told what came (a request, a reply, a push, a moment in
// time) and answers by effects: functions of the rim, which carry them out and never call back from
// inside. It reads no clock, socket or file.
//
// The way of a call, in this order (core.c, top to bottom):
//   validate > cache > [each attempt: mark > policy > place > permit > time > send > classify]
//            > retry (policy) > next link of the chain, of ours in the end > store > answer
// A script or a speech that is slow may be sent a second time meanwhile (hedge.c).
// What the policy does, and in which order, is in <ringfence/policy.h>: there is one for each
// provider. The place is one of those whose number the broker knows, of the service.
#ifndef GATEWAY_CORE_H
#define GATEWAY_CORE_H

#include "account.h"
#include <ringfence/policy.h>

#include "call.h"

struct rf_redaction;

struct gateway_effects {
    // redaction: what is known to be a secret now. It is looked at each time, and holds until the
    // next.
    const struct rf_redaction *(*redaction)(void *arg);
    // send: begins the transfer; the reply comes by core_replied. With `hedge` it is of the call's
    // second attempt, and the reply comes by core_hedge_replied. An error: nothing was begun.
    enum rf_err (*send)(void *arg, struct call *call, struct hedge *hedge,
                        const struct provider_request *request,
                        const struct rf_config_provider *provider, struct rf_duration timeout,
                        struct rf_error *error);
    // abort: ends the call's transfer or store without an answer. abort_hedge: the transfer of its
    // second attempt, while call->hedge is there.
    void (*abort)(void *arg, struct call *call);
    void (*abort_hedge)(void *arg, struct call *call);
    // leased: the broker surely counts on us now: what may not be repeated can begin.
    bool (*leased)(void *arg);
    void (*reply)(void *arg, const struct rf_call_reply *reply);
    void (*release)(void *arg, enum gateway_service service, int64_t waiting);
    // outcome: of one attempt; `permit` NULL: it was no test request.
    void (*outcome)(void *arg, enum rf_provider provider, int64_t epoch, const char *permit,
                    enum rf_class c, struct rf_duration took, bool slow_told,
                    const char *error_text);
    // slow: the attempt has been running for breaker.slow_after and still runs; its outcome has
    // slow_told.
    void (*slow)(void *arg, enum rf_provider provider, int64_t epoch, const char *permit,
                 struct rf_duration took);
    void (*permit)(void *arg, const char *call, enum rf_provider provider, int64_t epoch);
    void (*handback)(void *arg, const struct rf_worker_handback *handback);
    // mark: compare-and-set of the provider's mark from "none"; the answer comes by core_marked.
    void (*mark)(void *arg, enum rf_provider provider, const char *call, json_t *value,
                 struct rf_duration ttl);
    // unmark: deletes the mark if it still has this version; the answer comes by core_unmarked.
    void (*unmark)(void *arg, enum rf_provider provider, int64_t version);
    // key_aside: compare-and-set of "this key is set aside" from "it is not"; the answer comes by
    // core_key_told. key_clear: deletes it if it still has this version; answer by
    // core_key_cleared.
    void (*key_aside)(void *arg, enum rf_provider provider, const char *fingerprint, json_t *value,
                      struct rf_duration ttl);
    void (*key_clear)(void *arg, enum rf_provider provider, const char *fingerprint,
                      int64_t version, const char *why);
    void (*publish)(void *arg, const struct rf_event *event);
    // store: begins to keep audio under its hash; what came of it is told by core_stored. An error:
    // nothing was begun.
    // With call->audio_key it is also kept for the cache.
    enum rf_err (*store)(void *arg, struct call *call, const char *sha256, const char *format,
                         const void *data, size_t size, struct rf_error *error);
    // look: begins to look for kept audio under the key; core_looked hears what was found. An
    // error: nothing was begun. `abort` ends it, too.
    enum rf_err (*look)(void *arg, struct call *call, const char *key, struct rf_error *error);
};

// A provider's mark, as retained state has it.
struct mark_copy {
    bool stands;
    int64_t version;
    json_t *value;
    bool clearing;   // our delete is on its way
    const char *why; // what we clear it for; NULL: its cause was changed
};

// Audio that is in the shared store already: what the cache found, and the local link's.
struct recording {
    char sha256[65];
    int64_t size; // 0: none
    char format[9];
};

// Those who wait for one of our calls at a provider to end: room.c.
struct room {
    struct call *first, *last;
};

// Shares of the accounts' limits, which the broker keeps: shares.c.
#define SHARE_SLOTS (2 + ACCOUNT_KEYS) // of a provider

struct shares {
    bool kept;  // by this broker
    bool begun; // a term, of which nothing was told yet
    bool stale; // the limits or the keys are others than those that it began with
    int64_t term;
    struct rf_policy_need told[RF_PROVIDER_COUNT][SHARE_SLOTS];
    uint32_t paused[RF_PROVIDER_COUNT];  // keys whose pause is to be told (bit i: key i)
    uint32_t unheard[RF_PROVIDER_COUNT]; // was told, and did not come back from the broker yet
    struct rf_limit_word words[RF_PROVIDER_COUNT * SHARE_SLOTS];
    struct rf_limit_pause pauses[RF_PROVIDER_COUNT * ACCOUNT_KEYS];
};

struct core {
    const struct gateway_effects *effects;
    void *arg;
    const struct rf_config_gateway *config;
    struct provider_settings *settings; // RF_PROVIDER_COUNT of them
    struct rf_rng rng;
    bool connected, draining;
    struct recording recording;
    struct rf_policy policies[RF_PROVIDER_COUNT];
    struct rf_instant barred[RF_PROVIDER_COUNT]; // until when we are kept from it: barred.c
    struct mark_copy marks[RF_PROVIDER_COUNT];
    char sections[RF_PROVIDER_COUNT][17]; // fingerprints of the configuration: marks.c
    struct account accounts[RF_PROVIDER_COUNT];
    struct room rooms[RF_PROVIDER_COUNT];
    struct shares shares;
    int64_t running[GATEWAY_SERVICE_COUNT];
    int64_t waiting[GATEWAY_SERVICE_COUNT];
    struct rf_map flights; // cache.c
    struct flight *orphans;
    struct call *calls;
    size_t call_count;
    struct rf_map by_id;                                                     // hand.c
    struct rf_timer_heap timed;                                              // timed.c
    struct call *first[GATEWAY_SERVICE_COUNT], *last[GATEWAY_SERVICE_COUNT]; // for a place
};

// core_init: all but `seed` is borrowed for the core's life; config and settings may be changed
// between calls of the core.
void core_init(struct core *core, const struct gateway_effects *effects, void *arg,
               const struct rf_config_gateway *config, struct provider_settings *settings,
               uint64_t seed);

// core_fini: frees the calls that are left, without a word.
void core_fini(struct core *core);

void core_request(struct core *core, const struct rf_call_request *request, struct moment at);
void core_cancel(struct core *core, const char *id, struct moment at);
void core_breaker(struct core *core, const struct rf_breaker_view *view, struct moment at);
void core_permit(struct core *core, const char *call, enum rf_provider provider, const char *permit,
                 int64_t epoch, struct rf_duration lease, struct moment at);
void core_connected(struct core *core, bool connected, struct moment at);

// core_replied: what came of the call's transfer. The call may be gone afterwards.
void core_replied(struct core *core, struct call *call, const struct provider_reply *reply,
                  struct moment at);

// core_written, core_hedge_written: the call's request, or that of its second attempt, is about to
// be written. False: it must not be, as its connection hung and its token is gone
// (rf_policy_written); the transfer ends with RF_HTTP_HELD_BACK. No effect is called.
bool core_written(struct core *core, struct call *call, struct moment at);
bool core_hedge_written(struct core *core, struct call *call, struct moment at);

// core_hedge_replied: the same of its second attempt, which call->hedge is until then.
void core_hedge_replied(struct core *core, struct call *call, const struct provider_reply *reply,
                        struct moment at);

// core_stored: answer to effects.store: RF_OK means that the audio survives a power loss. The call
// is gone afterwards.
void core_stored(struct core *core, struct call *call, enum rf_err result,
                 const struct rf_error *error, struct moment at);

// core_looked: answer to effects.look: the audio, whole and in the store; NULL: there is none. The
// call may be gone afterwards.
void core_looked(struct core *core, struct call *call, const struct recording *found,
                 struct moment at);

// core_mark_changed: the mark of `provider` as it stands now; version 0 or value NULL: none.
void core_mark_changed(struct core *core, enum rf_provider provider, int64_t version, json_t *value,
                       struct moment at);

// core_marked: answer to effects.mark: `code` as of rf_bus_state_cas, `value` as the mark stands
// now.
void core_marked(struct core *core, enum rf_provider provider, const char *call, const char *code,
                 json_t *value, struct moment at);

// core_unmarked: answer to effects.unmark.
void core_unmarked(struct core *core, enum rf_provider provider, const char *code,
                   struct moment at);

// core_key_changed: whether the key with this fingerprint is set aside, as retained state has it
// now; version 0 or value NULL: it is not.
void core_key_changed(struct core *core, enum rf_provider provider, const char *fingerprint,
                      int64_t version, json_t *value, struct moment at);

// core_keys_snapshot: those that `has` does not know are not set aside any more.
void core_keys_snapshot(struct core *core, enum rf_provider provider,
                        bool (*has)(void *, const char *), void *arg, struct moment at);

// core_key_told: answer to effects.key_aside: `version` as it stands now, 0: not known.
// core_key_cleared: answer to effects.key_clear, `code` as of rf_bus_state_cas.
void core_key_told(struct core *core, enum rf_provider provider, const char *fingerprint,
                   int64_t version);
void core_key_cleared(struct core *core, enum rf_provider provider, const char *fingerprint,
                      const char *code, const char *why);

// core_term: a registration was made, and a term of shares begins; `kept`: the broker keeps limits.
// core_share: it granted, until then. core_demand: what it is to be told, but the stamp; borrowed
// until the next call of the core; false: nothing. core_shares_news: whether there is any.
void core_term(struct core *core, bool kept, struct moment at);
void core_share(struct core *core, const struct rf_limit_share *share, struct rf_instant until,
                struct moment at);
bool core_demand(struct core *core, bool all, struct rf_limit_demand *demand, struct moment at);
bool core_shares_news(struct core *core);

// core_settings_changed: a key or a section of the configuration is another: marks that it made
// void are taken away.
void core_settings_changed(struct core *core, struct moment at);

// core_recording: what the local link of speech serves from now on.
void core_recording(struct core *core, const struct recording *recording);

// core_drain: nothing new is begun; calls that wait are handed back.
void core_drain(struct core *core, struct moment at);

// core_tick: time acts. core_wake: the next moment at which it has something to do; false: none.
void core_tick(struct core *core, struct moment at);
bool core_wake(const struct core *core, struct rf_instant *when);

// core_mark_stands: whether any provider is marked, or a key set aside.
bool core_mark_stands(const struct core *core);

const char *gateway_service_name(enum gateway_service service);
bool gateway_service_parse(const char *name, enum gateway_service *service);

#endif
