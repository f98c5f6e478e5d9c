// A file as a sink: its own subscription, whose cursor is the number in the file's last line. Which
// journal that number is of stands in a file beside it, before any line of that journal is written;
// where the journal was replaced, a line of ours in the log says so, and bears the number that it
// goes on behind. A file that is large or old enough is rotated before a page is written to it.
#ifndef RF_LOGGER_FILE_SINK_H
#define RF_LOGGER_FILE_SINK_H

#include <stdbool.h>

#include "events/text.h"
#include "lines.h"
#include "log_file.h"
#include "rotation.h"
#include "runtime/loop.h"
#include "sink.h"

struct rf_subscription;

// Embedded in its owner; private but for `sink`.
struct rf_file_sink {
    struct rf_sink sink;
    struct rf_log_file file;
    struct rf_rotation rotation;
    char *cursor_path; // keeps the journal, the number over a rotation, after which the file has
                       // none, and when the file was begun
    struct rf_lines *lines; // shared by all files
    enum rf_line kind;
    struct rf_subscription *subscription; // NULL until the file was open once
    struct rf_text page;                  // formatted, not yet written
    struct rf_journal_place from, end;    // of that page: behind which place it begins, and is over
    int64_t unplaced;          // the file's last number, of an unknown journal; 0: it is known
    struct rf_text mark;       // the line that is to be written first
    bool waiting;              // a page is in hand
    struct rf_timer timer;     // the next try
    void (*active)(void *arg); // called when a page came or was written
    void *arg;
};

// rf_file_sink_init: writes lines of that kind to `path`, and finds its place again by `number`.
// `lines` are those of all files, and outlive it.
RF_NODISCARD enum rf_err rf_file_sink_init(struct rf_file_sink *sink, struct rf_process *process,
                                           const char *name, const char *path,
                                           struct rf_lines *lines, enum rf_line kind,
                                           rf_tail_number_fn *number, void (*active)(void *arg),
                                           void *arg, struct rf_error *error);
void rf_file_sink_fini(struct rf_file_sink *sink);

// rf_file_sink_run: opens the file and begins; a file that cannot be opened is tried again by
// itself.
void rf_file_sink_run(struct rf_file_sink *sink);

// rf_file_sink_reopen: SIGHUP: the file may have been moved away, and other rules may hold.
void rf_file_sink_reopen(struct rf_file_sink *sink);

// rf_file_sink_drain: the process drains: whatever was published before is still to be written.
void rf_file_sink_drain(struct rf_file_sink *sink);

// rf_file_sink_busy: a page is in hand that may yet be written, or the broker has not said that
// there is no further one.
bool rf_file_sink_busy(const struct rf_file_sink *sink);

#endif
