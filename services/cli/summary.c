#include "summary.h"

#include <inttypes.h>
#include <string.h>

#include "campaign_settings.h"
#include "member.h"
#include "progress.h"

// "  outcomes: 44 completed, 3 busy" from {"completed": 44, "busy": 3}; nothing from an empty one.
static void counts_text(const char *title, json_t *counts, struct rf_text *text) {
    const char *name, *link = "";
    json_t *count;
    if (json_object_size(counts) == 0)
        return;
    rf_text_add(text, "  %s: ", title);
    json_object_foreach(counts, name, count) {
        rf_text_add(text, "%s%" JSON_INTEGER_FORMAT " ", link, json_integer_value(count));
        rf_text_add_clean(text, name, 64);
        link = ", ";
    }
    rf_text_add(text, "\n");
}

// " (not started): ", " (cancelled): "; ": " of one that runs; the line behind it tells a pause.
static void add_state(const json_t *campaign, struct rf_text *text) {
    const char *state = cli_member_text(campaign, "state");
    bool finished = json_is_true(json_object_get(campaign, "finished"));
    if (strcmp(state, "cancelled") == 0)
        rf_text_add(text, finished ? " (cancelled): " : " (cancelled, coming to its end): ");
    else if (finished)
        rf_text_add(text, " (finished): ");
    else if (strcmp(state, "loading") == 0)
        rf_text_add(text, " (not started): ");
    else
        rf_text_add(text, ": ");
}

// Contacts that were loaded into a campaign since it was started.
static void add_not_queued(const json_t *campaign, struct rf_text *text) {
    int64_t count = cli_member_number(campaign, "not_queued");
    if (count == 0 || strcmp(cli_member_text(campaign, "state"), "running") != 0)
        return;
    rf_text_add(text, "  not in the queue: %" PRId64 "; ringfence campaign start ", count);
    rf_text_add_clean(text, cli_member_text(campaign, "name"), 100);
    rf_text_add(text, " puts them there\n");
}

void cli_campaign_text(const json_t *campaign, struct rf_text *text) {
    struct cli_progress progress;
    cli_progress_read(campaign, &progress);
    rf_text_add(text, "campaign ");
    rf_text_add_clean(text, cli_member_text(campaign, "name"), 100);
    add_state(campaign, text);
    cli_progress_line(&progress, text);
    rf_text_add(text, "\n");
    if (json_object_size(json_object_get(campaign, "settings")) > 0) {
        rf_text_add(text, "  settings of its own: ");
        cli_settings_text(json_object_get(campaign, "settings"), text);
        rf_text_add(text, "\n");
    }
    add_not_queued(campaign, text);
    counts_text("outcomes", json_object_get(campaign, "outcomes"), text);
    counts_text("set aside", json_object_get(campaign, "reasons"), text);
}

void cli_order_text(const char *order, const json_t *result, struct rf_text *text) {
    const char *state = cli_member_text(result, "state");
    int64_t running = cli_member_number(result, "running");
    int64_t queued = cli_member_number(result, "new") + cli_member_number(result, "waiting");
    bool priority = strcmp(order, "priority") == 0;
    bool before = !priority && strcmp(state, cli_member_text(result, "was")) == 0;
    rf_text_add(text, "campaign ");
    rf_text_add_clean(text, cli_member_text(result, "campaign"), 100);
    rf_text_add(text, ": ");
    if (priority)
        rf_text_add(text, "priority %" PRId64 ", ", cli_member_number(result, "priority"));
    rf_text_add_clean(text, state, 16);
    rf_text_add(text, before ? " already" : "");
    if (strcmp(state, "cancelled") == 0)
        rf_text_add(text,
                    "; contacts that are set aside: %" PRId64 ", in progress, which come to "
                    "their end: %" PRId64,
                    queued + cli_member_number(result, "set_aside"), running);
    else
        rf_text_add(text, "; in progress: %" PRId64 ", in the queue: %" PRId64, running, queued);
    rf_text_add(text, "\n");
}

static void contact_text(const char *file, const json_t *contact, struct rf_text *text) {
    rf_text_add(text, "  %s:%" JSON_INTEGER_FORMAT ": ", file,
                json_integer_value(json_object_get(contact, "line")));
    rf_text_add_clean(text, cli_member_text(contact, "phone"), 32);
    rf_text_add(text, " ");
    rf_text_add_clean(text, cli_member_text(contact, "name"), 60);
    rf_text_add(text, ": ");
    rf_text_add_clean(text, cli_member_text(contact, "reason"), 64);
    if (cli_member_text(contact, "step")[0] != '\0') {
        rf_text_add(text, " at the step ");
        rf_text_add_clean(text, cli_member_text(contact, "step"), 32);
    }
    if (cli_member_text(contact, "message")[0] != '\0') {
        rf_text_add(text, ": ");
        rf_text_add_clean(text, cli_member_text(contact, "message"), 200);
    }
    rf_text_add(text, "\n");
}

static void more_text(int64_t all, size_t shown, struct rf_text *text) {
    if (all > (int64_t)shown)
        rf_text_add(text, "  and %" PRId64 " more\n", all - (int64_t)shown);
}

void cli_summary_text(const struct cli_run *run, struct rf_text *text) {
    size_t i;
    json_t *item;
    if (run->status != NULL)
        cli_campaign_text(run->status, text);
    if (run->set_aside_count > 0) {
        rf_text_add(text, "contacts set aside:\n");
        json_array_foreach(run->set_aside, i, item) contact_text(run->file, item, text);
        more_text(run->set_aside_count, json_array_size(run->set_aside), text);
    }
    if (run->refused_count > 0) {
        rf_text_add(text, "lines refused:\n");
        json_array_foreach(run->refused, i, item) {
            rf_text_add(text, "  ");
            rf_text_add_clean(text, json_string_value(item), 500);
            rf_text_add(text, "\n");
        }
        more_text(run->refused_count, json_array_size(run->refused), text);
    }
}

json_t *cli_summary_json(const struct cli_run *run, const char *rejects) {
    return json_pack("{s:s, s:I, s:I, s:I, s:O*, s:O, s:O, s:I, s:s?, s:b}", "campaign",
                     run->campaign, "added", (json_int_t)run->added, "known",
                     (json_int_t)run->known, "total", (json_int_t)run->total, "status", run->status,
                     "set_aside", run->set_aside, "refused", run->refused, "refused_count",
                     (json_int_t)run->refused_count, "rejects", rejects, "complete",
                     cli_run_complete(run) ? 1 : 0);
}
