// The date that an answer carries (RFC 9110, 6.6.1), and what it says of a clock. Pure.
#ifndef RF_HTTP_DATE_H
#define RF_HTTP_DATE_H

#include <stdbool.h>

#include <ringfence/error.h>
#include <ringfence/time.h>

// rf_http_date_parse: a date as HTTP writes it, in each of its three forms ("Sun, 06 Nov 1994
// 08:49:37 GMT"); as libcurl reads it, which takes a little more. False: it is none (NULL too), or
// it is beyond what nanoseconds since 1970 can tell.
RF_NODISCARD bool rf_http_date_parse(const char *text, struct rf_utc *date);

// rf_http_clock_ahead: how far our clock is ahead of the peer's at least (below 0: behind). `sent`
// and `received` are by our clock, around the answer that carried `date`. The peer wrote a whole
// second somewhere in between, so that an answer tells no more than a range: where that holds 0,
// both may be right, and it is 0; else its end that is nearer to 0. Who asked slowly is not wrong.
// `received` before `sent` (our clock was set meanwhile) says nothing: 0.
struct rf_duration rf_http_clock_ahead(struct rf_utc date, struct rf_utc sent,
                                       struct rf_utc received);

#endif
