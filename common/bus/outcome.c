// Outcomes of attempts on their way to the breaker's authority: numbered, and repeated until they
// are acknowledged.
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "bus/serving.h"
#include "wire/text.h"

// While the broker is away outcomes pile up; those of long ago no longer count (epochs), so the
// bound loses little.
#define OUTCOMES_LIMIT ((size_t)10000)
#define BATCH_OUTCOMES ((size_t)256)
#define SEND_AGAIN     rf_seconds(2)

static void outcome_free(void *item) {
    struct rf_outcome_report *report = item;
    free((void *)report->service);
    free((void *)report->permit);
    free((void *)report->class);
    free((void *)report->error);
    free(report);
}

void rf_outcomes_init(struct rf_worker *worker) {
    rf_backlog_init(&worker->outcomes, 1, OUTCOMES_LIMIT, outcome_free);
}

// A provider's words may be any bytes; one report that cannot be encoded would hold up all behind
// it.
static bool copy_text(const char **copy, const char *text) {
    if (text == NULL)
        return true;
    char *clean = strdup(text);
    if (clean != NULL)
        rf_text_clean(clean);
    *copy = clean;
    return clean != NULL;
}

void rf_worker_outcome(struct rf_worker *worker, const char *provider, int64_t epoch,
                       const char *permit, enum rf_class c, struct rf_duration took,
                       const char *error_text) {
    rf_worker_report(worker, &(struct rf_worker_result){.provider = provider,
                                                        .epoch = epoch,
                                                        .permit = permit,
                                                        .class = c,
                                                        .took = took,
                                                        .error = error_text});
}

void rf_worker_report(struct rf_worker *worker, const struct rf_worker_result *result) {
    enum rf_class c = result->slow ? RF_CLASS_LOCAL : result->class;
    struct rf_outcome_report *report = calloc(1, sizeof *report);
    if (report == NULL)
        return; // the breaker knows one attempt less
    report->epoch = result->epoch > 0 ? result->epoch : 0;
    report->took_ns = result->took.ns > 0 ? result->took.ns : 0;
    report->slow = result->slow;
    report->slow_told = result->slow_told;
    if (!copy_text(&report->service, result->provider) ||
        !copy_text(&report->permit, result->permit) ||
        !copy_text(&report->class, rf_class_name(c)) || !copy_text(&report->error, result->error) ||
        rf_backlog_put(&worker->outcomes, report) != RF_OK) {
        if (!worker->outcomes_full)
            rf_log(RF_LOG_WARNING, "%zu outcomes wait for the broker: further ones are dropped",
                   worker->outcomes.count);
        worker->outcomes_full = true;
        outcome_free(report);
        return;
    }
    rf_worker_flush_soon(worker);
}

static bool send_batch(struct rf_worker *worker) {
    struct rf_outcome_report reports[BATCH_OUTCOMES];
    struct rf_backlog *outcomes = &worker->outcomes;
    uint64_t first = outcomes->first + outcomes->sent;
    size_t count = rf_backlog_unsent(outcomes);
    if (count > BATCH_OUTCOMES)
        count = BATCH_OUTCOMES;
    for (size_t i = 0; i < count; i++) {
        const struct rf_outcome_report *report = rf_backlog_at(outcomes, first + i);
        reports[i] = *report;
        reports[i].seq = (int64_t)(first + i);
    }
    struct rf_worker_outcomes message = {.outcomes = {reports, count},
                                         .from = (int64_t)outcomes->first};
    if (rf_worker_send(worker, RF_MESSAGE_worker_outcomes, &message) != RF_OK)
        return false;
    if (outcomes->sent == 0)
        worker->outcomes_progress = rf_loop_now(worker->loop);
    rf_backlog_sent(outcomes, count);
    return true;
}

bool rf_outcomes_flush(struct rf_worker *worker) {
    while (rf_backlog_unsent(&worker->outcomes) > 0)
        if (!send_batch(worker))
            return false;
    return true;
}

void rf_outcomes_tick(struct rf_worker *worker) {
    struct rf_duration quiet =
        rf_instant_since(rf_loop_now(worker->loop), worker->outcomes_progress);
    if (worker->outcomes.sent > 0 && quiet.ns > SEND_AGAIN.ns)
        rf_backlog_rewind(&worker->outcomes, 0);
}

void rf_outcomes_acked(struct rf_worker *worker, uint64_t seq) {
    // What a process of our name sent before us is not ours. (What is to be sent again may be.)
    if (seq >= rf_backlog_next(&worker->outcomes))
        return;
    if (rf_backlog_ack(&worker->outcomes, seq))
        worker->outcomes_progress = rf_loop_now(worker->loop);
    worker->outcomes_full = false;
}
