// The store's SQL as PostgreSQL wants it. Pure.
#ifndef RF_STORE_DIALECT_H
#define RF_STORE_DIALECT_H

#include <stdbool.h>
#include <stddef.h>

// rf_dialect_postgres: each `?` becomes $1, $2, ...; what stands in /*! ... */, which SQLite takes
// for a comment, is laid open. Texts in single quotes and names in double quotes stay as they are.
// False if `out` is too small. `parameters` is how many there are.
bool rf_dialect_postgres(const char *sql, char *out, size_t size, int *parameters);

#endif
