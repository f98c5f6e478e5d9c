#include "campaign.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "calendar/zone_name.h"
#include "campaigns/backup.h"
#include "contacts/phone.h"
#include "dnc.h"
#include "notice.h"
#include "store/db.h"

#define NAME_MAX_BYTES   200
#define FIELDS_MAX_BYTES 16384
// Far beyond any list, and far from where the next number would not be one.
#define LINE_MAX_NUMBER INT64_C(1000000000000)

bool rf_campaign_name_valid(const char *name) {
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "._-";
    size_t length = name ? strspn(name, allowed) : 0;
    return length >= 1 && length <= RF_CAMPAIGN_NAME_MAX && name[length] == '\0';
}

static bool copy(char **out, const char *text) {
    *out = text ? strdup(text) : NULL;
    return !text || *out;
}

static bool texts_only(const json_t *fields) {
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)fields, key, value) {
        if (!json_is_string(value))
            return false;
    }
    return true;
}

// The contact's own time zone, of its key or of its column; NULL: none, or an empty one. False: it
// is no text.
static bool read_time_zone(const json_t *item, const json_t *fields, const char **zone) {
    const json_t *given = json_object_get(item, "time_zone");
    if (!given || json_is_null(given))
        given = json_object_get(fields, "time_zone");
    *zone = json_string_length(given) > 0 ? json_string_value(given) : NULL;
    return !given || json_is_string(given);
}

// Adds the names of the fields to those of the page.
static enum rf_err add_names(json_t *columns, const json_t *fields) {
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)fields, name, value) {
        if (!json_object_get(columns, name) && json_object_set_new(columns, name, json_null()) != 0)
            return RF_ERR_NOMEM;
    }
    return RF_OK;
}

// Whether the system has it; of the machine's faults, RF_ERR_IO, no contact is to blame.
static enum rf_err check_time_zone(const char *zone, bool is_text, struct rf_campaign_row *row,
                                   struct rf_error *error) {
    enum rf_err err = is_text ? RF_OK : RF_ERR_NOT_FOUND;
    if (is_text && zone)
        err = rf_zone_look(zone, error);
    if (err == RF_ERR_NOT_FOUND)
        row->problem = "has a time_zone that the system does not know; write one such as "
                       "Europe/Berlin, with its capitals";
    return row->problem ? RF_OK : err;
}

static enum rf_err out_of_memory(struct rf_error *error) {
    return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
}

// Reads one contact. What is wrong with it becomes its problem; RF_ERR_NOMEM and RF_ERR_IO only.
static enum rf_err read_row(const json_t *item, json_t *columns, struct rf_campaign_row *row,
                            struct rf_error *error) {
    const char *phone = json_string_value(json_object_get(item, "phone"));
    const json_t *name = json_object_get(item, "name");
    const json_t *fields = json_object_get(item, "fields");
    const char *zone;
    bool zone_is_text = read_time_zone(item, fields, &zone);
    enum rf_err err = RF_OK;
    row->line = json_integer_value(json_object_get(item, "line"));
    if (row->line < 1 || row->line > LINE_MAX_NUMBER) {
        row->problem = "has no line number from 1 to 1000000000000";
    } else if (!phone) {
        row->problem = "has no phone number";
    } else if ((row->problem = rf_phone_problem(phone)) != NULL) {
        return RF_OK;
    } else if (name && !json_is_null(name) &&
               (!json_is_string(name) || json_string_length(name) > NAME_MAX_BYTES)) {
        row->problem = "has a name that is no text of at most 200 bytes";
    } else if (fields && !json_is_null(fields) &&
               (!json_is_object(fields) || !texts_only(fields))) {
        row->problem = "has fields that are not all texts";
    } else {
        err = check_time_zone(zone, zone_is_text, row, error);
    }
    if (row->problem || err != RF_OK)
        return err;
    if (json_object_size(fields) > 0) {
        row->fields = json_dumps(fields, JSON_COMPACT);
        if (!row->fields)
            return out_of_memory(error);
        if (strlen(row->fields) > FIELDS_MAX_BYTES)
            row->problem = "has fields of more than 16 KiB";
        else if (add_names(columns, fields) != RF_OK)
            return out_of_memory(error);
    }
    return copy(&row->phone, phone) && copy(&row->name, json_string_value(name)) &&
                   copy(&row->time_zone, zone)
               ? RF_OK
               : out_of_memory(error);
}

enum rf_err rf_campaign_load_new(const json_t *params, struct rf_utc now,
                                 struct rf_campaign_load **out, struct rf_error *error) {
    *out = NULL;
    const char *campaign = json_string_value(json_object_get(params, "campaign"));
    const json_t *contacts = json_object_get(params, "contacts");
    if (!rf_campaign_name_valid(campaign))
        return rf_error_set(error, RF_ERR_INVALID,
                            "campaign: expected a name of 1 to 64 letters, digits, '.', '_', '-'");
    if (!json_is_array(contacts) || json_array_size(contacts) > RF_CAMPAIGN_PAGE_MAX)
        return rf_error_set(error, RF_ERR_INVALID, "contacts: expected an array of at most %d",
                            RF_CAMPAIGN_PAGE_MAX);
    struct rf_campaign_load *load = calloc(1, sizeof *load);
    enum rf_err err = load ? RF_OK : out_of_memory(error);
    if (err == RF_OK) {
        load->job.run = rf_campaign_load_run;
        load->now = now;
        load->count = json_array_size(contacts);
        load->columns = json_object();
        load->rows = calloc(load->count + 1, sizeof *load->rows);
        if (!load->rows || !load->columns || !copy(&load->campaign, campaign))
            err = out_of_memory(error);
    }
    for (size_t i = 0; err == RF_OK && i < load->count; i++)
        err = read_row(json_array_get(contacts, i), load->columns, &load->rows[i], error);
    if (err != RF_OK) {
        rf_campaign_load_destroy(&load);
        return err;
    }
    *out = load;
    return RF_OK;
}

void rf_campaign_load_destroy(struct rf_campaign_load **pointer) {
    struct rf_campaign_load *load = *pointer;
    if (!load)
        return;
    for (size_t i = 0; load->rows && i < load->count; i++) {
        free(load->rows[i].phone);
        free(load->rows[i].name);
        free(load->rows[i].fields);
        free(load->rows[i].time_zone);
        free(load->rows[i].told);
    }
    free(load->rows);
    json_decref(load->columns);
    free(load->campaign);
    free(load->call);
    free(load);
    *pointer = NULL;
}

json_t *rf_campaign_load_result(const struct rf_campaign_load *load) {
    json_t *refused = json_array();
    for (size_t i = 0; i < load->count; i++)
        if (load->rows[i].problem)
            (void)json_array_append_new(refused, json_pack("{s:I,s:s}", "line",
                                                           (json_int_t)load->rows[i].line, "reason",
                                                           load->rows[i].problem));
    return json_pack("{s:I,s:I,s:s,s:o}", "added", (json_int_t)load->added, "known",
                     (json_int_t)load->known, "state", rf_campaign_state_name(load->state),
                     "refused", refused);
}

// ---- writing them ----

// The row of the campaign, made if it is new, and whether it takes contacts.
static enum rf_err find_campaign(struct rf_campaign_load *load, struct rf_db *db, int64_t *id,
                                 bool *finished, struct rf_error *error) {
    enum rf_err err = rf_db_run(db, error,
                                "INSERT INTO campaign (name, state, created)"
                                " VALUES (?, 'loading', ?) ON CONFLICT (name) DO NOTHING",
                                "ti", load->campaign, load->now.ns);
    if (err == RF_OK)
        err = rf_db_number(db, error, id, "SELECT id FROM campaign WHERE name = ?", "t",
                           load->campaign);
    struct rf_rows *row;
    if (err == RF_OK)
        err = rf_db_query(db, error, &row,
                          "SELECT state FROM campaign WHERE id = ?"
                          " /*! FOR NO KEY UPDATE */", // nobody ends it meanwhile
                          "i", *id);
    if (err != RF_OK)
        return err;
    if ((err = rf_rows_next(row, error)) == RF_OK)
        (void)rf_campaign_state_parse(rf_rows_text(row, 0), &load->state);
    rf_rows_end(&row);
    *finished = load->state == RF_CAMPAIGN_FINISHED || load->state == RF_CAMPAIGN_CANCELLED;
    return err;
}

#define INSERT "INSERT INTO contact (campaign, line, phone, name, fields, time_zone, created)"

static enum rf_err insert(const struct rf_campaign_load *load, const struct rf_campaign_row *row,
                          int64_t line, struct rf_db *db, int64_t campaign,
                          struct rf_error *error) {
    return rf_db_run(db, error, INSERT " VALUES (?, ?, ?, ?, ?, ?, ?)", "iitttti", campaign, line,
                     row->phone, row->name, row->fields, row->time_zone, load->now.ns);
}

static enum rf_err known(const struct rf_campaign_row *row, struct rf_db *db, int64_t campaign,
                         bool *is, struct rf_error *error) {
    int64_t line;
    enum rf_err err =
        rf_db_number(db, error, &line, "SELECT line FROM contact WHERE campaign = ? AND phone = ?",
                     "it", campaign, row->phone);
    *is = err == RF_OK;
    return err == RF_ERR_NOT_FOUND ? RF_OK : err;
}

// A number on the do-not-call list is the row's problem.
static enum rf_err check_barred(struct rf_campaign_row *row, struct rf_db *db,
                                struct rf_error *error) {
    bool barred;
    char why[RF_DNC_TEXT_SIZE];
    enum rf_err err = rf_dnc_look(db, row->phone, &barred, why, error);
    if (err == RF_OK && barred && !(row->problem = row->told = strdup(why)))
        err = rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    return err;
}

static void set_values(const struct rf_campaign_load *load, const struct rf_campaign_row *row,
                       int64_t campaign, struct rf_db_value *values) {
    const char *texts[] = {row->phone, row->name, row->fields, row->time_zone};
    values[0] = (struct rf_db_value){.type = 'i', .integer = campaign};
    values[1] = (struct rf_db_value){.type = 'i', .integer = row->line};
    for (int i = 0; i < 4; i++)
        values[2 + i] = (struct rf_db_value){.type = 't', .text = texts[i]};
    values[6] = (struct rf_db_value){.type = 'i', .integer = load->now.ns};
}

// Marks the row of a number that was inserted: the first of those that have it.
static void set_added(struct rf_campaign_row *const *rows, size_t count, const char *phone) {
    for (size_t i = 0; i < count; i++) {
        if (!rows[i]->added && strcmp(rows[i]->phone, phone) == 0) {
            rows[i]->added = true;
            return;
        }
    }
}

// Inserts those rows of which neither the number nor the line is in the campaign.
static enum rf_err insert_many(struct rf_campaign_load *load, struct rf_campaign_row *const *rows,
                               size_t count, struct rf_db *db, int64_t campaign,
                               struct rf_error *error) {
    static const struct rf_db_many many = {INSERT " VALUES ", "(?, ?, ?, ?, ?, ?, ?)",
                                           " ON CONFLICT DO NOTHING RETURNING phone", 0, 7};
    struct rf_db_value values[RF_DB_MANY_MAX * 7];
    struct rf_rows *inserted;
    for (size_t i = 0; i < count; i++)
        set_values(load, rows[i], campaign, &values[7 * i]);
    enum rf_err err = rf_db_query_many(db, error, &inserted, &many, values, count);
    if (err != RF_OK)
        return err;
    while ((err = rf_rows_next(inserted, error)) == RF_OK) {
        set_added(rows, count, rf_rows_text(inserted, 0));
        load->added++;
    }
    rf_rows_end(&inserted);
    return err == RF_ERR_NOT_FOUND ? RF_OK : err;
}

// The same of the whole page, in a few statements.
static enum rf_err insert_page(struct rf_campaign_load *load, struct rf_db *db, int64_t campaign,
                               struct rf_error *error) {
    struct rf_campaign_row *rows[RF_CAMPAIGN_PAGE_MAX];
    size_t count = 0;
    enum rf_err err = RF_OK;
    for (size_t i = 0; i < load->count; i++)
        if (!load->rows[i].problem)
            rows[count++] = &load->rows[i];
    for (size_t done = 0, part; err == RF_OK && done < count; done += part) {
        part = rf_db_many_part(count - done);
        assert(part <= count - done);
        err = insert_many(load, rows + done, part, db, campaign, error);
    }
    return err;
}

// A row that was not inserted with the others: it is known, or its line is another one's.
static enum rf_err load_row(struct rf_campaign_load *load, struct rf_campaign_row *row,
                            struct rf_db *db, int64_t campaign, bool finished,
                            struct rf_error *error) {
    bool is_known = false;
    bool added = false;
    enum rf_err err = known(row, db, campaign, &is_known, error);
    if (err == RF_OK && !is_known && !finished) {
        // The line is that of a contact from another list: this one gets the next free number.
        int64_t last = 0;
        err = rf_db_number(db, error, &last, "SELECT max (line) FROM contact WHERE campaign = ?",
                           "i", campaign);
        if (err == RF_OK)
            err = insert(load, row, last + 1, db, campaign, error);
        added = err == RF_OK;
    }
    load->added += added ? 1 : 0;
    load->known += is_known ? 1 : 0;
    if (err == RF_OK && !added && !is_known)
        row->problem = "comes after the campaign has ended; load it into another one";
    return err;
}

// The columns of these contacts that the campaign does not have yet, in their order.
static enum rf_err add_columns(const struct rf_campaign_load *load, struct rf_db *db,
                               int64_t campaign, struct rf_error *error) {
    const char *name;
    json_t *unused;
    enum rf_err err = RF_OK;
    json_object_foreach(load->columns, name, unused) {
        if (err == RF_OK)
            err = rf_db_run(db, error,
                            "INSERT INTO campaign_column (campaign, name, place) VALUES (?, ?,"
                            " (SELECT count (*) FROM campaign_column WHERE campaign = ?))"
                            " ON CONFLICT DO NOTHING",
                            "iti", campaign, name, campaign);
    }
    return err;
}

enum rf_err rf_campaign_load_run(struct rf_store_job *job, struct rf_db *db,
                                 struct rf_error *error) {
    struct rf_campaign_load *load = (struct rf_campaign_load *)job;
    int64_t campaign = 0, last = 0;
    bool finished = false;
    bool all_allowed = false;
    load->added = load->known = 0;
    for (size_t i = 0; i < load->count; i++)
        load->rows[i].added = false;
    enum rf_err err = find_campaign(load, db, &campaign, &finished, error);
    if (err == RF_OK)
        err = rf_dnc_empty(db, &all_allowed, error);
    for (size_t i = 0; err == RF_OK && i < load->count && !all_allowed; i++)
        if (!load->rows[i].problem)
            err = check_barred(&load->rows[i], db, error);
    if (err == RF_OK)
        err = rf_db_number(db, error, &last, "SELECT coalesce (max (id), 0) FROM contact", "");
    if (err == RF_OK && !finished)
        err = insert_page(load, db, campaign, error);
    for (size_t i = 0; err == RF_OK && i < load->count; i++)
        if (!load->rows[i].problem && !load->rows[i].added)
            err = load_row(load, &load->rows[i], db, campaign, finished, error);
    if (err == RF_OK && load->added > 0)
        err = add_columns(load, db, campaign, error);
    if (err == RF_OK && load->added > 0)
        err = rf_backup_ask(db, campaign, last, load->now, error);
    if (err != RF_OK || load->added == 0)
        return err;
    int64_t total = 0;
    err = rf_db_number(db, error, &total,
                       "UPDATE campaign SET total = total + ? WHERE id = ? RETURNING total", "ii",
                       load->added, campaign);
    if (err != RF_OK)
        return err;
    char *text = rf_notice_loaded(load->campaign, load->added, load->known, total, load->now);
    err = rf_notice_store(db, text, error);
    free(text);
    return err;
}
