// The lists of a policy: calls that wait, and calls that run. A call is in one of the first kind at
// most (`waits`), and in one of each of the second (`runs`, `holds`). O(1) each; inline, for every
// call passes.
#ifndef RF_RESILIENCE_POLICY_LIST_H
#define RF_RESILIENCE_POLICY_LIST_H

#include <stddef.h>

#include <ringfence/policy.h>

static inline void rf_policy_append(struct rf_policy_list *list, struct rf_policy_link *link) {
    *link = (struct rf_policy_link){.before = list->last, .list = list};
    *(list->last != NULL ? &list->last->after : &list->first) = link;
    list->last = link;
    list->count++;
}

static inline void rf_policy_unlink(struct rf_policy_link *link) {
    if (link->list == NULL)
        return;
    *(link->before != NULL ? &link->before->after : &link->list->first) = link->after;
    *(link->after != NULL ? &link->after->before : &link->list->last) = link->before;
    link->list->count--;
    *link = (struct rf_policy_link){0};
}

// The first call of a list of those that wait, or that run; NULL if there is none.
static inline struct rf_policy_call *rf_policy_first_waiting(const struct rf_policy_list *list) {
    return list->first == NULL
               ? NULL
               : (void *)((char *)list->first - offsetof(struct rf_policy_call, waits));
}

static inline struct rf_policy_call *rf_policy_first_running(const struct rf_policy_list *list) {
    return list->first == NULL
               ? NULL
               : (void *)((char *)list->first - offsetof(struct rf_policy_call, runs));
}

static inline struct rf_policy_call *rf_policy_first_holding(const struct rf_policy_list *list) {
    return list->first == NULL
               ? NULL
               : (void *)((char *)list->first - offsetof(struct rf_policy_call, holds));
}

static inline void rf_policy_wait_in(struct rf_policy_list *list, struct rf_policy_call *call) {
    rf_policy_unlink(&call->waits);
    rf_policy_append(list, &call->waits);
}

static inline void rf_policy_wake_one(struct rf_policy *policy, struct rf_policy_call *call) {
    rf_policy_wait_in(&policy->woken, call);
}

static inline void rf_policy_wake_first(struct rf_policy *policy, struct rf_policy_list *list) {
    struct rf_policy_call *call = rf_policy_first_waiting(list);
    if (call != NULL)
        rf_policy_wake_one(policy, call);
}

static inline void rf_policy_wake_all(struct rf_policy *policy, struct rf_policy_list *list) {
    for (struct rf_policy_call *call; (call = rf_policy_first_waiting(list)) != NULL;)
        rf_policy_wake_one(policy, call);
}

#endif
