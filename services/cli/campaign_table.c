#include "campaign_table.h"

#include <inttypes.h>
#include <string.h>

#include "member.h"
#include "progress.h"
#include "table.h"

static void add_row(const json_t *campaign, struct cli_table *table) {
    struct cli_progress progress;
    struct rf_text rate = {0}, waits = {0};
    cli_progress_read(campaign, &progress);
    cli_progress_rate(&progress, &rate);
    cli_progress_waits(&progress, &waits);
    cli_table_add(table, cli_member_text(campaign, "name"), 64);
    cli_table_add(table, strcmp(progress.state, "loading") == 0 ? "not started" : progress.state,
                  16);
    cli_table_addf(table, "%" PRId64, cli_member_number(campaign, "priority"));
    cli_table_addf(table, "%" PRId64 " of %" PRId64, progress.done + progress.set_aside,
                   progress.total);
    cli_table_addf(table, "%" PRId64, progress.set_aside);
    cli_table_addf(table, "%" PRId64, progress.running);
    cli_table_add(table, rate.data, 64);
    cli_table_add(table, waits.data, 400);
    rf_text_fini(&rate);
    rf_text_fini(&waits);
}

void cli_campaign_table(const json_t *campaigns, struct rf_text *text) {
    static const char *const titles[] = {"campaign",  "state",       "priority", "ended",
                                         "set aside", "in progress", "rate",     "waiting for"};
    struct cli_table table = {.columns = sizeof titles / sizeof *titles};
    size_t i;
    json_t *campaign;
    for (i = 0; i < table.columns; i++)
        cli_table_add(&table, titles[i], 64);
    json_array_foreach((json_t *)campaigns, i, campaign) add_row(campaign, &table);
    cli_table_text(&table, text);
}
