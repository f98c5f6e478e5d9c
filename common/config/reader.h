// What the parts of the loader share.
#ifndef RF_CONFIG_READER_H
#define RF_CONFIG_READER_H

#include <string.h>
#include <yaml.h>

#include "config/config.h"
#include "config/load.h"
#include "config/rows.h"
#include "config/value.h"

struct loader {
    const char *file;
    const char *only; // the one section that there may be; NULL: all
    bool literal;     // ${...} is not replaced
    char *folder;
    char *data; // the file's text
    size_t size;
    yaml_document_t document;
    bool has_document;
    size_t *lines; // where each row was written; 0: not
    char **texts;  // and what, where others inherit from it
    struct rf_config *config;
    struct rf_error *error;
};

#define FAIL(loader, node, key, ...)                                                               \
    rf_config_fail((loader)->error, (loader)->file, (node)->start_mark.line + 1, key, __VA_ARGS__)

static inline const char *scalar(const yaml_node_t *node) {
    return (const char *)node->data.scalar.value;
}

static inline bool is_null(const yaml_node_t *node) {
    if (node->type != YAML_SCALAR_NODE || node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
        return false;
    const char *text = scalar(node);
    return text[0] == '\0' || strcmp(text, "~") == 0 || strcmp(text, "null") == 0;
}

static inline const char *kind_name(const yaml_node_t *node) {
    return node->type == YAML_SEQUENCE_NODE ? "a list" : "a section";
}

// rf_config_loader_init, _fini: a loader without a text; its `config` is the caller's to take.
// RF_ERR_NOMEM: to be finished all the same.
RF_NODISCARD enum rf_err rf_config_loader_init(struct loader *loader);
void rf_config_loader_fini(struct loader *loader);

// rf_config_folder: the folder of a file, absolute, so that a process may change its own. A new
// string; NULL if it is not there.
char *rf_config_folder(const char *file);

// rf_config_read_document: loader->data into loader->config, for the rows that are written in it.
enum rf_err rf_config_read_document(struct loader *loader);

// rf_config_read_value: `text` as it was written, ${...} and all, as a value of `row` into
// `target`.
enum rf_err rf_config_read_value(struct loader *loader, const struct rf_config_row *row,
                                 const char *text, void *target, struct rf_error *error);

// rf_config_check_scalar: whether `node` is a text that a value of `row`, called `key` here, can be
// read from.
enum rf_err rf_config_check_scalar(struct loader *loader, const struct rf_config_row *row,
                                   const char *key, const yaml_node_t *node);

// rf_config_check_key: whether the key of `pair` is a name, and stands once in `mapping`.
enum rf_err rf_config_check_key(struct loader *loader, const yaml_node_t *mapping,
                                const yaml_node_pair_t *pair, const char *section);

// rf_config_read_list: the items of a list into `list`, which is empty. What was read before an
// error stays in it.
enum rf_err rf_config_read_list(struct loader *loader, const struct rf_config_row *row,
                                const yaml_node_t *node, struct rf_config_list *list);

#endif
