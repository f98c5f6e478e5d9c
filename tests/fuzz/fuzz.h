// What replay.c and libFuzzer call.
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

// LLVMFuzzerTestOneInput: reads one input; aborts where something is wrong. Returns 0.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
