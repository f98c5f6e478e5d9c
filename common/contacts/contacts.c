#include "contacts/contacts.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "contacts/phone.h"
#include "contacts/seen.h"

struct rf_contacts {
    char *path;
    FILE *in;
    struct rf_csv *csv;
    char *columns[RF_CSV_MAX_FIELDS];
    size_t column_count;
    size_t phone, name; // their columns; `name` is column_count if there is none
    struct rf_seen seen;
};

// "FILE:LINE: COLUMN: " before the message; the column by its name, by its number while there is
// none.
static enum rf_err refuse(const struct rf_contacts *contacts, size_t line, size_t column,
                          struct rf_error *error) {
    if (column == 0)
        rf_error_prefix(error, "%s:%zu: ", contacts->path, line);
    else if (column <= contacts->column_count)
        rf_error_prefix(error, "%s:%zu: %s: ", contacts->path, line, contacts->columns[column - 1]);
    else
        rf_error_prefix(error, "%s:%zu: column %zu: ", contacts->path, line, column);
    return RF_ERR_INVALID;
}

#define REFUSE(contacts, line, column, error, ...)                                                 \
    (rf_error_set(error, RF_ERR_INVALID, __VA_ARGS__), refuse(contacts, line, column, error))

static enum rf_err next_record(struct rf_contacts *contacts, struct rf_csv_record *record,
                               struct rf_error *error) {
    struct rf_csv_problem problem;
    enum rf_err err = rf_csv_next(contacts->csv, record, &problem);
    if (err == RF_ERR_INVALID)
        return REFUSE(contacts, problem.line, problem.column, error, "%s", problem.text);
    if (err == RF_ERR_IO)
        rf_error_set(error, RF_ERR_IO, "%s: cannot be read: %s", contacts->path, strerror(errno));
    return err;
}

// ---- the header ----

// A copy without the spaces around it.
static char *trimmed(const char *text) {
    size_t lead = strspn(text, " \t");
    size_t length = strlen(text + lead);
    while (length > 0 && (text[lead + length - 1] == ' ' || text[lead + length - 1] == '\t'))
        length--;
    return strndup(text + lead, length);
}

static enum rf_err take_column(struct rf_contacts *contacts, const struct rf_csv_record *record,
                               size_t i, struct rf_error *error) {
    char *name = trimmed(record->fields[i]);
    if (name == NULL) {
        rf_error_set(error, RF_ERR_NOMEM, "out of memory");
        return RF_ERR_NOMEM;
    }
    if (name[0] == '\0') {
        free(name);
        return REFUSE(contacts, record->line, i + 1, error,
                      "has no name in the header; name it, or take the column out");
    }
    contacts->columns[i] = name;
    for (size_t j = 0; j < contacts->column_count; j++)
        if (strcasecmp(contacts->columns[j], name) == 0)
            return REFUSE(contacts, record->line, i + 1, error,
                          "has the name of column %zu, %s; give each column a name of its own",
                          j + 1, name);
    contacts->column_count = i + 1;
    return RF_OK;
}

static size_t column_named(const struct rf_contacts *contacts, const char *name) {
    size_t i = 0;
    while (i < contacts->column_count && strcasecmp(contacts->columns[i], name) != 0)
        i++;
    return i;
}

static enum rf_err take_header(struct rf_contacts *contacts, struct rf_error *error) {
    struct rf_csv_record record;
    enum rf_err err = next_record(contacts, &record, error);
    if (err == RF_ERR_NOT_FOUND)
        return REFUSE(contacts, 1, 0, error,
                      "the file is empty; begin it with a line that names the columns, such as "
                      "phone,name");
    for (size_t i = 0; err == RF_OK && i < record.count; i++)
        err = take_column(contacts, &record, i, error);
    if (err != RF_OK)
        return err;
    contacts->phone = column_named(contacts, "phone");
    contacts->name = column_named(contacts, "name");
    if (contacts->phone < contacts->column_count)
        return RF_OK;
    if (record.count == 1 && strpbrk(record.fields[0], ";\t") != NULL)
        return REFUSE(contacts, record.line, 0, error,
                      "the columns are not separated by commas; save the file with commas");
    return REFUSE(contacts, record.line, 0, error,
                  "there is no column phone; begin the file with a line that names the columns, "
                  "such as phone,name");
}

enum rf_err rf_contacts_open(const char *path, struct rf_contacts **contacts,
                             struct rf_error *error) {
    struct rf_contacts *made = calloc(1, sizeof *made);
    enum rf_err err = RF_OK;
    *contacts = NULL;
    if (made == NULL || (made->path = strdup(path)) == NULL) {
        err = rf_error_set(error, RF_ERR_NOMEM, "out of memory");
        goto cleanup;
    }
    made->in = fopen(path, "re");
    if (made->in == NULL) {
        err = rf_error_set(error, RF_ERR_IO, "%s: cannot be opened: %s", path, strerror(errno));
        goto cleanup;
    }
    made->csv = rf_csv_new(made->in);
    err = made->csv != NULL ? take_header(made, error)
                            : rf_error_set(error, RF_ERR_NOMEM, "out of memory");
cleanup:
    if (err == RF_OK)
        *contacts = made;
    else if (made != NULL)
        rf_contacts_destroy(&made);
    return err;
}

void rf_contacts_destroy(struct rf_contacts **contacts) {
    if (*contacts == NULL)
        return;
    struct rf_contacts *dead = *contacts;
    rf_csv_destroy(&dead->csv);
    if (dead->in != NULL)
        fclose(dead->in);
    for (size_t i = 0; i < RF_CSV_MAX_FIELDS; i++)
        free(dead->columns[i]);
    rf_seen_fini(&dead->seen);
    free(dead->path);
    free(dead);
    *contacts = NULL;
}

// ---- the contacts ----

static enum rf_err check_phone(struct rf_contacts *contacts, const struct rf_csv_record *record,
                               struct rf_error *error) {
    const char *phone = record->fields[contacts->phone];
    const char *problem = rf_phone_problem(phone);
    size_t earlier = 0;
    if (problem != NULL && phone[0] == '\0')
        return REFUSE(contacts, record->line, contacts->phone + 1, error, "%s", problem);
    if (problem != NULL)
        return REFUSE(contacts, record->line, contacts->phone + 1, error, "\"%.40s\" %s", phone,
                      problem);
    if (rf_seen_add(&contacts->seen, phone, record->line, &earlier) != RF_OK)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    if (earlier != 0)
        return REFUSE(contacts, record->line, contacts->phone + 1, error,
                      "%s stands in line %zu already; take one of the two out", phone, earlier);
    return RF_OK;
}

enum rf_err rf_contacts_next(struct rf_contacts *contacts, struct rf_contact *contact,
                             struct rf_error *error) {
    struct rf_csv_record record;
    enum rf_err err = next_record(contacts, &record, error);
    if (err != RF_OK)
        return err;
    if (record.count != contacts->column_count)
        return REFUSE(contacts, record.line, 0, error,
                      "there are %zu fields where the header names %zu columns; put a field that "
                      "has a comma in quotes, and leave no comma out",
                      record.count, contacts->column_count);
    err = check_phone(contacts, &record, error);
    if (err != RF_OK)
        return err;
    contact->line = record.line;
    contact->phone = record.fields[contacts->phone];
    contact->name = contacts->name < record.count ? record.fields[contacts->name] : "";
    contact->count = 0;
    for (size_t i = 0; i < record.count; i++)
        if (i != contacts->phone && i != contacts->name)
            contact->fields[contact->count++] =
                (struct rf_contact_field){contacts->columns[i], record.fields[i]};
    return RF_OK;
}
