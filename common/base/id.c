#include <ringfence/id.h>

#include <pthread.h>
#include <stdatomic.h>
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

#define ULID_RANDOM 16  // bytes: five bits of each
#define POOL_BYTES  256 // what getrandom gives whole

// Each thread fetches the bytes of several ids at once, as the call into the kernel costs more than
// all the rest. A child of fork fetches its own: its ids must not be its parent's.
static atomic_uint generation;
static _Thread_local struct {
    unsigned generation;
    size_t left;
    unsigned char bytes[POOL_BYTES];
} pool;

static void forked(void) {
    atomic_fetch_add(&generation, 1);
}

static void watch_forks(void) {
    atomic_fetch_add(&generation, 1); // a pool of generation 0 is one that was never filled
    pthread_atfork(NULL, NULL, forked);
}

static const unsigned char *ulid_bytes(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, watch_forks);
    unsigned now = atomic_load(&generation);
    if (pool.left < ULID_RANDOM || pool.generation != now) {
        random_bytes(pool.bytes, POOL_BYTES);
        pool.left = POOL_BYTES;
        pool.generation = now;
    }
    pool.left -= ULID_RANDOM;
    return pool.bytes + pool.left;
}

char *rf_ulid_new(struct rf_utc now, char out[RF_ULID_SIZE]) {
    uint64_t ms = now.ns < 0 ? 0 : (uint64_t)(now.ns / RF_NS_PER_MS);
    for (int i = 9; i >= 0; i--) {
        out[i] = alphabet[ms & 31];
        ms >>= 5;
    }
    const unsigned char *bytes = ulid_bytes();
    for (int i = 0; i < ULID_RANDOM; i++)
        out[10 + i] = alphabet[bytes[i] & 31];
    out[26] = '\0';
    return out;
}
