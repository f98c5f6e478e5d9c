// Attributes in the JSON form of OpenTelemetry's protobuf (opentelemetry-proto 1.x, common/v1): the
// values of log records and spans. Pure.
#ifndef RF_LOGGER_OTLP_VALUE_H
#define RF_LOGGER_OTLP_VALUE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

// rf_otlp_integer: an AnyValue; NULL if out of memory.
json_t *rf_otlp_integer(int64_t number);

// Each adds one KeyValue to the array `pairs`; false if out of memory. rf_otlp_add takes over
// `value`, an AnyValue, NULL of which stands for want of memory. rf_otlp_add_text: nothing is added
// of a text that is NULL or empty, and what is no UTF-8 in it is replaced. rf_otlp_add_datum:
// anything of JSON, as ringfence.data.KEY.
bool rf_otlp_add(json_t *pairs, const char *key, json_t *value);
bool rf_otlp_add_text(json_t *pairs, const char *key, const char *text);
bool rf_otlp_add_datum(json_t *pairs, const char *key, const json_t *value);

#endif
