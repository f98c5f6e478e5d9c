#include "mutate.h"

#include <stdlib.h>
#include <string.h>

static uint64_t random_state = 20261124;

uint64_t rf_random_next(void) // splitmix64
{
    uint64_t z = random_state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

size_t rf_random_below(size_t bound) {
    return bound == 0 ? 0 : (size_t)(rf_random_next() % bound);
}

unsigned char rf_random_byte(void) {
    static const unsigned char heads[] =
        "\xc0\xc1\xc2\xc4\xc6\xc7\xc9\xca\xcb\xcf\xd3\xd8\xd9\xdb\xdc\xdd\xde"
        "\xdf\x80\x8f\x90\x9f\xa0\xbf\xe0\xff\x7f";
    if (rf_random_next() & 1)
        return heads[rf_random_below(sizeof heads - 1)];
    return (unsigned char)rf_random_next();
}

unsigned char *rf_mutate(const struct rf_frame *frame, size_t *size) {
    const unsigned char *data = frame->data;
    size_t at = rf_random_below(frame->size);
    size_t run = 1 + rf_random_below(8);
    if (run > frame->size - at)
        run = frame->size - at;
    switch (rf_random_below(4)) {
    case 0: { // remove
        *size = frame->size - run;
        unsigned char *bytes = malloc(*size + 1);
        memcpy(bytes, data, at);
        memcpy(bytes + at, data + at + run, frame->size - at - run);
        return realloc(bytes, *size > 0 ? *size : 1);
    }
    case 1: { // double
        *size = frame->size + run;
        unsigned char *bytes = malloc(*size > 0 ? *size : 1);
        memcpy(bytes, data, at + run);
        memcpy(bytes + at + run, data + at, frame->size - at);
        return bytes;
    }
    default: { // replace
        *size = frame->size;
        unsigned char *bytes = malloc(*size > 0 ? *size : 1);
        memcpy(bytes, data, *size);
        for (size_t i = 0; i <= rf_random_below(4); i++)
            bytes[rf_random_below(*size)] = rf_random_byte();
        return bytes;
    }
    }
}
