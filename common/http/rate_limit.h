// What the headers of a reply tell of the provider's rate limit. Pure. The forms that are seen
// (providers.md): OpenAI's x-ratelimit-{limit,remaining,reset}-{requests,tokens}, whose reset looks
// like 1s, 6m0s or 20ms; Anthropic's anthropic-ratelimit-{requests,tokens}-{limit,remaining,reset}
// with a date of ISO 8601; x-ratelimit-{limit,remaining,reset} with Unix seconds, as ElevenLabs'
// client reads it.
#ifndef RF_HTTP_RATE_LIMIT_H
#define RF_HTTP_RATE_LIMIT_H

#include <stdbool.h>

#include <ringfence/rate_limit.h>
#include <ringfence/time.h>

// The value of a header of the reply, NULL if it is not there.
typedef const char *rf_http_header_fn(const void *arg, const char *name);

// rf_http_rate_limit: what the reply tells for rf_rate_limit_follow; false if it tells nothing that
// can be used (Azure's -1, -1, 0 is nothing). A limit of tokens counts only when none remain: then
// no call goes through until its reset, however many calls are left. `now` is the wall clock.
bool rf_http_rate_limit(rf_http_header_fn *header, const void *arg, struct rf_utc now,
                        struct rf_rate_limit_told *told);

// rf_http_reset_parse: how long after `now` a reset is: durations with units (6m0s), a date of ISO
// 8601, Unix seconds or milliseconds, or a number of seconds; 0 for what is past. False for any
// other text.
bool rf_http_reset_parse(const char *text, struct rf_utc now, struct rf_duration *reset);

#endif
