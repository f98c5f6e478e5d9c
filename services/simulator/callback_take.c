// Callbacks on their way out: what goes wrong with them, and the ledger.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

#define LATE_DEFAULT rf_seconds(1)

void sim_callback_fini(struct sim_callback *callback) {
    // NOLINTBEGIN(clang-analyzer-unix.Malloc): after the first time all are NULL
    free(callback->to);
    free(callback->url);
    free(callback->body);
    free(callback->signature);
    // NOLINTEND(clang-analyzer-unix.Malloc)
    *callback = (struct sim_callback){0};
}

void sim_callback_sent(struct sim *sim, const struct sim_callback *callback, long status,
                       struct rf_utc now) {
    sim_ledger_add(&sim->ledger, SIM_LEDGER_CALLBACKS, now,
                   json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:s?}", "sid", callback->sid, "to",
                             callback->to, "event", callback->event, "url", callback->url, "form",
                             callback->body, "status", (int)status, "fault",
                             callback->fault[0] != '\0' ? callback->fault : NULL));
}

static const char *url_of(const struct sim_callback_due *due) {
    return due->event == SIM_CALLBACK_AMD ? due->call->amd_url : due->call->status_url;
}

// The callback as it is when all goes well.
static bool make(struct sim *sim, const struct sim_callback_due *due, const char *token,
                 struct sim_callback *callback) {
    *callback = (struct sim_callback){.event = sim_callback_event_name(due->event)};
    memcpy(callback->sid, due->call->sid, sizeof callback->sid);
    callback->url = strdup(url_of(due));
    callback->to = strdup(due->call->to);
    if (token == NULL)
        token = sim_keys_valid(&sim->keys, "twilio", due->call->token);
    if (callback->url != NULL && callback->to != NULL && token != NULL &&
        sim_callback_form(due, callback->url, token, &callback->body, &callback->signature) ==
            RF_OK)
        return true;
    sim_callback_fini(callback);
    return false;
}

static const struct sim_fault *decide(struct sim *sim, const struct sim_callback *callback,
                                      struct rf_utc now) {
    const char *path = strstr(callback->url, "://");
    path = path != NULL ? strchr(path + 3, '/') : NULL;
    const struct sim_facts facts = {.provider = SIM_FAULT_CALLBACKS,
                                    .method = "POST",
                                    .path = path != NULL ? path : "/",
                                    .face_path = path != NULL ? path : "/",
                                    .number = callback->to,
                                    .body = callback->body};
    return sim_faults_decide(&sim->faults, &facts, now);
}

// Does to it what the fault says; false: it is not sent now.
static bool suffer(struct sim *sim, struct sim_callback_due *due, const struct sim_fault *fault,
                   struct sim_callback *callback, struct rf_utc now) {
    snprintf(callback->fault, sizeof callback->fault, "%s", fault->id);
    due->decided = true;
    switch (fault->kind) {
    case SIM_FAULT_LOST:
        sim_callback_sent(sim, callback, 0, now);
        return false;
    case SIM_FAULT_LATE:
        due->due_ns = rf_utc_add(now, fault->delay_given ? fault->delay : LATE_DEFAULT).ns;
        sim_callbacks_add(&sim->calls.callbacks, due);
        return false;
    case SIM_FAULT_DOUBLED:
        due->due_ns = now.ns;
        sim_callbacks_add(&sim->calls.callbacks, due);
        return true;
    default:
        sim_callback_fini(callback);
        if (!make(sim, due, "nobody's token", callback))
            return false;
        snprintf(callback->fault, sizeof callback->fault, "%s", fault->id);
        return true;
    }
}

bool sim_callback_take(struct sim *sim, struct rf_utc now, struct sim_callback *callback) {
    struct sim_callback_due due;
    while (sim_callbacks_take(&sim->calls.callbacks, now, &due)) {
        if (!make(sim, &due, NULL, callback))
            continue;
        const struct sim_fault *fault = due.decided ? NULL : decide(sim, callback, now);
        if (fault == NULL || suffer(sim, &due, fault, callback, now))
            return true;
        sim_callback_fini(callback);
    }
    return false;
}
