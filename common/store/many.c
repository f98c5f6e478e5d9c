#include <assert.h>
#include <string.h>

#include "store/db.h"
#include "store/driver.h"

#define SQL_MAX 4096

size_t rf_db_many_part(size_t left) {
    static const size_t parts[] = {RF_DB_MANY_MAX, 8};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (left >= parts[i])
            return parts[i];
    return 1;
}

static char *append(char *at, const char *text) {
    size_t length = strlen(text);
    memcpy(at, text, length + 1);
    return at + length;
}

static void compose(const struct rf_db_many *many, size_t count, char *sql) {
    assert(count <= RF_DB_MANY_MAX && rf_db_many_part(count) == count);
    assert((size_t)many->fixed + count * (size_t)many->width <= RF_DB_VALUES_MAX);
    assert(strlen(many->head) + count * (strlen(many->each) + 2) + strlen(many->tail) < SQL_MAX);
    char *at = append(sql, many->head);
    for (size_t i = 0; i < count; i++) {
        at = append(at, i > 0 ? ", " : "");
        at = append(at, many->each);
    }
    (void)append(at, many->tail);
}

enum rf_err rf_db_query_many(struct rf_db *db, struct rf_error *error, struct rf_rows **rows,
                             const struct rf_db_many *many, const struct rf_db_value *values,
                             size_t count) {
    char sql[SQL_MAX];
    compose(many, count, sql);
    *rows = NULL;
    return db->driver->query(db, sql, values, many->fixed + (int)count * many->width, rows, error);
}

enum rf_err rf_db_later_many(struct rf_db *db, struct rf_error *error,
                             const struct rf_db_many *many, const struct rf_db_value *values,
                             size_t count) {
    char sql[SQL_MAX];
    compose(many, count, sql);
    return rf_db_send(db, sql, values, many->fixed + (int)count * many->width, error);
}
