// What becomes of peers whose key lost a role while they are connected.
#include "core.h"
#include "keyring.h"

static bool has_lost(const struct rf_peer *peer, unsigned roles) {
    return peer->who != NULL && (peer->who->lost & roles) != 0;
}

static void revoke_clients(struct rf_core *core) {
    struct rf_map_node *node, *next;
    for (node = rf_map_next(&core->clients.map, NULL); node != NULL; node = next) {
        next = rf_map_next(&core->clients.map, node);
        struct rf_client *client = RF_OWNER(node, struct rf_client, by_identity);
        if (has_lost(&client->peer, RF_ROLES_ALL))
            rf_clients_lose(&core->clients, client);
    }
}

static struct rf_seat *revoked_worker(const struct rf_seats *seats) {
    const struct rf_map_node *node = NULL;
    while ((node = rf_map_next(&seats->by_instance, node)) != NULL) {
        struct rf_seat *seat = RF_OWNER(node, struct rf_seat, by_instance);
        if (has_lost(&seat->peer, RF_ROLE_WORKER))
            return seat;
    }
    return NULL;
}

// One after the other from the beginning: what follows from a loss may free others.
static void revoke_workers(struct rf_core *core) {
    struct rf_seat *seat;
    while ((seat = revoked_worker(&core->dispatch.seats)) != NULL) {
        core->ground.counters.workers_lost++;
        rf_seats_lose(&core->dispatch.seats, seat);
    }
}

void rf_core_rights_changed(struct rf_core *core, const struct rf_now *now) {
    core->ground.now = *now;
    revoke_clients(core);
    rf_watchers_revoke(&core->watchers);
    revoke_workers(core);
}
