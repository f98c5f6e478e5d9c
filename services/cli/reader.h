// Reads events out of the journal, page by page, and goes on with those that come, if that is
// wanted. The pages are the truth: nothing is missed, doubled or out of order where the past meets
// the present. (What `tail`, `replay` and `trace` have in common.)
#ifndef RF_CLI_READER_H
#define RF_CLI_READER_H

#include "session.h"

struct cli_range {
    const char *const *prefixes; // of the topic; count 0: all
    size_t prefix_count;
    uint64_t from, to;   // first and last number; 0: from the beginning, to what there is now
    struct rf_utc since; // not 0: nothing that the broker took before it
    uint64_t newest;     // not 0: only the last so many
    bool future;         // only what comes from now on
};

struct cli_reader {
    struct cli_session *session;
    const struct cli_range *range;
    struct rf_subscription *subscription;
    uint64_t tip;   // newest number when we began: the past ends there
    uint64_t place; // all up to it is read; 0: nothing yet
    // An event of the range; borrowed during the call.
    void (*event)(void *arg, const struct rf_event *event);
    // The page is read; the next one comes after cli_reader_next. `past_read`: nothing of the past
    // is left. Called at least once.
    void (*page)(void *arg, bool past_read);
    void *arg;
};

// cli_reader_begin: to be called from the session's `begin`, with the members behind `place`,
// `session` and `range` set. A failure ends the session.
void cli_reader_begin(struct cli_reader *reader);

// cli_reader_next: the next page may come.
void cli_reader_next(struct cli_reader *reader);

// cli_reader_end: no more pages; fine for one that never began.
void cli_reader_end(struct cli_reader *reader);

#endif
