// A backup of all that a set keeps on this host: a folder with a copy of each database of
// state_dir, as it was at one moment, its other files (keys, tokens, places in the journal), the
// configuration and the files that it names, and a manifest with the sum of each. Not in it: logs,
// audio, the simulator's state, and campaigns in PostgreSQL.
//
// The databases are copied one after the other, the journal last: what is put back may have read
// less of the journal than is in it, never more.
#ifndef RF_ARCHIVE_ARCHIVE_H
#define RF_ARCHIVE_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>

#include <ringfence/error.h>
#include <ringfence/time.h>

#include "archive/manifest.h"
#include "campaigns/backup.h"

struct rf_config;

// What a person should know besides: one line without a full stop.
typedef void rf_archive_note_fn(void *arg, const char *note);

// rf_archive_make: a backup into the new folder `folder` (mode 0700, its files 0600): whole, or not
// there. All processes may go on meanwhile. `manifest` tells what is in it, to be finished also
// after an error. RF_ERR_CONFLICT if it is there already or lies in state_dir, RF_ERR_DAMAGED if
// a database is, RF_ERR_IO. Blocks.
RF_NODISCARD enum rf_err rf_archive_make(const struct rf_config *config, const char *folder,
                                         struct rf_utc now, struct rf_archive_manifest *manifest,
                                         rf_archive_note_fn *note, void *arg,
                                         struct rf_error *error);

// rf_archive_check: whether each file of the archive `folder` is there as its manifest has it.
// RF_ERR_DAMAGED if not. Blocks.
RF_NODISCARD enum rf_err rf_archive_check(const struct rf_archive_manifest *manifest,
                                          const char *folder, struct rf_error *error);

// rf_archive_put_files: puts back the configuration and the files that it names, where there is
// nothing now; what is there stays, and is noted if it is another. `put` counts what was put back.
// The configuration comes last, so that what was broken off is done again. Blocks.
RF_NODISCARD enum rf_err rf_archive_put_files(const struct rf_archive_manifest *manifest,
                                              const char *folder, size_t *put,
                                              rf_archive_note_fn *note, void *arg,
                                              struct rf_error *error);

// rf_archive_misses_files: whether there is any that rf_archive_put_files would put back. Blocks.
bool rf_archive_misses_files(const struct rf_archive_manifest *manifest);

struct rf_archive_restored {
    size_t replaced, unchanged; // files of state_dir
    bool has_campaigns;         // `campaigns` is filled
    struct rf_backup_restored campaigns;
    char aside[64]; // what the names of the files end with that were there before; "": none were
};

// rf_archive_restore: puts back state_dir, as `config` has it. Each file goes into its place at
// once or not at all, campaigns first; all are written and synced before the first one does. The
// registry's processes are left out: none of then runs, and nobody is to be told that it is lost.
// After a kill in between some are put back and others not: each is whole, and it is to be done
// again. RF_ERR_CONFLICT while a process of the set runs here, RF_ERR_DAMAGED for an archive that
// is damaged, RF_ERR_IO: then all stays as it was. Blocks.
RF_NODISCARD enum rf_err rf_archive_restore(const struct rf_config *config,
                                            const struct rf_archive_manifest *manifest,
                                            const char *folder, struct rf_utc now,
                                            struct rf_archive_restored *restored,
                                            struct rf_error *error);

// rf_archive_idle: RF_ERR_CONFLICT if a process of the set runs here, as far as it says so.
RF_NODISCARD enum rf_err rf_archive_idle(const struct rf_config *config, struct rf_error *error);

#endif
