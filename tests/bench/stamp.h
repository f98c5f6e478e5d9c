// When an event was due, as its envelope tells it: the key "ts" and 64 bits, in our envelopes and
// in those that the bare programs send, so that one receiver reads both.
#ifndef BENCH_STAMP_H
#define BENCH_STAMP_H

#include <stddef.h>
#include <stdint.h>

#define STAMP_BYTES 12 // fixstr "ts", uint64 head, eight bytes

// stamp_write: writes the key and the time at `out` (STAMP_BYTES).
void stamp_write(unsigned char *out, int64_t utc_ns);

// stamp_read: the time in an envelope; the program ends if there is none.
int64_t stamp_read(const void *frame, size_t size);

// stamp_utc: the time of day in nanoseconds.
int64_t stamp_utc(void);

#endif
