// What a person says about alerts: silences and acknowledgements are retained values, and each is
// told by an event in the act that makes, changes or ends it.
//
//   alert/silence/ID   {"match": {"incident", ...}, "by", "why", "from", "until"}; ended before its
//                      time: the same with "ended_by", "ended_why" and an `until` that has come
//   alert/ack/ID       {"by", "why", "at", "incident": its name, "title"}; ID: of the incident
#ifndef RF_BROKER_ALERT_WORD_H
#define RF_BROKER_ALERT_WORD_H

#include <stdbool.h>

#include <jansson.h>

struct rf_core;

// rf_alert_word_is: whether the key is one of these.
bool rf_alert_word_is(const char *key);

// rf_alert_word_written: tells what became of the value `before` (NULL: there was none) by `after`.
// Nothing for a value that says what it said before, as a client's second try does.
void rf_alert_word_written(struct rf_core *core, const char *key, json_t *before, json_t *after);

// rf_alert_word_gone: the value `last` was deleted, by its lease or a client.
void rf_alert_word_gone(struct rf_core *core, const char *key, const json_t *last);

#endif
