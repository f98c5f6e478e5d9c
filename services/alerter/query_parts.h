// What the questions to the alerter share.
#ifndef RF_ALERTER_QUERY_PARTS_H
#define RF_ALERTER_QUERY_PARTS_H

#include "query.h"
#include "store/db.h"

// rf_query_param: the text of a parameter; "" if there is none.
const char *rf_query_param(const struct rf_query *query, const char *name);

// rf_query_rows: the rest of the rows as an array of objects at `name` of the result, and their
// end. `begun`: how the statement began. `columns`: the names, a '#' in front of those of numbers;
// NULL ends them.
RF_NODISCARD enum rf_err rf_query_rows(struct rf_rows **rows, enum rf_err begun,
                                       const char *const *columns, json_t *result, const char *name,
                                       struct rf_error *error);

// rf_query_page_size: the rows that are wanted at once ("limit"). To know whether there are more,
// one more is read.
int64_t rf_query_page_size(const struct rf_query *query);

// rf_query_page_end: takes the row beyond the page out of the array at `name`, and sets "next" to
// the values that `keys` (NULL ends them) have in the last row that stays. To be asked on, "after"
// gets that value.
RF_NODISCARD enum rf_err rf_query_page_end(struct rf_query *query, const char *name,
                                           const char *const *keys, struct rf_error *error);

#endif
