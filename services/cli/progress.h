// How far a campaign is, as a line or as a bar. Pure.
#ifndef RF_CLI_PROGRESS_H
#define RF_CLI_PROGRESS_H

#include <jansson.h>
#include <stdint.h>

#include <ringfence/time.h>

#include "events/text.h"

struct cli_progress {
    int64_t total, done, set_aside, running, waiting;
    int64_t fresh;               // not begun
    char waiting_for[400];       // "" if nothing is waited for
    char behind[65];             // the campaign that takes all places; "": there is none
    struct rf_utc waiting_until; // of the provider that is waited for; 0: not known
    char state[16];              // "" if it is not told
    double per_minute;           // contacts that end a minute; below 0: not told
    int64_t left_s;              // seconds; below 0: not told
};

// cli_progress_read: the figures of a campaign as `campaign status` gives it. Absent ones are 0.
void cli_progress_read(const json_t *campaign, struct cli_progress *progress);

// cli_progress_rate: appends "20 a minute, about 12 min left", as far as it is told.
void cli_progress_rate(const struct cli_progress *progress, struct rf_text *text);

// cli_progress_waits: appends what is waited for and until when: "elevenlabs until 2026-11-24
// 11:03:05 UTC", "behind spring", or "campaign resume".
void cli_progress_waits(const struct cli_progress *progress, struct rf_text *text);

// cli_progress_line: appends "12 of 50: 10 done, 2 set aside, 8 in progress, 5 waiting for
// elevenlabs, 25 not begun".
void cli_progress_line(const struct cli_progress *progress, struct rf_text *text);

// cli_progress_bar: appends a bar and the line, without those not begun, within `width` columns.
void cli_progress_bar(const struct cli_progress *progress, size_t width, struct rf_text *text);

#endif
