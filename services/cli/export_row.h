// A contact of an export as a line of CSV or of JSON. Pure but for the file that it writes to.
#ifndef RF_CLI_EXPORT_ROW_H
#define RF_CLI_EXPORT_ROW_H

#include <jansson.h>
#include <stdio.h>

// cli_export_header: the names of the columns: ours, then those of the lists. One of theirs that
// has a name of ours is told as list.NAME.
void cli_export_header(FILE *out, const json_t *columns);

// cli_export_csv: one contact as the operation `export` gives it. What a spreadsheet would take for
// a formula is told as text (contacts/csv_write.h).
void cli_export_csv(FILE *out, const json_t *columns, const json_t *contact);

// cli_export_json: the same as one JSON object in a line, exact: nothing is made safe. Times are
// ISO 8601 in UTC; what is not known is null. The list's own columns are within `fields`.
void cli_export_json(FILE *out, const json_t *contact);

#endif
