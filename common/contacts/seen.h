// Which telephone numbers were met in which line: 16 bytes a number and some room.
#ifndef RF_CONTACTS_SEEN_H
#define RF_CONTACTS_SEEN_H

#include <stddef.h>
#include <stdint.h>

#include <ringfence/error.h>

struct rf_seen {
    struct rf_seen_entry *entries; // open addressing; a power of two
    size_t capacity;
    size_t count;
};

struct rf_seen_entry {
    uint64_t phone; // its digits as a number, which begins with another digit than 0; 0: free
    size_t line;
};

// rf_seen_add: notes the E.164 number `phone` of `line`. `earlier` gets the line where it stood
// already, 0 if this is the first. Zero the struct before the first call. RF_ERR_NOMEM leaves it as
// it was.
RF_NODISCARD enum rf_err rf_seen_add(struct rf_seen *seen, const char *phone, size_t line,
                                     size_t *earlier);
void rf_seen_fini(struct rf_seen *seen);

#endif
