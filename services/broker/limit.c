#include "limit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void on_timer(void *arg);

void rf_limits_init(struct rf_limits *limits, struct rf_ground *ground, struct rf_states *states) {
    memset(limits, 0, sizeof *limits);
    limits->ground = ground;
    limits->states = states;
    TAILQ_INIT(&limits->limits);
    TAILQ_INIT(&limits->untold);
    rf_pauses_init(&limits->pauses, ground, states);
    rf_ground_timer(&limits->timer, on_timer, limits);
}

static struct rf_instant now_of(const struct rf_limits *limits) {
    return limits->ground->now.instant;
}

// ---- members and their shares ----

static void part_free(struct rf_limit_part *part) {
    TAILQ_REMOVE(&part->member->parts, part, in_member);
    free(part);
}

static void part_end(struct rf_limit_part *part, struct rf_instant now) {
    rf_pool_leave(&part->limit->pool, &part->holder, now);
    limits_keep_debt(part->member->limits, part->limit);
    part->limit->touched = true;
    part_free(part);
}

static void member_free(struct rf_limits *limits, struct rf_limit_member *member) {
    struct rf_limit_part *part = TAILQ_FIRST(&member->parts), *next;
    for (; part != NULL; part = next) {
        next = TAILQ_NEXT(part, in_member);
        part_free(part);
    }
    if (member->untold)
        TAILQ_REMOVE(&limits->untold, member, in_untold);
    free(member->instance);
    free(member);
}

static struct rf_limit_member *member_of(const struct rf_limits *limits, const char *instance) {
    struct rf_map_node *node = rf_map_find_text(&limits->members, instance);
    return node == NULL ? NULL : RF_OWNER(node, struct rf_limit_member, by_instance);
}

static struct rf_limit_member *member_new(struct rf_limits *limits, const char *instance) {
    struct rf_limit_member *member = calloc(1, sizeof *member);
    if (member == NULL)
        return NULL;
    TAILQ_INIT(&member->parts);
    member->limits = limits;
    member->instance = strdup(instance);
    if (member->instance == NULL ||
        !rf_map_add_text(&limits->members, &member->by_instance, member->instance)) {
        free(member->instance);
        free(member);
        return NULL;
    }
    return member;
}

void rf_limits_fini(struct rf_limits *limits) {
    struct rf_map_node *node, *next;
    for (node = rf_map_next(&limits->members, NULL); node != NULL; node = next) {
        next = rf_map_next(&limits->members, node);
        member_free(limits, RF_OWNER(node, struct rf_limit_member, by_instance));
    }
    rf_map_fini(&limits->members);
    struct rf_limit *limit;
    while ((limit = TAILQ_FIRST(&limits->limits)) != NULL) {
        TAILQ_REMOVE(&limits->limits, limit, in_limits);
        free(limit);
    }
    limits_known_fini(limits);
    rf_ground_stop(limits->ground, &limits->timer);
}

// ---- rules ----

static struct rf_limit_rules *rules_of(struct rf_limits *limits, const char *provider) {
    for (size_t i = 0; i < limits->rule_count; i++)
        if (strcmp(limits->rules[i].provider, provider) == 0)
            return &limits->rules[i];
    return NULL;
}

bool rf_limits_add(struct rf_limits *limits, const struct rf_limit_rules *rules) {
    if (limits->rule_count == RF_LIMITS_MAX)
        return false;
    limits->rules[limits->rule_count++] = *rules;
    return true;
}

static struct rf_pool_rules pool_rules(const struct rf_limit_rules *rules) {
    return (struct rf_pool_rules){.places = rules->max_in_flight,
                                  .rate = rules->rate,
                                  .burst = rules->burst,
                                  .budget = rules->budget};
}

static bool is_limited(const struct rf_limit_rules *rules, enum rf_pool_kind kind) {
    switch (kind) {
    case RF_POOL_PLACES:
        return rules->max_in_flight > 0;
    case RF_POOL_TOKENS:
        return rules->rate > 0;
    case RF_POOL_RETRIES:
        return true;
    }
    return false;
}

// A limit that is no more goes with its shares: the gateways are told `unlimited`.
static void limit_free(struct rf_limits *limits, struct rf_limit *limit) {
    struct rf_map_node *node = NULL;
    while ((node = rf_map_next(&limits->members, node)) != NULL) {
        struct rf_limit_member *member = RF_OWNER(node, struct rf_limit_member, by_instance);
        struct rf_limit_part *part, *next;
        for (part = TAILQ_FIRST(&member->parts); part != NULL; part = next) {
            next = TAILQ_NEXT(part, in_member);
            if (part->limit == limit)
                part_end(part, now_of(limits));
        }
    }
    TAILQ_REMOVE(&limits->limits, limit, in_limits);
    limits->limit_count--;
    free(limit);
}

void rf_limits_change(struct rf_limits *limits, const struct rf_limit_rules *fresh) {
    struct rf_limit_rules *rules = rules_of(limits, fresh->provider);
    if (rules == NULL)
        return;
    bool more = (is_limited(fresh, RF_POOL_PLACES) && !is_limited(rules, RF_POOL_PLACES)) ||
                (is_limited(fresh, RF_POOL_TOKENS) && !is_limited(rules, RF_POOL_TOKENS));
    *rules = *fresh;
    struct rf_pool_rules pool = pool_rules(rules);
    struct rf_limit *limit, *next;
    for (limit = TAILQ_FIRST(&limits->limits); limit != NULL; limit = next) {
        next = TAILQ_NEXT(limit, in_limits);
        if (limit->rules != rules)
            continue;
        if (is_limited(rules, limit->pool.kind)) {
            rf_pool_change(&limit->pool, &pool, now_of(limits));
            limit->touched = true;
        } else {
            limit_free(limits, limit);
        }
    }
    if (more)
        limits_begin_anew(limits);
    limits_run(limits);
}

// Of a key that nobody has any more.
static void free_one_unused(struct rf_limits *limits) {
    struct rf_limit *limit;
    TAILQ_FOREACH(limit, &limits->limits, in_limits)
    if (TAILQ_EMPTY(&limit->pool.holders)) {
        limit_free(limits, limit);
        return;
    }
}

// The limit that a word is about; made if there is such a one in the rules, else NULL.
static struct rf_limit *limit_of(struct rf_limits *limits, const struct rf_limit_word *word) {
    enum rf_pool_kind kind;
    const char *key = word->key != NULL ? word->key : "";
    struct rf_limit *limit;
    struct rf_limit_rules *rules = rules_of(limits, word->service);
    if (rules == NULL || !rf_pool_kind_parse(word->kind, &kind) || !is_limited(rules, kind) ||
        strlen(key) >= sizeof limit->key)
        return NULL;
    TAILQ_FOREACH(limit, &limits->limits, in_limits)
    if (limit->rules == rules && limit->pool.kind == kind && strcmp(limit->key, key) == 0)
        return limit;
    if (limits->limit_count == RF_LIMIT_POOLS)
        free_one_unused(limits);
    if (limits->limit_count == RF_LIMIT_POOLS || (limit = calloc(1, sizeof *limit)) == NULL)
        return NULL;
    limit->rules = rules;
    snprintf(limit->key, sizeof limit->key, "%s", key);
    const struct rf_pool_rules pool = pool_rules(rules);
    rf_pool_init(&limit->pool, kind, &pool, now_of(limits));
    limits_owe(limits, limit);
    limits_hold(limits, limit);
    TAILQ_INSERT_TAIL(&limits->limits, limit, in_limits);
    limits->limit_count++;
    return limit;
}

static struct rf_limit_part *part_of(struct rf_limit_member *member, struct rf_limit *limit) {
    struct rf_limit_part *part;
    TAILQ_FOREACH(part, &member->parts, in_member)
    if (part->limit == limit)
        return part;
    if ((part = calloc(1, sizeof *part)) == NULL)
        return NULL;
    part->member = member;
    part->limit = limit;
    TAILQ_INSERT_TAIL(&member->parts, part, in_member);
    return part;
}

// ---- words ----

// False: we know no such limit.
static bool take_word(struct rf_limits *limits, struct rf_limit_member *member,
                      const struct rf_limit_word *word) {
    struct rf_limit *limit = limit_of(limits, word);
    struct rf_limit_part *part = limit != NULL ? part_of(member, limit) : NULL;
    if (part == NULL)
        return false;
    if (!part->holder.joined || part->holder.lost) {
        // Of a term that began with another broker it has what that one granted, too.
        int64_t held = word->seen > word->held ? word->seen : word->held;
        rf_pool_join(&limit->pool, &part->holder, held, now_of(limits));
        part->calls = 0;
    }
    if (word->calls > part->calls) {
        rf_pool_calls(&limit->pool, word->calls - part->calls, now_of(limits));
        part->calls = word->calls;
    }
    const struct rf_pool_word said = {word->returned, word->used, word->wanted, word->seen};
    rf_pool_hear(&limit->pool, &part->holder, &said, now_of(limits));
    limit->touched = true;
    return true;
}

static void take_words(struct rf_limits *limits, struct rf_limit_member *member,
                       const struct rf_limit_demand *demand) {
    const struct rf_limit_word *unknown[RF_LIMIT_POOLS];
    size_t count = 0;
    for (size_t i = 0; i < demand->limits.count; i++)
        if (!take_word(limits, member, &demand->limits.items[i]) && count < RF_LIMIT_POOLS)
            unknown[count++] = &demand->limits.items[i];
    if (count > 0)
        limits_refuse(limits, member, unknown, count);
}

// What it had in the term before is forgotten: it says what is left.
static void begin_term(struct rf_limits *limits, struct rf_limit_member *member,
                       const struct rf_limit_demand *demand) {
    struct rf_limit_part *part = TAILQ_FIRST(&member->parts), *next;
    for (; part != NULL; part = next) {
        next = TAILQ_NEXT(part, in_member);
        rf_pool_close(&part->limit->pool, &part->holder, now_of(limits));
        part_end(part, now_of(limits));
    }
    member->term = demand->term;
    member->gone = member->anew = false;
    limits_join(limits, member->instance);
}

static bool take_pauses(struct rf_limits *limits, const struct rf_limit_demand *demand) {
    bool news = false;
    for (size_t i = 0; i < demand->pauses.count; i++)
        if (rules_of(limits, demand->pauses.items[i].service) != NULL)
            news |= rf_pauses_extend(&limits->pauses, &demand->pauses.items[i]);
    return news;
}

void limits_untold(struct rf_limits *limits, struct rf_limit_member *member) {
    if (!member->untold)
        TAILQ_INSERT_TAIL(&limits->untold, member, in_untold);
    member->untold = true;
}

static void tell_all(struct rf_limits *limits) {
    struct rf_map_node *node = NULL;
    while ((node = rf_map_next(&limits->members, node)) != NULL) {
        struct rf_limit_member *member = RF_OWNER(node, struct rf_limit_member, by_instance);
        member->answer = true;
        limits_untold(limits, member);
    }
}

void rf_limits_demand(struct rf_limits *limits, const struct rf_peer *from, const char *instance,
                      const struct rf_limit_demand *demand) {
    struct rf_limit_member *member = member_of(limits, instance);
    if (member == NULL && (member = member_new(limits, instance)) == NULL)
        return;
    if (demand->term < member->term || (demand->term == member->term && member->gone))
        return; // of a term that is over
    if (demand->term > member->term)
        begin_term(limits, member, demand);
    member->peer = *from;
    member->stamp = demand->stamp;
    member->heard = now_of(limits);
    take_words(limits, member, demand);
    if (demand->answer) {
        member->answer = true;
        limits_untold(limits, member);
    }
    if (take_pauses(limits, demand))
        tell_all(limits);
    limits_run(limits);
}

void rf_limits_lose(struct rf_limits *limits, const char *instance, bool idle) {
    struct rf_limit_member *member = member_of(limits, instance);
    if (member == NULL)
        limits_leave(limits, instance); // it has registered, and never asked for anything
    if (member == NULL || member->gone)
        return;
    struct rf_instant now = now_of(limits);
    struct rf_instant lease_end = rf_instant_add(member->heard, limits->ground->lease);
    struct rf_limit_part *part, *next;
    member->gone = true;
    for (part = TAILQ_FIRST(&member->parts); part != NULL; part = next) {
        struct rf_instant over = lease_end;
        next = TAILQ_NEXT(part, in_member);
        if (part->limit->pool.kind == RF_POOL_PLACES)
            over = rf_instant_add(over, part->limit->rules->attempt_timeout);
        if (!idle)
            rf_pool_lose(&part->limit->pool, &part->holder, over, now);
        part->limit->touched = true;
        if (idle || !part->holder.joined)
            part_end(part, now);
    }
    limits_run(limits);
}

// ---- grants ----

static void let_go(struct rf_limits *limits) {
    struct rf_map_node *node, *next;
    for (node = rf_map_next(&limits->members, NULL); node != NULL; node = next) {
        next = rf_map_next(&limits->members, node);
        struct rf_limit_member *member = RF_OWNER(node, struct rf_limit_member, by_instance);
        struct rf_limit_part *part, *after;
        if (!member->gone)
            continue;
        for (part = TAILQ_FIRST(&member->parts); part != NULL; part = after) {
            after = TAILQ_NEXT(part, in_member);
            if (!part->holder.joined)
                part_end(part, now_of(limits));
        }
        if (TAILQ_EMPTY(&member->parts)) {
            limits_leave(limits, member->instance);
            rf_map_remove(&limits->members, &member->by_instance);
            member_free(limits, member);
        }
    }
}

static void set_timer(struct rf_limits *limits) {
    struct rf_instant first = {0}, when;
    bool found = false;
    struct rf_limit *limit;
    TAILQ_FOREACH(limit, &limits->limits, in_limits)
    if (rf_pool_wake(&limit->pool, now_of(limits), &when) &&
        (!found || rf_instant_before(when, first))) {
        first = when;
        found = true;
    }
    if (found)
        rf_ground_start(limits->ground, &limits->timer, first);
    else
        rf_ground_stop(limits->ground, &limits->timer);
}

void limits_run(struct rf_limits *limits) {
    struct rf_limit *limit;
    struct rf_pool_holder *holder;
    TAILQ_FOREACH(limit, &limits->limits, in_limits) {
        if (!limit->touched)
            continue;
        limit->touched = false;
        rf_pool_run(&limit->pool, now_of(limits));
        TAILQ_FOREACH(holder, &limit->pool.holders, in_pool)
        if (holder->untold && !holder->lost)
            limits_untold(limits, RF_OWNER(holder, struct rf_limit_part, holder)->member);
    }
    let_go(limits);
    set_timer(limits);
    limits_tell(limits);
}

static void on_timer(void *arg) {
    struct rf_limits *limits = arg;
    struct rf_limit *limit;
    TAILQ_FOREACH(limit, &limits->limits, in_limits)
    limit->touched = true;
    limits_run(limits);
}
