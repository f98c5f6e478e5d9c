// Several keys of one provider: a key that is refused, without quota or asked to slow down is not
// the end of a call while another is left. Changing the key is no retry (incident 32): it is
// bounded by the number of keys. Only the last key's failure makes the provider's mark, so that one
// key alone behaves as if there were no such thing here.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "internal.h"
#include "note.h"

#define SHORT "%.8s" // what of a fingerprint is told

static struct account *account_of(struct core *core, enum rf_provider p) {
    return &core->accounts[p];
}

void keys_fingerprint(const struct provider_settings *settings, char out[17]) {
    char hex[RF_SHA256_HEX_SIZE], text[ACCOUNT_KEYS * 17 + 1];
    size_t used = 0;
    snprintf(out, 17, "%s", settings->key.fingerprint);
    if (provider_key_count(settings) < 2)
        return;
    for (size_t i = 0; i < provider_key_count(settings); i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s\n",
                                 provider_key(settings, i)->fingerprint);
    rf_sha256_hex(text, used, hex);
    snprintf(out, 17, "%.16s", hex);
}

bool keys_have(const struct core *core, enum rf_provider p, const char *fingerprint) {
    const struct account *account = &core->accounts[p];
    return account->count == 0 ? fingerprint[0] == '\0'
                               : account_find(account, fingerprint) < account->count;
}

// ---- which key ----

// Keys tried since the call's last wait: with the next retry all are looked at again.
static uint32_t *tried_of(struct call *call) {
    uint32_t link = (uint32_t)call->link, retries = (uint32_t)call->policy.retry.retries;
    if (call->tried.link != link || call->tried.retries != retries)
        call->tried = (struct call_keys){.link = link, .retries = retries};
    return &call->tried.keys;
}

bool keys_several(const struct core *core, const struct call *call) {
    return core->accounts[provider_now(call)].count > 1;
}

bool keys_bar(struct core *core, struct call *call) {
    const struct account *account = account_of(core, provider_now(call));
    if (account->count < 2)
        return true;
    uint32_t barred = account_barred(account, *tried_of(call));
    rf_policy_bar(&call->policy, barred);
    return account_first(account, barred) < account->count;
}

// The key of the call's token; but one that was set aside after the token was taken, while the call
// waited for its permit, is not used.
const struct rf_secret *keys_choose(struct core *core, struct call *call, size_t i,
                                    struct moment at) {
    enum rf_provider p = provider_now(call);
    const struct account *account = account_of(core, p);
    if (account->count < 2)
        return provider_key(&core->settings[p], 0);
    uint32_t barred = account_barred(account, *tried_of(call));
    if (i >= account->count || (barred >> i & 1) != 0)
        i = account_first(account, barred);
    if (i >= account->count)
        return NULL;
    call_note(call, at, "key", "chosen", "key " SHORT ", %zu of %zu", account->keys[i].fingerprint,
              i + 1, account->count);
    return provider_key(&core->settings[p], i);
}

void keys_none_left(const struct core *core, enum rf_provider p, struct provider_verdict *verdict) {
    const struct account *account = &core->accounts[p];
    const json_t *why = account->count > 0 ? account->keys[account->count - 1].value : NULL;
    const char *name = json_string_value(json_object_get(why, "class"));
    const char *message = json_string_value(json_object_get(why, "message"));
    enum rf_class class;
    if (name == NULL || !rf_class_parse(name, &class) || !rf_class_marks(class))
        class = RF_CLASS_PERMANENT_AUTH;
    provider_verdict_set(verdict, class, "no_key_left",
                         message != NULL ? message : "all keys are set aside");
}

// ---- a key that fails ----

static const char *clears(const struct provider_verdict *verdict) {
    if (verdict->mark_for.ns > 0)
        return "time";
    return verdict->class == RF_CLASS_PERMANENT_AUTH ? "key" : "person";
}

static void set_aside(struct core *core, const struct call *call, size_t key,
                      const struct provider_verdict *verdict, struct moment at) {
    enum rf_provider p = provider_now(call);
    struct account *account = account_of(core, p);
    struct account_key *k = &account->keys[key];
    json_t *value =
        json_pack("{s:s, s:s, s:s, s:I, s:s, s:I}", "class", rf_class_name(verdict->class), "code",
                  verdict->code, "message", verdict->message, "since", (json_int_t)at.utc.ns,
                  "clears", clears(verdict), "left", (json_int_t)(account_left(account) - 1));
    if (value != NULL && verdict->mark_for.ns > 0)
        (void)json_object_set_new(value, "until",
                                  json_integer(rf_utc_add(at.utc, verdict->mark_for).ns));
    if (value == NULL)
        return; // out of memory: the next call finds the same
    account_set_aside(account, key, 0, value);
    k->asking = true;
    core->effects->key_aside(core->arg, p, k->fingerprint, value, verdict->mark_for);
    json_decref(value);
}

// What the failure says of the key: to be set aside, or nothing for long.
static void judge_key(struct core *core, const struct call *call, size_t key,
                      const struct provider_verdict *verdict, struct rf_duration retry_after,
                      struct moment at) {
    struct account *account = account_of(core, provider_now(call));
    const struct rf_retry_policy *policy = &config_of(core, call)->retry;
    struct provider_verdict why = *verdict;
    bool late = call->sending.began.utc.ns < account->keys[key].released.ns;
    bool limited = verdict->class == RF_CLASS_RATE_LIMITED;
    if (account->keys[key].aside || late)
        return;
    if (limited && retry_after.ns <= policy->max_delay.ns) // it pauses: slow_down
        return;
    if (account_left(account) > 1) { // the last one makes the provider's mark
        if (limited)
            why.mark_for = retry_after;
        set_aside(core, call, key, &why, at);
    }
}

// The first key that may be used and does not have to pause; the number of keys: none.
static size_t next_key(const struct core *core, enum rf_provider p, uint32_t tried,
                       struct moment at) {
    const struct account *account = &core->accounts[p];
    uint32_t barred = account_barred(account, tried);
    for (size_t i = 0; i < account->count; i++)
        if (rf_policy_key_paused(&core->policies[p], i, at.now, NULL))
            barred |= UINT32_C(1) << i;
    return account_first(account, barred);
}

static bool is_about_the_key(enum rf_class c) {
    return c == RF_CLASS_PERMANENT_AUTH || c == RF_CLASS_PERMANENT_QUOTA ||
           c == RF_CLASS_RATE_LIMITED;
}

bool keys_go_on(struct core *core, struct call *call, const struct provider_verdict *verdict,
                struct rf_duration retry_after, struct moment at) {
    struct account *account = account_of(core, provider_now(call));
    uint32_t *tried = tried_of(call);
    size_t key = account_find(account, call->sending.key);
    if (account->count < 2 || !is_about_the_key(verdict->class))
        return false;
    if (key < account->count) {
        *tried |= UINT32_C(1) << key;
        judge_key(core, call, key, verdict, retry_after, at);
    }
    size_t next = next_key(core, provider_now(call), *tried, at);
    if (next >= account->count)
        return false;
    call_note(call, at, "key", "again", "key " SHORT ": %s; key " SHORT " is next",
              call->sending.key, rf_class_name(verdict->class), account->keys[next].fingerprint);
    try_link(core, call, at);
    return true;
}

struct rf_duration keys_wait(const struct core *core, const struct call *call,
                             const struct provider_verdict *verdict, struct rf_duration retry_after,
                             struct moment at) {
    enum rf_provider p = provider_now(call);
    const struct account *account = &core->accounts[p];
    uint32_t barred = account_barred(account, 0);
    struct rf_instant until, first = {INT64_MAX};
    if (account->count < 2 || verdict->class != RF_CLASS_RATE_LIMITED)
        return retry_after;
    for (size_t i = 0; i < account->count; i++) {
        if ((barred >> i & 1) != 0)
            continue;
        if (!rf_policy_key_paused(&core->policies[p], i, at.now, &until))
            return retry_after;
        if (rf_instant_before(until, first))
            first = until;
    }
    return first.ns < INT64_MAX ? rf_instant_since(first, at.now) : retry_after;
}

// ---- what retained state says ----

static void told_released(struct core *core, enum rf_provider p, size_t key, struct moment at) {
    account_release(account_of(core, p), key, at.utc);
    // The mark stood for the whole account, of which a part works again.
    mark_end(core, p, "one of its keys is usable again");
}

void core_key_changed(struct core *core, enum rf_provider p, const char *fingerprint,
                      int64_t version, json_t *value, struct moment at) {
    struct account *account = account_of(core, p);
    size_t key = account_find(account, fingerprint);
    bool stands = version != 0 && json_is_object(value);
    // Another gateway's key, which has not read its files again yet; or our only one, which is the
    // provider's mark's business.
    if (key == account->count || account->count < 2)
        return;
    if (stands)
        account_set_aside(account, key, version, value);
    else if (account->keys[key].aside && !account->keys[key].asking)
        told_released(core, p, key, at);
    run_queues(core, at);
}

void core_keys_snapshot(struct core *core, enum rf_provider p, bool (*has)(void *, const char *),
                        void *arg, struct moment at) {
    struct account *account = account_of(core, p);
    for (size_t i = 0; i < account->count; i++)
        if (account->keys[i].aside && !account->keys[i].asking &&
            !has(arg, account->keys[i].fingerprint))
            told_released(core, p, i, at);
    run_queues(core, at);
}

void core_key_told(struct core *core, enum rf_provider p, const char *fingerprint,
                   int64_t version) {
    struct account *account = account_of(core, p);
    size_t key = account_find(account, fingerprint);
    if (key == account->count)
        return;
    // Without an answer it is set aside here alone, until the next snapshot says otherwise. The
    // broker told of it as it was set aside, so that nothing is lost with us.
    account->keys[key].asking = false;
    if (version != 0)
        account->keys[key].version = version;
}

void core_key_cleared(struct core *core, enum rf_provider p, const char *fingerprint,
                      const char *code, const char *why) {
    if (code != NULL)
        return; // another was faster, or there was no answer: the watch tells
    publish_of(
        core, RF_EVENT_KEY_CLEARED, p,
        json_pack("{s:s#, s:s}", "key", fingerprint, (int)strnlen(fingerprint, 8), "why", why));
}

// ---- which keys there are ----

struct leaving {
    struct core *core;
    enum rf_provider provider;
};

static void on_gone(void *arg, const struct account_key *key) {
    struct leaving *leaving = arg;
    if (key->version != 0)
        leaving->core->effects->key_clear(leaving->core->arg, leaving->provider, key->fingerprint,
                                          key->version, "it is no longer one of the keys");
}

// A key that is left alone is not set aside: its failure makes the mark.
static void release_only(struct core *core, enum rf_provider p) {
    struct account *account = account_of(core, p);
    struct account_key *key = &account->keys[0];
    if (account->count != 1 || !key->aside)
        return;
    if (key->version != 0)
        core->effects->key_clear(core->arg, p, key->fingerprint, key->version,
                                 "it is the only key now");
    account_release(account, 0, key->released);
}

static bool are_known(const struct account *account, const char (*fingerprints)[17], size_t count) {
    bool same = account->count == count;
    for (size_t i = 0; same && i < count; i++)
        same = strcmp(account->keys[i].fingerprint, fingerprints[i]) == 0;
    return same;
}

// The rate limits go with their keys. One for all, if there is no memory for more.
static void take_limits(struct core *core, enum rf_provider p, const char (*fingerprints)[17],
                        size_t count) {
    const struct account *account = &core->accounts[p];
    struct rf_policy *policy = &core->policies[p];
    struct rf_policy_key *old = policy->keys;
    struct rf_policy_key *keys = count > 1 ? calloc(count, sizeof *keys) : NULL;
    uint8_t former[ACCOUNT_KEYS] = {RF_POLICY_NO_KEY};
    for (size_t i = 0; i < count; i++) {
        size_t known = account_find(account, fingerprints[i]);
        former[i] = known < account->count ? (uint8_t)known : RF_POLICY_NO_KEY;
    }
    for (struct call *call = core->calls; call != NULL; call = call->next) {
        bool waits = call->policy.token && call->state == CALL_WAITING;
        if (!call->policy.begun || provider_now(call) != p)
            continue;
        rf_policy_unkey(policy, &call->policy);
        if (call->hedge != NULL)
            rf_policy_unkey(policy, &call->hedge->policy);
        if (waits) // for a token: there may be another one now
            timed_add(core, call, (struct rf_instant){0});
    }
    rf_policy_keys(policy, keys, keys != NULL ? count : 1, former, (struct rf_instant){0});
    free(old);
    shares_stale(core);
}

void keys_fini(struct core *core) {
    for (int p = 0; p < RF_PROVIDER_COUNT; p++) {
        free(core->policies[p].keys);
        account_fini(&core->accounts[p]);
    }
}

void keys_take(struct core *core) {
    for (int p = 0; p < RF_PROVIDER_COUNT; p++) {
        char fingerprints[ACCOUNT_KEYS][17];
        const struct provider_settings *settings = &core->settings[p];
        size_t count = provider_key_count(settings);
        for (size_t i = 0; i < count; i++)
            memcpy(fingerprints[i], provider_key(settings, i)->fingerprint, sizeof fingerprints[i]);
        if (!are_known(account_of(core, (enum rf_provider)p), (const char(*)[17])fingerprints,
                       count))
            take_limits(core, (enum rf_provider)p, (const char(*)[17])fingerprints, count);
        account_take(account_of(core, (enum rf_provider)p), (const char(*)[17])fingerprints, count,
                     on_gone, &(struct leaving){core, (enum rf_provider)p});
        release_only(core, (enum rf_provider)p);
    }
    // Which key is which may be another now: the calls in hand look at all of them.
    for (struct call *call = core->calls; call != NULL; call = call->next)
        call->tried.keys = 0;
}

void keys_release_all(struct core *core, enum rf_provider p, struct moment at) {
    struct account *account = account_of(core, p);
    if (account->count < 2 || account_left(account) > 0)
        return;
    for (size_t i = 0; i < account->count; i++) {
        if (account->keys[i].version != 0)
            core->effects->key_clear(core->arg, p, account->keys[i].fingerprint,
                                     account->keys[i].version, "the provider's mark was cleared");
        account_release(account, i, at.utc);
    }
}

bool keys_aside(const struct core *core) {
    for (int p = 0; p < RF_PROVIDER_COUNT; p++)
        if (account_left(&core->accounts[p]) < core->accounts[p].count)
            return true;
    return false;
}
