// ringfence provider outages: when providers did not serve as they should, by the health monitor's
// own history.
#include <string.h>

#include "alert_pages.h"
#include "base/clock.h"
#include "config/config.h"
#include "events/field.h"
#include "member.h"
#include "provider.h"
#include "table.h"

#define WHY_BYTES 200
#define OWN_SIDE  "own-side" // whose outages are those of our network

static void add_row(struct cli_table *table, const json_t *outage, struct rf_utc now) {
    char at[RF_TIME_TEXT_SIZE], span[RF_TIME_TEXT_SIZE];
    struct rf_utc began = {cli_member_number(outage, "began")};
    struct rf_utc ended = {cli_member_number(outage, "ended")};
    cli_table_add(table, rf_time_text(began, at), 40);
    cli_table_addf(table, "%s%s", ended.ns > 0 ? "" : "until now: ",
                   rf_span_text(rf_utc_since(ended.ns > 0 ? ended : now, began), span));
    cli_table_add(table, cli_member_text(outage, "provider"), 32);
    cli_table_add(table, cli_member_text(outage, "worst"), 16);
    cli_table_add(table, cli_member_text(outage, "cause"), 16);
    cli_table_add(table, cli_member_text(outage, "why"), WHY_BYTES);
}

static void on_outages(struct cli_session *session, json_t *result) {
    static const char *const head[] = {"BEGAN", "LASTED", "PROVIDER", "WORST", "BY", "WHY"};
    struct cli_table table = {.columns = sizeof head / sizeof *head};
    struct rf_text text = {0};
    json_t *outages = json_object_get(result, "incidents"), *outage;
    size_t i;
    for (i = 0; i < table.columns && json_array_size(outages) > 0; i++)
        cli_table_add(&table, head[i], 32);
    json_array_foreach(outages, i, outage) add_row(&table, outage, rf_clock_utc());
    if (json_array_size(outages) == 0)
        rf_text_add(&text, "no outage is known\n");
    else
        cli_table_text(&table, &text);
    cli_pages_more(result, &text);
    json_t *told =
        json_pack("{s:O, s:O}", "outages", outages, "more", json_object_get(result, "more"));
    cli_session_tell(session, told, &text);
    json_decref(told);
}

static void begin(struct cli_session *session) {
    const struct cli_options *options = session->options;
    cli_pages_ask(
        session->arg, session, "health_incidents", "incidents",
        json_pack("{s:s*}", "provider", options->count > 0 ? options->arguments[0] : NULL),
        on_outages);
}

int cli_provider_outages(const struct cli_options *options) {
    static const struct cli_session_handlers handlers = {.begin = begin};
    struct cli_pages pages = {.service = "health"};
    struct rf_error error;
    enum rf_provider provider;
    const char *name = options->count > 0 ? options->arguments[0] : NULL;
    if (name != NULL && strcmp(name, OWN_SIDE) != 0 && !rf_provider_parse(name, &provider))
        return cli_not_a_provider(name, ", or " OWN_SIDE);
    if (cli_pages_limit(options, &pages.limit, &error) != RF_OK)
        return cli_usage(&error);
    int code = cli_session_run(options, &handlers, &pages);
    cli_pages_end(&pages);
    return code;
}
