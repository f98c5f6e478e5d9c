// Which journal this is, and whether a number that a subscriber kept is a place in it. Numbers
// alone do not tell: a database that was wiped, exchanged or brought back from a backup gives the
// same ones again, to other events.
//
// So each number is kept together with an id that has two parts: the journal's, made with the
// database, and one that each start of a broker makes anew and writes into the database, with the
// number that the start before it had reached. A place is ours if its start is known and had
// reached it; an older copy of the database does not know the starts after it, or knows that they
// did not come so far. Nothing beside the database has to be right, so that a copy of the whole
// folder is recognised as well.
//
// Only so many starts are kept. Their ids are in the order of time (ULIDs), so an unknown one that
// is smaller than all that are kept was dropped for its age. This alone relies on the clock: a
// start whose clock was far behind can be taken for such a one, and a copy that was brought back is
// not told from the journal any more once all starts from before it were dropped.
#ifndef RF_BROKER_LINEAGE_H
#define RF_BROKER_LINEAGE_H

#include <stdbool.h>

#include <ringfence/error.h>
#include <ringfence/messages.h>

#include "base/map.h"

struct rf_lineage {
    char id[RF_JOURNAL_ID_SIZE]; // JOURNAL.START, of this start
    size_t journal_size;         // of the part before the point
    struct rf_map starts;        // before this one
    const char *oldest;          // the earliest of them; NULL: there is none
};

// rf_lineage_init: without earlier starts. Neither text has a point in it. rf_lineage_fini: fine
// for one that is zeroed.
void rf_lineage_init(struct rf_lineage *lineage, const char *journal, const char *start);
void rf_lineage_fini(struct rf_lineage *lineage);

// rf_lineage_add: an earlier start, which gave no number above `reached`. RF_ERR_NOMEM.
RF_NODISCARD enum rf_err rf_lineage_add(struct rf_lineage *lineage, const char *start,
                                        int64_t reached);

struct rf_reading_place {
    int64_t after; // go on after this number of this journal
    bool other;    // which is not what was asked for
};

// rf_lineage_place: where to go on for who has read up to number `after` of the journal `id` (NULL:
// not known, and taken for this one). A start that is known but did not come so far leads to where
// it came (one that was dropped came no further than the oldest that is kept); a place of any other
// journal, or beyond our `newest` number, to the `beginning`.
struct rf_reading_place rf_lineage_place(const struct rf_lineage *lineage, const char *id,
                                         int64_t after, int64_t newest, int64_t beginning);

#endif
