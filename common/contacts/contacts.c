#include "contacts/contacts.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "contacts/phone.h"
#include "contacts/seen.h"

struct rf_contacts {
    char *path;
    const struct rf_country *country;
    FILE *in;
    struct rf_csv *csv;
    char *header[RF_CSV_MAX_FIELDS];  // as it is written,
    char *columns[RF_CSV_MAX_FIELDS]; // and what each is taken as
    size_t column_count;
    size_t phone, name; // their columns; `name` is column_count if there is none
    struct rf_seen seen;
    struct rf_csv_record record; // the latest
    bool first;                  // it is a contact already: the file has no header
    size_t refused_line;
    char reason[RF_ERROR_MESSAGE_SIZE];
};

// "FILE:LINE: COLUMN: " before the message; the column by its name, by its number while there is
// none.
static enum rf_err refuse(struct rf_contacts *contacts, size_t line, size_t column,
                          struct rf_error *error) {
    if (column > 0 && column <= contacts->column_count)
        rf_error_prefix(error, "%s: ", contacts->header[column - 1]);
    else if (column > 0)
        rf_error_prefix(error, "column %zu: ", column);
    contacts->refused_line = line;
    memcpy(contacts->reason, error->message, sizeof contacts->reason);
    rf_error_prefix(error, "%s:%zu: ", contacts->path, line);
    return RF_ERR_INVALID;
}

#define REFUSE(contacts, line, column, error, ...)                                                 \
    (rf_error_set(error, RF_ERR_INVALID, __VA_ARGS__), refuse(contacts, line, column, error))

static enum rf_err next_record(struct rf_contacts *contacts, struct rf_error *error) {
    struct rf_csv_problem problem;
    enum rf_err err = rf_csv_next(contacts->csv, &contacts->record, &problem);
    if (err == RF_ERR_INVALID)
        return REFUSE(contacts, problem.line, problem.column, error, "%s", problem.text);
    if (err == RF_ERR_IO)
        rf_error_set(error, RF_ERR_IO, "%s: cannot be read: %s", contacts->path, strerror(errno));
    return err;
}

// ---- the header ----

// A copy without the spaces around it.
static char *trimmed(const char *text, size_t length) {
    size_t lead = 0;
    while (lead < length && (text[lead] == ' ' || text[lead] == '\t'))
        lead++;
    while (length > lead && (text[length - 1] == ' ' || text[length - 1] == '\t'))
        length--;
    return strndup(text + lead, length - lead);
}

// Who overlooked one of them would call by the wrong clock.
bool rf_contacts_is_time_zone(const char *name) {
    const char *left = "timezone";
    for (; *name != '\0'; name++) {
        if (*name == '_' || *name == ' ' || *name == '-')
            continue;
        if (*left == '\0' || tolower((unsigned char)*name) != *left++)
            return false;
    }
    return *left == '\0';
}

// What the file's column `name` is taken as: itself unless the format says another one.
static char *taken_as(const struct rf_contacts_format *format, const char *name) {
    size_t length = strlen(name);
    for (size_t i = 0; format != NULL && i < format->column_count; i++) {
        const char *equals = strchr(format->columns[i], '=');
        if (equals != NULL && strcasecmp(equals + 1, name) == 0) {
            name = format->columns[i];
            length = (size_t)(equals - name);
            break;
        }
    }
    char *taken = trimmed(name, length);
    if (taken != NULL && rf_contacts_is_time_zone(taken)) {
        free(taken);
        taken = strdup("time_zone");
    }
    return taken;
}

static size_t column_named(char *const *columns, size_t count, const char *name) {
    for (size_t i = 0; i < count; i++) {
        assert(columns[i] != NULL);
        if (strcasecmp(columns[i], name) == 0)
            return i;
    }
    return count;
}

static enum rf_err take_column(struct rf_contacts *contacts,
                               const struct rf_contacts_format *format, size_t i,
                               struct rf_error *error) {
    size_t line = contacts->record.line;
    const char *written = contacts->record.fields[i];
    char *header = contacts->header[i] = trimmed(written, strlen(written));
    char *column = contacts->columns[i] = header != NULL ? taken_as(format, header) : NULL;
    if (column == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    if (column[0] == '\0')
        return REFUSE(contacts, line, i + 1, error,
                      "has no name in the header; name it, or take the column out");
    size_t same = column_named(contacts->columns, contacts->column_count, column);
    if (same < contacts->column_count)
        return REFUSE(contacts, line, i + 1, error,
                      "has the name of column %zu, %s; give each column a name of its own",
                      same + 1, column);
    contacts->column_count = i + 1;
    return RF_OK;
}

static enum rf_err no_phone(struct rf_contacts *contacts, struct rf_error *error) {
    const struct rf_csv_record *record = &contacts->record;
    const char *other = record->count == 1 ? strpbrk(record->fields[0], ",;\t|") : NULL;
    char sign[] = "' '";
    if (other != NULL) {
        sign[1] = *other;
        return REFUSE(contacts, record->line, 0, error,
                      "the columns are separated by %s; name it (--separator %s), or save the file "
                      "with commas",
                      *other == '\t' ? "tabs" : sign, *other == '\t' ? "tab" : sign);
    }
    return REFUSE(contacts, record->line, 0, error,
                  "there is no column phone; begin the file with a line that names the columns, "
                  "such as phone,name, or say which column it is (--map phone=COLUMN)");
}

// A column that the format names and the file does not have is a mistake in one of the two.
static enum rf_err check_mapped(struct rf_contacts *contacts,
                                const struct rf_contacts_format *format, struct rf_error *error) {
    for (size_t i = 0; format != NULL && i < format->column_count; i++) {
        const char *equals = strchr(format->columns[i], '=');
        if (equals == NULL || equals == format->columns[i] || equals[1] == '\0')
            return rf_error_set(error, RF_ERR_INVALID,
                                "\"%s\": expected a name, = and a column of the list, such as "
                                "phone=Telefon",
                                format->columns[i]);
        size_t count = contacts->column_count;
        if (column_named(contacts->header, count, equals + 1) == count)
            return REFUSE(contacts, contacts->record.line, 0, error,
                          "there is no column %s, which shall be taken as %.*s; look at the first "
                          "line of the file",
                          equals + 1, (int)(equals - format->columns[i]), format->columns[i]);
    }
    return RF_OK;
}

// A file of nothing but numbers, such as a register of those who do not want to be called.
static bool is_number(const struct rf_contacts *contacts) {
    struct rf_phone phone;
    return contacts->record.count == 1 &&
           rf_phone_read(contacts->record.fields[0], contacts->country, &phone);
}

static enum rf_err take_header(struct rf_contacts *contacts,
                               const struct rf_contacts_format *format, struct rf_error *error) {
    enum rf_err err = next_record(contacts, error);
    if (err == RF_ERR_NOT_FOUND)
        return REFUSE(contacts, 1, 0, error,
                      "the file is empty; begin it with a line that names the columns, such as "
                      "phone,name");
    if (err == RF_OK && is_number(contacts)) {
        contacts->first = true;
        contacts->column_count = 1;
        contacts->header[0] = strdup("phone");
        contacts->columns[0] = strdup("phone");
        contacts->name = 1;
        return contacts->header[0] != NULL && contacts->columns[0] != NULL
                   ? RF_OK
                   : rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    }
    for (size_t i = 0; err == RF_OK && i < contacts->record.count; i++)
        err = take_column(contacts, format, i, error);
    if (err != RF_OK)
        return err;
    size_t count = contacts->column_count;
    contacts->phone = column_named(contacts->columns, count, "phone");
    contacts->name = column_named(contacts->columns, count, "name");
    if (contacts->phone == count && contacts->record.count == 1)
        return no_phone(contacts, error); // most likely the separator
    err = check_mapped(contacts, format, error);
    if (err != RF_OK || contacts->phone < count)
        return err;
    return no_phone(contacts, error);
}

enum rf_err rf_contacts_open(const char *path, const struct rf_contacts_format *format,
                             struct rf_contacts **contacts, struct rf_error *error) {
    struct rf_contacts *made = calloc(1, sizeof *made);
    char separator = ',';
    enum rf_err err = RF_OK;
    *contacts = NULL;
    if (made == NULL || (made->path = strdup(path)) == NULL) {
        err = rf_error_set(error, RF_ERR_NOMEM, "out of memory");
        goto cleanup;
    }
    made->country = format != NULL ? format->country : NULL;
    if (format != NULL && format->separator != '\0')
        separator = format->separator;
    made->in = fopen(path, "re");
    if (made->in == NULL) {
        err = rf_error_set(error, RF_ERR_IO, "%s: cannot be opened: %s", path, strerror(errno));
        goto cleanup;
    }
    made->csv = rf_csv_new(made->in, separator);
    err = made->csv != NULL ? take_header(made, format, error)
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
    for (size_t i = 0; i < RF_CSV_MAX_FIELDS; i++) {
        free(dead->header[i]);
        free(dead->columns[i]);
    }
    rf_seen_fini(&dead->seen);
    free(dead->path);
    free(dead);
    *contacts = NULL;
}

const char *const *rf_contacts_header(const struct rf_contacts *contacts, size_t *count) {
    *count = contacts->column_count;
    return (const char *const *)contacts->header;
}

// ---- the contacts ----

static enum rf_err read_phone(struct rf_contacts *contacts, struct rf_phone *phone,
                              struct rf_error *error) {
    size_t line = contacts->record.line, column = contacts->phone + 1;
    const char *written = contacts->record.fields[contacts->phone];
    size_t earlier = 0;
    if (!rf_phone_read(written, contacts->country, phone))
        return written[0] == '\0'
                   ? REFUSE(contacts, line, column, error, "%s", phone->problem)
                   : REFUSE(contacts, line, column, error, "\"%.40s\" %s", written, phone->problem);
    if (rf_seen_add(&contacts->seen, phone->e164, line, &earlier) != RF_OK)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    if (earlier != 0)
        return REFUSE(contacts, line, column, error,
                      "%s stands in line %zu already; take one of the two out", phone->e164,
                      earlier);
    return RF_OK;
}

enum rf_err rf_contacts_next(struct rf_contacts *contacts, struct rf_contact *contact,
                             struct rf_error *error) {
    struct rf_phone phone;
    const struct rf_csv_record *record = &contacts->record;
    enum rf_err err = contacts->first ? RF_OK : next_record(contacts, error);
    contacts->first = false;
    if (err != RF_OK)
        return err;
    if (record->count != contacts->column_count)
        return REFUSE(contacts, record->line, 0, error,
                      "there are %zu fields where the header names %zu columns; put a field that "
                      "has a comma in quotes, and leave no comma out",
                      record->count, contacts->column_count);
    err = read_phone(contacts, &phone, error);
    if (err != RF_OK)
        return err;
    contact->line = record->line;
    memcpy(contact->phone, phone.e164, sizeof contact->phone);
    contact->name = contacts->name < record->count ? record->fields[contacts->name] : "";
    contact->written = record->fields;
    contact->written_count = record->count;
    contact->count = 0;
    for (size_t i = 0; i < record->count; i++)
        if (i != contacts->phone && i != contacts->name)
            contact->fields[contact->count++] =
                (struct rf_contact_field){contacts->columns[i], record->fields[i]};
    return RF_OK;
}

bool rf_contacts_cut(const struct rf_contacts *contacts, struct rf_error *warning) {
    size_t line = rf_csv_cut(contacts->csv);
    if (line > 0)
        rf_error_set(warning, RF_ERR_INVALID,
                     "%s:%zu: the file ends without a line break: this last line may be cut off; "
                     "compare it with where the list comes from",
                     contacts->path, line);
    return line > 0;
}

struct rf_contacts_refusal rf_contacts_refused(const struct rf_contacts *contacts) {
    return (struct rf_contacts_refusal){.line = contacts->refused_line,
                                        .reason = contacts->reason,
                                        .written = contacts->record.fields,
                                        .written_count = contacts->record.count};
}
