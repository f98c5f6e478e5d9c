#include "bus/portion.h"

// After an answer within QUICK twice as much is still GOOD. Over LATE a heartbeat that comes behind
// it would soon be missed: by default that is so after 2 s.
#define QUICK rf_ms(250)
#define GOOD  rf_ms(500)
#define LATE  rf_seconds(1)

void rf_portion_init(struct rf_portion *portion, size_t most) {
    *portion = (struct rf_portion){.bytes = RF_PORTION_FIRST, .most = most};
}

static void grow(struct rf_portion *portion, size_t by) {
    size_t room = portion->most - portion->bytes;
    portion->bytes += by < room ? by : room;
}

void rf_portion_came(struct rf_portion *portion, size_t size, struct rf_duration took) {
    if (took.ns > LATE.ns)
        rf_portion_missed(portion);
    else if (size >= portion->bytes / 2 && took.ns <= QUICK.ns)
        grow(portion, portion->bytes);
    else if (size >= portion->bytes / 2 && took.ns <= GOOD.ns)
        grow(portion, RF_PORTION_LEAST);
}

void rf_portion_missed(struct rf_portion *portion) {
    portion->bytes /= 2;
    if (portion->bytes < RF_PORTION_LEAST)
        portion->bytes = RF_PORTION_LEAST;
}
