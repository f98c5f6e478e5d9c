// The newest events of the journal, as streams send them: a ring between two places of the journal.
// Who is behind it reads the journal itself. Pure.
#ifndef CONSOLE_RECENT_H
#define CONSOLE_RECENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ringfence/messages.h>

#include "filter.h"
#include "parcel.h"

#define CONSOLE_RECENT_EVENTS 4096
#define CONSOLE_RECENT_BYTES  ((size_t)8 * 1024 * 1024)

#define CONSOLE_ID_SIZE (RF_JOURNAL_ID_SIZE + 24)

struct console_event {
    int64_t n;
    struct console_facts facts; // its texts are its own
    struct console_parcel *parcel;
};

// All zero: nothing is known yet.
struct console_recent {
    struct console_event items[CONSOLE_RECENT_EVENTS];
    size_t first, count;
    size_t bytes;
    struct rf_journal_place floor; // it has all events behind this place
    int64_t tip;                   // and up to this number
};

void console_recent_fini(struct console_recent *recent);

// console_recent_begin: forgets all; it goes on behind this place.
void console_recent_begin(struct console_recent *recent, const struct rf_journal_place *place);

// console_recent_rename: what comes next is of the journal that goes by this name now: a broker
// that was restarted goes on in its journal under another one, and only it can tell what a place of
// before is worth. Who stands at one has it read by the broker, once.
void console_recent_rename(struct console_recent *recent, const char *journal);

// console_recent_add: the next event. One that cannot be kept (out of memory), and all before it,
// are behind the ring then.
void console_recent_add(struct console_recent *recent, const struct rf_event *event);

// console_recent_reach: all up to this number was added.
void console_recent_reach(struct console_recent *recent, int64_t tip);

// console_recent_covers: whether it has all that stands behind this place.
bool console_recent_covers(const struct console_recent *recent,
                           const struct rf_journal_place *place);

// console_recent_after: the first event behind number `n`; NULL: there is none.
const struct console_event *console_recent_after(const struct console_recent *recent, int64_t n);

// console_recent_tip: up to where it goes.
struct rf_journal_place console_recent_tip(const struct console_recent *recent);

// console_id: a place as a stream's id and the interface write it: "47@JOURNAL". Returns out.
// console_id_read: the same back, also without a journal. False: it is none.
char *console_id(const struct rf_journal_place *place, char out[CONSOLE_ID_SIZE]);
bool console_id_read(const char *text, struct rf_journal_place *place);

// console_event_parcel: an event as a stream sends it; of that journal.
struct console_parcel *console_event_parcel(const struct rf_event *event, const char *journal);

// console_event_json: an event for programs, with its sentence as `text`. NULL: out of memory.
json_t *console_event_json(const struct rf_event *event);

#endif
