// What Twilio tells of a call to the addresses that its dial brought along: which events are due,
// and their forms. Pure; what is sent, and what goes wrong with it, is sim_callback_take in sim.h.
#ifndef SIM_CALLBACKS_H
#define SIM_CALLBACKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ringfence/error.h>
#include <ringfence/time.h>

struct sim_call;

enum sim_callback_event {
    SIM_CALLBACK_INITIATED, // it has left the queue
    SIM_CALLBACK_RINGING,
    SIM_CALLBACK_ANSWERED,
    SIM_CALLBACK_COMPLETED, // it has ended, however it did
    SIM_CALLBACK_AMD,       // what asynchronous machine detection heard
};

// sim_callback_event_name: "initiated" and so on; "amd". _parse: the first four.
const char *sim_callback_event_name(enum sim_callback_event event);
bool sim_callback_event_parse(const char *name, enum sim_callback_event *event);

// One that is to be sent.
struct sim_callback_due {
    const struct sim_call *call;
    enum sim_callback_event event;
    int status; // enum sim_call_status, of when it happened
    int64_t at_ns, due_ns;
    int sequence;
    bool decided; // whether something goes wrong with it
};

struct sim_callbacks {
    struct sim_callback_due *items;
    size_t count, room;
};

// sim_callbacks_add: lost if out of memory, as others are on the way.
void sim_callbacks_add(struct sim_callbacks *callbacks, const struct sim_callback_due *due);

// sim_callbacks_next: when the first is due; false: none waits.
bool sim_callbacks_next(const struct sim_callbacks *callbacks, struct rf_utc *due);

// sim_callbacks_take: takes out the first that is due at `now`.
bool sim_callbacks_take(struct sim_callbacks *callbacks, struct rf_utc now,
                        struct sim_callback_due *due);

// sim_callback_form: its body and the signature over it under `token`, in new strings that the
// caller frees.
RF_NODISCARD enum rf_err sim_callback_form(const struct sim_callback_due *due, const char *url,
                                           const char *token, char **body, char **signature);

void sim_callbacks_fini(struct sim_callbacks *callbacks);

#endif
