// What to do next for a Google Sheet, so that each row comes once. Pure: replies and times in,
// actions out; the rim carries them out.
//
// A batch of rows goes in three steps, each kept in a file before the next is begun:
//   1. append the batch's numbers and times: Sheets makes room and tells the range;
//   2. keep that range;
//   3. write the whole rows into it: a repeat overwrites itself.
// Only step 1 cannot be repeated blindly. When its answer is not known (a broken connection, a 500,
// a kill), the first two columns are read back before anything is appended again: from the last row
// of the batch before on, or, if that is not where it was, of the whole sheet. What is left is
// an append that Sheets carries out after that look: it shows as rows of which only number and time
// are there, beside the same numbers with their texts.
//
// Before the first append the sheet's first row is looked at. Where it is empty, the names of the
// columns are written into it, which a repeat does as well: no kill and no lost answer doubles it.
#ifndef RF_LOGGER_SHEET_H
#define RF_LOGGER_SHEET_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ringfence/error.h>
#include <ringfence/time.h>

#include "a1.h"

enum rf_sheet_action {
    RF_SHEET_NOTHING, // no batch
    RF_SHEET_TOKEN,   // get an access token
    RF_SHEET_KEEP,    // write rf_sheet_dump to the file, then rf_sheet_kept
    RF_SHEET_PEEK,    // read the first row
    RF_SHEET_HEADER,  // write the names of the columns into the first row
    RF_SHEET_LOOK,    // read the first two columns, from rf_sheet_look_row on
    RF_SHEET_APPEND,  // append the batch's keys
    RF_SHEET_UPDATE,  // write the batch's rows to their place
};

// What a reply means.
enum rf_sheet_outcome {
    RF_SHEET_OK,
    RF_SHEET_REFUSED,   // not carried out, and will not be without a change from outside
    RF_SHEET_LATER,     // not carried out; wait
    RF_SHEET_AMBIGUOUS, // may have been carried out
    RF_SHEET_NO_ACCESS, // the token is not valid (any more)
};

enum rf_sheet_header { RF_SHEET_HEADER_UNKNOWN, RF_SHEET_HEADER_MISSING, RF_SHEET_HEADER_THERE };

// Zero it, then rf_sheet_init. Members are for reading only.
struct rf_sheet {
    int64_t cursor;              // the journal is in the sheet up to here
    char *journal;               // and which journal; NULL: not known
    bool known;                  // a cursor was kept, now or in an earlier life
    char *place_id;              // "spreadsheet/tab": where the batch's place is
    json_t *rows;                // the batch, NULL: none; an array of arrays of texts
    int64_t scanned;             // the cursor after it
    char *scanned_journal;       // and its journal; NULL: not known
    struct rf_a1_place place;    // where the rows go; row 0: not known yet
    bool asked;                  // an append may have been carried out
    int64_t last_row;            // of the batch before this one; 0: not known
    json_t *last;                // number and time in it
    enum rf_sheet_header header; // the first row
    bool dirty;                  // what is kept is not what is true
    char *token;                 // NULL: none
    struct rf_instant token_until;
    int64_t refusals; // tokens in a row that were not accepted
};

// rf_sheet_init: for `spreadsheet` and its tab. `kept` is what the file holds, NULL if there is
// none; RF_ERR_INVALID if it is not what rf_sheet_dump makes. A batch that was kept for another
// place is appended anew in this one.
RF_NODISCARD enum rf_err rf_sheet_init(struct rf_sheet *sheet, const char *spreadsheet,
                                       const char *tab, const char *kept, struct rf_error *error);
void rf_sheet_fini(struct rf_sheet *sheet);

// rf_sheet_dump: what the file is to hold; a new string, NULL if out of memory.
char *rf_sheet_dump(const struct rf_sheet *sheet);

// rf_sheet_batch: a new batch (takes both over; an empty one only moves the cursor), behind which
// the cursor is `scanned` in `journal` (may be NULL). There must be none.
void rf_sheet_batch(struct rf_sheet *sheet, json_t *rows, int64_t scanned, char *journal);

// rf_sheet_next: what to do now.
enum rf_sheet_action rf_sheet_next(const struct rf_sheet *sheet, struct rf_instant now);

// rf_sheet_kept: the file holds what rf_sheet_dump gave.
void rf_sheet_kept(struct rf_sheet *sheet);

// rf_sheet_token: a token came, valid for `lifetime` from `now`; it is replaced ahead of its end.
RF_NODISCARD enum rf_err rf_sheet_token(struct rf_sheet *sheet, const char *token,
                                        struct rf_duration lifetime, struct rf_instant now,
                                        struct rf_error *error);

// rf_sheet_peeked: the answer to PEEK: `values` are the first row, as an array of rows (NULL: it is
// empty). Whatever stands there is left alone.
void rf_sheet_peeked(struct rf_sheet *sheet, const json_t *values);

// rf_sheet_headed: HEADER succeeded.
void rf_sheet_headed(struct rf_sheet *sheet);

// rf_sheet_keys: the first two columns of the batch's rows, for the append. NULL if out of memory.
json_t *rf_sheet_keys(const struct rf_sheet *sheet);

// rf_sheet_look_row: the first row that LOOK reads.
int64_t rf_sheet_look_row(const struct rf_sheet *sheet);

// rf_sheet_looked: the answer to LOOK: `values` are the sheet's rows from that one on (NULL: there
// is none). If it does not begin with the last row that we know, as rows were deleted or moved by
// hand, the next LOOK reads all.
void rf_sheet_looked(struct rf_sheet *sheet, const json_t *values);

// rf_sheet_look_refused: the sheet may have fewer rows by now. True if another LOOK, which reads
// all, is worth a try at once.
bool rf_sheet_look_refused(struct rf_sheet *sheet);

// rf_sheet_appended: the answer to APPEND; with OK, `range` is updatedRange. False if that range is
// not readable: then it was as good as ambiguous.
bool rf_sheet_appended(struct rf_sheet *sheet, enum rf_sheet_outcome outcome, const char *range);

// rf_sheet_updated: UPDATE succeeded: the batch is done.
void rf_sheet_updated(struct rf_sheet *sheet);

// rf_sheet_misplaced: UPDATE was refused: the rows may have been deleted by hand. They are looked
// for again.
void rf_sheet_misplaced(struct rf_sheet *sheet);

// rf_sheet_no_access: the token was refused. True if a new one is worth a try at once.
bool rf_sheet_no_access(struct rf_sheet *sheet);

#endif
