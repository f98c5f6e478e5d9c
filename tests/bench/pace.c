#include "pace.h"

#include <sys/prctl.h>

#include "stamp.h"

void pace_begin(struct pace *pace, size_t rate) {
    prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    *pace = (struct pace){stamp_utc(), rate};
}

int64_t pace_due(const struct pace *pace, size_t number) {
    if (pace->rate == 0)
        return stamp_utc();
    return pace->began_utc + (int64_t)((double)number * 1e9 / (double)pace->rate);
}
