#include "overview_calls.h"

#include <inttypes.h>

#include "events/field.h"
#include "member.h"
#include "table.h"

static void add_span(struct cli_table *table, int64_t ns) {
    char span[RF_TIME_TEXT_SIZE];
    cli_table_add(table, rf_span_text(rf_ns(ns), span), sizeof span);
}

static void add_header(struct cli_table *table, const char *const *names) {
    for (size_t i = 0; i < table->columns; i++)
        cli_table_add(table, names[i], 32);
}

// ---- workers ----

// What is of the worker as a whole stands in its first row only.
static void add_worker(struct cli_table *table, const json_t *worker, bool first) {
    if (!first) {
        for (int i = 0; i < 4; i++)
            cli_table_add(table, " ", 1);
        return;
    }
    cli_table_add(table, cli_member_text(worker, "instance"), 64);
    cli_table_add(table, cli_member_text(worker, "state"), 16);
    add_span(table, cli_member_number(worker, "silent_ns"));
    cli_table_addf(table, "%" PRId64, cli_member_number(worker, "in_hand"));
}

static void add_offer(struct cli_table *table, const json_t *offer) {
    cli_table_add(table, cli_member_text(offer, "service"), 32);
    cli_table_addf(table, "%" PRId64, cli_member_number(offer, "capacity"));
    cli_table_addf(table, "%" PRId64, cli_member_number(offer, "credit"));
    cli_table_addf(table, "%" PRId64, cli_member_number(offer, "waiting"));
}

void cli_workers_text(const json_t *broker, struct rf_text *text) {
    static const char *const names[] = {"instance", "state",  "heard", "in hand",
                                        "service",  "places", "free",  "waiting"};
    struct cli_table table = {.columns = sizeof names / sizeof names[0]};
    json_t *workers = json_object_get(broker, "workers"), *worker, *offer;
    size_t i, k;
    rf_text_add(text, "workers\n");
    if (json_array_size(workers) == 0) {
        rf_text_add(text, "  none: no call is carried out\n");
        return;
    }
    add_header(&table, names);
    json_array_foreach(workers, i, worker) {
        json_t *offers = json_object_get(worker, "offers");
        json_array_foreach(offers, k, offer) {
            add_worker(&table, worker, k == 0);
            add_offer(&table, offer);
        }
        if (json_array_size(offers) == 0) {
            add_worker(&table, worker, true);
            add_offer(&table, NULL);
        }
    }
    cli_table_text(&table, text);
}

// ---- queues ----

void cli_queues_text(const json_t *broker, struct rf_text *text) {
    static const char *const names[] = {"service", "waiting", "oldest", "held", "served by"};
    struct cli_table table = {.columns = sizeof names / sizeof names[0]};
    json_t *queues = json_object_get(broker, "queues"), *queue;
    int64_t awaited = cli_member_number(json_object_get(broker, "recovery"), "awaited");
    size_t i;
    if (json_array_size(queues) == 0)
        return;
    rf_text_add(text, "queues\n");
    add_header(&table, names);
    json_array_foreach(queues, i, queue) {
        cli_table_add(&table, cli_member_text(queue, "service"), 32);
        cli_table_addf(&table, "%" PRId64, cli_member_number(queue, "waiting"));
        if (cli_member_number(queue, "waiting") > 0)
            add_span(&table, cli_member_number(queue, "oldest_ns"));
        else
            cli_table_add(&table, NULL, 1);
        cli_table_addf(&table, "%" PRId64, cli_member_number(queue, "held"));
        if (json_is_false(json_object_get(queue, "live")))
            cli_table_add(&table, "nobody", 16);
        else
            cli_table_addf(&table, "%" PRId64, cli_member_number(queue, "workers"));
    }
    cli_table_text(&table, text);
    if (json_is_true(json_object_get(json_object_get(broker, "recovery"), "holding")))
        rf_text_add(text,
                    "  calls that may not be repeated are held: %" PRId64
                    " workers from before the restart are not back\n",
                    awaited);
}

// ---- what became of them ----

void cli_calls_text(const json_t *broker, struct rf_text *text) {
    // The first two always, the others when there were any.
    static const struct {
        const char *counter, *told;
    } rows[] = {
        {"calls_taken", "taken"},
        {"calls_answered", "answered"},
        {"calls_joined", "joined"},
        {"calls_repeated", "answered from memory"},
        {"calls_handed_back", "handed back"},
        {"calls_adopted", "found in hand"},
        {"calls_held", "held after the start"},
        {"calls_no_worker", "no_worker"},
        {"calls_overloaded", "overloaded"},
        {"calls_deadline_exceeded", "deadline_exceeded"},
        {"calls_worker_lost", "worker_lost"},
        {"calls_cancelled", "cancelled"},
    };
    const json_t *counters = json_object_get(broker, "counters");
    if (!json_is_object(counters))
        return;
    rf_text_add(text, "calls\n ");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t count = cli_member_number(counters, rows[i].counter);
        if (i < 2 || count > 0)
            rf_text_add(text, "%s %" PRId64 " %s", i == 0 ? "" : ",", count, rows[i].told);
    }
    rf_text_add(text, "\n");
}
