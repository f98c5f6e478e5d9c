// Crash points: named places where a fault test can have the process die, as if by kill -9, at
// exactly the moment that a random kill would hit once in a thousand runs.
//
// RF_CRASH_AT=<name>[:<hit>] in the environment kills the process by SIGKILL when it comes to the
// point of that name for the <hit>th time (1 when it is not given). Without it a point costs one
// comparison.
#ifndef RF_BASE_CRASH_H
#define RF_BASE_CRASH_H

// rf_crash_point: dies here if RF_CRASH_AT names this point and this is the hit. Thread-safe.
void rf_crash_point(const char *name);

#endif
