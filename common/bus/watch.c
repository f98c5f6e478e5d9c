// Watches of state: told to every broker anew; each then begins with a snapshot.
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "bus/client.h"
#include "wire/text.h"

struct rf_watch {
    char rid[RF_RID_SIZE];
    char *prefix;
    bool told;    // to the broker that is there now
    bool refused; // it was said in the log
    rf_watch_fn *fn;
    void *arg;
    struct rf_watch *next;
};

enum rf_err rf_bus_watch(struct rf_bus *bus, const char *prefix, rf_watch_fn *fn, void *arg,
                         struct rf_error *error) {
    if (!rf_text_valid(prefix, strlen(prefix)))
        return rf_error_set(error, RF_ERR_INVALID, "a key's prefix is not UTF-8");
    struct rf_watch *watch = calloc(1, sizeof *watch);
    if (watch == NULL || (watch->prefix = strdup(prefix)) == NULL) {
        free(watch);
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    }
    watch->fn = fn;
    watch->arg = arg;
    rf_bus_rid(bus, watch->rid);
    watch->next = bus->watches;
    bus->watches = watch;
    rf_bus_flush_soon(bus);
    return RF_OK;
}

void rf_watches_reset(struct rf_bus *bus) {
    // Under a new name: changes that an earlier registration still sends are not mixed up with the
    // new snapshot.
    for (struct rf_watch *watch = bus->watches; watch != NULL; watch = watch->next) {
        watch->told = false;
        rf_bus_rid(bus, watch->rid);
    }
}

bool rf_watches_flush(struct rf_bus *bus) {
    for (struct rf_watch *watch = bus->watches; watch != NULL; watch = watch->next) {
        struct rf_state_watch message = {.rid = watch->rid, .prefix = watch->prefix};
        if (watch->told)
            continue;
        if (rf_bus_send(bus, RF_MESSAGE_state_watch, &message) != RF_OK)
            return false;
        watch->told = true;
    }
    return true;
}

// The broker has no room for it now: asked again at the next heartbeat.
void rf_watches_refused(struct rf_bus *bus, const char *rid, const char *code) {
    for (struct rf_watch *watch = bus->watches; watch != NULL; watch = watch->next) {
        if (strcmp(watch->rid, rid) != 0)
            continue;
        if (!watch->refused)
            rf_log(RF_LOG_WARNING, "the broker refuses to tell changes of \"%s\": %s",
                   watch->prefix, code);
        watch->refused = true;
        watch->told = false;
    }
}

void rf_watches_fini(struct rf_bus *bus) {
    while (bus->watches != NULL) {
        struct rf_watch *watch = bus->watches;
        bus->watches = watch->next;
        free(watch->prefix);
        free(watch);
    }
}

void rf_bus_on_state_change(struct rf_bus *bus, const struct rf_message *message) {
    const struct rf_state_change *change = &message->as.state_change;
    for (struct rf_watch *watch = bus->watches; watch != NULL; watch = watch->next)
        if (strcmp(watch->rid, change->rid) == 0) {
            watch->refused = false;
            watch->fn(watch->arg, change->snapshot, change->entries.items, change->entries.count);
        }
}
