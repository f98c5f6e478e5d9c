// Lists of the file: of plain values, or of maps whose keys are rows as well.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/reader.h"

#define PATH_SIZE 256 // of "providers.openai.rules[3].status"

enum rf_err rf_config_read_value(struct loader *loader, const struct rf_config_row *row,
                                 const char *text, void *target, struct rf_error *error) {
    struct rf_config_source source = {.folder = loader->folder, .quoted = text};
    char *expanded = NULL;
    if (loader->literal)
        return rf_config_value_set(row, text, &source, target, error);
    enum rf_err err = rf_config_expand(text, &expanded, error);
    if (err == RF_OK)
        err = rf_config_value_set(row, expanded, &source, target, error);
    if (expanded != NULL)
        explicit_bzero(expanded, strlen(expanded));
    free(expanded);
    return err;
}

enum rf_err rf_config_check_scalar(struct loader *loader, const struct rf_config_row *row,
                                   const char *key, const yaml_node_t *node) {
    char expected[256];
    rf_config_row_expected(row, expected, sizeof expected);
    if (node->type != YAML_SCALAR_NODE)
        return FAIL(loader, node, key, "is %s; expected %s", kind_name(node), expected);
    if (is_null(node))
        return FAIL(loader, node, key,
                    "has no value; expected %s, or the line left out for the default", expected);
    if (strlen(scalar(node)) != node->data.scalar.length)
        return FAIL(loader, node, key, "has a NUL character; expected %s", expected);
    return RF_OK;
}

static enum rf_err read_value(struct loader *loader, const struct rf_config_row *row,
                              const char *path, const yaml_node_t *node, void *item) {
    struct rf_error problem = {0};
    enum rf_err err = rf_config_check_scalar(loader, row, path, node);
    if (err != RF_OK)
        return err;
    err = rf_config_read_value(loader, row, scalar(node), (char *)item + row->offset, &problem);
    if (err == RF_ERR_CONFIG)
        return FAIL(loader, node, path, "%s", problem.message);
    return err == RF_OK ? RF_OK : rf_error_set(loader->error, err, "%s", problem.message);
}

static const struct rf_config_row *row_of(const struct rf_config_items *items, const char *name) {
    for (size_t i = 0; i < items->row_count; i++)
        if (strcmp(items->rows[i].key, name) == 0)
            return &items->rows[i];
    return NULL;
}

static enum rf_err unknown_name(struct loader *loader, const struct rf_config_items *items,
                                const char *path, const yaml_node_t *key) {
    char known[512] = "";
    size_t used = 0;
    for (size_t i = 0; i < items->row_count && used < sizeof known; i++)
        used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", i > 0 ? ", " : "",
                                 items->rows[i].key);
    return FAIL(loader, key, path, "unknown key; expected one of: %s", known);
}

static bool is_given(struct loader *loader, const yaml_node_t *node, const char *name) {
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = yaml_document_get_node(&loader->document, pair->key);
        if (key->type == YAML_SCALAR_NODE && strcmp(scalar(key), name) == 0)
            return true;
    }
    return false;
}

static enum rf_err read_fallbacks(struct loader *loader, const struct rf_config_items *items,
                                  const yaml_node_t *node, void *item) {
    for (size_t i = 0; i < items->row_count; i++) {
        const struct rf_config_row *row = &items->rows[i];
        struct rf_config_source source = {.folder = loader->folder, .quoted = row->fallback};
        if (row->fallback == NULL || is_given(loader, node, row->key))
            continue;
        enum rf_err err = rf_config_value_set(row, row->fallback, &source,
                                              (char *)item + row->offset, loader->error);
        if (err != RF_OK)
            return err;
    }
    return RF_OK;
}

static enum rf_err read_map(struct loader *loader, const struct rf_config_items *items,
                            const char *path, const yaml_node_t *node, void *item) {
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top; pair++) {
        enum rf_err err = rf_config_check_key(loader, node, pair, path);
        if (err != RF_OK)
            return err;
        const yaml_node_t *key = yaml_document_get_node(&loader->document, pair->key);
        const yaml_node_t *value = yaml_document_get_node(&loader->document, pair->value);
        char place[PATH_SIZE + 64];
        snprintf(place, sizeof place, "%s.%.60s", path, scalar(key));
        const struct rf_config_row *row = row_of(items, scalar(key));
        err = row == NULL ? unknown_name(loader, items, place, key)
                          : read_value(loader, row, place, value, item);
        if (err != RF_OK)
            return err;
    }
    return read_fallbacks(loader, items, node, item);
}

static enum rf_err read_item(struct loader *loader, const struct rf_config_row *row, size_t index,
                             const yaml_node_t *node, void *item) {
    const struct rf_config_items *items = row->items;
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s[%zu]", row->key, index);
    bool plain = items->rows[0].key[0] == '\0';
    if (!plain && node->type != YAML_MAPPING_NODE)
        return FAIL(loader, node, path, "has no keys; expected %s", items->expected);
    enum rf_err err = plain ? read_value(loader, &items->rows[0], path, node, item)
                            : read_map(loader, items, path, node, item);
    if (items->line > 0)
        *(size_t *)((char *)item + items->line) = node->start_mark.line + 1;
    const char *problem = err == RF_OK && items->problem != NULL ? items->problem(item) : NULL;
    return problem == NULL ? err : FAIL(loader, node, path, "%s", problem);
}

enum rf_err rf_config_read_list(struct loader *loader, const struct rf_config_row *row,
                                const yaml_node_t *node, struct rf_config_list *list) {
    const struct rf_config_items *items = row->items;
    if (node->type != YAML_SEQUENCE_NODE)
        return FAIL(loader, node, row->key, "is not a list; expected %s", items->expected);
    const yaml_node_item_t *first = node->data.sequence.items.start;
    size_t count = (size_t)(node->data.sequence.items.top - first);
    if (count > items->most)
        return FAIL(loader, node, row->key, "has %zu items; expected at most %zu", count,
                    items->most);
    if (count == 0)
        return RF_OK;
    list->items = calloc(count, items->size);
    if (list->items == NULL)
        return rf_error_set(loader->error, RF_ERR_NOMEM, "out of memory");
    list->count = count;
    for (size_t i = 0; i < count; i++) {
        const yaml_node_t *child = yaml_document_get_node(&loader->document, first[i]);
        enum rf_err err = read_item(loader, row, i, child, (char *)list->items + i * items->size);
        if (err != RF_OK)
            return err;
    }
    return RF_OK;
}
