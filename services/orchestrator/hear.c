#include "hear.h"

#include <string.h>

#include "config/config.h"
#include "questions.h"

#define LOOK_BACK rf_seconds(900)
#define PAGE      500

static void hear(struct rf_orchestrator *orchestrator, const struct rf_event *event) {
    const char *attempt = json_string_value(json_object_get(event->data, "attempt"));
    struct rf_map_node *node = attempt ? rf_map_find_text(&orchestrator->attempts, attempt) : NULL;
    // Else it is another's, or it is over.
    if (node && strcmp(event->type, rf_event_type_name(RF_EVENT_CALL_TOLD)) == 0)
        rf_questions_told(RF_OWNER(node, struct rf_runner, attempt), event);
}

static void on_page(void *arg, const struct rf_journal_page *page) {
    struct rf_orchestrator *orchestrator = arg;
    if (orchestrator->stopping)
        return;
    for (size_t i = 0; i < page->events.count; i++)
        hear(orchestrator, &page->events.items[i]);
    rf_subscription_next(orchestrator->told);
}

enum rf_err rf_hear_configure(struct rf_orchestrator *orchestrator, const struct rf_config *config,
                              struct rf_error *error) {
    if (!config->telephony.callback_url) {
        rf_hear_stop(orchestrator);
        return RF_OK;
    }
    if (orchestrator->told)
        return RF_OK;
    char prefix[64];
    const char *const prefixes[] = {prefix};
    (void)snprintf(prefix, sizeof prefix, "%s/", rf_event_type_name(RF_EVENT_CALL_TOLD));
    const struct rf_subscription_options options = {
        .prefixes = prefixes,
        .prefix_count = 1,
        .limit = PAGE,
        .since = rf_utc_add(rf_clock_utc(), rf_ns(-LOOK_BACK.ns)),
    };
    return rf_subscription_new(orchestrator->process->bus, &options, on_page, orchestrator,
                               &orchestrator->told, error);
}

void rf_hear_stop(struct rf_orchestrator *orchestrator) {
    rf_subscription_destroy(&orchestrator->told);
}
