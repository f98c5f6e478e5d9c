// Settings of a campaign's own, as they are given and told.
#ifndef RF_CLI_CAMPAIGN_SETTINGS_H
#define RF_CLI_CAMPAIGN_SETTINGS_H

#include <jansson.h>

#include "events/text.h"

// cli_settings_text: appends "max_calls 3, windows [mon-fri 09:00-17:00], recall.busy.retries 2";
// nothing if there are none.
void cli_settings_text(const json_t *settings, struct rf_text *text);

// cli_settings_file: the text of the file at `path`, a new string that the caller frees; its size
// is at most what the orchestrator takes. NULL: it cannot be read; that was printed.
char *cli_settings_file(const char *path);

// cli_settings_change: adds "KEY=VALUE" to an object of changes; "KEY=" is as configured again.
// False if it is not of that form; that was printed.
bool cli_settings_change(json_t *changes, const char *assignment);

#endif
