// From the file to the struct: libyaml's document is walked with its marks, each key is looked up
// in the table of rows, and what is not written takes its default or what it inherits.
#include "config/load.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "config/permitted.h"
#include "config/reader.h"

#define FILE_MAX_BYTES ((size_t)1024 * 1024)
#define KEY_SIZE       192 // of a dotted key; longer ones are unknown anyway

size_t rf_config_origin_line(const struct rf_config_origin *origin, const char *key) {
    size_t row = rf_config_row_find(key);
    return row < rf_config_row_count && origin->lines != NULL ? origin->lines[row] : 0;
}

enum rf_err rf_config_fail(struct rf_error *error, const char *file, size_t line, const char *key,
                           const char *format, ...) {
    char text[RF_ERROR_MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    enum rf_err err = rf_error_set(error, RF_ERR_CONFIG, "%s%s%s", key != NULL ? key : "",
                                   key != NULL ? ": " : "", text);
    if (line > 0)
        rf_error_prefix(error, "%s:%zu: ", file != NULL ? file : "defaults", line);
    else
        rf_error_prefix(error, "%s: ", file != NULL ? file : "defaults");
    return err;
}

// ---- one value ----

// The place of a row in the struct, or `scratch` for a row without one.
static void *target_of(struct loader *loader, const struct rf_config_row *row, void *scratch) {
    return row->offset == RF_CONFIG_NOWHERE ? scratch : (char *)loader->config + row->offset;
}

static enum rf_err set_value(struct loader *loader, const struct rf_config_row *row,
                             const char *text, struct rf_error *error) {
    union {
        int64_t integer;
        double number;
        bool yes;
        unsigned word;
        struct rf_retry_policy policy;
    } scratch;
    return rf_config_read_value(loader, row, text, target_of(loader, row, &scratch), error);
}

// Remembers where the row was written and, as others may inherit from it, what; no secrets.
static enum rf_err note_written(struct loader *loader, size_t row, const yaml_node_t *node) {
    loader->lines[row] = node->start_mark.line + 1;
    if (rf_config_rows[row].type == RF_CONFIG_SECRET || node->type != YAML_SCALAR_NODE)
        return RF_OK;
    loader->texts[row] = strdup(scalar(node));
    if (loader->texts[row] == NULL)
        return rf_error_set(loader->error, RF_ERR_NOMEM, "out of memory");
    return RF_OK;
}

static enum rf_err read_scalar(struct loader *loader, size_t index, const yaml_node_t *node) {
    const struct rf_config_row *row = &rf_config_rows[index];
    struct rf_error problem = {0};
    enum rf_err err = rf_config_check_scalar(loader, row, row->key, node);
    if (err != RF_OK)
        return err;
    err = set_value(loader, row, scalar(node), &problem);
    if (err == RF_ERR_CONFIG)
        return FAIL(loader, node, row->key, "%s", problem.message);
    if (err != RF_OK)
        return rf_error_set(loader->error, err, "%s", problem.message);
    return note_written(loader, index, node);
}

static enum rf_err read_items(struct loader *loader, size_t index, const yaml_node_t *node) {
    const struct rf_config_row *row = &rf_config_rows[index];
    enum rf_err err = rf_config_read_list(loader, row, node, target_of(loader, row, NULL));
    if (err == RF_OK)
        loader->lines[index] = node->start_mark.line + 1;
    return err;
}

// A list of names becomes one text with commas, the form of the default.
static enum rf_err read_chain(struct loader *loader, size_t index, const yaml_node_t *node) {
    const struct rf_config_row *row = &rf_config_rows[index];
    char expected[256], joined[256] = "";
    size_t used = 0;
    rf_config_row_expected(row, expected, sizeof expected);
    if (node->type != YAML_SEQUENCE_NODE)
        return FAIL(loader, node, row->key, "is not a list; expected %s", expected);
    const yaml_node_item_t *first = node->data.sequence.items.start;
    const yaml_node_item_t *end = node->data.sequence.items.top;
    if (first == end && row->type == RF_CONFIG_CHAIN)
        return FAIL(loader, node, row->key, "is an empty chain; expected %s", expected);
    for (const yaml_node_item_t *item = first; item < end; item++) {
        const yaml_node_t *child = yaml_document_get_node(&loader->document, *item);
        if (child->type != YAML_SCALAR_NODE || scalar(child)[0] == '\0' ||
            strchr(scalar(child), ',') != NULL)
            return FAIL(loader, child, row->key, "an item is no name; expected %s", expected);
        used += (size_t)snprintf(joined + used, sizeof joined - used, "%s%s", used > 0 ? "," : "",
                                 scalar(child));
        if (used >= sizeof joined)
            return FAIL(loader, child, row->key, "is too long; expected %s", expected);
        // Read after each item, so that the message has the line of the one that is wrong.
        struct rf_config_source source = {.folder = loader->folder, .quoted = scalar(child)};
        struct rf_error problem = {0};
        void *target = target_of(loader, row, NULL);
        enum rf_err err = rf_config_value_set(row, joined, &source, target, &problem);
        if (err != RF_OK)
            return FAIL(loader, child, row->key, "%s", problem.message);
    }
    loader->texts[index] = strdup(joined); // for those that inherit it
    if (loader->texts[index] == NULL)
        return rf_error_set(loader->error, RF_ERR_NOMEM, "out of memory");
    return note_written(loader, index, node);
}

static enum rf_err read_row(struct loader *loader, size_t index, const yaml_node_t *node) {
    switch (rf_config_rows[index].type) {
    case RF_CONFIG_CHAIN:
    case RF_CONFIG_CLASSES:
        return read_chain(loader, index, node);
    case RF_CONFIG_LIST:
        return read_items(loader, index, node);
    default:
        return read_scalar(loader, index, node);
    }
}

// ---- the document ----

static enum rf_err unknown_key(struct loader *loader, const yaml_node_t *node, const char *section,
                               const char *key) {
    char suggestion[KEY_SIZE], known[256];
    const char *dot = strchr(scalar(node), '.');
    if (dot != NULL)
        return FAIL(loader, node, key,
                    "unknown key; expected sections and keys one below the other, not joined by "
                    "dots: %.*s: and indented under it the rest",
                    (int)(dot - scalar(node)), scalar(node));
    if (rf_config_suggest(key, suggestion, sizeof suggestion))
        return FAIL(loader, node, key, "unknown key; did you mean %s?", suggestion);
    return FAIL(loader, node, key, "unknown key; expected one of: %s",
                rf_config_known(section, known, sizeof known));
}

enum rf_err rf_config_check_key(struct loader *loader, const yaml_node_t *mapping,
                                const yaml_node_pair_t *pair, const char *section) {
    const yaml_node_t *key = yaml_document_get_node(&loader->document, pair->key);
    if (key->type != YAML_SCALAR_NODE)
        return FAIL(loader, key, section[0] != '\0' ? section : NULL,
                    "a key is %s; expected a name", kind_name(key));
    for (const yaml_node_pair_t *other = mapping->data.mapping.pairs.start; other < pair; other++) {
        const yaml_node_t *earlier = yaml_document_get_node(&loader->document, other->key);
        if (strcmp(scalar(earlier), scalar(key)) == 0)
            return FAIL(loader, key, NULL,
                        "%s%s%s: duplicate key; it stands in line %zu already, expected it once",
                        section, section[0] != '\0' ? "." : "", scalar(key),
                        earlier->start_mark.line + 1);
    }
    return RF_OK;
}

// Deep only as the table is: a section that the table does not know is an error, so that an alias
// to a node's own parent ends as well.
static enum rf_err read_section(struct loader *loader, const yaml_node_t *node,
                                const char *section) {
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top; pair++) {
        enum rf_err err = rf_config_check_key(loader, node, pair, section);
        if (err != RF_OK)
            return err;
        const yaml_node_t *key = yaml_document_get_node(&loader->document, pair->key);
        const yaml_node_t *value = yaml_document_get_node(&loader->document, pair->value);
        char path[KEY_SIZE];
        int length = snprintf(path, sizeof path, "%s%s%s", section, section[0] != '\0' ? "." : "",
                              scalar(key));
        bool usable = length < KEY_SIZE && strchr(scalar(key), '.') == NULL;
        size_t row = usable ? rf_config_row_find(path) : rf_config_row_count;
        if (loader->only != NULL && section[0] == '\0' && strcmp(path, loader->only) != 0)
            err = FAIL(loader, key, path, "does not belong here; expected the section %s alone",
                       loader->only);
        else if (row < rf_config_row_count)
            err = read_row(loader, row, value);
        else if (!usable || !rf_config_section(path))
            err = unknown_key(loader, key, section, path);
        else if (value->type == YAML_MAPPING_NODE)
            err = read_section(loader, value, path);
        else if (!is_null(value)) // a section whose keys are all commented out is fine
            err = FAIL(loader, value, path, "is not a section; expected keys indented under it");
        if (err != RF_OK)
            return err;
    }
    return RF_OK;
}

static enum rf_err yaml_failed(struct loader *loader, const yaml_parser_t *parser) {
    if (parser->error == YAML_MEMORY_ERROR)
        return rf_error_set(loader->error, RF_ERR_NOMEM, "out of memory");
    size_t line = parser->problem_mark.line + 1;
    if (parser->error == YAML_READER_ERROR) {
        // The reader knows an offset only.
        line = 1;
        for (size_t i = 0; i < parser->problem_offset && i < loader->size; i++)
            line += loader->data[i] == '\n' ? 1 : 0;
    }
    const char *problem = parser->problem != NULL ? parser->problem : "cannot be read";
    if (parser->context != NULL && parser->context_mark.line + 1 != line)
        return rf_config_fail(loader->error, loader->file, line, NULL,
                              "not YAML: %s, %s that begins in line %zu", problem, parser->context,
                              parser->context_mark.line + 1);
    return rf_config_fail(loader->error, loader->file, line, NULL, "not YAML: %s%s%s", problem,
                          parser->context != NULL ? ", " : "",
                          parser->context != NULL ? parser->context : "");
}

static enum rf_err check_single(struct loader *loader, yaml_parser_t *parser) {
    yaml_document_t second;
    enum rf_err err = RF_OK;
    if (!yaml_parser_load(parser, &second))
        return yaml_failed(loader, parser);
    const yaml_node_t *root = yaml_document_get_root_node(&second);
    if (root != NULL)
        err = FAIL(loader, root, NULL, "a second document begins; expected one document a file");
    yaml_document_delete(&second);
    return err;
}

enum rf_err rf_config_read_document(struct loader *loader) {
    yaml_parser_t parser;
    enum rf_err err = RF_OK;
    if (!yaml_parser_initialize(&parser))
        return rf_error_set(loader->error, RF_ERR_NOMEM, "out of memory");
    yaml_parser_set_input_string(&parser, (const unsigned char *)loader->data, loader->size);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    if (!yaml_parser_load(&parser, &loader->document)) {
        err = yaml_failed(loader, &parser);
        goto cleanup;
    }
    loader->has_document = true;
    const yaml_node_t *root = yaml_document_get_root_node(&loader->document);
    if (root == NULL || is_null(root))
        goto cleanup;
    if (root->type != YAML_MAPPING_NODE) {
        err = FAIL(loader, root, NULL,
                   "the file is no set of sections; expected lines such as "
                   "\"bus:\" with keys indented under them");
        goto cleanup;
    }
    err = check_single(loader, &parser);
    if (err == RF_OK)
        err = read_section(loader, root, "");
cleanup:
    yaml_parser_delete(&parser);
    return err;
}

// ---- defaults ----

static enum rf_err fill_row(struct loader *loader, const struct rf_config_row *row) {
    const char *text = row->fallback;
    if (row->inherits != NULL) {
        size_t from = rf_config_row_find(row->inherits);
        text = loader->texts[from] != NULL ? loader->texts[from] : rf_config_rows[from].fallback;
    }
    if (text == NULL || row->offset == RF_CONFIG_NOWHERE)
        return RF_OK;
    struct rf_error problem = {0};
    enum rf_err err = set_value(loader, row, text, &problem);
    if (err != RF_OK)
        return rf_error_set(loader->error, err, "default of %s: %s", row->key, problem.message);
    return RF_OK;
}

static enum rf_err fill_defaults(struct loader *loader) {
    for (size_t i = 0; i < rf_config_row_count; i++) {
        if (loader->lines[i] > 0)
            continue;
        enum rf_err err = fill_row(loader, &rf_config_rows[i]);
        if (err != RF_OK)
            return err;
    }
    return RF_OK;
}

// ---- the whole ----

char *rf_config_folder(const char *file) {
    char *absolute = realpath(file, NULL);
    if (absolute == NULL)
        return NULL;
    char *slash = strrchr(absolute, '/');
    slash[slash == absolute ? 1 : 0] = '\0';
    return absolute;
}

static enum rf_err read_file(struct loader *loader) {
    struct rf_error cause = {0};
    enum rf_err err = rf_config_permitted(loader->file, R_OK, loader->error);
    if (err != RF_OK)
        return err;
    err = rf_file_read(loader->file, FILE_MAX_BYTES, &loader->data, &loader->size, &cause);
    if (err != RF_OK)
        return rf_error_set(loader->error, RF_ERR_CONFIG, "%s", cause.message);
    loader->folder = rf_config_folder(loader->file);
    loader->config->file = strdup(loader->file);
    if (loader->folder == NULL || loader->config->file == NULL)
        return rf_error_set(loader->error, RF_ERR_NOMEM, "out of memory");
    return rf_config_read_document(loader);
}

static enum rf_err load(struct loader *loader) {
    struct rf_config_origin origin = {.file = loader->file, .lines = loader->lines};
    enum rf_err err = RF_OK;
    if (loader->file != NULL)
        err = read_file(loader);
    if (err == RF_OK)
        err = fill_defaults(loader);
    if (err == RF_OK)
        err = rf_config_derive(loader->config, loader->error);
    if (err == RF_OK)
        err = rf_config_check(loader->config, &origin, loader->error);
    return err;
}

enum rf_err rf_config_loader_init(struct loader *loader) {
    loader->lines = calloc(rf_config_row_count, sizeof *loader->lines);
    loader->texts = calloc(rf_config_row_count, sizeof *loader->texts);
    loader->config = calloc(1, sizeof *loader->config);
    if (loader->lines == NULL || loader->texts == NULL || loader->config == NULL)
        return rf_error_set(loader->error, RF_ERR_NOMEM, "out of memory");
    return RF_OK;
}

void rf_config_loader_fini(struct loader *loader) {
    if (loader->has_document)
        yaml_document_delete(&loader->document);
    for (size_t i = 0; loader->texts != NULL && i < rf_config_row_count; i++)
        free(loader->texts[i]);
    free(loader->texts);
    free(loader->lines);
    if (loader->data != NULL)
        explicit_bzero(loader->data, loader->size);
    free(loader->data);
    free(loader->folder);
}

enum rf_err rf_config_load(const char *file, struct rf_config **config, struct rf_error *error) {
    struct loader loader = {.file = file, .error = error};
    *config = NULL;
    enum rf_err err = rf_config_loader_init(&loader);
    if (err == RF_OK)
        err = load(&loader);
    if (err == RF_OK)
        *config = loader.config;
    else
        rf_config_destroy(&loader.config);
    rf_config_loader_fini(&loader);
    return err;
}

void rf_config_destroy(struct rf_config **config) {
    if (*config == NULL)
        return;
    for (size_t i = 0; i < rf_config_row_count; i++)
        if (rf_config_rows[i].offset != RF_CONFIG_NOWHERE)
            rf_config_value_free(&rf_config_rows[i], (char *)*config + rf_config_rows[i].offset);
    free((*config)->file);
    free(*config);
    *config = NULL;
}
