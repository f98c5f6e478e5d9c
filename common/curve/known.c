#include "curve/known.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"

#define FILE_MAX_BYTES ((size_t)4 << 20)
#define WORDS          3

struct words {
    const char *at[WORDS];
    size_t size[WORDS];
    size_t count; // of all, also of those beyond the room
};

static struct words split(const char *line, size_t length) {
    struct words words = {.count = 0};
    for (size_t at = 0; at < length;) {
        size_t end = at;
        while (end < length && line[end] != ' ' && line[end] != '\t')
            end++;
        if (words.count < WORDS) {
            words.at[words.count] = line + at;
            words.size[words.count] = end - at;
        }
        words.count++;
        for (at = end; at < length && (line[at] == ' ' || line[at] == '\t');)
            at++;
    }
    return words;
}

static enum rf_err parse_line(const char *line, size_t length, struct rf_known_key *entry,
                              struct rf_error *error) {
    char roles[RF_ROLES_TEXT_SIZE * 2];
    struct words words = split(line, length);
    if (words.count != WORDS)
        return rf_error_set(error, RF_ERR_INVALID,
                            "%zu words; expected a public key, its roles and its name, as in "
                            "\"KEY worker,publisher gateway-1\"",
                            words.count);
    if (!rf_curve_key_valid(words.at[0], words.size[0]))
        return rf_error_set(error, RF_ERR_INVALID,
                            "no public key stands in front; expected 40 characters of Z85, or a "
                            "comment behind #");
    if (!rf_curve_name_valid(words.at[2], words.size[2]))
        return rf_error_set(error, RF_ERR_INVALID,
                            "the last word is no name; expected up to 64 letters, digits, dots, "
                            "hyphens and underscores");
    snprintf(roles, sizeof roles, "%.*s", (int)words.size[1], words.at[1]);
    snprintf(entry->key, sizeof entry->key, "%.*s", (int)words.size[0], words.at[0]);
    snprintf(entry->name, sizeof entry->name, "%.*s", (int)words.size[2], words.at[2]);
    return rf_roles_parse(roles, &entry->roles, error);
}

static enum rf_err add(struct rf_known *known, struct rf_known_key *entry, struct rf_error *error) {
    const struct rf_known_key *other = rf_known_find(known, entry->key, strlen(entry->key));
    if (other != NULL)
        return rf_error_set(error, RF_ERR_INVALID,
                            "the key stands in line %zu already; expected it once", other->line);
    other = rf_known_named(known, entry->name);
    if (other != NULL)
        return rf_error_set(error, RF_ERR_INVALID,
                            "the name %s stands in line %zu already; expected one key a name",
                            entry->name, other->line);
    if (!rf_map_add_text(&known->by_key, &entry->by_key, entry->key) ||
        !rf_map_add_text(&known->by_name, &entry->by_name, entry->name))
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    known->count++;
    return RF_OK;
}

static size_t lines_of(const char *text) {
    size_t count = 1;
    for (const char *at = strchr(text, '\n'); at != NULL; at = strchr(at + 1, '\n'))
        count++;
    return count;
}

enum rf_err rf_known_parse(const char *text, const char *file, struct rf_known *known,
                           struct rf_error *error) {
    *known = (struct rf_known){0};
    size_t lines = lines_of(text), number = 0, length;
    // The nodes of the map stand in the array: it never moves.
    known->items = calloc(lines < RF_KNOWN_MAX ? lines : RF_KNOWN_MAX, sizeof *known->items);
    if (known->items == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    const char *line;
    while ((line = rf_curve_line(&text, &number, &length)) != NULL) {
        enum rf_err err;
        if (known->count == RF_KNOWN_MAX) {
            err = rf_error_set(error, RF_ERR_INVALID, "one key too many; expected at most %d",
                               RF_KNOWN_MAX);
        } else {
            struct rf_known_key *entry = &known->items[known->count];
            *entry = (struct rf_known_key){.line = number};
            err = parse_line(line, length, entry, error);
            if (err == RF_OK)
                err = add(known, entry, error);
        }
        if (err != RF_OK) {
            rf_error_prefix(error, "%s:%zu: ", file, number);
            return err;
        }
    }
    return RF_OK;
}

void rf_known_fini(struct rf_known *known) {
    rf_map_fini(&known->by_key);
    rf_map_fini(&known->by_name);
    free(known->items);
    *known = (struct rf_known){0};
}

enum rf_err rf_known_read(const char *file, struct rf_known *known, struct rf_error *error) {
    char *text;
    struct stat status;
    *known = (struct rf_known){0};
    enum rf_err err = rf_file_read(file, FILE_MAX_BYTES, &text, NULL, error);
    if (err != RF_OK)
        return err;
    if (stat(file, &status) == 0 && (status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        err = rf_error_set(error, RF_ERR_INVALID,
                           "%s: other users may write it (mode %04o), and with it let themselves "
                           "in; chmod go-w %s",
                           file, (unsigned)status.st_mode & 07777u, file);
    else
        err = rf_known_parse(text, file, known, error);
    free(text);
    return err;
}

const struct rf_known_key *rf_known_find(const struct rf_known *known, const char *key,
                                         size_t length) {
    struct rf_map_node *node = rf_map_find(&known->by_key, key, length);
    return node == NULL ? NULL : RF_OWNER(node, struct rf_known_key, by_key);
}

const struct rf_known_key *rf_known_named(const struct rf_known *known, const char *name) {
    struct rf_map_node *node = rf_map_find_text(&known->by_name, name);
    return node == NULL ? NULL : RF_OWNER(node, struct rf_known_key, by_name);
}
