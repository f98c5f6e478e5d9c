// A text that several streams send: made once, kept while somebody sends it.
#ifndef CONSOLE_PARCEL_H
#define CONSOLE_PARCEL_H

#include <jansson.h>
#include <stddef.h>

struct console_parcel {
    size_t holders;
    size_t size;
    char data[];
};

// console_parcel_new: one event of a stream: "event: KIND", "id: ID" (NULL: none) and `json` as its
// data, which is taken over. Its holder is the caller. NULL: out of memory.
struct console_parcel *console_parcel_new(const char *kind, const char *id, json_t *json);

// console_parcel_hold: one holder more; NULL is fine. Returns it. console_parcel_drop: one less,
// and nulls the pointer.
struct console_parcel *console_parcel_hold(struct console_parcel *parcel);
void console_parcel_drop(struct console_parcel **parcel);

#endif
