// The manifest of an archive: what is in it, with sums, and what it was made of. A file of JSON,
// manifest.json, which is written last.
#ifndef RF_ARCHIVE_MANIFEST_H
#define RF_ARCHIVE_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ringfence/error.h>
#include <ringfence/time.h>

#include "base/file_copy.h"

// The two folders of an archive: what state_dir has, below it; and other files that the
// configuration names, and itself, below the root of the file system.
#define RF_ARCHIVE_STATE "state/"
#define RF_ARCHIVE_FILES "files/"

// Databases that are not as the others: one is marked when it is copied and put back, the other is
// copied last, so that nobody has read more of the journal than there is in it.
#define RF_ARCHIVE_CAMPAIGNS "campaign.db"
#define RF_ARCHIVE_JOURNAL   "broker.db"

struct rf_archive_file {
    char *name; // begins with one of the two folders
    bool is_database;
    unsigned mode; // permissions: 0600
    struct rf_file_sum sum;
};

struct rf_archive_manifest {
    struct rf_utc made;
    char *program; // the version of the program that made it
    char *host;
    char *config; // absolute; NULL: defaults alone
    char *state_dir;
    bool on_server; // campaigns were in PostgreSQL
    struct rf_archive_file *files;
    size_t count, capacity;
};

// rf_archive_manifest_add: `name`, UTF-8, is copied. RF_ERR_NOMEM.
RF_NODISCARD enum rf_err rf_archive_manifest_add(struct rf_archive_manifest *manifest,
                                                 const struct rf_archive_file *file,
                                                 struct rf_error *error);

// rf_archive_manifest_write: into the archive's folder. Blocks on the disk.
RF_NODISCARD enum rf_err rf_archive_manifest_write(const struct rf_archive_manifest *manifest,
                                                   const char *folder, struct rf_error *error);

// rf_archive_manifest_read: that of the archive `folder`; to be finished also after an error.
// RF_ERR_INVALID for what is no archive, or one of a later version than this program's.
RF_NODISCARD enum rf_err rf_archive_manifest_read(struct rf_archive_manifest *manifest,
                                                  const char *folder, struct rf_error *error);

// rf_archive_manifest_fini: fine for one that is zeroed.
void rf_archive_manifest_fini(struct rf_archive_manifest *manifest);

// rf_archive_is: whether the file's last name is `last`, and its place is `folder` of the archive.
bool rf_archive_is(const struct rf_archive_file *file, const char *folder, const char *last);

// rf_archive_is_in: whether it is in `folder` of the archive.
bool rf_archive_is_in(const struct rf_archive_file *file, const char *folder);

// rf_archive_later: whether version `a` (1.2.3) is later than `b`.
bool rf_archive_later(const char *a, const char *b);

#endif
