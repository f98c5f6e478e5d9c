// The cheap question by which a provider and its key are tried: the one of the configuration's
// probe_path, which is never a billed call, or another of that kind. By the same client and the
// same settings as calls.
#ifndef RF_PROBE_PROVIDER_PROBE_H
#define RF_PROBE_PROVIDER_PROBE_H

#include <stdbool.h>

#include <ringfence/error.h>
#include <ringfence/time.h>

#include "config/config.h"
#include "http/client.h"

struct rf_provider_probe {
    enum rf_provider provider;
    const struct rf_config_provider *config;
    const char *key;  // in place of the configuration's; NULL: none
    const char *path; // what is asked for; NULL: probe_path
    struct rf_duration timeout;
    bool fresh;                  // over a connection of its own, whose certificate is looked at
    struct rf_http_trace *trace; // only with `fresh`; NULL: nowhere
};

// rf_provider_probe_send: as rf_http_send. Nothing of `probe` but the trace is needed afterwards.
RF_NODISCARD enum rf_err
rf_provider_probe_send(struct rf_http *http, const struct rf_provider_probe *probe, rf_http_fn *fn,
                       void *arg, struct rf_http_transfer **transfer, struct rf_error *error);

#endif
