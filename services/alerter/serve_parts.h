// What the parts of the service share.
#ifndef RF_ALERTER_SERVE_PARTS_H
#define RF_ALERTER_SERVE_PARTS_H

#include <jansson.h>

#include "serve.h"

// rf_serve_reply: the call ends with this result, which is borrowed. rf_serve_refuse: with an
// error.
void rf_serve_reply(struct rf_serve *serve, const char *id, json_t *result);
void rf_serve_refuse(struct rf_serve *serve, const char *id, enum rf_err err, const char *message);

// serve_test.c: a person tries a channel. rf_serve_stop_tests: those under way are not answered.
void rf_serve_test(struct rf_serve *serve, const struct rf_call_request *request);
void rf_serve_stop_tests(struct rf_serve *serve);

#endif
