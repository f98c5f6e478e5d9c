// Where the broker is, and how a client keeps in touch with it. The processes of the set read it
// from their configuration (section `bus` of ringfence.yaml); a third party begins with
// RF_BUS_CONFIG_DEFAULT and sets the endpoints that it uses.
#ifndef RINGFENCE_BUS_CONFIG_H
#define RINGFENCE_BUS_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include <ringfence/time.h>

struct rf_bus_config {
    // Endpoints of ZeroMQ, such as "ipc:///run/ringfence/ingest". `ingest` is needed by every
    // client; the others by who calls, serves, or subscribes and listens.
    char *calls, *workers, *ingest, *events;
    bool insecure; // tcp:// on loopback without encryption is allowed
    // Else tcp:// is encrypted and identified by CURVE, with keys as "ringfence keys new" writes
    // them: our own, in a file that nobody else may read ({service} in the path is replaced by the
    // client's service), and the broker's public key.
    struct {
        char *secret_file, *server_key_file;
    } curve;
    struct rf_duration heartbeat; // interval, both ways
    int64_t heartbeat_misses;     // a peer silent for so many intervals is lost
    int64_t max_unacknowledged;   // events that a publisher keeps until they are acknowledged
};

// As in ringfence.yaml(5).
#define RF_BUS_CONFIG_DEFAULT                                                                      \
    { .heartbeat = {RF_NS_PER_S}, .heartbeat_misses = 2, .max_unacknowledged = 10000 }

#endif
