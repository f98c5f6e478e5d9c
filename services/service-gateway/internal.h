// What the parts of the core share.
#ifndef GATEWAY_INTERNAL_H
#define GATEWAY_INTERNAL_H

#include "core.h"

// ---- hand.c: calls in hand ----

// hand_add: false if out of memory: the call is still the caller's.
bool hand_add(struct core *core, struct call *call);
// hand_find: the call named `id`, NULL if there is none.
struct call *hand_find(const struct core *core, const char *id);
void hand_remove(struct core *core, struct call *call);
// hand_fini: frees the calls that are left.
void hand_fini(struct core *core);

// ---- timed.c: who waits for a time ----

// timed_reserve: makes room for one call more, so that timed_add cannot fail.
bool timed_reserve(struct core *core);
// timed_add: `call` waits until `due`; timed_remove: it does not any more.
void timed_add(struct core *core, struct call *call, struct rf_instant due);
void timed_remove(struct core *core, struct call *call);
// timed_first: the call whose time comes first, NULL if none waits.
struct call *timed_first(const struct core *core);

// ---- queue.c: who waits for a place ----

// place_take: a place among the calls in flight, or false. place_give: gives it back.
bool place_take(struct core *core, struct call *call);
void place_give(struct core *core, struct call *call);

// place_take_second: one more for the call's second attempt; place_give_second: gives it back.
bool place_take_second(struct core *core, const struct call *call);
void place_give_second(struct core *core, const struct call *call);

// place_queue: to the end of the queue for a place. place_next: takes the first one out, NULL if
// there is none or no place.
void place_queue(struct core *core, struct call *call);
void place_unqueue(struct core *core, struct call *call);
struct call *place_next(struct core *core, enum gateway_service service);

// waiting_total: calls that wait, of all services.
int64_t waiting_total(const struct core *core);

// wait_end: it waits no longer as one that holds nothing.
void wait_end(struct core *core, struct call *call);

// credit_give: gives the broker's credit back, once a call.
void credit_give(struct core *core, struct call *call);

// core_remove: takes the call out of every list and frees it.
void core_remove(struct core *core, struct call *call);

// ---- attempt.c, settle.c: the way of a call ----

// Why a call was not repeated though it might be.
#define NO_BUDGET "too many retries of late (retry.budget)"

// No attempt is begun with less time than this to the deadline: it could not finish.
#define ATTEMPT_MIN rf_ms(500)

// config_of: the configuration of the call's present provider.
const struct rf_config_provider *config_of(const struct core *core, const struct call *call);

// enter_link: the call comes to a link of its chain: one of ours answers, a provider is tried.
void enter_link(struct core *core, struct call *call, struct moment at);
// try_link: begins an attempt at the call's present link, as soon as it may.
void try_link(struct core *core, struct call *call, struct moment at);
// link_failed: the call's present link is done with: next link, or the answer.
void link_failed(struct core *core, struct call *call, const struct link_failure *failure,
                 struct moment at);
// link_refused: the same for a refusal of ours.
void link_refused(struct core *core, struct call *call, const char *code, const char *message,
                  struct rf_utc retry_at, struct moment at);
// time_for_link: how long the call may wait at its present link, so that the next one has its turn.
struct rf_duration time_for_link(const struct core *core, const struct call *call,
                                 struct moment at);
// retry_decided: the call's attempt failed and will be repeated after call->waited: tells of it.
void retry_decided(struct core *core, struct call *call, const struct rf_attempt *attempt,
                   struct moment at);
// retry_goes_elsewhere: the call's retry, once it is decided and paid for, is another gateway's.
bool retry_goes_elsewhere(const struct core *core, const struct call *call,
                          const struct rf_attempt *attempt);
// run_queue: lets calls that wait for a place go on.
void run_queue(struct core *core, enum gateway_service service, struct moment at);
void run_queues(struct core *core, struct moment at);
// obey: does what the policy decided before an attempt.
void obey(struct core *core, struct call *call, struct rf_policy_decision decision,
          struct moment at);
// wait_for: the call holds nothing until `due`, or until its policy names it.
void wait_for(struct core *core, struct call *call, struct rf_instant due, struct moment at);
// begin_attempt: the last checks, and the request goes out. `lease`: of the permit, if it has one.
void begin_attempt(struct core *core, struct call *call, struct rf_duration lease,
                   struct moment at);
// time_for_attempt: how long an attempt may take that begins now. False: too little time is left.
bool time_for_attempt(const struct core *core, const struct call *call, struct moment at,
                      struct rf_duration *timeout);
// send_attempt: notes in call->sending with what it is sent, and sends it. `hedge`: as the second
// attempt; NULL: as the call's own. RF_ERR_NOT_FOUND: no key is left.
enum rf_err send_attempt(struct core *core, struct call *call, struct hedge *hedge,
                         struct rf_duration timeout, struct moment at, struct rf_error *error);
// permit_end: the call's test, if it is one, is over.
void permit_end(struct core *core, struct call *call, enum rf_class c, struct rf_duration took,
                const char *error_text);

// ---- hedge.c: a second attempt beside a slow one ----

// hedge_plan: the call's attempt was sent; if it is to be hedged, its timer says when.
void hedge_plan(struct core *core, struct call *call, struct moment at);
// hedge_try: that time has come, and it still runs.
void hedge_try(struct core *core, struct call *call, struct moment at);
// hedge_reply_to_second: the reply that came is to the second attempt: call->sending tells of it.
void hedge_reply_to_second(struct call *call);
// hedge_judge: one of the call's attempts has ended, and the policy knows: what that means for the
// call. The good one ends the other one. Of a call without a second attempt: WON or LOST.
enum rf_hedge_verdict hedge_judge(struct core *core, struct call *call, bool good,
                                  struct moment at);
// hedge_keep: the attempt has failed while the other one runs; before hedge_settle.
void hedge_keep(struct call *call, const struct provider_verdict *verdict,
                struct rf_duration retry_after);
// hedge_settle: after it. Unless the verdict is WAIT no attempt of the call is left.
void hedge_settle(struct core *core, struct call *call, enum rf_hedge_verdict verdict,
                  struct moment at);
// hedge_leave: the call ends, and its second attempt with it.
void hedge_leave(struct core *core, struct call *call);

// ---- guard.c: the policies of the providers ----

void policies_init(struct core *core);
// policies_change: takes the rules over from the configuration.
void policies_change(struct core *core, struct moment at);
// policy_of: the policy of the call's present link, which is not the local one.
struct rf_policy *policy_of(struct core *core, const struct call *call);
// policy_enter: the call is its policy's from now on. policy_leave: it is no longer.
void policy_enter(struct core *core, struct call *call);
void policy_leave(struct core *core, struct call *call);
// call_of_policy: whose it is.
struct call *call_of_policy(struct rf_policy_call *call);
// utc_of: the date of an instant; 0 of none.
struct rf_utc utc_of(struct rf_instant instant, struct moment at);
// slow_tell: tells the breakers' authority of calls that are slow and still run.
void slow_tell(struct core *core, struct moment at);

// ---- answer.c ----

void answer_ok(struct core *core, struct call *call, json_t *result);
void answer_failed(struct core *core, struct call *call);
// answer_local: a refusal that concerns the whole call.
void answer_local(struct core *core, struct call *call, const char *code, const char *message);
// answer_request: refuses a request that never became a call.
void answer_request(struct core *core, const struct rf_call_request *request, enum rf_class c,
                    const char *code, const char *message);
// answer_given_up: nothing is begun anew that was cancelled while it was being sent, nor a dial
// that the broker may have answered itself. True: it was answered so, and is gone.
bool answer_given_up(struct core *core, struct call *call);
// hand_back: the call goes on at another gateway. A retry that was decided here is paid for here;
// one that is still `unpaid` must not be handed back before the word on it, else it is free.
void hand_back(struct core *core, struct call *call, struct moment at);

void publish_retry(struct core *core, const struct call *call, const struct rf_attempt *attempt,
                   struct rf_duration wait);
void publish_exhausted(struct core *core, const struct call *call,
                       const struct rf_attempt *attempt);
// publish_of: an event about a provider. Takes `data`; NULL, as without memory for it: no event.
void publish_of(struct core *core, enum rf_event_type type, enum rf_provider p, json_t *data);
// publish_fallback: another link than the first serves the call.
void publish_fallback(struct core *core, const struct call *call);

// ---- audio.c ----

// audio_keep: the call has its audio, and is answered when that is on the disk.
void audio_keep(struct core *core, struct call *call, const struct provider_result *result);

// ---- cache.c ----

// cache_enter: the first thing at a provider's link. True: the disk is asked for the speech, or an
// identical request is waited for. False: the call goes on.
bool cache_enter(struct core *core, struct call *call, struct moment at);
// cache_note_sent: remembers which speech is asked for, for the cache to know it again.
void cache_note_sent(const struct core *core, struct call *call,
                     const struct provider_request *request);
// cache_serve, cache_refuse: answers those who joined the call.
void cache_serve(struct core *core, struct call *leader, json_t *result);
void cache_refuse(struct core *core, struct call *leader, const char *code, const char *message);
// cache_failed: the call's link is done with; whoever joined it takes over, or fails as it did.
void cache_failed(struct core *core, struct call *call, const struct link_failure *failure);
// cache_leave: the call ends.
void cache_leave(struct core *core, struct call *call);
// cache_run: lets calls take over that have lost whom they had joined.
void cache_run(struct core *core, struct moment at);
void cache_fini(struct core *core);

// ---- local.c ----

// local_serve: answers from the link of our own.
void local_serve(struct core *core, struct call *call, struct moment at);

// ---- recovery.c ----

// recovery_can_wait: the call may wait for a breaker here: no other link could serve it meanwhile.
bool recovery_can_wait(const struct call *call);
// recovery_wait: no link serves the call; it waits, once, for the breaker that recovers first.
// False: none of those that refused lets it wait.
bool recovery_wait(struct core *core, struct call *call, struct moment at);

// ---- barred.c ----

// barred_take: until when the broker keeps us from `p`; 0: it does not. What waits there goes back
// to it, for another gateway to go on with.
void barred_take(struct core *core, enum rf_provider p, int64_t until, struct moment at);
// barred_now: whether we are kept from the call's present link, which is not the local one. Not for
// a retry that waits for the word on its payment: it goes on elsewhere afterwards.
bool barred_now(const struct core *core, const struct call *call, struct moment at);
// barred_leave: the call is to go on elsewhere.
void barred_leave(struct core *core, struct call *call, struct moment at);

// ---- room.c ----

// room_wait: the call waits for its retry, and goes on sooner when another call of ours ends.
void room_wait(struct core *core, struct call *call, struct moment at);
// room_leave: it does not wait any more.
void room_leave(struct call *call);
// room_ended: a call of ours at `p` has ended.
void room_ended(struct core *core, enum rf_provider p, struct moment at);

// ---- keys.c ----

// keys_take: the settings may have other keys now.
void keys_take(struct core *core);
void keys_fini(struct core *core);
// keys_several: whether the call's provider has more than one key.
bool keys_several(const struct core *core, const struct call *call);
// keys_bar: tells the call's policy which keys it must not use. False: none is left.
bool keys_bar(struct core *core, struct call *call);
// keys_choose: the key that an attempt is sent with, number `key` if the policy's choice still
// holds; NULL: none is left.
const struct rf_secret *keys_choose(struct core *core, struct call *call, size_t key,
                                    struct moment at);
// keys_none_left: why there is none.
void keys_none_left(const struct core *core, enum rf_provider p, struct provider_verdict *verdict);
// keys_go_on: the attempt failed; if another key may do better, it is tried at once: true. What is
// to pause does so already.
bool keys_go_on(struct core *core, struct call *call, const struct provider_verdict *verdict,
                struct rf_duration retry_after, struct moment at);
// keys_wait: when the first of the keys may be asked again; with one key it is `retry_after`.
struct rf_duration keys_wait(const struct core *core, const struct call *call,
                             const struct provider_verdict *verdict, struct rf_duration retry_after,
                             struct moment at);
// keys_release_all: somebody took the mark away though no key is left: all are tried again.
void keys_release_all(struct core *core, enum rf_provider p, struct moment at);
// keys_have: whether the key with this fingerprint is one of ours; "" if there is none.
bool keys_have(const struct core *core, enum rf_provider p, const char *fingerprint);
// keys_aside: whether any key is set aside.
bool keys_aside(const struct core *core);
// keys_fingerprint: of all keys together; of a single one its own.
void keys_fingerprint(const struct provider_settings *settings, char out[17]);

// ---- told.c: what may be told of words from outside ----

// told_text: takes secrets out of `text`, a buffer of `size` bytes that ends with NUL; the rest is
// UTF-8 in one line, and cut at a whole character if it does not fit.
void told_text(struct core *core, char *text, size_t size);
// told_verdict: takes them out of all of the verdict's texts.
void told_verdict(struct core *core, struct provider_verdict *verdict);
// told_data: a new reference: `data`, or what is left of it. NULL: out of memory.
json_t *told_data(struct core *core, json_t *data);

// ---- shares.c ----

// shares_pause: the key has to pause: the broker is told, for all.
void shares_pause(struct core *core, enum rf_provider p, size_t key);
// shares_stale: limits or keys are others: a new term declares them. shares_refresh: begins it.
void shares_stale(struct core *core);
void shares_refresh(struct core *core, struct moment at);

// ---- marks.c ----

// mark_blocks: the text of the mark that keeps the call from its provider now, or NULL.
const char *mark_blocks(const struct core *core, const struct call *call, struct rf_utc *until);
// marks_take: the settings may be others now.
void marks_take(struct core *core);
// mark_note_sent: remembers with which key and configuration the attempt begins.
void mark_note_sent(struct core *core, struct call *call, const struct rf_secret *key);
// mark_end: takes away a mark that was made for the account's keys. `why` is a text of ours.
void mark_end(struct core *core, enum rf_provider p, const char *why);
// mark_begin: the call's error is to become the provider's mark, if it is about the key and the
// configuration that still hold.
void mark_begin(struct core *core, struct call *call, const struct provider_verdict *verdict,
                struct moment at);
void mark_again(struct core *core, struct call *call, struct moment at);

#endif
