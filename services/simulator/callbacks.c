#include "callbacks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "callback/callback.h"
#include "calls.h"

static const char *const names[] = {
    [SIM_CALLBACK_INITIATED] = "initiated",
    [SIM_CALLBACK_RINGING] = "ringing",
    [SIM_CALLBACK_ANSWERED] = "answered",
    [SIM_CALLBACK_COMPLETED] = "completed",
    [SIM_CALLBACK_AMD] = "amd",
};

const char *sim_callback_event_name(enum sim_callback_event event) {
    return names[event];
}

bool sim_callback_event_parse(const char *name, enum sim_callback_event *event) {
    for (int i = 0; i < SIM_CALLBACK_AMD; i++)
        if (strcmp(names[i], name) == 0) {
            *event = (enum sim_callback_event)i;
            return true;
        }
    return false;
}

void sim_callbacks_add(struct sim_callbacks *callbacks, const struct sim_callback_due *due) {
    if (callbacks->count == callbacks->room) {
        size_t room = callbacks->room == 0 ? 16 : callbacks->room * 2;
        struct sim_callback_due *items = realloc(callbacks->items, room * sizeof *items);
        if (items == NULL)
            return;
        callbacks->items = items;
        callbacks->room = room;
    }
    callbacks->items[callbacks->count++] = *due;
}

// The one that is due first; of several at once the one that happened first.
static size_t first_of(const struct sim_callbacks *callbacks) {
    size_t first = 0;
    for (size_t i = 1; i < callbacks->count; i++)
        if (callbacks->items[i].due_ns < callbacks->items[first].due_ns)
            first = i;
    return first;
}

bool sim_callbacks_next(const struct sim_callbacks *callbacks, struct rf_utc *due) {
    if (callbacks->count > 0)
        due->ns = callbacks->items[first_of(callbacks)].due_ns;
    return callbacks->count > 0;
}

bool sim_callbacks_take(struct sim_callbacks *callbacks, struct rf_utc now,
                        struct sim_callback_due *due) {
    size_t first = first_of(callbacks);
    if (callbacks->count == 0 || callbacks->items[first].due_ns > now.ns)
        return false;
    *due = callbacks->items[first];
    callbacks->count--;
    memmove(&callbacks->items[first], &callbacks->items[first + 1],
            (callbacks->count - first) * sizeof *callbacks->items);
    return true;
}

void sim_callbacks_fini(struct sim_callbacks *callbacks) {
    free(callbacks->items);
    *callbacks = (struct sim_callbacks){0};
}

// ---- the form ----

struct form {
    struct rf_form_field fields[16];
    size_t count;
};

static void add(struct form *form, const char *name, const char *value) {
    form->fields[form->count++] = (struct rf_form_field){name, value};
}

static const char *heard(const struct sim_call *call) {
    return call->fate == SIM_FATE_MACHINE ? "machine_start" : "human";
}

static void add_progress(struct form *form, const struct sim_callback_due *due, char *duration,
                         char *sequence, char *date) {
    const struct sim_call *call = due->call;
    time_t second = due->at_ns / RF_NS_PER_S;
    struct tm utc;
    strftime(date, 64, "%a, %d %b %Y %H:%M:%S +0000", gmtime_r(&second, &utc));
    snprintf(sequence, 16, "%d", due->sequence);
    add(form, "CallStatus",
        due->event == SIM_CALLBACK_INITIATED
            ? "initiated"
            : sim_call_status_name((enum sim_call_status)due->status));
    add(form, "From", call->from);
    add(form, "To", call->to);
    add(form, "Caller", call->from);
    add(form, "Called", call->to);
    add(form, "ApiVersion", "2010-04-01");
    add(form, "Direction", "outbound-api");
    add(form, "Timestamp", date);
    add(form, "CallbackSource", "call-progress-events");
    add(form, "SequenceNumber", sequence);
    if (due->event == SIM_CALLBACK_COMPLETED) {
        snprintf(duration, 24, "%lld", (long long)sim_call_duration_s(call));
        add(form, "CallDuration", duration);
    }
    bool answered = due->event == SIM_CALLBACK_COMPLETED && due->status == SIM_CALL_COMPLETED;
    if (answered && call->detect && call->amd_url == NULL)
        add(form, "AnsweredBy", heard(call));
}

enum rf_err sim_callback_form(const struct sim_callback_due *due, const char *url,
                              const char *token, char **body, char **signature) {
    char duration[24], sequence[16], date[64];
    struct form form = {0};
    add(&form, "AccountSid", due->call->account);
    add(&form, "CallSid", due->call->sid);
    if (due->event == SIM_CALLBACK_AMD) {
        add(&form, "AnsweredBy", heard(due->call));
        add(&form, "MachineDetectionDuration", "1500");
    } else {
        add_progress(&form, due, duration, sequence, date);
    }
    *body = rf_form_encode(form.fields, form.count);
    *signature = rf_callback_sign(token, url, form.fields, form.count);
    if (*body != NULL && *signature != NULL)
        return RF_OK;
    free(*body);
    free(*signature);
    *body = *signature = NULL;
    return RF_ERR_NOMEM;
}
