// An alert as the forms show it: its texts taken apart into what a person looks for: the
// values that a template can name (rf_form_names).
#ifndef RF_ALERTER_VIEW_H
#define RF_ALERTER_VIEW_H

#include <jansson.h>

#include <ringfence/time.h>

#include "alert.h"

// rf_view_new: the values of `alert` at `now`; NULL: out of memory. Freed by json_decref.
json_t *rf_view_new(const struct rf_alert *alert, struct rf_utc now);

// rf_view_age: the line that tells that an alert comes late, "" if it does not (incident 37: an
// old notice must not look new). Into out (RF_AGE_SIZE bytes). Returns out.
#define RF_AGE_SIZE 96
char *rf_view_age(const struct rf_alert *alert, struct rf_utc now, char out[RF_AGE_SIZE]);

// rf_view_state: what a notice is to its incident, "" for its first: "Resolved after 12 min". Into
// out (RF_STATE_SIZE bytes). Returns out.
#define RF_STATE_SIZE 64
char *rf_view_state(const struct rf_alert *alert, char out[RF_STATE_SIZE]);

// rf_view_color: 0xRRGGBB for a severity, green for what is over.
unsigned rf_view_color(const struct rf_alert *alert);

#endif
