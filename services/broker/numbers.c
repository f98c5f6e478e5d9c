#include "numbers.h"

void rf_numbers_init(struct rf_numbers *numbers, int64_t first, int64_t limit) {
    *numbers = (struct rf_numbers){.next = first, .limit = limit};
}

int64_t rf_numbers_take(struct rf_numbers *numbers) {
    return numbers->next < numbers->limit ? numbers->next++ : 0;
}

bool rf_numbers_low(struct rf_numbers *numbers) {
    if (numbers->asked || numbers->limit - numbers->next > RF_NUMBERS_BLOCK / 2)
        return false;
    numbers->asked = true;
    return true;
}

void rf_numbers_extend(struct rf_numbers *numbers, int64_t limit) {
    numbers->asked = false;
    if (limit > numbers->limit)
        numbers->limit = limit;
}
