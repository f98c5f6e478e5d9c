// Lines that are printed at the pace at which their events happened, or some times faster. Pure.
#ifndef RF_CLI_PACE_H
#define RF_CLI_PACE_H

#include <stdbool.h>
#include <stddef.h>

#include <ringfence/error.h>
#include <ringfence/time.h>

struct cli_pace_line {
    struct rf_utc at;
    char *text;
};

// Zero it, and set `speed`.
struct cli_pace {
    double speed; // times as fast; 0: at once
    struct cli_pace_line *lines;
    size_t first, count, room;
    bool begun; // the first line is out
    struct rf_utc first_at;
    struct rf_instant first_out;
};

// cli_pace_read: the value of --speed (NULL: at once). RF_ERR_INVALID.
RF_NODISCARD enum rf_err cli_pace_read(const char *text, struct cli_pace *pace,
                                       struct rf_error *error);
void cli_pace_fini(struct cli_pace *pace);

// cli_pace_add: takes `text` (of malloc) over; false, with text freed, if out of memory.
bool cli_pace_add(struct cli_pace *pace, struct rf_utc at, char *text);

// cli_pace_next: the next line, if it is due at `now`; the caller frees it. NULL, and `due` set:
// not before then; NULL, and `due` 0: none is left. A line that happened before the one that came
// before it (it was told late) is due at once.
char *cli_pace_next(struct cli_pace *pace, struct rf_instant now, struct rf_instant *due);

#endif
