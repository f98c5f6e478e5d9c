// The keys of the bus, as far as they are on this host.
#include "config/review.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "curve/endpoint.h"
#include "curve/known.h"

#define SECRET "bus.curve.secret_file"
#define SERVER "bus.curve.server_key_file"
#define KNOWN  "broker.known_clients"

// The processes of a set, and the roles without which they cannot do their work.
static const struct {
    const char *name;
    unsigned roles;
} processes[] = {
    {"service-gateway", RF_ROLE_WORKER | RF_ROLE_PUBLISHER},
    {"orchestrator", RF_ROLE_WORKER | RF_ROLE_CALLER | RF_ROLE_PUBLISHER},
    {"health-monitor", RF_ROLE_WORKER | RF_ROLE_CALLER | RF_ROLE_PUBLISHER | RF_ROLE_SUBSCRIBER},
    {"alerter", RF_ROLE_WORKER | RF_ROLE_PUBLISHER | RF_ROLE_SUBSCRIBER},
    {"logger", RF_ROLE_PUBLISHER | RF_ROLE_SUBSCRIBER},
    {"console", RF_ROLE_CALLER | RF_ROLE_PUBLISHER | RF_ROLE_SUBSCRIBER},
    {"cli", RF_ROLE_CALLER | RF_ROLE_SUBSCRIBER},
};

#define PROCESS_COUNT (sizeof processes / sizeof processes[0])

static bool uses_curve(const struct rf_bus_config *bus) {
    const char *const all[] = {bus->calls, bus->workers, bus->ingest, bus->events};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (rf_endpoint_is_tcp(all[i]))
            return bus->curve.secret_file != NULL;
    return false;
}

// The public key of the process, if its secret is on this host: another host has those of others.
static bool public_key_of(const struct rf_config_review *review, const char *service,
                          char key[RF_CURVE_KEY_SIZE]) {
    char path[PATH_MAX];
    struct rf_curve_pair pair;
    struct rf_error error;
    enum rf_err err =
        rf_curve_path(review->config->bus.curve.secret_file, service, path, sizeof path, &error);
    if (err == RF_OK)
        err = rf_curve_secret_read(path, &pair, &error);
    if (err != RF_OK && err != RF_ERR_NOT_FOUND)
        rf_config_warn(review, RF_CONFIG_WARNING_BUS_SECRET, SECRET, "%s", error.message);
    if (err != RF_OK)
        return false;
    memcpy(key, pair.public_key, RF_CURVE_KEY_SIZE);
    rf_curve_pair_wipe(&pair);
    return true;
}

static bool review_server_key(const struct rf_config_review *review) {
    char key[RF_CURVE_KEY_SIZE], own[RF_CURVE_KEY_SIZE];
    struct rf_error error;
    const char *file = review->config->bus.curve.server_key_file;
    bool is_here = public_key_of(review, "broker", own);
    if (file == NULL)
        rf_config_warn(review, RF_CONFIG_WARNING_BUS_SERVER_KEY, SERVER,
                       "is not set, but every process except the broker needs it");
    else if (rf_curve_server_read(file, key, &error) != RF_OK)
        rf_config_warn(review, RF_CONFIG_WARNING_BUS_SERVER_KEY, SERVER, "%s", error.message);
    else if (is_here && strcmp(key, own) != 0)
        rf_config_warn(review, RF_CONFIG_WARNING_BUS_SERVER_KEY, SERVER,
                       "%s is not the public key of the broker's " SECRET, file);
    return is_here;
}

// Whoever takes callbacks of the telephony provider from the journal reads it, and the console
// tells of them.
bool rf_config_bus_process(const struct rf_config *config, size_t index, const char **name,
                           unsigned *roles) {
    if (index >= PROCESS_COUNT)
        return false;
    *name = processes[index].name;
    *roles = processes[index].roles;
    if (strcmp(*name, "orchestrator") == 0 && config->telephony.callback_url != NULL)
        *roles |= RF_ROLE_SUBSCRIBER;
    if (strcmp(*name, "console") == 0 && config->telephony.callback_url != NULL)
        *roles |= RF_ROLE_TELLER;
    return true;
}

// A process of another host is known by the name of its key, which "keys new" gives it.
static void review_process(const struct rf_config_review *review, const struct rf_known *known,
                           const char *service, unsigned needed) {
    char key[RF_CURVE_KEY_SIZE], roles[RF_ROLES_TEXT_SIZE];
    bool is_here = public_key_of(review, service, key);
    const struct rf_known_key *entry =
        is_here ? rf_known_find(known, key, strlen(key)) : rf_known_named(known, service);
    if (entry == NULL && !is_here)
        return;
    if (entry == NULL) {
        rf_config_warn(review, RF_CONFIG_WARNING_BUS_KEY_UNKNOWN, KNOWN,
                       "the key of %s is not in %s: ringfence keys allow FILE --role %s", service,
                       review->config->broker.known_clients, rf_roles_text(needed, roles));
        return;
    }
    unsigned missing = (entry->roles & RF_ROLE_ADMIN) != 0 ? 0 : needed & ~entry->roles;
    if (missing != 0)
        rf_config_warn(review, RF_CONFIG_WARNING_BUS_ROLE, KNOWN, "%s lacks the role %s in %s",
                       service, rf_roles_text(missing, roles),
                       review->config->broker.known_clients);
}

void rf_config_review_bus(const struct rf_config_review *review) {
    struct rf_known known;
    struct rf_error error;
    if (review->config->bus.insecure)
        rf_config_warn(review, RF_CONFIG_WARNING_BUS_INSECURE, "bus.insecure",
                       "whoever is on this host may reach the bus's TCP ports, call and read "
                       "everything");
    if (!uses_curve(&review->config->bus))
        return;
    bool broker_is_here = review_server_key(review);
    enum rf_err err = rf_known_read(review->config->broker.known_clients, &known, &error);
    if (err != RF_OK && (err != RF_ERR_NOT_FOUND || broker_is_here))
        rf_config_warn(review, RF_CONFIG_WARNING_BUS_KNOWN_CLIENTS, KNOWN, "%s", error.message);
    const char *name;
    unsigned roles;
    for (size_t i = 0; err == RF_OK && rf_config_bus_process(review->config, i, &name, &roles); i++)
        review_process(review, &known, name, roles);
    rf_known_fini(&known);
}
