#include "page_query.h"

#include "store/sql.h"

// Where the writer holds the file for itself, which it does at its start and end alone.
#define BUSY_MS 1000

static const char *const texts[RF_PAGE_STATEMENTS] = {
    [RF_PAGE_FORWARD] = "SELECT n, topic, frame FROM events WHERE n > ? AND n <= ? ORDER BY n",
    [RF_PAGE_BACKWARD] = "SELECT n, topic FROM events WHERE n > ? AND n <= ? ORDER BY n DESC",
    [RF_PAGE_NEXT] = "SELECT n, at FROM events WHERE n >= ? AND n <= ? ORDER BY n LIMIT 1",
    [RF_PAGE_TRIMMED] = "SELECT trimmed FROM marks",
};

enum rf_err rf_page_query_open(struct rf_page_query *query, const char *path,
                               struct rf_error *error) {
    *query = (struct rf_page_query){0};
    if (sqlite3_open_v2(path, &query->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) !=
        SQLITE_OK)
        return rf_sql_fail(query->db, error);
    sqlite3_busy_timeout(query->db, BUSY_MS);
    for (int i = 0; i < RF_PAGE_STATEMENTS; i++) {
        if (sqlite3_prepare_v3(query->db, texts[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &query->statements[i], NULL) != SQLITE_OK)
            return rf_sql_fail(query->db, error);
    }
    return RF_OK;
}

void rf_page_query_close(struct rf_page_query *query) {
    for (int i = 0; i < RF_PAGE_STATEMENTS; i++)
        sqlite3_finalize(query->statements[i]);
    sqlite3_close(query->db);
    *query = (struct rf_page_query){0};
}

static sqlite3_stmt *bind(struct rf_page_query *query, enum rf_page_statement which, int64_t from,
                          int64_t to) {
    sqlite3_stmt *statement = query->statements[which];
    sqlite3_bind_int64(statement, 1, from);
    sqlite3_bind_int64(statement, 2, to);
    return statement;
}

// The outcome of a statement that was stepped up to `code`; it holds nothing open any more.
static enum rf_err end(struct rf_page_query *query, sqlite3_stmt *statement, int code,
                       struct rf_error *error) {
    enum rf_err err =
        code == SQLITE_DONE || code == SQLITE_ROW ? RF_OK : rf_sql_fail(query->db, error);
    sqlite3_reset(statement);
    return err;
}

// ---- where it begins ----

// Retention may have gone on since the core was told.
static enum rf_err skip_trimmed(struct rf_page_query *query, struct rf_page *page,
                                struct rf_error *error) {
    sqlite3_stmt *statement = query->statements[RF_PAGE_TRIMMED];
    int code = sqlite3_step(statement);
    int64_t trimmed = code == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    if (trimmed > page->after)
        page->after = page->trimmed = trimmed;
    return end(query, statement, code, error);
}

// The times at which the broker took the events never go back from one number to the next, so the
// place is found by halves.
static enum rf_err find_since(struct rf_page_query *query, struct rf_page *page,
                              struct rf_error *error) {
    int64_t low = page->after + 1, high = page->upto + 1;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        sqlite3_stmt *statement = bind(query, RF_PAGE_NEXT, middle, page->upto);
        int code = sqlite3_step(statement);
        bool early = code == SQLITE_ROW && sqlite3_column_int64(statement, 1) < page->since;
        if (early)
            low = sqlite3_column_int64(statement, 0) + 1;
        else
            high = middle;
        enum rf_err err = end(query, statement, code, error);
        if (err != RF_OK)
            return err;
    }
    page->after = low - 1;
    page->since = 0;
    return RF_OK;
}

// `newest` becomes 0 when the place is found.
static enum rf_err find_newest(struct rf_page_query *query, struct rf_page *page,
                               struct rf_error *error) {
    sqlite3_stmt *statement = bind(query, RF_PAGE_BACKWARD, page->after, page->back);
    int code = SQLITE_DONE;
    for (int64_t looked_at = 0; looked_at < RF_PAGE_SCAN; looked_at++) {
        code = sqlite3_step(statement);
        if (code != SQLITE_ROW)
            break;
        page->back = sqlite3_column_int64(statement, 0) - 1;
        if (rf_page_matches(page, rf_sql_text(statement, 1)) && ++page->matched == page->newest)
            break;
    }
    enum rf_err err = end(query, statement, code, error);
    if (page->matched == page->newest)
        page->after = page->back;
    if (err == RF_OK && (code == SQLITE_DONE || page->matched == page->newest))
        page->newest = 0;
    return err;
}

// ---- the page ----

// False: the event is not in the page, which ends before it.
static bool take(sqlite3_stmt *statement, struct rf_page *page) {
    const char *topic = rf_sql_text(statement, 1);
    if (topic != NULL && !rf_page_matches(page, topic))
        return true;
    const void *frame = topic == NULL ? NULL : sqlite3_column_blob(statement, 2);
    if (frame != NULL)
        return rf_page_add(page, frame, (size_t)sqlite3_column_bytes(statement, 2));
    rf_page_fail(page, "out of memory");
    return false;
}

static enum rf_err collect(struct rf_page_query *query, struct rf_page *page,
                           struct rf_error *error) {
    sqlite3_stmt *statement = bind(query, RF_PAGE_FORWARD, page->after, page->upto);
    int code = SQLITE_DONE, looked_at = 0;
    page->scanned = page->after;
    // Who begins later than at the oldest event misses none.
    if (page->sought && page->after > page->trimmed)
        page->trimmed = 0;
    while (looked_at++ < RF_PAGE_SCAN && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        if (!take(statement, page))
            break;
        page->scanned = sqlite3_column_int64(statement, 0);
    }
    // Everything is scanned: numbers that were passed over are no events either.
    if (code == SQLITE_DONE && page->scanned < page->upto)
        page->scanned = page->upto;
    rf_page_finish(page);
    return end(query, statement, code, error);
}

static enum rf_err go_on(struct rf_page_query *query, struct rf_page *page, bool *done,
                         struct rf_error *error) {
    enum rf_err err = skip_trimmed(query, page, error);
    if (err == RF_OK && page->since > 0)
        err = find_since(query, page, error);
    if (err == RF_OK && page->newest > 0)
        err = find_newest(query, page, error);
    if (err != RF_OK || page->newest > 0)
        return err;
    err = collect(query, page, error);
    *done = err == RF_OK;
    return err;
}

// What retention has deleted and the events that are left are of one moment: else a page could
// begin behind a hole and not tell of it.
enum rf_err rf_page_query_step(struct rf_page_query *query, struct rf_page *page, bool *done,
                               struct rf_error *error) {
    *done = false;
    enum rf_err err = rf_sql_run(query->db, error, "BEGIN", "");
    if (err != RF_OK)
        return err;
    err = go_on(query, page, done, error);
    // Nothing was written: this lets go of the moment and cannot lose anything.
    (void)!sqlite3_exec(query->db, "ROLLBACK", NULL, NULL, NULL);
    return err;
}
