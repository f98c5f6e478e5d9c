#include "clients.h"

#include <stdlib.h>
#include <string.h>

void rf_clients_init(struct rf_clients *clients, struct rf_ground *ground,
                     void (*lost)(void *arg, const struct rf_peer *peer), void *arg) {
    *clients = (struct rf_clients){.ground = ground, .lost = lost, .arg = arg};
    clients->map.seed = ground->seed;
}

static void free_client(struct rf_client *client) {
    rf_ground_stop(client->clients->ground, &client->lease);
    free(client->instance);
    free(client->service);
    free(client);
}

void rf_clients_fini(struct rf_clients *clients) {
    struct rf_map_node *node, *next;
    for (node = rf_map_next(&clients->map, NULL); node != NULL; node = next) {
        next = rf_map_next(&clients->map, node);
        free_client(RF_OWNER(node, struct rf_client, by_identity));
    }
    rf_map_fini(&clients->map);
}

struct rf_client *rf_clients_find(const struct rf_clients *clients, const struct rf_peer *peer) {
    struct rf_map_node *node = rf_map_find(&clients->map, peer->identity, peer->identity_size);
    return node == NULL ? NULL : RF_OWNER(node, struct rf_client, by_identity);
}

void rf_clients_lose(struct rf_clients *clients, struct rf_client *client) {
    rf_map_remove(&clients->map, &client->by_identity);
    clients->ground->counters.clients_lost++;
    clients->lost(clients->arg, &client->peer);
    free_client(client);
}

static void on_lease_end(void *arg) {
    struct rf_client *client = arg;
    struct rf_ground *ground = client->clients->ground;
    struct rf_instant end = rf_ground_lease_end(ground, client->heard);
    if (rf_instant_before(ground->now.instant, end))
        rf_ground_start(ground, &client->lease, end);
    else
        rf_clients_lose(client->clients, client);
}

static struct rf_client *add(struct rf_clients *clients, const struct rf_peer *from,
                             const struct rf_hello *hello) {
    if (clients->map.count >= RF_CLIENTS_MAX)
        return NULL;
    struct rf_client *client = calloc(1, sizeof *client);
    if (client == NULL)
        return NULL;
    client->clients = clients;
    client->peer = *from;
    rf_ground_timer(&client->lease, on_lease_end, client);
    client->instance = strdup(hello->instance);
    client->service = strdup(hello->service);
    if (client->instance == NULL || client->service == NULL ||
        !rf_map_add(&clients->map, &client->by_identity, client->peer.identity,
                    client->peer.identity_size)) {
        free_client(client);
        return NULL;
    }
    return client;
}

struct rf_client *rf_clients_hello(struct rf_clients *clients, const struct rf_peer *from,
                                   const struct rf_hello *hello, bool *registered) {
    struct rf_client *client = rf_clients_find(clients, from);
    // The same connection under another name: what the earlier one watched is over.
    if (client != NULL && strcmp(client->instance, hello->instance) != 0) {
        rf_clients_lose(clients, client);
        client = NULL;
    }
    *registered = client == NULL;
    if (client == NULL && (client = add(clients, from, hello)) == NULL)
        return NULL;
    client->heard = clients->ground->now.instant;
    if (*registered)
        rf_ground_start(clients->ground, &client->lease,
                        rf_instant_add(client->heard, clients->ground->lease));
    return client;
}
