// Members of the JSON objects that are answered.
#ifndef RF_ORCHESTRATOR_PUT_H
#define RF_ORCHESTRATOR_PUT_H

#include <stdint.h>

#include <jansson.h>

// rf_put_text: nothing if `text` is NULL.
void rf_put_text(json_t *object, const char *key, const char *text);

void rf_put_number(json_t *object, const char *key, int64_t number);

#endif
