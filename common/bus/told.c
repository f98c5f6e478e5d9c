#include "bus/told.h"

#include <stdlib.h>
#include <string.h>

void rf_told_init(struct rf_told *told) {
    *told = (struct rf_told){0};
    TAILQ_INIT(&told->list);
}

static void leave(struct rf_told *told, const struct rf_telling *telling) {
    if (told->unread == telling)
        told->unread = TAILQ_NEXT(telling, link);
    if (told->next == telling)
        told->next = TAILQ_NEXT(telling, link);
}

static void append(struct rf_told *told, struct rf_telling *telling) {
    TAILQ_INSERT_TAIL(&told->list, telling, link);
    if (told->unread == NULL)
        told->unread = telling;
    if (told->next == NULL)
        told->next = telling;
}

// A reply is not found by its id.
static bool has_map(enum rf_told_kind kind) {
    return kind != RF_TOLD_REPLY;
}

static struct rf_map *map_of(struct rf_told *told, enum rf_told_kind kind) {
    return kind == RF_TOLD_HANDBACK ? &told->handbacks : &told->by_id;
}

static void drop(struct rf_told *told, struct rf_telling *telling) {
    leave(told, telling);
    TAILQ_REMOVE(&told->list, telling, link);
    if (!telling->sent)
        told->unsent--;
    if (has_map(telling->kind))
        rf_map_remove(map_of(told, telling->kind), &telling->by_id);
    if (telling->kind == RF_TOLD_REMEMBERED) {
        told->count--;
        told->bytes -= telling->frame.size;
    } else if (telling->sent) {
        told->under_way--;
    }
    rf_frame_free(&telling->frame);
    free(telling);
}

void rf_told_fini(struct rf_told *told) {
    struct rf_telling *telling;
    while ((telling = TAILQ_FIRST(&told->list)) != NULL)
        drop(told, telling);
    rf_map_fini(&told->by_id);
    rf_map_fini(&told->handbacks);
}

// The oldest of those that need not be kept, as nobody waits for what was never sent.
static void forget_oldest(struct rf_told *told) {
    struct rf_telling *telling = TAILQ_FIRST(&told->list);
    while (telling != NULL && !(telling->kind == RF_TOLD_REMEMBERED && telling->sent))
        telling = TAILQ_NEXT(telling, link);
    if (telling == NULL)
        return;
    told->forgot = true;
    told->forgotten = telling->at;
    drop(told, telling);
}

static bool find(const struct rf_map *map, const char *id, struct rf_telling **telling) {
    struct rf_map_node *node = rf_map_find_text(map, id);
    *telling = node == NULL ? NULL : RF_OWNER(node, struct rf_telling, by_id);
    return node != NULL;
}

enum rf_err rf_told_add(struct rf_told *told, struct rf_frame *frame, const char *id,
                        enum rf_told_kind kind, struct rf_instant now) {
    size_t id_size = strlen(id) + 1;
    struct rf_telling *telling = calloc(1, sizeof *telling + id_size), *before;
    if (telling == NULL)
        return RF_ERR_NOMEM;
    telling->at = now;
    telling->frame = *frame;
    memcpy(telling->id, id, id_size);
    telling->kind = kind;
    if (has_map(kind) && find(map_of(told, kind), id, &before))
        drop(told, before);
    if (has_map(kind) && !rf_map_add_text(map_of(told, kind), &telling->by_id, telling->id)) {
        free(telling);
        return RF_ERR_NOMEM;
    }
    if (kind == RF_TOLD_REMEMBERED) {
        told->count++;
        told->bytes += frame->size;
    }
    *frame = (struct rf_frame){0};
    append(told, telling);
    told->unsent++;
    while (told->count > RF_TOLD_MAX || (told->bytes > RF_TOLD_BYTES && told->count > 1)) {
        size_t count = told->count;
        forget_oldest(told);
        if (told->count == count)
            break;
    }
    return RF_OK;
}

void rf_told_withdraw(struct rf_told *told, const char *id) {
    struct rf_telling *telling;
    if (find(&told->handbacks, id, &telling))
        drop(told, telling);
}

void rf_told_unsent(const struct rf_told *told, const char **ids) {
    size_t count = 0;
    for (const struct rf_telling *telling = told->next; telling != NULL;
         telling = TAILQ_NEXT(telling, link))
        if (!telling->sent)
            ids[count++] = telling->id;
}

size_t rf_told_unread(const struct rf_told *told) {
    size_t count = 0;
    for (const struct rf_telling *telling = told->unread; telling != NULL;
         telling = TAILQ_NEXT(telling, link))
        count++;
    return count;
}

const struct rf_frame *rf_told_next(const struct rf_told *told) {
    return told->next == NULL ? NULL : &told->next->frame;
}

// By the half, so that the walk is rare.
static void bound_under_way(struct rf_told *told) {
    struct rf_telling *telling = told->unread, *after;
    for (; told->under_way > RF_TOLD_UNDER_WAY / 2 && telling != told->next; telling = after) {
        after = TAILQ_NEXT(telling, link);
        if (telling->kind != RF_TOLD_REMEMBERED)
            drop(told, telling);
    }
}

void rf_told_sent(struct rf_told *told, int64_t beat) {
    struct rf_telling *telling = told->next;
    told->next = TAILQ_NEXT(telling, link);
    telling->beat = beat;
    if (telling->sent)
        return;
    telling->sent = true;
    told->unsent--;
    told->under_way += telling->kind != RF_TOLD_REMEMBERED;
    if (told->under_way > RF_TOLD_UNDER_WAY)
        bound_under_way(told);
}

void rf_told_read(struct rf_told *told, int64_t beat) {
    struct rf_telling *telling;
    while ((telling = told->unread) != NULL && telling != told->next && telling->beat < beat) {
        told->unread = TAILQ_NEXT(telling, link);
        if (telling->kind != RF_TOLD_REMEMBERED)
            drop(told, telling);
    }
}

void rf_told_again(struct rf_told *told, bool all) {
    if (all)
        told->unread = TAILQ_FIRST(&told->list);
    told->next = told->unread;
}

bool rf_told_repeat(struct rf_told *told, const char *id) {
    struct rf_telling *telling;
    if (!find(&told->by_id, id, &telling))
        return false;
    if (telling->sent) {
        leave(told, telling);
        TAILQ_REMOVE(&told->list, telling, link);
        append(told, telling);
    }
    return true;
}

int64_t rf_told_known_ns(struct rf_told *told, struct rf_instant now) {
    struct rf_telling *telling;
    while ((telling = TAILQ_FIRST(&told->list)) != NULL && telling->kind == RF_TOLD_REMEMBERED &&
           telling->sent && rf_instant_since(now, telling->at).ns >= RF_TOLD_KEEP)
        forget_oldest(told);
    if (!told->forgot)
        return 0;
    int64_t known = rf_instant_since(now, told->forgotten).ns;
    return known > 1 ? known - 1 : 1;
}
