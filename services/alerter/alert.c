#include "alert.h"

#include <stdlib.h>

const char *rf_channel_name(enum rf_channel channel) {
    static const char *const names[RF_CHANNEL_COUNT] = {
        [RF_CHANNEL_EMAIL] = "email",
        [RF_CHANNEL_TELEGRAM] = "telegram",
        [RF_CHANNEL_WEBHOOK] = "webhook",
    };
    return (unsigned)channel < RF_CHANNEL_COUNT ? names[channel] : "unknown";
}

void rf_alert_fini(struct rf_alert *alert) {
    free(alert->severity);
    free(alert->type);
    free(alert->subject);
    free(alert->incident);
    free(alert->title);
    free(alert->text);
    free(alert->payload);
    *alert = (struct rf_alert){0};
}
