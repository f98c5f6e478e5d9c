#include "marks.h"

#include <stdlib.h>
#include <string.h>

#define PREFIXES 2

static bool add(struct cli_marks *marks, const struct rf_state_entry *entry) {
    bool is_key = strncmp(entry->key, "key/", 4) == 0;
    struct cli_mark *grown = realloc(marks->items, (marks->count + 1) * sizeof *marks->items);
    if (grown == NULL)
        return false;
    marks->items = grown;
    char *key = strdup(entry->key);
    if (key == NULL)
        return false;
    size_t at = marks->count;
    for (; !is_key && at > 0 && grown[at - 1].is_key; at--)
        grown[at] = grown[at - 1];
    grown[at] = (struct cli_mark){.key = key,
                                  .who = strchr(key, '/') + 1,
                                  .is_key = is_key,
                                  .version = entry->version,
                                  .value = json_incref(entry->value)};
    marks->count++;
    return true;
}

static void on_entries(void *arg, bool snapshot, const struct rf_state_entry *entries,
                       size_t count) {
    struct cli_marks *marks = arg;
    if (!snapshot || marks->snapshots == PREFIXES)
        return; // what comes later is another's business
    for (size_t i = 0; i < count; i++)
        if (!add(marks, &entries[i])) {
            cli_session_fail(marks->session, "out of memory");
            return;
        }
    if (++marks->snapshots == PREFIXES)
        marks->done(marks->session);
}

void cli_marks_read(struct cli_session *session, struct cli_marks *marks,
                    void (*done)(struct cli_session *session)) {
    struct rf_error error;
    marks->session = session;
    marks->done = done;
    if (rf_bus_watch(session->bus, "mark/", on_entries, marks, &error) != RF_OK ||
        rf_bus_watch(session->bus, "key/", on_entries, marks, &error) != RF_OK)
        cli_session_fail(session, "%s", error.message);
}

void cli_marks_fini(struct cli_marks *marks) {
    for (size_t i = 0; i < marks->count; i++) {
        free(marks->items[i].key);
        json_decref(marks->items[i].value);
    }
    free(marks->items);
    *marks = (struct cli_marks){0};
}
