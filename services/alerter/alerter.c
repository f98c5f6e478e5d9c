#include "alerter.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <ringfence/bus.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "config/config.h"
#include "couriers.h"
#include "events/text.h"
#include "forms/forms.h"
#include "heartbeat.h"
#include "http/client.h"
#include "intake.h"
#include "ledger.h"
#include "redact/redactor.h"
#include "serve.h"

#define DRAIN_LOOK rf_ms(5)

struct alerter {
    struct rf_process *process;
    struct rf_ledger *ledger;
    struct rf_http *http;
    struct rf_redactor *redactor;
    struct rf_forms *forms;
    struct rf_couriers couriers;
    struct rf_serve serve;
    struct rf_heartbeat heartbeat;
    struct rf_intake intake;
    struct rf_timer drain_timer;
};

// ---- notices ----

static void on_made(void *arg, const struct rf_alert *alert, const struct rf_channel_names *names,
                    struct rf_utc made) {
    struct alerter *alerter = arg;
    rf_couriers_add(&alerter->couriers, alert, names, made);
}

static void on_page_made(void *arg) {
    struct alerter *alerter = arg;
    rf_couriers_kick(&alerter->couriers);
}

// ---- the beginning ----

static enum rf_err on_loaded(void *arg, const char *channel, const struct rf_delivery *delivery,
                             struct rf_error *error) {
    struct alerter *alerter = arg;
    return rf_couriers_load(&alerter->couriers, channel, delivery, error);
}

static enum rf_err open_ledger(struct alerter *alerter, struct rf_error *error) {
    struct rf_process *process = alerter->process;
    struct rf_text folder = {0}, path = {0};
    rf_text_add(&folder, "%s/alerter", process->config->state_dir);
    rf_text_add(&path, "%s/alerter/alerts.db", process->config->state_dir);
    enum rf_err result = folder.failed || path.failed
                             ? rf_error_set(error, RF_ERR_NOMEM, "no memory for a path")
                             : rf_folder_make(folder.data, 0700, error);
    if (result == RF_OK)
        result = rf_ledger_open(process->loop, path.data, &alerter->ledger, error);
    rf_text_fini(&folder);
    rf_text_fini(&path);
    return result;
}

static void on_idle(void *arg);
static void look_drained(void *arg);

static enum rf_err open_parts(struct alerter *alerter, struct rf_error *error) {
    struct rf_process *process = alerter->process;
    enum rf_err result = open_ledger(alerter, error);
    if (result == RF_OK)
        result = rf_redactor_new(process->config, RF_REDACTOR_ALL, rf_loop_now(process->loop),
                                 &alerter->redactor, error);
    alerter->intake.redactor = alerter->redactor;
    if (result == RF_OK)
        result = rf_http_new(process->loop, &alerter->http, error);
    if (result == RF_OK)
        result = rf_forms_new(process->config->alerter.templates, &alerter->forms, error);
    if (result != RF_OK)
        return result;
    struct rf_courier_means means = {.process = process,
                                     .ledger = alerter->ledger,
                                     .http = alerter->http,
                                     .forms = (const struct rf_forms *const *)&alerter->forms,
                                     .idle = on_idle,
                                     .arg = alerter};
    result = rf_couriers_init(&alerter->couriers, &means, error);
    if (result != RF_OK)
        return result;
    bool known;
    struct rf_journal_place cursor;
    result = rf_ledger_load(alerter->ledger, &known, &cursor, on_loaded, alerter, error);
    if (result == RF_OK)
        result =
            rf_ledger_channels(alerter->ledger, rf_couriers_restore, &alerter->couriers, error);
    if (result == RF_OK)
        result = rf_intake_begin(&alerter->intake, alerter->ledger, known, &cursor, error);
    return result;
}

// Why no heartbeat is sent.
static const char *trouble_of(void *arg) {
    const struct alerter *alerter = arg;
    if (!rf_bus_connected(alerter->process->bus))
        return "the broker is away";
    return alerter->intake.page.kept.failing ? "alerts cannot be kept" : NULL;
}

enum rf_err rf_alerter_start(struct rf_process *process, struct rf_error *error) {
    struct alerter *alerter = calloc(1, sizeof *alerter);
    if (alerter == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "no memory");
    process->state = alerter;
    alerter->process = process;
    rf_intake_init(&alerter->intake, process, &alerter->couriers.channels);
    alerter->intake.made = on_made;
    alerter->intake.stored = on_page_made;
    alerter->intake.arg = alerter;
    rf_timer_init(&alerter->drain_timer, process->loop, look_drained, alerter);
    enum rf_err result = open_parts(alerter, error);
    if (result != RF_OK)
        return result;
    result = rf_serve_start(&alerter->serve, &alerter->couriers, &alerter->intake.engine, error);
    if (result != RF_OK)
        return result;
    rf_heartbeat_start(&alerter->heartbeat, process->loop, &process->config->alerter.heartbeat,
                       alerter->ledger, alerter->http, trouble_of, alerter);
    rf_couriers_bury(&alerter->couriers);
    rf_couriers_kick(&alerter->couriers);
    rf_process_ready(process, "%d channels, %zu deliveries waiting, journal read to %" PRId64,
                     __builtin_popcount(rf_channels_enabled(&alerter->couriers.channels)),
                     rf_couriers_waiting(&alerter->couriers), alerter->intake.cursor.n);
    return RF_OK;
}

enum rf_err rf_alerter_reload(struct rf_process *process, const struct rf_config *fresh,
                              struct rf_error *error) {
    struct alerter *alerter = process->state;
    struct rf_forms *forms = NULL;
    enum rf_err result = rf_forms_new(fresh->alerter.templates, &forms, error);
    if (result == RF_OK)
        result = rf_redactor_take(alerter->redactor, fresh, rf_loop_now(process->loop), error);
    if (result == RF_OK)
        result = rf_couriers_reload(&alerter->couriers, &fresh->alerter, error);
    if (result != RF_OK) {
        rf_forms_destroy(&forms);
        return result;
    }
    rf_heartbeat_reload(&alerter->heartbeat, &fresh->alerter.heartbeat);
    rf_forms_destroy(&alerter->forms);
    alerter->forms = forms;
    return rf_intake_reload(&alerter->intake, fresh, error);
}

// ---- the end ----

// What is being sent is finished and stored; what waits is in the outbox for the next start.
static void look_drained(void *arg) {
    struct alerter *alerter = arg;
    if (rf_couriers_busy(&alerter->couriers))
        return;
    if (rf_ledger_pending(alerter->ledger))
        rf_timer_after(&alerter->drain_timer, DRAIN_LOOK);
    else
        rf_process_drained(alerter->process);
}

static void on_idle(void *arg) {
    struct alerter *alerter = arg;
    rf_timer_after(&alerter->drain_timer, rf_ns(0));
}

void rf_alerter_drain(struct rf_process *process) {
    struct alerter *alerter = process->state;
    rf_serve_drain(&alerter->serve);
    look_drained(alerter);
}

void rf_alerter_stop(struct rf_process *process) {
    struct alerter *alerter = process->state;
    if (alerter == NULL)
        return;
    rf_timer_stop(&alerter->drain_timer);
    rf_intake_stop(&alerter->intake);
    rf_serve_stop(&alerter->serve);
    rf_heartbeat_stop(&alerter->heartbeat);
    rf_couriers_stop(&alerter->couriers);
    rf_ledger_close(&alerter->ledger);
    rf_http_destroy(&alerter->http);
    rf_forms_destroy(&alerter->forms);
    rf_redactor_destroy(&alerter->redactor);
    rf_couriers_fini(&alerter->couriers);
    rf_intake_fini(&alerter->intake);
    free(alerter);
    process->state = NULL;
}

void rf_alerter_queues(struct rf_process *process, json_t *queues) {
    const struct alerter *alerter = process->state;
    json_object_set_new(queues, "deliveries",
                        json_integer((json_int_t)rf_couriers_waiting(&alerter->couriers)));
}
