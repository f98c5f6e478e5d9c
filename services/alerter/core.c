#include "core.h"

#include <stdlib.h>

#include "rules.h"

void rf_core_alerts_free(struct rf_alert **alerts, size_t *count) {
    for (size_t i = 0; i < *count; i++)
        rf_alert_fini(&(*alerts)[i]);
    free(*alerts);
    *alerts = NULL;
    *count = 0;
}

// Before anything is made of it: an alert goes to mailboxes and chats.
static enum rf_err make_redacted(const struct rf_redaction *redaction, const struct rf_event *event,
                                 bool *made, struct rf_alert *alert, struct rf_error *error) {
    struct rf_redacted_event redacted;
    if (rf_redact_event(redaction, event, &redacted) != RF_OK)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    enum rf_err result = rf_alert_make(&redacted.event, made, alert, error);
    rf_redacted_event_fini(&redacted);
    return result;
}

enum rf_err rf_core_alerts(const struct rf_redaction *redaction, const struct rf_event *events,
                           size_t count, struct rf_alert **alerts, size_t *made,
                           struct rf_error *error) {
    *made = 0;
    *alerts = calloc(count + 1, sizeof **alerts);
    if (*alerts == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "no memory for %zu alerts", count);
    for (size_t i = 0; i < count; i++) {
        bool is_alert = false;
        enum rf_err result =
            make_redacted(redaction, &events[i], &is_alert, &(*alerts)[*made], error);
        if (result != RF_OK) {
            rf_core_alerts_free(alerts, made);
            return result;
        }
        *made += is_alert;
    }
    return RF_OK;
}
