// A file, or a database with its log, put in the place of another, which goes aside.
#ifndef RF_STORE_REPLACE_H
#define RF_STORE_REPLACE_H

#include <limits.h>
#include <stddef.h>

#include <ringfence/error.h>
#include <ringfence/time.h>

// Room for the name of what went aside: the path, ".before-" and a time.
#define RF_STORE_ASIDE_SIZE (PATH_MAX + 104)

// rf_store_replace: `part` gets the name `path`; what has it now, with its log, gets that name with
// ".before-" and `now` behind, which is told in `aside` ("": there was none). All is done, or all
// is as it was, but for a kill in between: then `path` may be missing and is one name further; what
// opens databases makes no new one while `part` is there (RF_STORE_RESTORING). Blocks on the disk.
RF_NODISCARD enum rf_err rf_store_replace(const char *part, const char *path, struct rf_utc now,
                                          char aside[RF_STORE_ASIDE_SIZE], struct rf_error *error);

// rf_store_drop_part: what is left of a `part`, its log and its lock; itself stays where `path` is
// missing.
void rf_store_drop_part(const char *part, const char *path);

#endif
