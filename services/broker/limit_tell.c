// Shares out, and what the status tells of the limits.
#include <stdlib.h>
#include <string.h>

#include "limit.h"

static void send(struct rf_limits *limits, const struct rf_limit_member *member,
                 struct rf_limit_grant *grants, size_t count, struct rf_limit_pause *pauses,
                 size_t pause_count) {
    const struct rf_limit_share share = {
        .term = member->term,
        .stamp = member->stamp,
        .lease_ns = limits->ground->lease.ns,
        .limits = {grants, count},
        .pauses = {pauses, pause_count},
    };
    // What cannot be sent is told when the gateway asks for an answer the next time.
    (void)rf_ground_send(limits->ground, &member->peer, RF_MESSAGE_limit_share, &share);
}

static struct rf_limit_grant grant_of(const struct rf_limit_part *part) {
    return (struct rf_limit_grant){
        .service = part->limit->rules->provider,
        .kind = rf_pool_kind_name(part->limit->pool.kind),
        .key = part->limit->key[0] != '\0' ? part->limit->key : NULL,
        .granted = part->holder.granted,
        .keep = part->holder.keep,
    };
}

// As it may be lost, with each answer in this term.
static void tell_to_begin_anew(struct rf_limits *limits, struct rf_limit_member *member) {
    const struct rf_limit_share share = {.term = member->term,
                                         .stamp = member->stamp,
                                         .lease_ns = limits->ground->lease.ns,
                                         .anew = true};
    if (member->answer)
        (void)rf_ground_send(limits->ground, &member->peer, RF_MESSAGE_limit_share, &share);
    member->answer = false;
}

static void tell(struct rf_limits *limits, struct rf_limit_member *member) {
    struct rf_limit_grant grants[RF_LIMIT_POOLS];
    struct rf_limit_pause pauses[RF_PAUSES_MAX];
    size_t count = 0, pause_count = 0;
    struct rf_limit_part *part;
    TAILQ_FOREACH(part, &member->parts, in_member) {
        if (!member->answer && !part->holder.untold)
            continue;
        grants[count++] = grant_of(part);
        rf_pool_told(&part->holder);
    }
    if (member->answer)
        pause_count = rf_pauses_list(&limits->pauses, pauses, RF_PAUSES_MAX);
    if (member->answer || count > 0)
        send(limits, member, grants, count, pauses, pause_count);
    member->answer = false;
}

void limits_tell(struct rf_limits *limits) {
    struct rf_limit_member *member;
    while ((member = TAILQ_FIRST(&limits->untold)) != NULL) {
        TAILQ_REMOVE(&limits->untold, member, in_untold);
        member->untold = false;
        if (member->gone)
            continue;
        if (member->anew)
            tell_to_begin_anew(limits, member);
        else
            tell(limits, member);
    }
}

void limits_refuse(struct rf_limits *limits, const struct rf_limit_member *member,
                   const struct rf_limit_word *const *words, size_t count) {
    struct rf_limit_grant grants[RF_LIMIT_POOLS];
    for (size_t i = 0; i < count; i++)
        grants[i] = (struct rf_limit_grant){.service = words[i]->service,
                                            .kind = words[i]->kind,
                                            .key = words[i]->key,
                                            .unlimited = true};
    send(limits, member, grants, count, NULL, 0);
}

void limits_begin_anew(struct rf_limits *limits) {
    struct rf_map_node *node = NULL;
    while ((node = rf_map_next(&limits->members, node)) != NULL) {
        struct rf_limit_member *member = RF_OWNER(node, struct rf_limit_member, by_instance);
        member->anew = member->answer = true;
        limits_untold(limits, member);
    }
}

// ---- status ----

static json_t *holders_of(const struct rf_limit *limit) {
    json_t *holders = json_array();
    struct rf_pool_holder *holder;
    TAILQ_FOREACH(holder, &limit->pool.holders, in_pool) {
        const struct rf_limit_part *part = RF_OWNER(holder, struct rf_limit_part, holder);
        json_array_append_new(holders,
                              json_pack("{s:s, s:I, s:I, s:b}", "instance", part->member->instance,
                                        "has", (json_int_t)rf_pool_holder_has(holder), "wanted",
                                        (json_int_t)holder->wanted, "lost", holder->lost));
    }
    return holders;
}

static json_t *limit_json(struct rf_limits *limits, struct rf_limit *limit) {
    struct rf_pool *pool = &limit->pool;
    json_t *json = json_pack("{s:s, s:s, s:s, s:I, s:I, s:b, s:o}", "service",
                             limit->rules->provider, "kind", rf_pool_kind_name(pool->kind), "key",
                             limit->key, "outstanding", (json_int_t)pool->outstanding, "left",
                             (json_int_t)rf_pool_left(pool, limits->ground->now.instant), "held",
                             pool->holding, "holders", holders_of(limit));
    if (json == NULL)
        return NULL;
    if (pool->kind == RF_POOL_PLACES)
        (void)json_object_set_new(json, "most", json_integer((json_int_t)pool->rules.places));
    if (pool->kind == RF_POOL_TOKENS) {
        (void)json_object_set_new(json, "rate", json_real(pool->rules.rate));
        (void)json_object_set_new(json, "burst", json_integer((json_int_t)pool->rules.burst));
    }
    return json;
}

json_t *rf_limits_json(struct rf_limits *limits) {
    json_t *json = json_array();
    struct rf_limit *limit;
    TAILQ_FOREACH(limit, &limits->limits, in_limits)
    json_array_append_new(json, limit_json(limits, limit));
    return json;
}

json_t *rf_limits_pauses_json(struct rf_limits *limits) {
    json_t *json = json_array();
    struct rf_limit_pause pauses[RF_PAUSES_MAX];
    size_t count = rf_pauses_list(&limits->pauses, pauses, RF_PAUSES_MAX);
    for (size_t i = 0; i < count; i++)
        json_array_append_new(
            json,
            json_pack(
                "{s:s, s:s, s:I}", "service", pauses[i].service, "key",
                pauses[i].key != NULL ? pauses[i].key : "", "until",
                (json_int_t)rf_utc_add(limits->ground->now.utc, rf_ns(pauses[i].wait_ns)).ns));
    return json;
}
