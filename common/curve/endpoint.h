// Which endpoints of ZeroMQ need keys, and where the keys are. Pure.
#ifndef RF_CURVE_ENDPOINT_H
#define RF_CURVE_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>

#include <ringfence/error.h>

// rf_endpoint_is_tcp: whether it can be reached from other hosts, in principle.
bool rf_endpoint_is_tcp(const char *endpoint);

// rf_endpoint_is_loopback: whether it is tcp://ADDRESS:PORT, and the address is this host's own:
// 127.x.x.x, [::1] or localhost.
bool rf_endpoint_is_loopback(const char *endpoint);

// rf_curve_path: the path of a process's secret key: `pattern` with `service` for each {service} in
// it. RF_ERR_INVALID if it is too long.
RF_NODISCARD enum rf_err rf_curve_path(const char *pattern, const char *service, char *out,
                                       size_t size, struct rf_error *error);

#endif
