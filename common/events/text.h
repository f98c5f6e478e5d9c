// A text that grows, and the ways in which text from outside is made safe for one line.
#ifndef RF_EVENTS_TEXT_H
#define RF_EVENTS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <ringfence/error.h>

// Zero it before use. After a failed allocation it stays `failed`, and additions do nothing: a
// chain of additions is checked once, by rf_text_take or by the flag.
struct rf_text {
    char *data; // NUL-terminated; NULL while nothing was added
    size_t size;
    size_t capacity;
    bool failed;
};

// rf_text_fini: frees the text and zeroes it.
void rf_text_fini(struct rf_text *text);

// rf_text_add: appends as printf does.
void rf_text_add(struct rf_text *text, const char *format, ...) RF_PRINTF(2, 3);

// rf_text_add_bytes: appends `size` bytes as they are. rf_text_add_more: its part that is not
// inlined: for which there is no room yet.
void rf_text_add_more(struct rf_text *text, const void *data, size_t size);

static inline void rf_text_add_bytes(struct rf_text *text, const void *data, size_t size) {
    // Without a text there is no room; who reads the source alone cannot know that.
    if (text->failed || text->data == NULL || text->capacity - text->size <= size) {
        rf_text_add_more(text, data, size);
        return;
    }
    if (size > 0) // `data` may be NULL
        memcpy(text->data + text->size, data, size);
    text->size += size;
    text->data[text->size] = '\0';
}

// rf_text_room: where `size` bytes may be written behind the text, to which rf_text_take_room then
// adds them; NULL if that failed. rf_text_more_room: its part that is not inlined.
char *rf_text_more_room(struct rf_text *text, size_t size);
static inline char *rf_text_room(struct rf_text *text, size_t size);

static inline char *rf_text_room(struct rf_text *text, size_t size) {
    return text->failed || text->capacity - text->size <= size ? rf_text_more_room(text, size)
                                                               : text->data + text->size;
}

static inline void rf_text_take_room(struct rf_text *text, size_t size) {
    text->size += size;
    text->data[text->size] = '\0';
}

// rf_text_add_number: appends it in decimal.
void rf_text_add_number(struct rf_text *text, int64_t number);

// rf_text_add_clean: appends text from outside (NULL: nothing) as part of a line: controls become
// a space, bytes that are not UTF-8 become U+FFFD. Beyond `limit_bytes` it is cut between
// characters and ends in "..." (within the limit).
void rf_text_add_clean(struct rf_text *text, const char *outside, size_t limit_bytes);

// rf_text_take: gives the finished text ("" if nothing was added) to the caller, who frees it;
// NULL if it failed. The text is zeroed.
char *rf_text_take(struct rf_text *text);

#endif
