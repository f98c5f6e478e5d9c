#include "await.h"

#include "base/log.h"
#include "config/config.h"

bool rf_await_mends(enum rf_err err) {
    return err == RF_ERR_IO || err == RF_ERR_TIMEOUT;
}

static void on_reached(void *arg, enum rf_err result, const struct rf_error *reached) {
    struct rf_orchestrator *orchestrator = arg;
    struct rf_await *await = &orchestrator->await;
    struct rf_error error = *reached;
    if (result == RF_OK) {
        result = await->begin(orchestrator, &error);
        if (result != RF_OK && (!rf_await_mends(result) || orchestrator->store)) {
            rf_process_fail(orchestrator->process, &error);
            return;
        }
        await->begun = result == RF_OK;
    } else {
        rf_error_prefix(&error, "orchestrator.store.url: ");
    }
    if (result == RF_ERR_CONFIG) {
        rf_process_fail(orchestrator->process, &error);
    } else if (result != RF_OK) {
        if (await->failures == 0)
            rf_log(RF_LOG_ERROR, "the store's database is %s, trying again: %s",
                   result == RF_ERR_TIMEOUT ? "held" : "away", error.message);
        rf_timer_after(&await->timer, rf_retry_backoff(&rf_postgres_connecting, await->failures++));
    } else if (await->failures > 0) {
        rf_log(RF_LOG_INFO, "the store's database is there");
    }
}

// With the password as it is now: it may have been changed meanwhile.
static void ask(void *arg) {
    struct rf_orchestrator *orchestrator = arg;
    const struct rf_config_store *store = &orchestrator->process->config->orchestrator.store;
    rf_postgres_reach(&orchestrator->await.reach, orchestrator->process->loop, store->url,
                      store->password.value, on_reached, orchestrator);
}

enum rf_err rf_await_store(struct rf_orchestrator *orchestrator,
                           enum rf_err (*begin)(struct rf_orchestrator *, struct rf_error *),
                           struct rf_error *error) {
    struct rf_await *await = &orchestrator->await;
    if (!orchestrator->process->config->orchestrator.store.url) {
        enum rf_err err = begin(orchestrator, error);
        await->begun = err == RF_OK;
        return err;
    }
    await->begin = begin;
    rf_timer_init(&await->timer, orchestrator->process->loop, ask, orchestrator);
    ask(orchestrator);
    return RF_OK;
}

void rf_await_stop(struct rf_orchestrator *orchestrator) {
    rf_postgres_reach_stop(&orchestrator->await.reach);
    if (orchestrator->await.timer.loop)
        rf_timer_stop(&orchestrator->await.timer);
}
