// Reading the data of an event that someone else published: a member that is absent or of another
// type is as good as absent.
#ifndef RF_EVENTS_FIELD_H
#define RF_EVENTS_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ringfence/messages.h>
#include <ringfence/time.h>

#include "events/text.h"

// Members of data that were never made a tree: whoever has the packed data makes a list of them,
// and sets the event's data_fields. Zero it before its first use; the next list has the room of the
// one before.
#define RF_FIELDS_MOST 48

enum rf_member_kind { RF_MEMBER_OTHER, RF_MEMBER_TEXT, RF_MEMBER_NUMBER, RF_MEMBER_ARRAY };

struct rf_fields {
    struct {
        const char *key; // without NUL
        size_t key_size;
        enum rf_member_kind kind;
        int64_t number; // NUMBER; ARRAY: its length; TEXT: where in `texts` it begins, with a NUL
    } items[RF_FIELDS_MOST];
    size_t count;
    struct rf_text texts;
    struct rf_text redacted; // private to whoever makes the list
};

// rf_fields_fini: lets go of the texts.
void rf_fields_fini(struct rf_fields *fields);

// rf_field_text: the text `key` of the event's data, NULL if there is none or it is empty.
const char *rf_field_text(const struct rf_event *event, const char *key);

// rf_field_number: the integer `key`; false if there is none.
bool rf_field_number(const struct rf_event *event, const char *key, int64_t *number);

// rf_field_count: the integer `key`, or the length of the array `key`; false if it is neither.
bool rf_field_count(const struct rf_event *event, const char *key, int64_t *count);

// rf_field_array: the array `key`, borrowed; NULL if there is none, or no tree.
const json_t *rf_field_array(const struct rf_event *event, const char *key);

#define RF_TIME_TEXT_SIZE 32

// rf_time_text: "2026-11-24 11:03:05 UTC", for people. Returns out.
char *rf_time_text(struct rf_utc t, char out[RF_TIME_TEXT_SIZE]);

// rf_span_text: a length of time for people, such as "0.4 s", "12 s", "3 min", "5 h", "2 d".
// Returns out.
char *rf_span_text(struct rf_duration d, char out[RF_TIME_TEXT_SIZE]);

#endif
