#include "event_filter.h"

#include <string.h>

#include "base/severity.h"
#include "moment.h"

#define SEVERITY_ERROR 2

enum rf_err cli_event_filter_read(const struct cli_options *options, struct rf_utc now,
                                  struct cli_event_filter *filter, struct rf_error *error) {
    const char *severity = options->own[CLI_SEVERITY];
    const char *since = options->own[CLI_SINCE], *until = options->own[CLI_UNTIL];
    enum rf_err err = RF_OK;
    *filter = (struct cli_event_filter){.contact = options->own[CLI_CONTACT],
                                        .campaign = options->own[CLI_CAMPAIGN],
                                        .service = options->own[CLI_SERVICE]};
    if (severity != NULL && (filter->severity = rf_severity_parse(severity)) < 0)
        return rf_error_set(error, RF_ERR_INVALID,
                            "--severity: \"%s\"; expected info, warning, error or critical",
                            severity);
    if (since != NULL)
        err = cli_moment_read("--since", since, now, &filter->since, error);
    if (err == RF_OK && until != NULL)
        err = cli_moment_read("--until", until, now, &filter->until, error);
    if (err == RF_OK && until != NULL && filter->until.ns < filter->since.ns)
        err = rf_error_set(error, RF_ERR_INVALID, "--until is before --since");
    return err;
}

static bool is(const char *wanted, const char *value) {
    return wanted == NULL || (value != NULL && strcmp(wanted, value) == 0);
}

bool cli_event_filter_passes(const struct cli_event_filter *filter, const struct rf_event *event) {
    int rank = rf_severity_parse(event->severity);
    return is(filter->contact, event->contact) && is(filter->campaign, event->campaign) &&
           is(filter->service, event->service) &&
           (rank < 0 ? SEVERITY_ERROR : rank) >= filter->severity &&
           event->ts >= filter->since.ns &&
           (filter->until.ns == 0 || event->ts <= filter->until.ns);
}

bool cli_event_filter_narrow(const struct cli_event_filter *filter) {
    return filter->contact != NULL || filter->campaign != NULL || filter->service != NULL ||
           filter->severity > 0 || filter->since.ns > 0 || filter->until.ns > 0;
}
