// All campaigns in a table. Pure.
#ifndef RF_CLI_CAMPAIGN_TABLE_H
#define RF_CLI_CAMPAIGN_TABLE_H

#include <jansson.h>

#include "events/text.h"

// cli_campaign_table: appends a line for each campaign, as the operation `status` gives them, below
// a line of titles.
void cli_campaign_table(const json_t *campaigns, struct rf_text *text);

#endif
