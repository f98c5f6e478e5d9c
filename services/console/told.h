// What the telephony provider tells by a callback: read from its form, if it is signed. Pure.
#ifndef CONSOLE_TOLD_H
#define CONSOLE_TOLD_H

#include <jansson.h>
#include <stdint.h>

#include "callback/callback.h"
#include "config/config.h"

// A callback as it came. Borrowed.
struct console_post {
    const char *url;  // under which the provider was told to call, by our own configuration: what
                      // stands before us may show us another one
    const char *type; // content type; NULL: none
    const char *signature; // NULL: none
    const char *body;
};

struct console_told {
    char sid[64];
    char status[32], answered_by[32]; // "": not told
    int64_t duration_s;               // -1: not told
};

enum console_trust {
    CONSOLE_SIGNED,
    CONSOLE_FORGED,   // no token of ours signs it so
    CONSOLE_UNUSABLE, // signed, but not in a form that we can use
};

// console_told_read: reads a callback that one of `tokens` has signed: the account may have two
// while one is replaced. Everything in `told` is of letters, digits, '-' and '_'.
enum console_trust console_told_read(const struct console_post *post,
                                     const struct rf_secret *tokens, size_t count,
                                     struct console_told *told);

// console_told_data: the data of its event; a new reference, NULL if out of memory.
json_t *console_told_data(const struct console_told *told, const char *attempt);

#endif
