// Crash points: named places where a fault test can have the process die, as if by kill -9, or
// stop, at exactly the moment that a random kill would hit once in a thousand runs. All of them
// stand in crash_point.def.
//
// They are there only if the CMake option RF_CRASH_POINTS is on, as in the builds that are tested;
// a release has none of them.
//
// RF_CRASH_AT=<part>.<moment>[:<hit>][:stop] in the environment kills the process by SIGKILL when
// it comes to the point for the <hit>th time (1 when it is not given), or stops it by SIGSTOP, and
// says so on stderr before. A point that is not in the table ends the process at the first one that
// it passes, so that no test waits for it in vain. Without the variable a point costs one
// comparison.
#ifndef RF_BASE_CRASH_POINT_H
#define RF_BASE_CRASH_POINT_H

#define POINT(part, moment, sentence) RF_CRASH_##part##_##moment,
enum rf_crash_point {
#include "base/crash_point.def"
    RF_CRASH_POINT_COUNT
};
#undef POINT

// RF_CRASH_POINT: dies, or stops, here if RF_CRASH_AT names this point and this is the hit. A point
// that is not in the table does not compile. Thread-safe.
#ifdef RF_CRASH_POINTS
#define RF_CRASH_POINT(part, moment) rf_crash_point_pass(RF_CRASH_##part##_##moment)
#else
#define RF_CRASH_POINT(part, moment) ((void)RF_CRASH_##part##_##moment)
#endif

#ifdef RF_CRASH_POINTS
// rf_crash_point_pass: for RF_CRASH_POINT.
void rf_crash_point_pass(enum rf_crash_point point);
#endif

#endif
