// A mail's recipients, from one attempt to the next.
#include "base/log.h"
#include "courier_parts.h"
#include "request.h"

enum rf_err rf_courier_mail_begin(struct rf_courier *courier, bool *owed, struct rf_error *error) {
    *owed = true;
    if (courier->channel.kind != RF_CHANNEL_EMAIL)
        return RF_OK;
    rf_recipients_fini(&courier->recipients);
    enum rf_err result = rf_request_recipients(&courier->channel, courier->reading.recipients,
                                               &courier->recipients, error);
    *owed = result != RF_OK || rf_recipients_owed(&courier->recipients);
    return result;
}

// What a far side says may hold what it was told.
void rf_courier_mail_judge(struct rf_courier *courier, struct rf_verdict *verdict) {
    if (courier->channel.kind != RF_CHANNEL_EMAIL)
        return;
    rf_recipients_judge(&courier->recipients, verdict);
    for (size_t i = 0; i < courier->recipients.count; i++)
        rf_request_hide(&courier->channel, courier->recipients.items[i].message);
}

void rf_courier_mail_tell(struct rf_courier *courier) {
    const char *alert = courier->reading.alert.id;
    for (size_t i = 0; i < courier->recipients.count; i++) {
        struct rf_recipient *recipient = &courier->recipients.items[i];
        if (!recipient->fresh)
            continue;
        recipient->fresh = false;
        rf_log(RF_LOG_WARNING, "%s: alert %s is refused for %s: %s", courier->channel.name, alert,
               recipient->address, recipient->message);
        rf_courier_publish(courier, RF_EVENT_ALERT_REFUSED,
                           json_pack("{s:s, s:s, s:s}", "alert", alert, "recipient",
                                     recipient->address, "message", recipient->message));
    }
}
