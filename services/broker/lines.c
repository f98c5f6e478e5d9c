// The broker's own log lines, as events of its own. While the disk fails, or is late, they wait: a
// line about the journal never goes into it before it works again.
#include "broker.h"

static bool is_open(void *arg) {
    const struct rf_process *process = arg;
    const struct broker *broker = process->state;
    return broker != NULL && broker->journaling && !broker->core->scribe.failing &&
           !broker->core->scribe.held;
}

static bool publish(void *arg, const struct rf_event *event) {
    struct broker *broker = ((struct rf_process *)arg)->state;
    struct rf_now now = broker_now(broker);
    rf_core_tell(broker->core, &now, event);
    broker_settle(broker);
    return true;
}

const struct rf_log_outlet broker_lines = {is_open, publish};
