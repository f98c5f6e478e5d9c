// What happened to one contact, over all processes: its own events, the requests that were sent for
// it, and what else happened meanwhile to the providers that it used. Pure.
#ifndef RF_TIMELINE_TIMELINE_H
#define RF_TIMELINE_TIMELINE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include <ringfence/messages.h>
#include <ringfence/time.h>

// An event that was kept; its texts are its own.
struct rf_kept_event {
    struct rf_event event;
    bool of_contact;
};

// One line of a timeline.
struct rf_timeline_entry {
    struct rf_utc at;
    const struct rf_event *event; // what tells of it
    const json_t *attempt;        // one of the event's attempts; NULL: the event itself
    size_t number;                // of the attempt, from 1
};

// What came of the contact.
struct rf_timeline_sum {
    const char *state;                             // "done", "set_aside", "deferred", "running"
    const char *outcome, *campaign, *phone, *name; // "" where it is not known
    struct rf_utc began, ended;
    bool whole; // its beginning is there
    int64_t attempts, failed, deferrals;
    struct rf_duration waited; // before attempts
};

struct rf_timeline {
    const char *wanted; // a contact's id, or a telephone number that begins with '+'
    struct rf_kept_event *kept;
    size_t count, room;
    char **contacts; // the ids that `wanted` stands for, in the order in which they came
    size_t contact_count;
};

// The topics whose events rf_timeline_take wants.
#define RF_TIMELINE_PREFIXES                                                                       \
    {                                                                                              \
        "contact.", "retry.", "fallback.", "breaker.", "provider.", "mark.", "key.", "worker.",    \
            "alert."                                                                               \
    }

// rf_timeline_init: `wanted` is borrowed.
void rf_timeline_init(struct rf_timeline *timeline, const char *wanted);
void rf_timeline_fini(struct rf_timeline *timeline);

// rf_timeline_take: one event of the journal, in its order; keeps what may belong to the timeline.
// False if out of memory.
bool rf_timeline_take(struct rf_timeline *timeline, const struct rf_event *event);

// rf_timeline_of: the entries of one of timeline->contacts in the order of their times, as a new
// array that the caller frees; their events are borrowed. NULL if out of memory.
struct rf_timeline_entry *rf_timeline_of(const struct rf_timeline *timeline, const char *contact,
                                         size_t *count, struct rf_timeline_sum *sum);

// rf_timeline_json: the whole for programs. NULL if out of memory; the caller releases it.
json_t *rf_timeline_json(const char *contact, const struct rf_timeline_entry *entries, size_t count,
                         const struct rf_timeline_sum *sum);

#endif
