#include "disk_queue.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM ((size_t)64 * 1024)
#define USUAL_ROOM ((size_t)8 * 1024 * 1024)

static size_t aligned(size_t size) {
    return (size + alignof(struct rf_record) - 1) & ~(alignof(struct rf_record) - 1);
}

static bool make_room(struct rf_disk_queue *queue, size_t more) {
    size_t room = queue->room == 0 ? FIRST_ROOM : queue->room;
    while (room - queue->size < more)
        room *= 2;
    if (room == queue->room)
        return true;
    unsigned char *bytes = realloc(queue->bytes, room);
    if (bytes == NULL)
        return false;
    queue->bytes = bytes;
    queue->room = room;
    return true;
}

// A record is followed by its name with the NUL, then by its body.
bool rf_disk_queue_put(struct rf_disk_queue *queue, const struct rf_record *record) {
    size_t name_size = record->name != NULL ? strlen(record->name) + 1 : 0;
    size_t size = aligned(sizeof *record + name_size + record->body_size);
    if (!make_room(queue, size))
        return false;
    unsigned char *at = queue->bytes + queue->size;
    memcpy(at, record, sizeof *record);
    if (name_size > 0)
        memcpy(at + sizeof *record, record->name, name_size);
    if (record->body_size > 0)
        memcpy(at + sizeof *record + name_size, record->body, record->body_size);
    queue->size += size;
    queue->count++;
    return true;
}

bool rf_disk_queue_move(struct rf_disk_queue *queue, struct rf_disk_queue *from) {
    if (from->count == 0)
        return true;
    if (queue->count == 0) {
        struct rf_disk_queue empty = *queue;
        *queue = *from;
        *from = empty;
        return true;
    }
    if (!make_room(queue, from->size))
        return false;
    memcpy(queue->bytes + queue->size, from->bytes, from->size);
    queue->size += from->size;
    queue->count += from->count;
    rf_disk_queue_clear(from);
    return true;
}

bool rf_disk_queue_get(const struct rf_disk_queue *queue, size_t *at, struct rf_record *record) {
    if (*at >= queue->size)
        return false;
    const unsigned char *from = queue->bytes + *at;
    memcpy(record, from, sizeof *record);
    size_t name_size = 0;
    if (record->name != NULL) {
        record->name = (const char *)from + sizeof *record;
        name_size = strlen(record->name) + 1;
    }
    record->body = from + sizeof *record + name_size;
    *at += aligned(sizeof *record + name_size + record->body_size);
    return true;
}

void rf_disk_queue_clear(struct rf_disk_queue *queue) {
    if (queue->room > USUAL_ROOM)
        rf_disk_queue_fini(queue);
    queue->size = queue->count = 0;
}

void rf_disk_queue_fini(struct rf_disk_queue *queue) {
    free(queue->bytes);
    *queue = (struct rf_disk_queue){0};
}
