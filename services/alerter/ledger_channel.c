// What is kept of channels beside their deliveries.
#include "ledger_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "store/db.h"

struct channels_job {
    struct rf_store_job job;
    rf_ledger_channel_fn *fn;
    void *arg;
};

static enum rf_err run_channels(struct rf_store_job *job, struct rf_db *db,
                                struct rf_error *error) {
    struct channels_job *channels = (struct channels_job *)job;
    struct rf_rows *rows = NULL;
    enum rf_err result =
        rf_db_query(db, error, &rows, "SELECT name, chat, chat_of, down, why FROM channel", "");
    while (result == RF_OK && (result = rf_rows_next(rows, error)) == RF_OK) {
        struct rf_channel_state state = {.down = {rf_rows_number(rows, 3)}};
        snprintf(state.name, sizeof state.name, "%s", rf_rows_text(rows, 0));
        snprintf(state.chat, sizeof state.chat, "%s", rf_rows_text(rows, 1));
        snprintf(state.chat_of, sizeof state.chat_of, "%s", rf_rows_text(rows, 2));
        snprintf(state.why, sizeof state.why, "%s", rf_rows_text(rows, 4));
        channels->fn(channels->arg, &state);
    }
    rf_rows_end(&rows);
    return result == RF_ERR_NOT_FOUND ? RF_OK : result;
}

static void ignore_done(struct rf_store_job *job, enum rf_err result,
                        const struct rf_error *error) {
    (void)job, (void)result, (void)error;
}

enum rf_err rf_ledger_channels(struct rf_ledger *ledger, rf_ledger_channel_fn *fn, void *arg,
                               struct rf_error *error) {
    struct channels_job job = {
        .job = {.run = run_channels, .done = ignore_done}, .fn = fn, .arg = arg};
    return rf_store_now(ledger->store, &job.job, error);
}

// ---- keeping ----

struct keep_job {
    struct rf_store_job job;
    struct rf_channel_state state;
};

static enum rf_err run_keep(struct rf_store_job *job, struct rf_db *db, struct rf_error *error) {
    const struct rf_channel_state *state = &((struct keep_job *)job)->state;
    return rf_db_run(db, error,
                     "INSERT INTO channel (name, chat, chat_of, down, why) VALUES (?, ?, ?, ?, ?)"
                     " ON CONFLICT (name) DO UPDATE SET chat = excluded.chat,"
                     " chat_of = excluded.chat_of, down = excluded.down, why = excluded.why",
                     "tttit", state->name, state->chat, state->chat_of, state->down.ns, state->why);
}

static void keep_done(struct rf_store_job *job, enum rf_err result, const struct rf_error *error) {
    if (result != RF_OK)
        rf_log(RF_LOG_WARNING, "cannot keep the state of channel %s: %s",
               ((struct keep_job *)job)->state.name, error->message);
    free(job);
}

void rf_ledger_keep_channel(struct rf_ledger *ledger, const struct rf_channel_state *state) {
    struct keep_job *keep = malloc(sizeof *keep);
    if (keep == NULL) {
        rf_log(RF_LOG_WARNING, "no memory to keep the state of channel %s", state->name);
        return;
    }
    *keep = (struct keep_job){.job = {.run = run_keep, .done = keep_done}, .state = *state};
    rf_store_submit(ledger->store, &keep->job);
}
