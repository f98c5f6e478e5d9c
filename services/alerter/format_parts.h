// What the forms share.
#ifndef RF_ALERTER_FORMAT_PARTS_H
#define RF_ALERTER_FORMAT_PARTS_H

#include "forms/forms.h"

#include "format.h"

// rf_form_text: the alert in the user's form, or, where there is none or it fails, in ours: then
// `trouble` says why. A new string; NULL: out of memory.
char *rf_form_text(const struct rf_forms *forms, enum rf_form form, const struct rf_alert *alert,
                   struct rf_utc now, struct rf_error *trouble, struct rf_error *error);

// rf_shape_body: the body for Slack, Discord or PagerDuty. A new string; NULL: out of memory.
char *rf_shape_body(const struct rf_webhook_form *form);

#endif
