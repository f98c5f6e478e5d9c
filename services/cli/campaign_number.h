// Numbers on the command line of campaigns.
#ifndef RF_CLI_CAMPAIGN_NUMBER_H
#define RF_CLI_CAMPAIGN_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

// cli_priority_read: a priority, -10 to 10; false, and what was expected of `what` is told.
bool cli_priority_read(const char *what, const char *text, int64_t *priority);

#endif
