#include "keyring.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct rf_principal rf_nobody = {.name = "unknown"};

static struct rf_principal *find(const struct rf_keyring *ring, const char *key) {
    struct rf_map_node *node = rf_map_find_text(&ring->by_key, key);
    return node == NULL ? NULL : RF_OWNER(node, struct rf_principal, by_key);
}

const struct rf_principal *rf_keyring_find(const struct rf_keyring *ring, const char *key) {
    return find(ring, key);
}

static bool add(struct rf_keyring *ring, const char *key) {
    struct rf_principal *principal = calloc(1, sizeof *principal);
    if (principal == NULL)
        return false;
    snprintf(principal->key, sizeof principal->key, "%s", key);
    if (rf_map_add_text(&ring->by_key, &principal->by_key, principal->key))
        return true;
    free(principal);
    return false;
}

static unsigned roles_of(const struct rf_known *known, const struct rf_principal *principal) {
    const struct rf_known_key *entry = rf_known_find(known, principal->key, strlen(principal->key));
    if (entry == NULL)
        return 0;
    return (entry->roles & RF_ROLE_ADMIN) != 0 ? RF_ROLES_ALL : entry->roles;
}

enum rf_err rf_keyring_take(struct rf_keyring *ring, const struct rf_known *known,
                            struct rf_error *error) {
    // Those who come, without any role yet, so that a failure leaves everything as it was.
    for (size_t i = 0; i < known->count; i++)
        if (find(ring, known->items[i].key) == NULL && !add(ring, known->items[i].key))
            return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    ring->known = known->count;
    const struct rf_map_node *node = NULL;
    while ((node = rf_map_next(&ring->by_key, node)) != NULL) {
        struct rf_principal *principal = RF_OWNER(node, struct rf_principal, by_key);
        const struct rf_known_key *entry =
            rf_known_find(known, principal->key, strlen(principal->key));
        unsigned roles = roles_of(known, principal);
        principal->lost = principal->roles & ~roles;
        principal->roles = roles;
        if (entry != NULL) // one that is gone keeps its name, for whoever tells of it
            snprintf(principal->name, sizeof principal->name, "%s", entry->name);
    }
    return RF_OK;
}

bool rf_keyring_lost(const struct rf_keyring *ring, enum rf_role role) {
    const struct rf_map_node *node = NULL;
    while ((node = rf_map_next(&ring->by_key, node)) != NULL)
        if ((RF_OWNER(node, struct rf_principal, by_key)->lost & role) != 0)
            return true;
    return false;
}

void rf_keyring_fini(struct rf_keyring *ring) {
    struct rf_map_node *node, *next;
    for (node = rf_map_next(&ring->by_key, NULL); node != NULL; node = next) {
        next = rf_map_next(&ring->by_key, node);
        free(RF_OWNER(node, struct rf_principal, by_key));
    }
    rf_map_fini(&ring->by_key);
    ring->known = 0;
}
