// How a campaign ended, for people and for programs. Pure.
#ifndef RF_CLI_SUMMARY_H
#define RF_CLI_SUMMARY_H

#include "events/text.h"
#include "run.h"

// cli_campaign_text: appends how one campaign stands, as `campaign status` gives it: two or three
// lines.
void cli_campaign_text(const json_t *campaign, struct rf_text *text);

// cli_order_text: appends what an order (pause, resume, cancel, priority) made of a campaign.
void cli_order_text(const char *order, const json_t *result, struct rf_text *text);

// cli_summary_text: appends the lines that tell how the run ended.
void cli_summary_text(const struct cli_run *run, struct rf_text *text);

// cli_summary_json: the same as a new object: campaign, added, known, total, status, set_aside[],
// refused[], refused_count, rejects, complete. `rejects` is the file of the refused lines; NULL:
// none. NULL if out of memory.
json_t *cli_summary_json(const struct cli_run *run, const char *rejects);

#endif
