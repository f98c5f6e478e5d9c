// What the rules that concern several keys share. Private to common/config.
#ifndef RF_CONFIG_CHECK_H
#define RF_CONFIG_CHECK_H

#include "config/config.h"
#include "config/load.h"

struct check {
    const struct rf_config *config;
    const struct rf_config_origin *origin;
    struct rf_error *error;
};

#define COMPLAIN(check, key, ...)                                                                  \
    rf_config_fail((check)->error, (check)->origin->file,                                          \
                   rf_config_origin_line((check)->origin, key), key, __VA_ARGS__)

// check_written: the first of the keys that was written; the last one if none was.
const char *check_written(const struct check *check, const char *const *keys, size_t count);

// Complains at `a` or, where only that was written, at `b`.
#define COMPLAIN_EITHER(check, a, b, ...)                                                          \
    COMPLAIN(check, check_written(check, (const char *const[]){a, b, a}, 3), __VA_ARGS__)

// check_needed: complains at `cause` that it needs the key `needed`, unless that is present; `what`
// was expected there.
enum rf_err check_needed(const struct check *check, const char *cause, bool present,
                         const char *needed, const char *what);

// check_logger (check_logger.c): files, sheet, syslog, waits.
enum rf_err check_logger(const struct check *check);

// check_campaign (check_campaign.c): calling windows, and the rules of calling again.
enum rf_err check_campaign(const struct check *check);

// check_channels (channel.c): names of alerter.channels.
enum rf_err check_channels(const struct check *check);

// check_console (items_console.c): its tokens, and its certificate.
enum rf_err check_console(const struct check *check);

// check_alert_rules (items_alert.c): what alerter.rules says of other parts of the file.
enum rf_err check_alert_rules(const struct check *check);

#endif
