#include "campaign_number.h"

#include <stdlib.h>

#include "base/log.h"

#define MOST 10

bool cli_priority_read(const char *what, const char *text, int64_t *priority) {
    char *end;
    long value = strtol(text, &end, 10);
    if (end == text || *end != '\0' || value < -MOST || value > MOST) {
        rf_log(RF_LOG_ERROR, "%s: expected a number from %d to %d; higher goes first", what, -MOST,
               MOST);
        return false;
    }
    *priority = value;
    return true;
}
