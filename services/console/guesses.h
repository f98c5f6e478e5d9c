// How often wrong tokens came from an address, and whether one more is looked at. Pure.
#ifndef CONSOLE_GUESSES_H
#define CONSOLE_GUESSES_H

#include <stddef.h>

#include <ringfence/time.h>

#define CONSOLE_GUESSES_AT_ONCE 10
#define CONSOLE_GUESS_EVERY     rf_seconds(30) // one more
#define CONSOLE_GUESSERS        256            // addresses that are remembered

struct console_guesser {
    unsigned char address[16];
    struct rf_instant free; // when all that it had is given back; in the past: nothing to remember
};

// All zero: nobody has guessed.
struct console_guesses {
    struct console_guesser items[CONSOLE_GUESSERS];
};

// console_guesses_wait: how long nothing that comes from `address` (as of rf_http_exchange_peer) is
// looked at, a right token neither: else whoever guesses would learn it. 0: it is. IPv6 addresses
// of one network (/64) are one, as whoever has one has all of them.
struct rf_duration console_guesses_wait(const struct console_guesses *guesses,
                                        const unsigned char address[16], struct rf_instant now);

// console_guesses_wrong: a wrong token came from there. Where there are too many addresses the one
// whose guesses are over first is forgotten.
void console_guesses_wrong(struct console_guesses *guesses, const unsigned char address[16],
                           struct rf_instant now);

#endif
