// ringfence status: the broker's own account, and the retained values of processes, breakers,
// providers and marks, put together.
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "overview.h"
#include "session.h"

static const char *const areas[] = {"process/", "breaker/", "provider/", "mark/", "fallback/"};
#define AREA_COUNT (sizeof areas / sizeof areas[0])

struct asking {
    struct rf_timer limit;
    json_t *all;
    size_t missing; // answers
};

static void finish(struct cli_session *session) {
    struct asking *asking = session->arg;
    struct rf_text text = {0};
    cli_overview_text(asking->all, rf_clock_utc(), &text);
    cli_session_tell(session, asking->all, &text);
}

static void take(struct cli_session *session, const char *name, json_t *value) {
    struct asking *asking = session->arg;
    bool fresh = json_object_get(asking->all, name) == NULL;
    json_object_set_new(asking->all, name, value);
    if (fresh && --asking->missing == 0)
        finish(session);
}

// A snapshot has one area only, but it may be empty: each area has its own function to know which.
static void on_snapshot(struct cli_session *session, size_t area, bool snapshot,
                        const struct rf_state_entry *entries, size_t count) {
    char name[16];
    size_t length = strlen(areas[area]);
    if (!snapshot)
        return;
    json_t *values = json_object();
    for (size_t i = 0; i < count; i++)
        if (strlen(entries[i].key) > length)
            json_object_set(values, entries[i].key + length, entries[i].value);
    snprintf(name, sizeof name, "%.*s", (int)length - 1, areas[area]);
    take(session, name, values);
}

#define SNAPSHOT(function, area)                                                                   \
    static void function(void *arg, bool snapshot, const struct rf_state_entry *entries,           \
                         size_t count) {                                                           \
        on_snapshot(arg, area, snapshot, entries, count);                                          \
    }
SNAPSHOT(on_processes, 0)
SNAPSHOT(on_breakers, 1)
SNAPSHOT(on_providers, 2)
SNAPSHOT(on_marks, 3)
SNAPSHOT(on_fallbacks, 4)

static void on_status(void *arg, json_t *status) {
    struct cli_session *session = arg;
    if (status == NULL)
        cli_session_fail(session, "the broker gave no status within 5 s");
    else
        take(session, "broker", json_incref(status));
}

static void on_limit(void *arg) {
    struct cli_session *session = arg;
    cli_session_fail(session, "the broker did not answer within %.3g s",
                     rf_duration_s(session->options->timeout));
}

static void begin(struct cli_session *session) {
    static rf_watch_fn *const functions[AREA_COUNT] = {on_processes, on_breakers, on_providers,
                                                       on_marks, on_fallbacks};
    struct asking *asking = session->arg;
    struct rf_error error;
    rf_timer_init(&asking->limit, session->loop, on_limit, session);
    rf_timer_after(&asking->limit, session->options->timeout);
    for (size_t i = 0; i < AREA_COUNT; i++)
        if (rf_bus_watch(session->bus, areas[i], functions[i], session, &error) != RF_OK) {
            cli_session_fail(session, "%s", error.message);
            return;
        }
    rf_bus_status(session->bus, on_status, session);
}

int cli_status(const struct cli_options *options) {
    static const struct cli_session_handlers handlers = {.begin = begin};
    struct asking asking = {.all = json_object(), .missing = AREA_COUNT + 1};
    int code = cli_session_run(options, &handlers, &asking);
    json_decref(asking.all);
    return code;
}
