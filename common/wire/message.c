// The end of a decoded message, and what stands around it.
#include <stdlib.h>
#include <string.h>

#include "wire/arena.h"
#include "wire/shape.h"
#include "wire/wire.h"

// JSON values are counted references and not in the arena.
static void release(const struct rf_shape *shape, void *body) {
    for (size_t i = 0; i < shape->count; i++) {
        const struct rf_field *field = &shape->fields[i];
        void *at = (char *)body + field->offset;
        struct rf_list_any list;
        if (field->kind == RF_FIELD_JSON)
            json_decref(*(json_t **)at);
        if (field->kind != RF_FIELD_LIST)
            continue;
        memcpy(&list, at, sizeof list);
        const struct rf_shape *of = field->item();
        for (size_t k = 0; k < list.count; k++)
            release(of, (char *)list.items + k * of->size);
    }
}

void rf_message_destroy(struct rf_message **message) {
    if (*message == NULL)
        return;
    struct rf_arena *arena = (*message)->arena; // where the message itself stands too
    if ((*message)->trees)
        release(rf_shape_of((*message)->type), &(*message)->as);
    rf_arena_destroy(&arena);
    *message = NULL;
}

void rf_frame_free(struct rf_frame *frame) {
    free(frame->data);
    *frame = (struct rf_frame){NULL, 0};
}

// snprintf could cut inside a character.
char *rf_event_topic(const struct rf_event *event, char *out) {
    size_t used = 0;
    const char *parts[] = {event->type, "/", event->subject};
    for (size_t i = 0; i < 3; i++) {
        size_t size = strlen(parts[i]);
        size_t room = RF_TOPIC_SIZE - 1 - used;
        if (size > room) {
            size = room;
            while (size > 0 && ((unsigned char)parts[i][size] & 0xc0) == 0x80)
                size--;
        }
        memcpy(out + used, parts[i], size);
        used += size;
        if (size < strlen(parts[i]))
            break;
    }
    out[used] = '\0';
    return out;
}
