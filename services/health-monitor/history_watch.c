// Accounts for each provider's time and changes, keeps them, and tells its figures.
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "monitor.h"

// What the account of a provider is to say of it now. A fault of ours on the way to it says nothing
// of it, unless calls do.
static struct health_sight sight_of(const struct health_target *target) {
    const struct health_standing *standing = &target->standing;
    if (target->unseen && target->passive.status == HEALTH_UNKNOWN)
        return (struct health_sight){.status = HEALTH_UNKNOWN,
                                     .since = target->unseen_since,
                                     .cause = "ours",
                                     .why = target->probes.why};
    return (struct health_sight){.status = standing->status,
                                 .since = standing->since,
                                 .cause = standing->cause != NULL ? standing->cause : "",
                                 .why = standing->why};
}

static bool look(struct monitor *monitor, const struct health_named *named,
                 const struct health_sight *sight) {
    struct health_change change;
    unsigned news =
        health_account_look(named->account, sight, rf_clock_now(), rf_clock_utc(), &change);
    if (news & HEALTH_NEWS_CHANGE)
        health_history_change(monitor->history, named->name, &change);
    if (news & HEALTH_NEWS_OUTAGE)
        health_history_outage(monitor->history, named->name, &named->account->outage);
    return news != 0;
}

static bool look_target(struct health_target *target) {
    const struct health_named named = {rf_provider_name(target->provider), &target->account};
    const struct health_sight sight = sight_of(target);
    return look(target->monitor, &named, &sight);
}

void history_watch_look(struct health_target *target) {
    if (look_target(target))
        health_history_write(target->monitor->history, rf_clock_utc());
}

static bool look_own_side(struct monitor *monitor) {
    const struct health_named named = {HEALTH_OWN_SIDE, &monitor->own_account};
    const struct health_own_side *own = &monitor->own_side;
    const struct health_sight sight = {.status = own->failed ? HEALTH_DOWN : HEALTH_UP,
                                       .since =
                                           own->since_utc.ns != 0 ? own->since_utc : rf_clock_utc(),
                                       .cause = own->failed ? own->what : "",
                                       .why = own->failed ? monitor->own_why : ""};
    return look(monitor, &named, &sight);
}

void history_watch_own_side(struct monitor *monitor) {
    if (look_own_side(monitor))
        health_history_write(monitor->history, rf_clock_utc());
}

static void on_timer(void *arg) {
    struct monitor *monitor = arg;
    (void)look_own_side(monitor);
    for (size_t i = 0; i < monitor->target_count; i++)
        (void)look_target(&monitor->targets[i]);
    health_history_write(monitor->history, rf_clock_utc());
    for (size_t i = 0; i < monitor->target_count; i++)
        health_target_refresh(&monitor->targets[i]);
    rf_timer_after(&monitor->history_timer, HEALTH_LOOK);
}

static void open_history(struct monitor *monitor) {
    char *folder = NULL, *path = NULL;
    struct rf_error error = {.message = "out of memory"};
    if (asprintf(&folder, "%s/health-monitor", monitor->config->state_dir) < 0)
        folder = NULL;
    if (folder != NULL && asprintf(&path, "%s/history.db", folder) < 0)
        path = NULL;
    // To watch is more than to remember.
    if (path == NULL || rf_folder_make(folder, 0700, &error) != RF_OK ||
        health_history_open(monitor->process->loop, path, monitor->named, monitor->named_count,
                            rf_clock_utc(), &monitor->history, &error) != RF_OK)
        rf_log(RF_LOG_ERROR, "the history of providers is not kept until the next start: %s",
               error.message);
    free(path);
    free(folder);
}

void history_watch_begin(struct monitor *monitor) {
    for (size_t i = 0; i < monitor->target_count; i++)
        monitor->named[monitor->named_count++] = (struct health_named){
            rf_provider_name(monitor->targets[i].provider), &monitor->targets[i].account};
    open_history(monitor);
    rf_timer_init(&monitor->history_timer, monitor->process->loop, on_timer, monitor);
    on_timer(monitor);
}

void history_watch_end(struct monitor *monitor) {
    if (monitor->history_timer.loop == NULL)
        return;
    rf_timer_stop(&monitor->history_timer);
    (void)look_own_side(monitor);
    for (size_t i = 0; i < monitor->target_count; i++)
        (void)look_target(&monitor->targets[i]);
    health_history_close(&monitor->history, rf_clock_utc());
}
