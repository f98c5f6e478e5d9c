// The rules of the logger's section that concern several keys, or a form that no row has.
#include <string.h>

#include "config/check.h"
#include "config/syslog_address.h"

#define LEAST_LOG_BYTES 4096

// Bounds that are there, and would leave nothing or a file for each line.
static enum rf_err check_rotation(const struct check *check) {
    const struct rf_config_rotate *rotate = &check->config->logger.rotate;
    if (rotate->size > 0 && rotate->size < LEAST_LOG_BYTES)
        return COMPLAIN(check, "logger.rotate.size",
                        "is too small for a log; expected at least 4KiB, or 0B");
    if (rotate->age.ns > 0 && rotate->age.ns < RF_NS_PER_S)
        return COMPLAIN(check, "logger.rotate.age",
                        "is too short for a log; expected at least 1s, or 0s");
    if (rotate->compress == RF_COMPRESS_NONE && rotate->keep_bytes > 0 &&
        rotate->keep_bytes < rotate->size)
        return COMPLAIN_EITHER(check, "logger.rotate.keep_bytes", "logger.rotate.size",
                               "keep_bytes is less than size, so that a file goes as soon as it is "
                               "closed; expected at least as much, or 0B");
    return RF_OK;
}

// Names in a syslog message: printable ASCII without what separates (RFC 5424, 6).
static bool is_syslog_name(const char *text, size_t most) {
    for (const char *c = text; *c != '\0'; c++)
        if (*c <= ' ' || *c >= 0x7f || strchr("=]\"", *c) != NULL)
            return false;
    return strlen(text) <= most;
}

static enum rf_err check_syslog(const struct check *check) {
    const struct rf_config_syslog *syslog = &check->config->logger.syslog;
    struct rf_syslog_address address;
    if (syslog->url != NULL && !rf_syslog_address_parse(syslog->url, &address))
        return COMPLAIN(check, "logger.syslog.url",
                        "is no receiver; expected udp://HOST[:PORT], tcp://HOST[:PORT], "
                        "tls://HOST[:PORT] or unix://PATH");
    if (!is_syslog_name(syslog->app_name, 48))
        return COMPLAIN(check, "logger.syslog.app_name",
                        "is no name for syslog; expected at most 48 letters, digits and marks");
    if (!is_syslog_name(syslog->sd_id, 32))
        return COMPLAIN(check, "logger.syslog.sd_id",
                        "is no name for structured data; expected NAME@NUMBER of at most 32 bytes");
    return syslog->enabled ? check_needed(check, "logger.syslog.enabled", syslog->url != NULL,
                                          "logger.syslog.url", "where to")
                           : RF_OK;
}

enum rf_err check_logger(const struct check *check) {
    const struct rf_config_logger *logger = &check->config->logger;
    enum rf_err err = check_syslog(check);
    if (err == RF_OK && logger->sheets.enabled)
        err = check_needed(check, "logger.sheets.enabled", logger->sheets.spreadsheet != NULL,
                           "logger.sheets.spreadsheet", "the id of a spreadsheet");
    if (err == RF_OK && logger->sheets.enabled)
        err = check_needed(check, "logger.sheets.enabled", logger->sheets.credentials != NULL,
                           "logger.sheets.credentials", "the path of a service account's JSON");
    if (err == RF_OK)
        err = check_rotation(check);
    if (err == RF_OK && logger->retry.max_delay.ns < logger->retry.initial_delay.ns)
        err = COMPLAIN_EITHER(check, "logger.retry.max_delay", "logger.retry.initial_delay",
                              "max_delay is shorter than initial_delay; expected at least as long");
    return err;
}
