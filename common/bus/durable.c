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
    bool known; // there is a place: what is missing behind it was missed by us
    struct rf_journal_place place;
    bool written; // the file says so
    bool failing; // the file cannot be written, and that was told
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
    if (durable->written)
        return true;
    if (rf_cursor_file_write(&durable->file, &durable->place, &error) != RF_OK) {
        if (!durable->failing)
            rf_log(RF_LOG_ERROR, "%s: %s; no event is given until it can be", durable->name,
                   error.message);
        durable->failing = true;
        return false;
    }
    if (durable->failing)
        rf_log(RF_LOG_INFO, "%s: the place can be written again", durable->name);
    durable->failing = false;
    durable->written = true;
    return true;
}

// `journal`: NULL for a broker that does not tell.
static void move_to(struct rf_durable *durable, int64_t n, const char *journal) {
    struct rf_journal_place place = rf_journal_place(n, journal);
    bool same = durable->known && place.n == durable->place.n &&
                strcmp(place.journal, durable->place.journal) == 0;
    durable->known = true;
    durable->written = durable->written && same;
    durable->place = place;
}

static bool reach(struct rf_durable *durable, int64_t n, const char *journal) {
    move_to(durable, n, journal);
    return write_place(durable);
}

// False: the rest of the page has to come again.
static bool give(struct rf_durable *durable, const struct rf_journal_page *page) {
    for (size_t i = 0; i < page->events.count; i++) {
        durable->running = true;
        bool done = durable->fn(durable->arg, &page->events.items[i]);
        durable->running = false;
        if (!done || !reach(durable, page->events.items[i].n, page->journal) || durable->destroyed)
            return false;
    }
    return true;
}

// Told once, however often this page has to come again: from then on our place is behind the gap.
static void pass_gap(struct rf_durable *durable, const struct rf_journal_page *page) {
    rf_bus_tell_gap(durable->bus, durable->name, &durable->place, page);
    if (page->other)
        move_to(durable, page->from, page->journal);
    if (page->trimmed > durable->place.n)
        move_to(durable, page->trimmed, page->journal);
}

static void on_page(void *arg, const struct rf_journal_page *page) {
    struct rf_durable *durable = arg;
    bool all = true;
    if (durable->known)
        pass_gap(durable, page);
    else // Where we begin is settled by the first page, so that it is no other if it comes again.
        all = reach(durable, page->events.count > 0 ? page->events.items[0].n - 1 : page->scanned,
                    page->journal);
    all = all && give(durable, page);
    if (durable->destroyed)
        durable_free(durable);
    else if (all && reach(durable, page->scanned, page->journal))
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
        options.after = (uint64_t)durable->place.n;
        options.journal = durable->place.journal[0] != '\0' ? durable->place.journal : NULL;
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
        err = rf_cursor_file_open(&durable->file, options->path, &durable->known, &durable->place,
                                  error);
    durable->written = durable->known;
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
    return (uint64_t)durable->place.n;
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
