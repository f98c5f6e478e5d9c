// The clocks. Only rims call these: a core is given the time.
#ifndef RF_BASE_CLOCK_H
#define RF_BASE_CLOCK_H

#include <ringfence/time.h>

// rf_clock_now: CLOCK_MONOTONIC.
struct rf_instant rf_clock_now(void);

// rf_clock_boot: CLOCK_BOOTTIME: the same, but it goes on while the machine sleeps.
struct rf_instant rf_clock_boot(void);

// rf_clock_utc: CLOCK_REALTIME.
struct rf_utc rf_clock_utc(void);

// rf_clock_pause: the thread sleeps for `time`, or less if a signal comes.
void rf_clock_pause(struct rf_duration time);

#define RF_RFC3339_SIZE 28

// rf_utc_format: "2026-11-24T10:48:00.123456Z" into `out` (RF_RFC3339_SIZE bytes). Returns out.
char *rf_utc_format(struct rf_utc t, char *out);

// rf_utc_format_part: the same where `out` has another time of the same second.
void rf_utc_format_part(struct rf_utc t, char *out);

#endif
