// Reads pages of the journal from disk on a thread of its own, one step of one page at a time in
// turn, so that neither the loop nor another subscriber waits for a long search.
#ifndef RF_BROKER_READER_H
#define RF_BROKER_READER_H

#include "page.h"

struct rf_reader;

// rf_reader_start: of the database at `path`, which is opened with the first page.
RF_NODISCARD enum rf_err rf_reader_start(const char *path, struct rf_reader **reader,
                                         struct rf_error *error);

// rf_reader_ask: takes the page over. rf_reader_take: gives one that is finished (or failed) to the
// caller, or NULL. Neither waits for the disk.
void rf_reader_ask(struct rf_reader *reader, struct rf_page *page);
struct rf_page *rf_reader_take(struct rf_reader *reader);

// rf_reader_event: a descriptor that can be read as long as rf_reader_take has pages to give.
int rf_reader_event(const struct rf_reader *reader);

// rf_reader_stop: ends the thread after the step in hand, frees all pages, and nulls the pointer.
// NULL is fine.
void rf_reader_stop(struct rf_reader **reader);

#endif
