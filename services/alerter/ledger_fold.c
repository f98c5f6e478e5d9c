// Old notices of a channel become one that lists them (incident 37: an outage of the channel ends,
// and days-old notices must not come one by one, as if they were new).
#include "ledger_parts.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crash_point.h"
#include "base/severity.h"
#include "concern.h"
#include "events/field.h"
#include "events/text.h"
#include "store/db.h"

#define LINES_MOST 50
#define LINE_BYTES 160
#define TYPE       "alerts.late"
#define PREFIX     "late/" // of its incident

// What the summary is made of while the old ones are read.
struct summary {
    struct rf_text text;
    size_t lines;
    int severity; // the worst one
    int64_t n, first_at, order;
    char *concerns;
};

static void add_line(struct summary *summary, struct rf_rows *row) {
    char when[RF_TIME_TEXT_SIZE];
    if (summary->lines++ >= LINES_MOST)
        return;
    rf_text_add(&summary->text,
                "%s %s, %s: ", rf_time_text((struct rf_utc){rf_rows_number(row, 0)}, when),
                rf_rows_text(row, 1), rf_rows_text(row, 2));
    rf_text_add_clean(&summary->text, rf_rows_text(row, 3), LINE_BYTES);
    rf_text_add(&summary->text, "\n");
}

// What is told in the summary keeps its order beside what is told later.
static enum rf_err add_concerns(struct summary *summary, struct rf_rows *row,
                                struct rf_error *error) {
    const char *incident = rf_rows_text(row, 6), *kept = rf_rows_text(row, 7);
    char *own = kept[0] != '\0' ? strdup(kept) : rf_concern_of(&incident, 1);
    char *joined = own == NULL ? NULL : rf_concern_join(summary->concerns, own);
    free(own);
    if (joined == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "no memory for a summary of old notices");
    free(summary->concerns);
    summary->concerns = joined;
    return RF_OK;
}

static enum rf_err read_one(struct summary *summary, struct rf_db *db, const char *id,
                            struct rf_error *error) {
    struct rf_rows *row = NULL;
    enum rf_err result =
        rf_db_query(db, error, &row,
                    "SELECT at, severity, kind, title, n, ord, incident, concerns FROM alert"
                    " WHERE id = ?",
                    "t", id);
    if (result == RF_OK && (result = rf_rows_next(row, error)) == RF_OK) {
        int rank = rf_severity_rank(rf_rows_text(row, 1));
        int64_t at = rf_rows_number(row, 0), order = rf_rows_number(row, 5);
        summary->severity = rank > summary->severity ? rank : summary->severity;
        summary->n = rf_rows_number(row, 4);
        summary->first_at = summary->lines == 0 || at < summary->first_at ? at : summary->first_at;
        summary->order = order > summary->order ? order : summary->order;
        add_line(summary, row);
        result = add_concerns(summary, row, error);
    }
    rf_rows_end(&row);
    return result == RF_ERR_NOT_FOUND ? RF_OK : result;
}

static char *payload_of(const struct rf_ledger_fold *fold, const struct summary *summary,
                        const char *title) {
    char when[RF_RFC3339_SIZE];
    json_t *body =
        json_pack("{s:s, s:s, s:{s:s, s:I, s:s, s:s, s:s, s:s}}", "type", TYPE, "timestamp",
                  rf_utc_format(fold->now, when), "data", "id", fold->summary, "n",
                  (json_int_t)summary->n, "severity", rf_severity_name(summary->severity),
                  "subject", fold->channel, "title", title, "text", summary->text.data);
    char *payload = body == NULL ? NULL : json_dumps(body, JSON_COMPACT);
    json_decref(body);
    return payload;
}

static enum rf_err insert(const struct rf_ledger_fold *fold, const struct summary *summary,
                          struct rf_db *db, struct rf_error *error) {
    char title[160];
    bool fresh;
    snprintf(title, sizeof title, "%zu notices that could not be told by %s earlier", fold->count,
             fold->channel);
    char *payload = summary->text.failed ? NULL : payload_of(fold, summary, title);
    if (payload == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "no memory for a summary of old notices");
    struct rf_alert alert = {.kind = RF_NOTICE_DIGEST,
                             .n = summary->n,
                             .order = summary->order,
                             .at = {summary->first_at},
                             .opened = {summary->first_at},
                             .severity = (char *)(uintptr_t)rf_severity_name(summary->severity),
                             .type = (char *)(uintptr_t)TYPE,
                             .subject = (char *)(uintptr_t)fold->channel,
                             .incident = (char *)(uintptr_t)fold->incident,
                             .title = title,
                             .text = summary->text.data,
                             .payload = payload,
                             .concerns = summary->concerns};
    memcpy(alert.id, fold->summary, sizeof alert.id);
    memcpy(alert.thread, fold->summary, sizeof alert.thread);
    enum rf_err result = rf_ledger_put_alert(db, &alert, fold->now, &fresh, error);
    free(payload);
    return result != RF_OK
               ? result
               : rf_ledger_put_delivery(db, fold->summary, fold->channel, fold->now, error);
}

static enum rf_err run(struct rf_store_job *job, struct rf_db *db, struct rf_error *error) {
    struct rf_ledger_fold *fold = (struct rf_ledger_fold *)job;
    struct summary summary = {.concerns = strdup("")};
    enum rf_err result =
        summary.concerns == NULL
            ? rf_error_set(error, RF_ERR_NOMEM, "no memory for a summary of old notices")
            : RF_OK;
    rf_text_add(&summary.text,
                "These notices waited while the channel took none. What they tell of "
                "may be over: ringfence alert list\n");
    for (size_t i = 0; result == RF_OK && i < fold->count; i++)
        result = read_one(&summary, db, fold->ids[i], error);
    if (summary.lines > LINES_MOST)
        rf_text_add(&summary.text, "and %zu more\n", summary.lines - LINES_MOST);
    fold->order = summary.order;
    if (result == RF_OK)
        result = insert(fold, &summary, db, error);
    RF_CRASH_POINT(alerter, fold_half_way);
    for (size_t i = 0; result == RF_OK && i < fold->count; i++)
        result = rf_db_run(db, error,
                           "UPDATE delivery SET state = 'done', message = 'told in ' || ? WHERE"
                           " alert = ? AND channel = ? AND state IN ('waiting', 'refused')",
                           "ttt", fold->summary, fold->ids[i], fold->channel);
    rf_text_fini(&summary.text);
    free(fold->concerns);
    fold->concerns = summary.concerns;
    return result;
}

static void done(struct rf_store_job *job, enum rf_err result, const struct rf_error *error) {
    struct rf_ledger_fold *fold = (struct rf_ledger_fold *)job;
    fold->done(fold->arg, result, error);
}

bool rf_ledger_is_fold(const char *incident) {
    return strncmp(incident, PREFIX, strlen(PREFIX)) == 0;
}

void rf_ledger_fold(struct rf_ledger *ledger, struct rf_ledger_fold *fold) {
    snprintf(fold->incident, sizeof fold->incident, "%s%s", PREFIX, fold->channel);
    fold->job = (struct rf_store_job){.run = run, .done = done};
    rf_store_submit(ledger->store, &fold->job);
}
