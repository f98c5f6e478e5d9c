// The requests of a contact's steps, as they go to the bus.
#ifndef RF_ORCHESTRATOR_REQUEST_H
#define RF_ORCHESTRATOR_REQUEST_H

#include "config/config.h"
#include "plan.h"

// rf_request_script, _speech, _dial, _find, _status: the parameters of the call that `contact`
// needs in its state; a new reference, NULL if out of memory (or, of a dial, if the configuration
// does not allow it: then `error` says why).
json_t *rf_request_script(const struct rf_contact *contact, const struct rf_config *config);
json_t *rf_request_speech(const struct rf_contact *contact);
json_t *rf_request_dial(const struct rf_contact *contact, const struct rf_config *config,
                        struct rf_utc now, struct rf_error *error);
json_t *rf_request_find(const struct rf_contact *contact, const struct rf_rules *rules,
                        struct rf_utc now, json_t *known);
json_t *rf_request_status(const struct rf_contact *contact);

#endif
