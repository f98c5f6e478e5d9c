#include "config/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/check.h"
#include "config/reader.h"
#include "config/rows.h"

#define SECTION "campaign"
#define PREFIX  SECTION "."
#define KEY_MAX 96

// ---- what the configuration has ----

static bool belongs(const struct rf_config_row *row) {
    return strncmp(row->key, PREFIX, sizeof PREFIX - 1) == 0;
}

static enum rf_err copy_list(const struct rf_config_row *row, const struct rf_config_list *from,
                             struct rf_config_list *to) {
    if (from->count == 0)
        return RF_OK;
    to->items = calloc(from->count, row->items->size);
    if (to->items == NULL)
        return RF_ERR_NOMEM;
    memcpy(to->items, from->items, from->count * row->items->size); // of hours or waits
    to->count = from->count;
    return RF_OK;
}

// The rows of a campaign have these types; a test holds that.
static enum rf_err copy_value(const struct rf_config_row *row, const void *from, void *to) {
    char *const *text = from;
    switch (row->type) {
    case RF_CONFIG_COUNT:
    case RF_CONFIG_DURATION:
    case RF_CONFIG_NUMBER:
        memcpy(to, from, sizeof(int64_t));
        return RF_OK;
    case RF_CONFIG_LIST:
        return copy_list(row, from, to);
    default:
        *(char **)to = *text != NULL ? strdup(*text) : NULL;
        return *text != NULL && *(char **)to == NULL ? RF_ERR_NOMEM : RF_OK;
    }
}

// Whether own numbers take the place of the configuration's waits, which would be stronger.
static bool waits_outdone(const struct loader *loader, const struct rf_config_row *row) {
    static const char *const numbers[] = {"retries", "delay", "backoff_factor", "max_delay"};
    const struct rf_config_origin origin = {.lines = loader->lines};
    const char *end = strrchr(row->key, '.');
    if (strcmp(end, ".waits") != 0)
        return false;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        char key[KEY_MAX];
        snprintf(key, sizeof key, "%.*s.%s", (int)(end - row->key), row->key, numbers[i]);
        if (rf_config_origin_line(&origin, key) > 0)
            return true;
    }
    return false;
}

static enum rf_err fill_in(struct loader *loader, const struct rf_config *config) {
    for (size_t i = 0; i < rf_config_row_count; i++) {
        const struct rf_config_row *row = &rf_config_rows[i];
        if (!belongs(row) || loader->lines[i] > 0 || waits_outdone(loader, row))
            continue;
        if (copy_value(row, (const char *)config + row->offset,
                       (char *)loader->config + row->offset) != RF_OK)
            return rf_error_set(loader->error, RF_ERR_NOMEM, "out of memory");
    }
    return RF_OK;
}

// What does not go together, seen with the rest of the configuration.
static enum rf_err check(const struct loader *loader, const struct rf_config *config) {
    const struct rf_config_origin origin = {.file = loader->file, .lines = loader->lines};
    struct rf_config *whole = malloc(sizeof *whole);
    if (whole == NULL)
        return rf_error_set(loader->error, RF_ERR_NOMEM, "out of memory");
    *whole = *config; // borrowed
    whole->campaign = loader->config->campaign;
    const struct check rules = {whole, &origin, loader->error};
    enum rf_err err = check_campaign(&rules);
    free(whole);
    return err;
}

// ---- JSON ----

// A value as it was checked: texts, and lists of them.
static json_t *node_json(yaml_document_t *document, const yaml_node_t *node) {
    json_t *json = NULL;
    switch (node->type) {
    case YAML_SCALAR_NODE:
        return json_string(scalar(node));
    case YAML_SEQUENCE_NODE:
        json = json_array();
        for (const yaml_node_item_t *item = node->data.sequence.items.start;
             item < node->data.sequence.items.top; item++)
            (void)json_array_append_new(
                json, node_json(document, yaml_document_get_node(document, *item)));
        return json;
    case YAML_MAPPING_NODE:
        json = json_object();
        for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
             pair < node->data.mapping.pairs.top; pair++) {
            const yaml_node_t *value = yaml_document_get_node(document, pair->value);
            if (!is_null(value)) // a section whose keys are all commented out
                (void)json_object_set_new(json, scalar(yaml_document_get_node(document, pair->key)),
                                          node_json(document, value));
        }
        return json;
    case YAML_NO_NODE:
        break;
    }
    return NULL;
}

static json_t *section_json(struct loader *loader) {
    const yaml_node_t *root = yaml_document_get_root_node(&loader->document);
    json_t *all =
        root != NULL && root->type == YAML_MAPPING_NODE ? node_json(&loader->document, root) : NULL;
    json_t *section = json_object_get(all, SECTION);
    json_t *settings = json_is_object(section) ? json_incref(section) : json_object();
    json_decref(all);
    return settings;
}

// ---- the whole ----

static enum rf_err load(struct loader *loader, const struct rf_config *config, const char *text,
                        size_t size) {
    enum rf_err err = rf_config_loader_init(loader);
    if (err != RF_OK)
        return err;
    loader->data = strndup(text, size);
    loader->size = size;
    if (loader->data == NULL)
        return rf_error_set(loader->error, RF_ERR_NOMEM, "out of memory");
    if (strlen(loader->data) != size)
        return rf_config_fail(loader->error, loader->file, 0, NULL, "has a NUL character");
    loader->folder = config->file != NULL ? rf_config_folder(config->file) : NULL;
    err = rf_config_read_document(loader);
    if (err == RF_OK)
        err = fill_in(loader, config);
    return err == RF_OK ? check(loader, config) : err;
}

enum rf_err rf_settings_read(const struct rf_config *config, const char *text, size_t size,
                             const char *file, json_t **settings, struct rf_error *error) {
    struct loader loader = {.file = file, .only = SECTION, .literal = true, .error = error};
    *settings = NULL;
    enum rf_err err = load(&loader, config, text, size);
    if (err == RF_OK && (*settings = section_json(&loader)) == NULL)
        err = rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    rf_config_destroy(&loader.config);
    rf_config_loader_fini(&loader);
    return err;
}

// The text was made here: file and line say nothing.
static void drop_place(struct rf_error *error) {
    const char *key = strstr(error->message, ": ");
    if (error->code == RF_ERR_CONFIG && key != NULL)
        memmove(error->message, key + 2, strlen(key + 2) + 1);
}

enum rf_err rf_settings_apply(const struct rf_config *config, const json_t *settings,
                              struct rf_config **own, struct rf_error *error) {
    struct loader loader = {.file = SECTION, .only = SECTION, .literal = true, .error = error};
    json_t *section = json_pack("{s:O}", SECTION, settings);
    char *text = settings != NULL ? json_dumps(section, JSON_COMPACT) : strdup("");
    json_decref(section);
    *own = NULL;
    enum rf_err err = text != NULL ? load(&loader, config, text, strlen(text))
                                   : rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    if (err == RF_OK) {
        *own = loader.config;
    } else {
        drop_place(error);
        rf_config_destroy(&loader.config);
    }
    free(text);
    rf_config_loader_fini(&loader);
    return err;
}

// ---- one key ----

// Names the first part of the key that is not there, beside what is: "campaign.recall.foo".
static enum rf_err unknown(const char *key, struct rf_error *error) {
    char full[2 * KEY_MAX], section[2 * KEY_MAX] = SECTION;
    char suggestion[2 * KEY_MAX], known[256];
    snprintf(full, sizeof full, PREFIX "%.*s", KEY_MAX, key);
    for (char *dot = full + sizeof PREFIX - 2; dot != NULL; dot = strchr(dot + 1, '.')) {
        char *end = strchr(dot + 1, '.');
        size_t length = end != NULL ? (size_t)(end - full) : strlen(full);
        char inner[2 * KEY_MAX];
        snprintf(inner, sizeof inner, "%.*s", (int)length, full);
        if (rf_config_known(inner, known, sizeof known)[0] == '\0') {
            if (rf_config_row_find(inner) == rf_config_row_count)
                full[length] = '\0';
            break;
        }
        snprintf(section, sizeof section, "%s", inner);
    }
    if (strcmp(full, section) == 0)
        return rf_error_set(error, RF_ERR_CONFIG, "%s: is no key; expected one of those in it: %s",
                            full, rf_config_known(section, known, sizeof known));
    if (rf_config_suggest(full, suggestion, sizeof suggestion) && strchr(suggestion, '.') == NULL)
        return rf_error_set(error, RF_ERR_CONFIG, "%s: unknown key; did you mean %s?", full,
                            suggestion);
    return rf_error_set(error, RF_ERR_CONFIG, "%s: unknown key; expected one of: %s", full,
                        rf_config_known(section, known, sizeof known));
}

// The value of `text` as YAML; NULL: it is none.
static json_t *value_json(const char *text) {
    yaml_parser_t parser;
    yaml_document_t document;
    json_t *json = NULL;
    if (!yaml_parser_initialize(&parser))
        return NULL;
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, strlen(text));
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    if (yaml_parser_load(&parser, &document)) {
        const yaml_node_t *root = yaml_document_get_root_node(&document);
        if (root != NULL && root->type != YAML_MAPPING_NODE)
            json = node_json(&document, root);
        yaml_document_delete(&document);
    }
    yaml_parser_delete(&parser);
    return json;
}

// Sets or, with NULL, removes what stands at a dotted key; sections that become empty go.
static enum rf_err put(json_t *object, const char *key, json_t *value) {
    char name[KEY_MAX];
    const char *dot = strchr(key, '.');
    if (dot == NULL) {
        if (value == NULL)
            (void)json_object_del(object, key);
        return value == NULL || json_object_set(object, key, value) == 0 ? RF_OK : RF_ERR_NOMEM;
    }
    snprintf(name, sizeof name, "%.*s", (int)(dot - key), key);
    json_t *inner = json_object_get(object, name);
    if (inner == NULL && value != NULL) {
        inner = json_object();
        if (json_object_set_new(object, name, inner) != 0)
            return RF_ERR_NOMEM;
    }
    enum rf_err err = inner != NULL ? put(inner, dot + 1, value) : RF_OK;
    if (inner != NULL && json_object_size(inner) == 0)
        (void)json_object_del(object, name);
    return err;
}

enum rf_err rf_settings_change(json_t *settings, const char *key, const char *value,
                               struct rf_error *error) {
    char full[2 * KEY_MAX];
    if (strncmp(key, PREFIX, sizeof PREFIX - 1) == 0)
        key += sizeof PREFIX - 1;
    snprintf(full, sizeof full, PREFIX "%.*s", KEY_MAX, key);
    size_t row = rf_config_row_find(full);
    if (row == rf_config_row_count)
        return unknown(key, error);
    json_t *json = NULL;
    if (value[0] != '\0' && (json = value_json(value)) == NULL) {
        char expected[256];
        return rf_error_set(
            error, RF_ERR_CONFIG, "%s: \"%.60s\" is no value; expected %s", full, value,
            rf_config_row_expected(&rf_config_rows[row], expected, sizeof expected));
    }
    enum rf_err err = put(settings, key, json);
    json_decref(json);
    return err == RF_OK ? RF_OK : rf_error_set(error, err, "out of memory");
}
