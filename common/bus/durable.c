// A durable subscriber: event by event, each done before the next, with the place in a file.
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "bus/client.h"
#include "bus/cursor_file.h"

#define PAGE_EVENTS 1000
#define AGAIN       rf_seconds(1)

struct rf_durable {
    struct rf_bus *bus;
    struct rf_cursor_file file;
    char *name;
    char **prefixes;
    size_t prefix_count;
    struct rf_utc since; // while there is no place
    uint64_t newest;
    bool known;             // there is a place: what is missing behind it was missed by us
    uint64_t done, written; // the place, and what the file says
    bool failing;           // the file cannot be written, and that was told
    struct rf_subscription *subscription;
    rf_durable_fn *fn;
    void *arg;
    struct rf_timer again;   // something has to be tried again; no page comes meanwhile
    bool running, destroyed; // it may be destroyed by its own function
};

static void durable_free(struct rf_durable *durable) {
    for (size_t i = 0; i < durable->prefix_count; i++)
        free(durable->prefixes[i]);
    free(durable->prefixes);
    rf_cursor_file_close(&durable->file);
    free(durable->name);
    free(durable);
}

// False: the file still says less than was done.
static bool write_place(struct rf_durable *durable) {
    struct rf_error error;
    if (durable->written == durable->done)
        return true;
    if (rf_cursor_file_write(&durable->file, durable->done, &error) != RF_OK) {
        if (!durable->failing)
            rf_log(RF_LOG_ERROR, "%s: %s; no event is given until it can be", durable->name,
                   error.message);
        durable->failing = true;
        return false;
    }
    if (durable->failing)
        rf_log(RF_LOG_INFO, "%s: the place can be written again", durable->name);
    durable->failing = false;
    durable->written = durable->done;
    return true;
}

static bool reach(struct rf_durable *durable, uint64_t n) {
    durable->known = true;
    durable->done = n;
    return write_place(durable);
}

// False: the rest of the page has to come again.
static bool give(struct rf_durable *durable, const struct rf_event *events, size_t count) {
    for (size_t i = 0; i < count; i++) {
        durable->running = true;
        bool done = durable->fn(durable->arg, &events[i]);
        durable->running = false;
        if (!done || !reach(durable, (uint64_t)events[i].n) || durable->destroyed)
            return false;
    }
    return true;
}

static void on_page(void *arg, const struct rf_event *events, size_t count, uint64_t scanned,
                    uint64_t trimmed) {
    struct rf_durable *durable = arg;
    if (durable->known) {
        rf_bus_tell_trimmed(durable->bus, durable->name, durable->done, trimmed);
        // Told once, however often this page has to come again.
        if (trimmed > durable->done)
            durable->done = trimmed;
    }
    // Where we begin is settled by the first page, so that it is no other if that has to come
    // again.
    bool all = durable->known || reach(durable, count > 0 ? (uint64_t)events[0].n - 1 : scanned);
    all = all && give(durable, events, count);
    if (durable->destroyed)
        durable_free(durable);
    else if (all && reach(durable, scanned))
        rf_subscription_next(durable->subscription);
    else
        rf_timer_after(&durable->again, AGAIN);
}

static enum rf_err begin(struct rf_durable *durable, struct rf_error *error) {
    struct rf_subscription_options options = {
        .prefixes = (const char *const *)durable->prefixes,
        .prefix_count = durable->prefix_count,
        .limit = PAGE_EVENTS,
        .durable = durable->name,
    };
    if (durable->known) {
        options.after = durable->done;
    } else {
        options.since = durable->since;
        options.newest = durable->newest;
    }
    return rf_subscription_new(durable->bus, &options, on_page, durable, &durable->subscription,
                               error);
}

// What is left of the page is read anew: nobody has to keep it meanwhile.
static void on_again(void *arg) {
    struct rf_durable *durable = arg;
    struct rf_error error;
    rf_subscription_destroy(&durable->subscription);
    if (!write_place(durable) || begin(durable, &error) != RF_OK)
        rf_timer_after(&durable->again, AGAIN);
}

static enum rf_err copy_texts(struct rf_durable *durable,
                              const struct rf_durable_options *options) {
    size_t count = options->prefix_count;
    durable->name = strdup(options->name);
    durable->prefixes = calloc(count == 0 ? 1 : count, sizeof *durable->prefixes);
    if (durable->name == NULL || durable->prefixes == NULL)
        return RF_ERR_NOMEM;
    for (size_t i = 0; i < count; i++) {
        durable->prefixes[i] = strdup(options->prefixes[i]);
        if (durable->prefixes[i] == NULL)
            return RF_ERR_NOMEM;
        durable->prefix_count++;
    }
    return RF_OK;
}

enum rf_err rf_durable_new(struct rf_bus *bus, const struct rf_durable_options *options,
                           rf_durable_fn *fn, void *arg, struct rf_durable **out,
                           struct rf_error *error) {
    *out = NULL;
    struct rf_durable *durable = calloc(1, sizeof *durable);
    if (durable == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    durable->bus = bus;
    durable->since = options->since;
    durable->newest = options->newest;
    durable->fn = fn;
    durable->arg = arg;
    rf_timer_init(&durable->again, bus->loop, on_again, durable);
    enum rf_err err = copy_texts(durable, options);
    if (err != RF_OK)
        rf_error_set(error, err, "out of memory");
    else
        err = rf_cursor_file_open(&durable->file, options->path, &durable->known, &durable->done,
                                  error);
    durable->written = durable->known ? durable->done : UINT64_MAX;
    if (err == RF_OK)
        err = begin(durable, error);
    if (err != RF_OK) {
        durable_free(durable);
        return err;
    }
    *out = durable;
    return RF_OK;
}

uint64_t rf_durable_place(const struct rf_durable *durable) {
    return durable->done;
}

bool rf_durable_behind(const struct rf_durable *durable) {
    return durable->running || rf_timer_running(&durable->again) ||
           rf_subscription_behind(durable->subscription);
}

void rf_durable_destroy(struct rf_durable **out) {
    struct rf_durable *durable = *out;
    if (durable == NULL)
        return;
    *out = NULL;
    rf_timer_stop(&durable->again);
    rf_subscription_destroy(&durable->subscription);
    if (durable->running)
        durable->destroyed = true;
    else
        durable_free(durable);
}
