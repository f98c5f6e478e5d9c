#include <ringfence/id.h>

#include <stdlib.h>
#include <sys/random.h>

// Crockford's base 32: without I, L, O, U.
static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static void random_bytes(void *out, size_t size) {
    // Up to 256 bytes come whole once the kernel's pool is ready; only EINTR before that can fail.
    while (getrandom(out, size, 0) != (ssize_t)size)
        ;
}

uint64_t rf_random_u64(void) {
    uint64_t value;
    random_bytes(&value, sizeof value);
    return value;
}

char *rf_ulid_new(struct rf_utc now, char out[RF_ULID_SIZE]) {
    uint64_t ms = now.ns < 0 ? 0 : (uint64_t)(now.ns / RF_NS_PER_MS);
    for (int i = 9; i >= 0; i--) {
        out[i] = alphabet[ms & 31];
        ms >>= 5;
    }
    unsigned char bytes[16];
    random_bytes(bytes, sizeof bytes);
    for (int i = 0; i < 16; i++)
        out[10 + i] = alphabet[bytes[i] & 31];
    out[26] = '\0';
    return out;
}
