#include "alert.h"

#include <stdlib.h>
#include <string.h>

static const char *const notices[RF_NOTICE_COUNT] = {
    [RF_NOTICE_OPENED] = "opened",     [RF_NOTICE_UPDATED] = "updated",
    [RF_NOTICE_REMINDER] = "reminder", [RF_NOTICE_ESCALATED] = "escalated",
    [RF_NOTICE_RESOLVED] = "resolved", [RF_NOTICE_ACKED] = "acknowledged",
    [RF_NOTICE_DIGEST] = "digest",     [RF_NOTICE_TEST] = "test",
};

const char *rf_notice_name(enum rf_notice kind) {
    return (unsigned)kind < RF_NOTICE_COUNT ? notices[kind] : "unknown";
}

enum rf_notice rf_notice_parse(const char *name) {
    for (int i = 0; name != NULL && i < RF_NOTICE_COUNT; i++)
        if (strcmp(notices[i], name) == 0)
            return (enum rf_notice)i;
    return RF_NOTICE_OPENED;
}

void rf_alert_fini(struct rf_alert *alert) {
    free(alert->severity);
    free(alert->type);
    free(alert->subject);
    free(alert->incident);
    free(alert->concerns);
    free(alert->title);
    free(alert->text);
    free(alert->payload);
    *alert = (struct rf_alert){0};
}
