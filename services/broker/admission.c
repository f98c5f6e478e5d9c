// Who is let in, told to people; and what a new list of keys changes while the broker runs.
#include "base/log.h"
#include "broker.h"
#include "config/config.h"

#define COMPLAINT_PAUSE (1 * RF_NS_PER_S)
#define BIND_AGAIN      rf_ms(50)

void broker_on_refused(void *arg, const struct rf_zap_request *request,
                       const struct rf_zap_answer *answer) {
    struct broker *broker = arg;
    struct rf_instant now = rf_loop_now(broker->process->loop);
    broker->core->ground.counters.connections_refused++;
    if (broker->refusal_told.ns != 0 &&
        rf_instant_since(now, broker->refusal_told).ns < COMPLAINT_PAUSE) {
        broker->refusals_untold++;
        return;
    }
    rf_log(RF_LOG_WARNING,
           "%s: a connection from %s is not let in: %s: %s (%lld more since the last line)",
           request->domain, request->address, answer->text, request->key,
           (long long)broker->refusals_untold);
    broker->refusal_told = now;
    broker->refusals_untold = 0;
}

// libzmq closes a listener in its own time: until then its address is taken.
static void on_reopen(void *arg) {
    struct broker *broker = arg;
    struct rf_error error;
    if (rf_endpoints_reopen_events(&broker->endpoints, &broker->process->config->bus, &error) !=
            RF_OK ||
        broker_listen_events(broker, &error) != RF_OK) {
        rf_timer_after(&broker->reopening, BIND_AGAIN);
        return;
    }
    rf_log(RF_LOG_INFO, "events: opened anew; subscribers whose key is still let in come back");
}

void broker_init_reopening(struct broker *broker) {
    rf_timer_init(&broker->reopening, broker->process->loop, on_reopen, broker);
}

enum rf_err broker_reload_keys(struct broker *broker, const struct rf_config *fresh,
                               struct rf_error *error) {
    enum rf_err err = rf_door_reload(&broker->door, fresh, error);
    if (err != RF_OK || !broker->door.keys.curve)
        return err;
    struct rf_now now = broker_now(broker);
    rf_core_rights_changed(broker->core, &now);
    // A subscriber is only asked who it is when it connects.
    if (broker->endpoints.events_curve && rf_keyring_lost(&broker->door.ring, RF_ROLE_SUBSCRIBER)) {
        broker_unlisten_events(broker);
        rf_endpoints_close_events(&broker->endpoints);
        rf_timer_after(&broker->reopening, rf_ns(0));
    }
    broker_settle(broker);
    return RF_OK;
}
