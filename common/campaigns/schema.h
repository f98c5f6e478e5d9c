// The database of campaigns.
#ifndef RF_CAMPAIGNS_SCHEMA_H
#define RF_CAMPAIGNS_SCHEMA_H

#include "store/store.h"

extern const struct rf_migration rf_schema_migrations[];
extern const struct rf_migration rf_schema_postgres[]; // the same versions
extern const size_t rf_schema_migration_count;

// What only PostgreSQL's words can say.
extern const char rf_schema_postgres_first[], rf_schema_postgres_sixth[],
    rf_schema_postgres_ninth[], rf_schema_postgres_seventeenth[];
// What operators need (schema_operator.c), in the words of each database.
extern const char rf_schema_operator[], rf_schema_operator_postgres[];

// States as the partial indexes have them: a query must name them in these very words to use one.
// Not `state IN (...)`: whenever a row is updated SQLite builds the whole list anew for each index
// that has one. `of` is what stands before the column, such as "c.", or "".
// Of contacts that are in the queue.
#define RF_SCHEMA_QUEUED_OF(of)                                                                    \
    "(" of "state = 'scheduled' OR " of "state = 'waiting.retry' OR " of                           \
    "state = 'waiting.breaker' OR " of "state = 'waiting.window')"
#define RF_SCHEMA_QUEUED RF_SCHEMA_QUEUED_OF("")

// Of those that wait.
#define RF_SCHEMA_WAITING                                                                          \
    "(state = 'waiting.retry' OR state = 'waiting.breaker' OR state = 'waiting.window')"

// Of those that wait for their first window with a script, and perhaps its speech. Not `step > 0`:
// for a range SQLite takes the index of the whole queue.
#define RF_SCHEMA_AHEAD "state = 'waiting.window' AND step <> 0 AND last_unreached = 'none'"

// Of those that are worked on.
#define RF_SCHEMA_RUNNING                                                                          \
    "(state = 'running.script' OR state = 'running.speech' OR state = 'running.dial'"              \
    " OR state = 'running.ask' OR state = 'running.follow')"

// Of those that nobody works on, and that have not ended.
#define RF_SCHEMA_IDLE                                                                             \
    "state IN ('new', 'scheduled', 'waiting.retry', 'waiting.breaker', 'waiting.window')"

// And of those that have not ended.
#define RF_SCHEMA_UNENDED "state NOT IN ('done', 'set_aside')"

// Attempts that hold their number: there is one at most for a number, over all campaigns.
#define RF_SCHEMA_OPEN "(state = 'intent' OR state = 'unknown' OR state = 'placed')"

// The same as versions before the tenth have them.
#define RF_SCHEMA_QUEUED_4                                                                         \
    "state IN ('scheduled', 'waiting.retry', 'waiting.breaker', 'waiting.window')"
#define RF_SCHEMA_WAITING_7 "state IN ('waiting.retry', 'waiting.breaker', 'waiting.window')"
#define RF_SCHEMA_RUNNING_6                                                                        \
    "state IN ('running.script', 'running.speech', 'running.dial', 'running.ask',"                 \
    " 'running.follow')"
#define RF_SCHEMA_OPEN_1 "state IN ('intent', 'unknown', 'placed')"

// Columns of both databases.
#define RF_SCHEMA_STREAM                                                                           \
    ", name TEXT NOT NULL UNIQUE, owner BIGINT NOT NULL DEFAULT 0, next BIGINT NOT NULL,"          \
    " open INTEGER NOT NULL DEFAULT 1" // takes new events
#define RF_SCHEMA_OUTBOX                                                                           \
    "stream BIGINT NOT NULL REFERENCES stream (id), seq BIGINT NOT NULL, event TEXT NOT NULL,"     \
    " PRIMARY KEY (stream, seq)"

#endif
