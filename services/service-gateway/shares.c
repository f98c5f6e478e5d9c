// The account's limits, of which the broker gives us shares: what it is told of each, and its word
// to the policies (<ringfence/policy.h>, limits elsewhere). Pauses that a provider asked for go the
// same way: what one gateway was told, all keep.
#include <string.h>

#include "internal.h"

// A pause that ends so much earlier than ours, at most, is ours.
#define HEARD_WITHIN (1 * RF_NS_PER_S)

// A limit of a provider has a slot here: places, retries, and the tokens of each key.
static enum rf_policy_limit limit_of(size_t slot, size_t *key) {
    *key = slot < 2 ? 0 : slot - 2;
    return slot == 0 ? RF_POLICY_PLACES : slot == 1 ? RF_POLICY_RETRIES : RF_POLICY_TOKENS;
}

static const char *const kinds[RF_POLICY_LIMIT_COUNT] = {
    [RF_POLICY_PLACES] = "places", [RF_POLICY_TOKENS] = "tokens", [RF_POLICY_RETRIES] = "retries"};

static size_t slots(const struct core *core, int p) {
    size_t keys = core->accounts[p].count;
    return 2 + (keys > 1 ? keys : 1);
}

// A single key is the account's, whatever it is at the moment: NULL.
static const char *key_name(const struct core *core, int p, size_t key) {
    const struct account *account = &core->accounts[p];
    return account->count > 1 ? account->keys[key].fingerprint : NULL;
}

static bool key_index(const struct core *core, int p, const char *name, size_t *key) {
    const struct account *account = &core->accounts[p];
    *key = 0;
    if (account->count < 2 || name == NULL)
        return (account->count < 2) == (name == NULL);
    *key = account_find(account, name);
    return *key < account->count;
}

// ---- what the broker is told ----

static bool is_news(const struct rf_policy_need *need, const struct rf_policy_need *told) {
    return need->returned != told->returned || need->used != told->used ||
           need->wanted != told->wanted;
}

// What may have been lost on its way is told again with each heartbeat, until the broker tells it.
static void tell_pauses(struct core *core, bool all, struct rf_limit_demand *demand,
                        struct moment at) {
    struct shares *shares = &core->shares;
    for (int p = 0; p < RF_PROVIDER_COUNT; p++) {
        uint32_t told = shares->paused[p] | (all ? shares->unheard[p] : 0);
        for (size_t key = 0; key < slots(core, p) - 2; key++) {
            struct rf_duration left =
                rf_instant_since(rf_policy_paused_until(&core->policies[p], key), at.now);
            if ((told >> key & 1) != 0 && left.ns > 0)
                shares->pauses[demand->pauses.count++] =
                    (struct rf_limit_pause){.service = rf_provider_name((enum rf_provider)p),
                                            .key = key_name(core, p, key),
                                            .wait_ns = left.ns};
        }
        shares->unheard[p] |= told;
        shares->paused[p] = 0;
    }
    demand->pauses.items = shares->pauses;
}

bool core_demand(struct core *core, bool all, struct rf_limit_demand *demand, struct moment at) {
    struct shares *shares = &core->shares;
    if (!shares->kept)
        return false;
    all = all || shares->begun;
    for (int p = 0; p < RF_PROVIDER_COUNT; p++)
        for (size_t slot = 0; slot < slots(core, p); slot++) {
            size_t key;
            struct rf_policy_need need, *told = &shares->told[p][slot];
            enum rf_policy_limit limit = limit_of(slot, &key);
            if (!rf_policy_share_need(&core->policies[p], limit, key, &need) ||
                (!all && !is_news(&need, told)))
                continue;
            *told = need;
            shares->words[demand->limits.count++] =
                (struct rf_limit_word){.service = rf_provider_name((enum rf_provider)p),
                                       .kind = kinds[limit],
                                       .key = slot < 2 ? NULL : key_name(core, p, key),
                                       .held = need.held,
                                       .returned = need.returned,
                                       .used = need.used,
                                       .wanted = need.wanted,
                                       .seen = need.seen,
                                       .calls = need.calls};
        }
    demand->term = shares->term;
    demand->answer = demand->answer || shares->begun;
    demand->limits.items = shares->words;
    shares->begun = false;
    tell_pauses(core, all, demand, at);
    return true;
}

bool core_shares_news(struct core *core) {
    struct shares *shares = &core->shares;
    if (!shares->kept || shares->begun)
        return shares->kept;
    for (int p = 0; p < RF_PROVIDER_COUNT; p++) {
        if (shares->paused[p] != 0)
            return true;
        for (size_t slot = 0; slot < slots(core, p); slot++) {
            size_t key;
            struct rf_policy_need need;
            enum rf_policy_limit limit = limit_of(slot, &key);
            if (rf_policy_share_need(&core->policies[p], limit, key, &need) &&
                is_news(&need, &shares->told[p][slot]))
                return true;
        }
    }
    return false;
}

void shares_pause(struct core *core, enum rf_provider p, size_t key) {
    if (core->shares.kept && key < ACCOUNT_KEYS)
        core->shares.paused[p] |= UINT32_C(1) << key;
}

// ---- terms ----

// What stands of pauses the next broker may not know.
static void tell_all_pauses(struct core *core, struct moment at) {
    for (int p = 0; p < RF_PROVIDER_COUNT; p++)
        for (size_t key = 0; key < slots(core, p) - 2; key++)
            if (rf_instant_before(at.now, rf_policy_paused_until(&core->policies[p], key)))
                shares_pause(core, (enum rf_provider)p, key);
}

void core_term(struct core *core, bool kept, struct moment at) {
    struct shares *shares = &core->shares;
    shares->kept = kept;
    shares->begun = kept;
    shares->stale = false;
    shares->term++;
    memset(shares->told, 0, sizeof shares->told);
    for (int p = 0; p < RF_PROVIDER_COUNT; p++)
        rf_policy_shares_begin(&core->policies[p], kept);
    tell_all_pauses(core, at);
    run_queues(core, at);
}

void shares_stale(struct core *core) {
    core->shares.stale = true;
}

void shares_refresh(struct core *core, struct moment at) {
    if (core->shares.stale && core->shares.kept)
        core_term(core, true, at);
    core->shares.stale = false;
}

// ---- what the broker says ----

static void take_grant(struct core *core, const struct rf_limit_grant *grant,
                       struct rf_instant until, struct moment at) {
    enum rf_provider p;
    size_t key = 0;
    if (!rf_provider_parse(grant->service, &p))
        return;
    for (int limit = 0; limit < RF_POLICY_LIMIT_COUNT; limit++) {
        bool of_key = limit == RF_POLICY_TOKENS;
        if (strcmp(grant->kind, kinds[limit]) != 0 ||
            (of_key && !key_index(core, (int)p, grant->key, &key)))
            continue;
        if (grant->unlimited)
            rf_policy_share_open(&core->policies[p], (enum rf_policy_limit)limit, key);
        else
            rf_policy_share_grant(&core->policies[p], (enum rf_policy_limit)limit, key,
                                  grant->granted, grant->keep, until, at.now);
    }
}

// The broker's word is as old as its way here.
static void hear_pause(struct core *core, int p, size_t key, struct rf_instant until,
                       struct moment at) {
    struct rf_duration left =
        rf_instant_since(rf_policy_paused_until(&core->policies[p], key), at.now);
    if (rf_instant_since(until, at.now).ns >= left.ns - HEARD_WITHIN)
        core->shares.unheard[p] &= ~(UINT32_C(1) << key);
    rf_policy_pause_until(&core->policies[p], key, until);
}

void core_share(struct core *core, const struct rf_limit_share *share, struct rf_instant until,
                struct moment at) {
    enum rf_provider p;
    size_t key;
    if (share->term != core->shares.term)
        return;
    if (share->anew) {
        core_term(core, true, at);
        return;
    }
    for (size_t i = 0; i < share->limits.count; i++)
        take_grant(core, &share->limits.items[i], until, at);
    for (size_t i = 0; i < share->pauses.count; i++) {
        const struct rf_limit_pause *pause = &share->pauses.items[i];
        if (rf_provider_parse(pause->service, &p) && key_index(core, (int)p, pause->key, &key))
            hear_pause(core, (int)p, key, rf_instant_add(at.now, rf_ns(pause->wait_ns)), at);
    }
    run_queues(core, at);
}
