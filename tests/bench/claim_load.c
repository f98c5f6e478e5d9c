// Claims as the orchestrator makes them: its schema, its job, through its store, one claim after
// the other.
//   claim_load DATABASE CONTACTS BATCH WARMUP     DATABASE: a file, or postgresql://...
// A sample is one claim; per_second counts contacts.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "campaign.h"
#include "campaigns/schema.h"
#include "control.h"
#include "queue.h"
#include "runtime/loop.h"
#include "samples.h"
#include "store/postgres.h"
#include "store/store.h"
#include "takeover.h"

#define CAMPAIGN "bench"

static void must(enum rf_err err, const struct rf_error *error) {
    if (err == RF_OK)
        return;
    fprintf(stderr, "%s\n", error->message);
    exit(1);
}

static struct rf_store *open_store(struct rf_loop *loop, const char *database) {
    struct rf_error error = {0};
    struct rf_store *store;
    struct rf_db *db;
    bool server = strncmp(database, "postgresql:", strlen("postgresql:")) == 0;
    if (server) {
        must(rf_postgres_open(database, NULL, &db, &error), &error);
        must(
            rf_store_start(loop, db, rf_schema_postgres, rf_schema_migration_count, &store, &error),
            &error);
    } else {
        must(rf_store_open(loop, database, rf_schema_migrations, rf_schema_migration_count, &store,
                           &error),
             &error);
    }
    must(rf_store_join(store, "bench", server ? rf_seconds(15) : rf_ns(0), NULL, NULL, &error),
         &error);
    struct rf_takeover_open stream = {.job.run = rf_takeover_open_run};
    must(rf_store_now(store, &stream.job, &error), &error);
    return store;
}

// Contacts `from` to before `to`, as a list of people brings them.
static void load_page(struct rf_store *store, size_t from, size_t to) {
    struct rf_error error = {0};
    struct rf_campaign_load *load;
    json_t *contacts = json_array();
    for (size_t i = from; i < to; i++)
        (void)json_array_append_new(
            contacts, json_pack("{s:I,s:o,s:o,s:{s:s}}", "line", (json_int_t)i + 2, "phone",
                                json_sprintf("+1202%07zu", i), "name",
                                json_sprintf("Contact %zu", i), "fields", "city", "Washington"));
    json_t *params = json_pack("{s:s,s:o}", "campaign", CAMPAIGN, "contacts", contacts);
    must(rf_campaign_load_new(params, rf_clock_utc(), &load, &error), &error);
    must(rf_store_now(store, &load->job, &error), &error);
    rf_campaign_load_destroy(&load);
    json_decref(params);
}

static void start_campaign(struct rf_store *store) {
    struct rf_error error = {0};
    struct rf_control control = {.campaign = (char *)CAMPAIGN,
                                 .order = RF_CAMPAIGN_START,
                                 .now = rf_clock_utc(),
                                 .most = RF_CONTROL_MOST};
    do {
        control.job.run = rf_control_order_run;
        must(rf_store_now(store, &control.job, &error), &error);
        json_decref(control.result);
        control.result = NULL;
        control.again = true;
    } while (control.more);
}

// True if it got as many as it asked for.
static bool claim(struct rf_store *store, size_t batch) {
    struct rf_error error = {0};
    struct rf_queue_claim claim = {.job.run = rf_queue_claim_run, .now = rf_clock_utc()};
    claim.decision = (struct rf_claim_decision){.count = (int64_t)batch, .first = RF_STEP_SCRIPT};
    must(rf_store_now(store, &claim.job, &error), &error);
    bool all = claim.contacts.count == batch;
    rf_contact_list_clear(&claim.contacts);
    return all;
}

int main(int argc, char **argv) {
    if (argc != 5) {
        fprintf(stderr, "usage: claim_load DATABASE CONTACTS BATCH WARMUP\n");
        return 2;
    }
    size_t contacts = samples_number(argv[2], "CONTACTS"), batch = samples_number(argv[3], "BATCH");
    size_t warmup = samples_number(argv[4], "WARMUP");
    struct rf_loop *loop = rf_loop_new();
    struct rf_store *store = open_store(loop, argv[1]);
    for (size_t i = 0; i < contacts; i += RF_CAMPAIGN_PAGE_MAX)
        load_page(store, i,
                  i + RF_CAMPAIGN_PAGE_MAX < contacts ? i + RF_CAMPAIGN_PAGE_MAX : contacts);
    start_campaign(store);
    struct samples samples;
    samples_init(&samples, warmup, contacts / batch - warmup);
    samples.each = batch;
    for (int done = 0; !done;) {
        int64_t began = samples_now();
        bool good = claim(store, batch);
        done = samples_end(&samples, began, good);
    }
    samples_print(&samples);
    samples_fini(&samples);
    rf_store_close(&store);
    rf_loop_destroy(&loop);
    return 0;
}
