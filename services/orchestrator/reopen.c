#include "reopen.h"

#include <stdlib.h>
#include <string.h>

#include "store/db.h"

char *rf_reopen_fingerprint(const struct rf_config_campaign *campaign,
                            const struct rf_holidays *holidays, char out[RF_SHA256_HEX_SIZE]) {
    struct rf_hours_list hours = rf_config_hours(&campaign->windows);
    const char *zone = campaign->time_zone ? campaign->time_zone : "";
    char days[RF_SHA256_HEX_SIZE] = "";
    size_t windows = hours.count * sizeof *hours.items;
    size_t size = windows + sizeof days + strlen(zone);
    char *all = malloc(size);
    out[0] = '\0';
    if (!all)
        return out;
    if (holidays)
        rf_holidays_digest(holidays, days);
    if (windows > 0)
        memcpy(all, hours.items, windows);
    memcpy(all + windows, days, sizeof days);
    // NOLINTNEXTLINE(bugprone-not-null-terminated-result): it is hashed, and never read as a text
    memcpy(all + windows + sizeof days, zone, strlen(zone));
    rf_sha256_hex(all, size, out);
    free(all);
    return out;
}

// ---- what is to be done ----

enum rf_err rf_reopen_note(struct rf_db *db, int64_t campaign, struct rf_error *error) {
    return rf_db_run(db, error,
                     "INSERT INTO reopen (campaign, line) VALUES (?, -1)"
                     " ON CONFLICT (campaign) DO UPDATE SET line = -1",
                     "i", campaign);
}

enum rf_err rf_reopen_note_all(struct rf_db *db, struct rf_error *error) {
    return rf_db_run(db, error,
                     "INSERT INTO reopen (campaign, line)"
                     " SELECT id, -1 FROM campaign WHERE state IN ('running', 'paused')"
                     " ORDER BY id ON CONFLICT (campaign) DO UPDATE SET line = -1",
                     "");
}

static enum rf_err compare(const struct rf_reopen *reopen, struct rf_db *db,
                           struct rf_error *error) {
    int64_t same = 0;
    enum rf_err err = rf_db_number(
        db, error, &same, "SELECT count (*) FROM calendar WHERE id = 1 AND fingerprint = ?", "t",
        reopen->fingerprint);
    if (err != RF_OK || same > 0)
        return err;
    err = rf_db_run(db, error,
                    "INSERT INTO calendar (id, fingerprint) VALUES (1, ?)"
                    " ON CONFLICT (id) DO UPDATE SET fingerprint = excluded.fingerprint",
                    "t", reopen->fingerprint);
    return err == RF_OK ? rf_reopen_note_all(db, error) : err;
}

// ---- doing it ----

// Reads one row of two numbers.
static enum rf_err read_two(struct rf_rows *rows, int64_t *one, int64_t *other,
                            struct rf_error *error) {
    enum rf_err err = rf_rows_next(rows, error);
    if (err == RF_OK) {
        *one = rf_rows_number(rows, 0);
        *other = rf_rows_number(rows, 1);
    }
    rf_rows_end(&rows);
    return err;
}

// A campaign, and the line behind which it is to be looked at. RF_ERR_NOT_FOUND: there is none, but
// for those that another orchestrator is at.
static enum rf_err find(struct rf_db *db, int64_t *campaign, int64_t *line,
                        struct rf_error *error) {
    struct rf_rows *rows;
    enum rf_err err = rf_db_query(db, error, &rows,
                                  "SELECT campaign, line FROM reopen ORDER BY campaign LIMIT 1"
                                  " /*! FOR UPDATE SKIP LOCKED */",
                                  "");
    return err == RF_OK ? read_two(rows, campaign, line, error) : err;
}

// Goes through the next contacts of a campaign, at most *left of them, in order of their lines.
static enum rf_err look(struct rf_reopen *reopen, struct rf_db *db, int64_t campaign, int64_t line,
                        int64_t *left, struct rf_error *error) {
    struct rf_rows *rows;
    int64_t count = 0, last = 0;
    enum rf_err err =
        rf_db_query(db, error, &rows,
                    "SELECT count (*), coalesce (max (line), 0) FROM (SELECT line FROM contact"
                    " WHERE campaign = ? AND line > ? ORDER BY line LIMIT ?) AS part",
                    "iii", campaign, line, *left);
    if (err == RF_OK)
        err = read_two(rows, &count, &last, error);
    // Without the words of an index of waiting contacts: it would be read whole for each part.
    if (err == RF_OK)
        err = rf_db_run(db, error,
                        "UPDATE contact SET due = ? WHERE campaign = ? AND line > ? AND line <= ?"
                        " AND state = 'waiting.window' AND last_unreached = 'none' AND due > ?",
                        "iiiii", reopen->now.ns, campaign, line, last, reopen->now.ns);
    if (err != RF_OK)
        return err;
    reopen->some = reopen->some || rf_db_changes(db) > 0;
    if (count < *left)
        err = rf_db_run(db, error, "DELETE FROM reopen WHERE campaign = ?", "i", campaign);
    else
        err = rf_db_run(db, error, "UPDATE reopen SET line = ? WHERE campaign = ?", "ii", last,
                        campaign);
    *left -= count < *left ? count + 1 : count; // one without contacts is work as well
    return err;
}

enum rf_err rf_reopen_run(struct rf_store_job *job, struct rf_db *db, struct rf_error *error) {
    struct rf_reopen *reopen = (struct rf_reopen *)job;
    int64_t left = reopen->most, campaign = 0, line = 0;
    reopen->some = false;
    enum rf_err err = reopen->fingerprint[0] ? compare(reopen, db, error) : RF_OK;
    while (err == RF_OK && left > 0) {
        err = find(db, &campaign, &line, error);
        if (err == RF_OK)
            err = look(reopen, db, campaign, line, &left, error);
    }
    reopen->more = err == RF_OK;
    return err == RF_ERR_NOT_FOUND ? RF_OK : err;
}
