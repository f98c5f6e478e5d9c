#include "stamp.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char key[] = {(char)0xa2, 't', 's', (char)0xcf};

void stamp_write(unsigned char *out, int64_t utc_ns) {
    uint64_t ordered = htobe64((uint64_t)utc_ns);
    memcpy(out, key, sizeof key);
    memcpy(out + sizeof key, &ordered, sizeof ordered);
}

int64_t stamp_read(const void *frame, size_t size) {
    const char *at = memmem(frame, size, key, sizeof key);
    uint64_t ordered;
    if (at == NULL || (size_t)((const char *)frame + size - at) < STAMP_BYTES) {
        fprintf(stderr, "an event without a time\n");
        exit(1);
    }
    memcpy(&ordered, at + sizeof key, sizeof ordered);
    return (int64_t)be64toh(ordered);
}

int64_t stamp_utc(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}
