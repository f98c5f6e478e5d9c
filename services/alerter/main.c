// The alerter tells people what happened: it pulls events from the journal, makes alerts of them
// by rules, and delivers each by mail, Telegram and webhook out of a durable outbox.
#include "alerter.h"

static const struct rf_service alerter = {
    .name = "alerter",
    .summary = "tells people by mail, Telegram and webhook what happened",
    .uses_bus = true,
    .start = rf_alerter_start,
    .drain = rf_alerter_drain,
    .reload = rf_alerter_reload,
    .queues = rf_alerter_queues,
    .stop = rf_alerter_stop,
};

int main(int argc, char **argv) {
    return rf_service_run(&alerter, argc, argv);
}
