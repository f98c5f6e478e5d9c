// The secrets of a configuration, each with the file that it came from. Private to common/redact.
#ifndef RF_REDACT_WATCHED_H
#define RF_REDACT_WATCHED_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include <ringfence/error.h>
#include <ringfence/time.h>

#include "config/config.h"

struct rf_watched {
    struct rf_secret secret; // a copy, which follows its file
    struct stat seen;        // of the file, when it was read last
    struct rf_instant settles;
    bool warned;
};

// Zero it before use.
struct rf_watched_list {
    struct rf_watched *items;
    size_t count;
};

// rf_watched_gather: all secrets of `config`, and the addresses that are as good as one.
// RF_ERR_NOMEM only, and then the list needs no rf_watched_fini.
RF_NODISCARD enum rf_err rf_watched_gather(const struct rf_config *config, struct rf_instant now,
                                           struct rf_watched_list *list);
void rf_watched_fini(struct rf_watched_list *list);

// rf_watched_look: whether the value is another one now. `former` gets the old one, which the
// caller wipes and frees; out of memory: NULL. `quiet`: a file that cannot be read is not warned
// of.
bool rf_watched_look(struct rf_watched *watched, struct rf_instant now, bool quiet, char **former);

// rf_watched_has: whether the value is among those of the list.
bool rf_watched_has(const struct rf_watched_list *list, const char *value);

#endif
