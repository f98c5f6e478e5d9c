// Sessions that were logged out before their time: a cookie that somebody has copied ends with
// them. Sessions themselves are in no list (session.h); these few are, in memory and in a file, so
// that a restart does not forget them.
#ifndef CONSOLE_ENDED_H
#define CONSOLE_ENDED_H

#include "session.h"

#define CONSOLE_ENDED_MOST 1024

struct console_ended_session {
    char nonce[CONSOLE_NONCE_SIZE];
    struct rf_utc expires;
};

// All zero: none.
struct console_ended {
    struct console_ended_session items[CONSOLE_ENDED_MOST];
    size_t count;
};

// console_ended_add: this one is over. Those that are over by themselves by now are forgotten, and
// where there are too many, the one that will be so first.
void console_ended_add(struct console_ended *ended, const struct console_session *session,
                       struct rf_utc now);

// console_ended_has: whether it was logged out.
bool console_ended_has(const struct console_ended *ended, const struct console_session *session);

// console_ended_save, _load: to and from a file, a line each. No file: none. Both block on the
// disk. RF_ERR_DAMAGED: the file is none of ours; those before the line are there.
RF_NODISCARD enum rf_err console_ended_save(const struct console_ended *ended, const char *path,
                                            struct rf_error *error);
RF_NODISCARD enum rf_err console_ended_load(struct console_ended *ended, const char *path,
                                            struct rf_utc now, struct rf_error *error);

#endif
