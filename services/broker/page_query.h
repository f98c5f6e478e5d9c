// Finding a page in the database, on a connection that only reads. Private to the reader's thread
// and its tests.
#ifndef RF_BROKER_PAGE_QUERY_H
#define RF_BROKER_PAGE_QUERY_H

#include <sqlite3.h>

#include "page.h"

enum rf_page_statement {
    RF_PAGE_FORWARD,  // events behind a number
    RF_PAGE_BACKWARD, // numbers and topics up to a number, the newest first
    RF_PAGE_NEXT,     // the first event from a number on, and when it was taken
    RF_PAGE_TRIMMED,  // up to where events are gone
    RF_PAGE_STATEMENTS
};

struct rf_page_query {
    sqlite3 *db;
    sqlite3_stmt *statements[RF_PAGE_STATEMENTS];
};

// rf_page_query_open: opens the database at `path`, which must be there. rf_page_query_close: also
// after a failed open.
RF_NODISCARD enum rf_err rf_page_query_open(struct rf_page_query *query, const char *path,
                                            struct rf_error *error);
void rf_page_query_close(struct rf_page_query *query);

// rf_page_query_step: goes on with the page; at most RF_PAGE_SCAN events are looked at. `done`: it
// is finished. An error says nothing about the next try.
RF_NODISCARD enum rf_err rf_page_query_step(struct rf_page_query *query, struct rf_page *page,
                                            bool *done, struct rf_error *error);

#endif
