#include "guesses.h"

#include <string.h>

#define NETWORK_BYTES 8 // of an IPv6 address

static size_t bytes_that_count(const unsigned char address[16]) {
    static const unsigned char mapped[12] = {[10] = 0xff, 0xff};
    return memcmp(address, mapped, sizeof mapped) == 0 ? 16 : NETWORK_BYTES;
}

static bool is_same(const unsigned char a[16], const unsigned char b[16]) {
    size_t count = bytes_that_count(a);
    return count == bytes_that_count(b) && memcmp(a, b, count) == 0;
}

// A bucket as the one date at which it is full again: each guess moves it on.
static struct rf_duration used(const struct console_guesser *guesser, struct rf_instant now) {
    return rf_instant_before(now, guesser->free) ? rf_instant_since(guesser->free, now) : rf_ns(0);
}

struct rf_duration console_guesses_wait(const struct console_guesses *guesses,
                                        const unsigned char address[16], struct rf_instant now) {
    int64_t most = CONSOLE_GUESS_EVERY.ns * (CONSOLE_GUESSES_AT_ONCE - 1);
    for (size_t i = 0; i < CONSOLE_GUESSERS; i++) {
        const struct console_guesser *guesser = &guesses->items[i];
        struct rf_duration of = used(guesser, now);
        if (of.ns > most && is_same(guesser->address, address))
            return rf_ns(of.ns - most);
    }
    return rf_ns(0);
}

void console_guesses_wrong(struct console_guesses *guesses, const unsigned char address[16],
                           struct rf_instant now) {
    struct console_guesser *place = &guesses->items[0];
    for (size_t i = 0; i < CONSOLE_GUESSERS; i++) {
        struct console_guesser *guesser = &guesses->items[i];
        if (used(guesser, now).ns > 0 && is_same(guesser->address, address)) {
            guesser->free = rf_instant_add(guesser->free, CONSOLE_GUESS_EVERY);
            return;
        }
        if (used(guesser, now).ns < used(place, now).ns)
            place = guesser;
    }
    memcpy(place->address, address, sizeof place->address);
    place->free = rf_instant_add(now, CONSOLE_GUESS_EVERY);
}
