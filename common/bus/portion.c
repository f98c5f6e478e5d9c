#include "bus/portion.h"

// After an answer within QUICK twice as much is still GOOD. Over LATE a heartbeat that comes behind
// it would soon be missed: by default that is so after 2 s.
#define QUICK rf_ms(250)
#define GOOD  rf_ms(500)
#define LATE  rf_seconds(1)

// After so many answers it is looked anew whether it is the line.
#define JUDGED_FOR 64

void rf_portion_init(struct rf_portion *portion, size_t most) {
    *portion = (struct rf_portion){.bytes = RF_PORTION_FIRST, .most = most};
}

static void grow(struct rf_portion *portion, size_t by) {
    size_t room = portion->most - portion->bytes;
    portion->bytes += by < room ? by : room;
}

static void halve(struct rf_portion *portion) {
    portion->bytes /= 2;
    if (portion->bytes < RF_PORTION_LEAST)
        portion->bytes = RF_PORTION_LEAST;
}

// Beside the answer before: half of the change of size, or more, in the time is the line's.
static void judge(struct rf_portion *portion, size_t size, struct rf_duration took) {
    if (++portion->answers > JUDGED_FOR)
        portion->judged = portion->delayed = false;
    if (portion->size == 0)
        return;
    bool longer = took.ns / 3 >= portion->took.ns / 2,
         shorter = took.ns / 3 <= portion->took.ns / 4;
    bool more = size / 3 >= portion->size / 2, less = size / 2 <= portion->size / 3;
    if (more || less) {
        portion->judged = true;
        portion->delayed = more ? !longer : !shorter;
        portion->answers = 0;
    } else if (longer) {
        portion->delayed = false; // whatever it was, it has become slower
    }
}

void rf_portion_came(struct rf_portion *portion, size_t size, struct rf_duration took) {
    bool used = size >= portion->bytes / 2;
    judge(portion, size, took);
    portion->size = size;
    portion->took = took;
    if (took.ns <= QUICK.ns || (portion->delayed && used))
        grow(portion, used ? portion->bytes : 0);
    else if (used && !portion->judged && portion->bytes == RF_PORTION_LEAST)
        grow(portion, portion->bytes); // it cannot be looked for below
    else if (took.ns > LATE.ns || (used && !portion->judged))
        halve(portion);
    else if (used && took.ns <= GOOD.ns)
        grow(portion, RF_PORTION_LEAST);
}

void rf_portion_missed(struct rf_portion *portion) {
    portion->size = 0;
    portion->judged = portion->delayed = false;
    halve(portion);
}
