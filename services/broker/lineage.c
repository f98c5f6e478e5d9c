#include "lineage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct start {
    struct rf_map_node by_id;
    int64_t reached;
    char id[];
};

void rf_lineage_init(struct rf_lineage *lineage, const char *journal, const char *start) {
    *lineage = (struct rf_lineage){.journal_size = strlen(journal)};
    snprintf(lineage->id, sizeof lineage->id, "%s.%s", journal, start);
}

void rf_lineage_fini(struct rf_lineage *lineage) {
    struct rf_map_node *node = rf_map_next(&lineage->starts, NULL);
    while (node != NULL) {
        struct rf_map_node *next = rf_map_next(&lineage->starts, node);
        free(RF_OWNER(node, struct start, by_id));
        node = next;
    }
    rf_map_fini(&lineage->starts);
}

enum rf_err rf_lineage_add(struct rf_lineage *lineage, const char *id, int64_t reached) {
    size_t size = strlen(id) + 1;
    struct start *start = calloc(1, sizeof *start + size);
    if (start == NULL)
        return RF_ERR_NOMEM;
    memcpy(start->id, id, size);
    start->reached = reached;
    if (rf_map_add_text(&lineage->starts, &start->by_id, start->id)) {
        if (lineage->oldest == NULL || strcmp(start->id, lineage->oldest) < 0)
            lineage->oldest = start->id;
        return RF_OK; // NOLINT(clang-analyzer-unix.Malloc): the map holds it by its node
    }
    free(start);
    return RF_ERR_NOMEM;
}

// The part behind the point, if the part before it is ours; else NULL.
static const char *start_of(const struct rf_lineage *lineage, const char *id) {
    size_t size = lineage->journal_size;
    return strncmp(id, lineage->id, size) == 0 && id[size] == '.' ? id + size + 1 : NULL;
}

static bool was_dropped(const struct rf_lineage *lineage, const char *start) {
    return lineage->oldest != NULL && strlen(start) == strlen(lineage->oldest) &&
           strcmp(start, lineage->oldest) < 0;
}

// The start of that id, or for one that was dropped the oldest that is kept; else NULL.
static const struct start *find(const struct rf_lineage *lineage, const char *id) {
    const char *text = start_of(lineage, id);
    if (text != NULL && was_dropped(lineage, text))
        text = lineage->oldest;
    struct rf_map_node *node = text == NULL ? NULL : rf_map_find_text(&lineage->starts, text);
    return node == NULL ? NULL : RF_OWNER(node, struct start, by_id);
}

struct rf_reading_place rf_lineage_place(const struct rf_lineage *lineage, const char *id,
                                         int64_t after, int64_t newest, int64_t beginning) {
    const struct rf_reading_place ours = {after, false}, anew = {beginning, true};
    if (after == 0) // nothing was read of any
        return ours;
    // Nobody was told a number that is not on disk.
    if (id == NULL || strcmp(id, lineage->id) == 0)
        return after <= newest ? ours : anew;
    const struct start *start = find(lineage, id);
    if (start == NULL)
        return anew;
    return after <= start->reached ? ours : (struct rf_reading_place){start->reached, true};
}
