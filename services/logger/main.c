// The logger writes down every event: as a line of JSON, as a line for people, as a row of a Google
// Sheet. Each sink reads the journal for itself, so one that fails holds no other.
#include <stdlib.h>

#include <openssl/crypto.h>

#include "logger.h"

static const struct rf_service logger = {
    .name = "logger",
    .summary = "writes every event to app_logs.json, app.log and a Google Sheet",
    .details = "SIGHUP reads the configuration again and reopens the files.",
    .uses_bus = true,
    .lines_alone = true,
    .start = rf_logger_start,
    .drain = rf_logger_drain,
    .overdue = rf_logger_overdue,
    .reload = rf_logger_reload,
    .stop = rf_logger_stop,
};

int main(int argc, char **argv) {
    // A carrier's thread that is late (syslog_carrier.h) may still be within OpenSSL when we exit:
    // what it uses must not be freed under it. Only the first call into OpenSSL can say so.
    if (OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL) != 1)
        return EXIT_FAILURE;
    return rf_service_run(&logger, argc, argv);
}
