// The keys of a process's sockets, from its configuration.
#ifndef RF_BUS_SOCKET_KEYS_H
#define RF_BUS_SOCKET_KEYS_H

#include <ringfence/bus_config.h>

#include "bus/socket.h"

// rf_socket_keys_load: what `service` needs for its endpoints: nothing if none of them is TCP, or
// if the configuration allows plain TCP and they are loopback addresses; else the key in
// curve.secret_file and, for a `client` of the broker, that in curve.server_key_file. RF_ERR_CONFIG
// names the key of the configuration and the mend.
RF_NODISCARD enum rf_err rf_socket_keys_load(const struct rf_bus_config *config,
                                             const char *service, bool client,
                                             struct rf_socket_keys *keys, struct rf_error *error);

// rf_socket_keys_wipe: forgets the secret.
void rf_socket_keys_wipe(struct rf_socket_keys *keys);

#endif
