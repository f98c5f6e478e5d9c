// The list of client keys that the broker knows: a file of lines "PUBLIC-KEY ROLE[,ROLE]... NAME",
// with comments. Pure but for known_read.
#ifndef RF_CURVE_KNOWN_H
#define RF_CURVE_KNOWN_H

#include <ringfence/error.h>

#include "base/map.h"
#include "curve/key.h"
#include "curve/roles.h"

#define RF_KNOWN_MAX 10000 // keys

struct rf_known_key {
    struct rf_map_node by_key, by_name;
    char key[RF_CURVE_KEY_SIZE];
    char name[RF_CURVE_NAME_SIZE];
    unsigned roles;
    size_t line; // that it stands in, from 1
};

struct rf_known {
    struct rf_known_key *items; // in the order of their lines
    size_t count;
    struct rf_map by_key, by_name;
};

// rf_known_parse: reads the list. RF_ERR_INVALID with "FILE:LINE: what is wrong; what was expected"
// for the first bad line, also for a key or a name that comes twice; RF_ERR_NOMEM. Freed by
// rf_known_fini, which is fine after an error too.
RF_NODISCARD enum rf_err rf_known_parse(const char *text, const char *file, struct rf_known *known,
                                        struct rf_error *error);
void rf_known_fini(struct rf_known *known);

// rf_known_read: the list in a file. RF_ERR_NOT_FOUND if there is none; RF_ERR_INVALID also for a
// file that others may write: who may write it may let anybody in.
RF_NODISCARD enum rf_err rf_known_read(const char *file, struct rf_known *known,
                                       struct rf_error *error);

// rf_known_find: the entry of a public key, or NULL. rf_known_named: the entry with a name, or
// NULL.
const struct rf_known_key *rf_known_find(const struct rf_known *known, const char *key,
                                         size_t length);
const struct rf_known_key *rf_known_named(const struct rf_known *known, const char *name);

// ---- known_edit.c: changes of the list, on its text, so that comments stay ----

// rf_known_add: the text with one more line, and without the lines of `without`, of which NULL are
// none. A new text that the caller frees; NULL if out of memory. `text` "" makes a list with its
// head.
char *rf_known_add(const char *text, const struct rf_known_key *const without[2],
                   const struct rf_known_key *added);

// rf_known_remove: the text without the line of an entry.
char *rf_known_remove(const char *text, const struct rf_known_key *entry);

#endif
