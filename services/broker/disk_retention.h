// Which events leave the database, in small steps between the groups that are written, so that none
// of them waits long. Private to the disk's thread and its tests.
//
// What is too old or too many goes, but not what a durable subscriber still has to take; what makes
// the database too large goes in any case. Size is that of the pages in use: pages that become free
// are used again before the file grows, so that it stays about as large as it may be.
#ifndef RF_BROKER_DISK_RETENTION_H
#define RF_BROKER_DISK_RETENTION_H

#include <sqlite3.h>

#include "disk.h"

// What one step deletes at most: a few hundred events (some 2 ms), or twice as many as came since
// the step before, so that a busy journal does not outgrow its bounds.
#define RF_RETENTION_STEP_EVENTS 512
#define RF_RETENTION_STEP_MOST   2048
#define RF_RETENTION_STEP_BYTES  INT64_C(4194304) // of frames, and then one more

enum rf_retention_statement {
    RF_RETENTION_OLDEST,
    RF_RETENTION_DELETE,
    RF_RETENTION_MARK,
    RF_RETENTION_PAGES,
    RF_RETENTION_FREE,
    RF_RETENTION_STATEMENTS
};

struct rf_disk_retention {
    sqlite3 *db;
    sqlite3_stmt *statements[RF_RETENTION_STATEMENTS];
    struct rf_disk_limits limits;
    int64_t page_bytes;
    int64_t events;    // there are
    int64_t last;      // number of the newest of them
    int64_t fresh;     // of them came since the last step
    int64_t uncounted; // of them the database does not know yet that they are counted
    int64_t trimmed;   // all up to it are gone
    int64_t used;      // bytes of the pages in use, when it was last looked
    bool behind;       // there is more to delete at once
};

// rf_disk_retention_open: counts what is there. rf_disk_retention_close: fine after a failed open.
RF_NODISCARD enum rf_err rf_disk_retention_open(struct rf_disk_retention *retention, sqlite3 *db,
                                                const struct rf_disk_limits *limits,
                                                struct rf_error *error);
void rf_disk_retention_close(struct rf_disk_retention *retention);

// rf_disk_retention_took: so many more events, up to number `last`, are there.
void rf_disk_retention_took(struct rf_disk_retention *retention, int64_t events, int64_t last);

// rf_disk_retention_step: deletes what may go by now (`now`: UTC ns), up to a bound; `behind` tells
// whether there is more. Events above `spare` go for the size alone. An error: nothing has changed.
RF_NODISCARD enum rf_err rf_disk_retention_step(struct rf_disk_retention *retention, int64_t now,
                                                int64_t spare, struct rf_error *error);

#endif
