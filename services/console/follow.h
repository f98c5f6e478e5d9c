// Secrets of the console that follow their files.
#ifndef CONSOLE_FOLLOW_H
#define CONSOLE_FOLLOW_H

#include <stdbool.h>

#include <ringfence/time.h>

#include "config/secret.h"

// console_follow_due: whether files may be read again: once a second, as whoever shows a wrong
// token makes us do it. `next` is when they may the next time.
bool console_follow_due(struct rf_instant *next, struct rf_instant now);

// console_follow: reads the secret's file again; whether it is another one now. One that cannot be
// read stays, and is told of as "`what` of `whose`". Blocks on the disk.
bool console_follow(struct rf_secret *secret, const char *what, const char *whose);

#endif
