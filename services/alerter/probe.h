// A channel tried by a person: one notice sent by the way that alerts take, and what happened at
// each step of it.
#ifndef RF_ALERTER_PROBE_H
#define RF_ALERTER_PROBE_H

#include <stdbool.h>

#include "request.h"

struct rf_probe;

// Called once, from the loop: whether the channel took it, and all that is known of it as JSON:
// {"channel", "alert": id, "ok", "message" (why not; "" with ok), "took_ms", "remote",
// "steps": [{"step", "ok", "took_ms", "detail"}]}. No secret stands in it. Both are borrowed.
typedef void rf_probe_fn(void *arg, bool ok, const char *json);

// rf_probe_notice: the notice that tries the channel of this name: kind test, an id and an incident
// of its own. The caller ends it by rf_alert_fini. RF_ERR_NOMEM.
RF_NODISCARD enum rf_err rf_probe_notice(const char *channel, struct rf_utc now,
                                         struct rf_alert *notice, struct rf_error *error);

// rf_probe_resolved: the notice that ends the incident which the notice `id`, made by
// rf_probe_notice for this channel, began at the receiver. As that one.
RF_NODISCARD enum rf_err rf_probe_resolved(const char *channel, const char *id, struct rf_utc now,
                                           struct rf_alert *notice, struct rf_error *error);

// rf_request_probe: as rf_request_send, with the steps noted. `sending` is borrowed for the call.
// RF_ERR_INVALID: the settings are wrong, and nothing
// was begun.
RF_NODISCARD enum rf_err rf_request_probe(const struct rf_sending *sending, rf_probe_fn *fn,
                                          void *arg, struct rf_probe **probe,
                                          struct rf_error *error);

// rf_probe_cancel: ends it without calling back, and nulls the pointer. Not after fn was called.
void rf_probe_cancel(struct rf_probe **probe);

#endif
