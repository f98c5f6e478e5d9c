// Clients of ingest that said hello: who they are, and whether they are still there.
#ifndef RF_BROKER_CLIENTS_H
#define RF_BROKER_CLIENTS_H

#include "base/map.h"
#include "ground.h"

#define RF_CLIENTS_MAX 10000

struct rf_clients;

struct rf_client {
    struct rf_map_node by_identity;
    struct rf_clients *clients;
    struct rf_peer peer;
    struct rf_timer lease;
    struct rf_instant heard;
    char *instance;
    char *service;
};

struct rf_clients {
    struct rf_ground *ground;
    struct rf_map map;                                   // by identity
    void (*lost)(void *arg, const struct rf_peer *peer); // its watches are to be forgotten
    void *arg;
};

void rf_clients_init(struct rf_clients *clients, struct rf_ground *ground,
                     void (*lost)(void *arg, const struct rf_peer *peer), void *arg);
void rf_clients_fini(struct rf_clients *clients);

// rf_clients_hello: registers the client, or hears it: a new lease. `registered` tells whether this
// connection was not known. NULL beyond RF_CLIENTS_MAX, or out of memory.
struct rf_client *rf_clients_hello(struct rf_clients *clients, const struct rf_peer *from,
                                   const struct rf_hello *hello, bool *registered);

// rf_clients_find: the client behind the peer, or NULL.
struct rf_client *rf_clients_find(const struct rf_clients *clients, const struct rf_peer *peer);

// rf_clients_lose: the client is gone, or went silent.
void rf_clients_lose(struct rf_clients *clients, struct rf_client *client);

#endif
