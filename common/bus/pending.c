#include "bus/pending.h"

#include <czmq.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"

enum rf_err rf_pending_init(struct rf_pending *pending) {
    *pending = (struct rf_pending){.by_id = zhashx_new()};
    if (pending->by_id == NULL)
        return RF_ERR_NOMEM;
    // Keys are the questions' own ids.
    zhashx_set_key_duplicator(pending->by_id, NULL);
    zhashx_set_key_destructor(pending->by_id, NULL);
    return RF_OK;
}

void rf_pending_fini(struct rf_pending *pending) {
    zhashx_destroy(&pending->by_id);
    rf_timer_heap_fini(&pending->ends);
    struct rf_pending_op *op = pending->oldest;
    while (op != NULL) {
        struct rf_pending_op *after = op->after;
        rf_pending_op_free(op);
        op = after;
    }
    *pending = (struct rf_pending){.oldest = NULL};
}

struct rf_pending_op *rf_pending_add(struct rf_pending *pending, const char *id) {
    struct rf_pending_op *op = calloc(1, sizeof *op);
    if (op == NULL)
        return NULL;
    op->id = strdup(id);
    if (op->id == NULL || !rf_timer_heap_reserve(&pending->ends, pending->count + 1) ||
        zhashx_insert(pending->by_id, op->id, op) != 0) {
        rf_pending_op_free(op);
        return NULL;
    }
    op->before = pending->newest;
    if (pending->newest != NULL)
        pending->newest->after = op;
    else
        pending->oldest = op;
    pending->newest = op;
    if (pending->unsent == NULL)
        pending->unsent = op;
    pending->count++;
    return op;
}

void rf_pending_end_at(struct rf_pending *pending, struct rf_pending_op *op,
                       struct rf_instant when) {
    op->end.due = when;
    // There is room for it since it was added.
    if (!rf_timer_heap_put(&pending->ends, &op->end))
        abort();
}

struct rf_pending_op *rf_pending_find(const struct rf_pending *pending, const char *id) {
    return zhashx_lookup(pending->by_id, id);
}

void rf_pending_take(struct rf_pending *pending, struct rf_pending_op *op) {
    zhashx_delete(pending->by_id, op->id);
    rf_timer_heap_take(&pending->ends, &op->end);
    if (pending->unsent == op)
        pending->unsent = op->after;
    if (op->before != NULL)
        op->before->after = op->after;
    else
        pending->oldest = op->after;
    if (op->after != NULL)
        op->after->before = op->before;
    else
        pending->newest = op->before;
    op->before = op->after = NULL;
    pending->count--;
}

void rf_pending_op_free(struct rf_pending_op *op) {
    rf_frame_free(&op->frame);
    free(op->id);
    free(op);
}

struct rf_pending_op *rf_pending_unsent(const struct rf_pending *pending) {
    struct rf_pending_op *op = pending->unsent;
    while (op != NULL && op->failure != NULL)
        op = op->after;
    return op;
}

void rf_pending_sent(struct rf_pending *pending, struct rf_pending_op *op) {
    op->sent = true;
    op->life = pending->life;
    if (op->question != RF_QUESTION_CALL)
        rf_frame_free(&op->frame);
    pending->unsent = op->after;
}

void rf_pending_again(struct rf_pending *pending) {
    pending->unsent = pending->oldest;
}

struct rf_pending_op *rf_pending_expired(const struct rf_pending *pending, struct rf_instant now) {
    struct rf_timer *first = rf_timer_heap_first(&pending->ends);
    if (first == NULL || rf_instant_before(now, first->due))
        return NULL;
    return RF_OWNER(first, struct rf_pending_op, end);
}

struct rf_instant rf_pending_due(const struct rf_pending *pending) {
    const struct rf_timer *first = rf_timer_heap_first(&pending->ends);
    return first == NULL ? (struct rf_instant){INT64_MAX} : first->due;
}

void rf_pending_broke(struct rf_pending *pending) {
    pending->life++;
}

struct rf_pending_op *rf_pending_lost(const struct rf_pending *pending) {
    struct rf_pending_op *op = pending->oldest;
    while (op != NULL && !(op->sent && op->life != pending->life))
        op = op->after;
    return op;
}
