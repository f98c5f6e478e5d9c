#include "calendar/zones.h"

#include <stdlib.h>
#include <string.h>

struct entry {
    struct rf_map_node node;
    struct rf_zone *zone;
    char name[RF_ZONE_NAME_MAX + 1];
};

static void entry_destroy(struct entry *entry) {
    rf_zone_destroy(&entry->zone);
    free(entry);
}

enum rf_err rf_zones_find(struct rf_zones *zones, const char *name, const struct rf_zone **zone,
                          struct rf_error *error) {
    *zone = NULL;
    struct rf_map_node *node =
        rf_zone_name_valid(name) ? rf_map_find_text(&zones->map, name) : NULL;
    if (node != NULL) {
        *zone = RF_OWNER(node, struct entry, node)->zone;
        return RF_OK;
    }
    struct entry *entry = calloc(1, sizeof *entry);
    if (entry == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    enum rf_err err = rf_zone_new(name, &entry->zone, error);
    if (err == RF_OK) {
        memcpy(entry->name, name, strlen(name) + 1); // a valid name fits
        if (!rf_map_add_text(&zones->map, &entry->node, entry->name))
            err = rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    }
    if (err == RF_OK)
        *zone = entry->zone;
    else
        entry_destroy(entry);
    return err;
}

void rf_zones_fini(struct rf_zones *zones) {
    struct rf_map_node *node;
    while ((node = rf_map_next(&zones->map, NULL)) != NULL) {
        rf_map_remove(&zones->map, node);
        entry_destroy(RF_OWNER(node, struct entry, node));
    }
    rf_map_fini(&zones->map);
    *zones = (struct rf_zones){0};
}
