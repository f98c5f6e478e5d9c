// The bounding cursor: every frame from outside is walked once, without allocating, before anything
// that a header announces is allocated.
#ifndef RF_WIRE_BOUND_H
#define RF_WIRE_BOUND_H

#include <stddef.h>

#include <ringfence/error.h>

// Values in one frame; JSON takes some 100 bytes for each. A page of 10,000 events
// has about 500,000.
#define RF_WIRE_MAX_VALUES ((size_t)1 << 20)

// rf_wire_bound: RF_OK if the bytes are exactly one msgpack value whose announced sizes and counts
// are there, with at most RF_WIRE_MAX_VALUES values, nested at most RF_WIRE_MAX_DEPTH deep. Else
// RF_ERR_PROTOCOL, with the byte at which it went wrong.
RF_NODISCARD enum rf_err rf_wire_bound(const void *data, size_t size, struct rf_error *error);

#endif
