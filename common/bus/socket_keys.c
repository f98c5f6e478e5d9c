#include "bus/socket_keys.h"

#include <limits.h>

#include "curve/endpoint.h"

static const char *tcp_endpoint(const struct rf_bus_config *config, bool (*fits)(const char *)) {
    const char *const all[] = {config->calls, config->workers, config->ingest, config->events};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i] != NULL && rf_endpoint_is_tcp(all[i]) && fits(all[i]))
            return all[i];
    return NULL;
}

static bool is_not_loopback(const char *endpoint) {
    return !rf_endpoint_is_loopback(endpoint);
}

static enum rf_err check_plain(const struct rf_bus_config *config, struct rf_error *error) {
    const char *endpoint = tcp_endpoint(config, rf_endpoint_is_tcp);
    if (config->insecure)
        endpoint = tcp_endpoint(config, is_not_loopback);
    if (endpoint == NULL)
        return RF_OK;
    return rf_error_set(error, RF_ERR_CONFIG,
                        "%s: plain TCP is neither encrypted nor identified; set "
                        "bus.curve.secret_file (ringfence keys new) or, on a loopback address, "
                        "bus.insecure: yes",
                        endpoint);
}

static enum rf_err load_own(const char *pattern, const char *service, struct rf_curve_pair *own,
                            struct rf_error *error) {
    char path[PATH_MAX];
    enum rf_err err = rf_curve_path(pattern, service, path, sizeof path, error);
    if (err == RF_OK)
        err = rf_curve_secret_read(path, own, error);
    if (err == RF_OK)
        return RF_OK;
    if (err == RF_ERR_NOT_FOUND)
        rf_error_set(error, err,
                     "%s: is not there; on this host: ringfence keys new %s; then on the broker's: "
                     "ringfence keys allow with the %s.public of here",
                     path, service, service);
    rf_error_prefix(error, "bus.curve.secret_file: ");
    return error->code = RF_ERR_CONFIG;
}

static enum rf_err load_server(const char *path, char key[RF_CURVE_KEY_SIZE],
                               struct rf_error *error) {
    if (path == NULL)
        return rf_error_set(error, RF_ERR_CONFIG,
                            "bus.curve.server_key_file is not set; expected the file of the "
                            "broker's public key");
    if (rf_curve_server_read(path, key, error) == RF_OK)
        return RF_OK;
    rf_error_prefix(error, "bus.curve.server_key_file: ");
    return error->code = RF_ERR_CONFIG;
}

enum rf_err rf_socket_keys_load(const struct rf_bus_config *config, const char *service,
                                bool client, struct rf_socket_keys *keys, struct rf_error *error) {
    *keys = (struct rf_socket_keys){.curve = false};
    if (tcp_endpoint(config, rf_endpoint_is_tcp) == NULL)
        return RF_OK;
    if (config->curve.secret_file == NULL)
        return check_plain(config, error);
    enum rf_err err = load_own(config->curve.secret_file, service, &keys->own, error);
    if (err == RF_OK && client)
        err = load_server(config->curve.server_key_file, keys->server, error);
    keys->curve = err == RF_OK;
    return err;
}

void rf_socket_keys_wipe(struct rf_socket_keys *keys) {
    rf_curve_pair_wipe(&keys->own);
    keys->curve = false;
}
