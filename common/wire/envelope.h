// The envelopes of published events, which go from the publisher to the subscribers as they are.
// Private to common/wire.
#ifndef RF_WIRE_ENVELOPE_H
#define RF_WIRE_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ringfence/messages.h>

// rf_envelope_lacks_only_n: whether the map of `size` bytes at `start`, which was decoded to
// `event`, is a whole envelope but for its number, and nothing else. `seen`: the fields of the
// event's shape that it has, a bit each; `strange`: how many other pairs it has.
bool rf_envelope_lacks_only_n(const unsigned char *start, size_t size, const struct rf_event *event,
                              uint32_t seen, size_t strange);

#endif
