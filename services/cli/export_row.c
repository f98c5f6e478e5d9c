#include "export_row.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "contacts/csv_write.h"
#include "events/text.h"

enum kind { TEXT, NUMBER, TIME, LIST };

static const struct {
    const char *name;
    enum kind kind;
} ours[] = {
    {"line", NUMBER},  {"id", TEXT},         {"phone", TEXT},   {"name", TEXT},
    {"state", TEXT},   {"step", TEXT},       {"outcome", TEXT}, {"reason", TEXT},
    {"message", TEXT}, {"attempts", NUMBER}, {"created", TIME}, {"first_dial", TIME},
    {"ended", TIME},   {"provider", TEXT},   {"sids", LIST},    {"duration_s", NUMBER},
};

#define OURS (sizeof ours / sizeof ours[0])

static bool is_ours(const char *name) {
    for (size_t i = 0; i < OURS; i++)
        if (strcasecmp(ours[i].name, name) == 0)
            return true;
    return false;
}

void cli_export_header(FILE *out, const json_t *columns) {
    size_t i;
    json_t *column;
    for (i = 0; i < OURS; i++) {
        if (i > 0)
            rf_csv_write_separator(out);
        rf_csv_write_field(out, ours[i].name);
    }
    json_array_foreach(columns, i, column) {
        const char *name = json_string_value(column);
        struct rf_text text = {0};
        rf_text_add(&text, "%s%s", is_ours(name) ? "list." : "", name);
        rf_csv_write_separator(out);
        rf_csv_write_field(out, text.data != NULL ? text.data : "");
        rf_text_fini(&text);
    }
    rf_csv_write_end(out);
}

static void write_list(FILE *out, const json_t *list) {
    size_t i;
    json_t *item;
    struct rf_text text = {0};
    json_array_foreach(list, i, item) {
        const char *value = json_string_value(item);
        rf_text_add(&text, "%s%s", i > 0 ? " " : "", value != NULL ? value : "");
    }
    rf_csv_write_field(out, text.data != NULL ? text.data : "");
    rf_text_fini(&text);
}

static void write_value(FILE *out, enum kind kind, const json_t *value) {
    char text[RF_RFC3339_SIZE];
    if (kind == LIST) {
        write_list(out, value);
    } else if (kind == TEXT) {
        const char *string = json_string_value(value);
        rf_csv_write_field(out, string != NULL ? string : "");
    } else if (kind == TIME && json_is_integer(value)) {
        rf_csv_write_field(out, rf_utc_format((struct rf_utc){json_integer_value(value)}, text));
    } else if (json_is_integer(value)) {
        snprintf(text, sizeof text, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        rf_csv_write_field(out, text);
    }
}

void cli_export_csv(FILE *out, const json_t *columns, const json_t *contact) {
    size_t i;
    json_t *column;
    const json_t *fields = json_object_get(contact, "fields");
    for (i = 0; i < OURS; i++) {
        if (i > 0)
            rf_csv_write_separator(out);
        write_value(out, ours[i].kind, json_object_get(contact, ours[i].name));
    }
    json_array_foreach(columns, i, column) {
        const char *value = json_string_value(json_object_get(fields, json_string_value(column)));
        rf_csv_write_separator(out);
        rf_csv_write_field(out, value != NULL ? value : "");
    }
    rf_csv_write_end(out);
}

void cli_export_json(FILE *out, const json_t *contact) {
    char text[RF_RFC3339_SIZE];
    json_t *told = json_object();
    for (size_t i = 0; i < OURS; i++) {
        json_t *value = json_object_get(contact, ours[i].name);
        if (value == NULL)
            (void)json_object_set_new(told, ours[i].name, json_null());
        else if (ours[i].kind == TIME)
            (void)json_object_set_new(
                told, ours[i].name,
                json_string(rf_utc_format((struct rf_utc){json_integer_value(value)}, text)));
        else
            (void)json_object_set(told, ours[i].name, value);
    }
    (void)json_object_set(told, "fields", json_object_get(contact, "fields"));
    (void)json_dumpf(told, out, JSON_COMPACT | JSON_PRESERVE_ORDER);
    (void)fputc('\n', out);
    json_decref(told);
}
