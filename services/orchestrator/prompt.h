// The prompt of the script: a template whose {name}, {phone} and {COLUMN} are the contact's. Pure.
#ifndef RF_ORCHESTRATOR_PROMPT_H
#define RF_ORCHESTRATOR_PROMPT_H

#include <jansson.h>

// rf_prompt_fill: `template` with its placeholders replaced: {name} and {phone}, and any other by
// the text of that name in `fields` (may be NULL). What nobody knows stays as it is; what was put
// in is not looked at again. A new string that the caller frees; NULL if out of memory.
char *rf_prompt_fill(const char *template, const char *name, const char *phone,
                     const json_t *fields);

#endif
