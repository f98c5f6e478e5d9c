// Which telephone numbers were met in which line: 12 bytes a place, of which at least a quarter is
// free.
#ifndef RF_CONTACTS_SEEN_H
#define RF_CONTACTS_SEEN_H

#include <stddef.h>
#include <stdint.h>

#include <ringfence/error.h>

// Open addressing; the capacity is a power of two. Two arrays, as together they would be padded.
struct rf_seen {
    uint64_t *phones; // their digits as numbers, which begin with another digit than 0; 0: free
    uint32_t *lines;  // 2^32 - 1: that one or a later one
    size_t capacity;
    size_t count;
};

// rf_seen_add: notes the E.164 number `phone` of `line`. `earlier` gets the line where it stood
// already, 0 if this is the first. Zero the struct before the first call. RF_ERR_NOMEM leaves it as
// it was.
RF_NODISCARD enum rf_err rf_seen_add(struct rf_seen *seen, const char *phone, size_t line,
                                     size_t *earlier);
void rf_seen_fini(struct rf_seen *seen);

#endif
