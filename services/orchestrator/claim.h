// What to start: how many contacts may be claimed now, and of which steps. Claiming pauses while a
// service that a contact still needs has no usable provider, lets one contact out as the test when
// there is hope, and releases the others one by one after a recovery. Meanwhile the steps before
// that service are carried out in advance, for some contacts. Pure.
#ifndef RF_ORCHESTRATOR_CLAIM_H
#define RF_ORCHESTRATOR_CLAIM_H

#include <stdbool.h>
#include <stddef.h>

#include <ringfence/breaker.h>
#include <ringfence/time.h>

#include "config/config.h"
#include "contact.h"

// From worse to better.
enum rf_gate {
    RF_GATE_SHUT, // nothing can be carried out
    RF_GATE_TEST, // one contact may try
    RF_GATE_OPEN,
};

// A service by the step that uses it: script, speech, telephony.
struct rf_claim_service {
    struct rf_config_chain chain;
    bool needed;
    bool refusing;           // its last reply refused for all
    int64_t refusals;        // in a row
    struct rf_instant until; // of the pause that followed
};

struct rf_claim {
    struct rf_claim_service services[RF_STEPS];
    enum rf_breaker_state breakers[RF_PROVIDER_COUNT];
    bool marked[RF_PROVIDER_COUNT];
    struct rf_duration defer_delay, ramp_interval;

    bool ramping;
    struct rf_instant next_release;
    int64_t test_row; // the contact that is out as the test; 0: none
    struct rf_instant next_test;
    // Nothing is due in the queue before these: at a step whose gate is open, and at one for the
    // test; and at one that can be carried out in advance.
    struct rf_instant open_next, test_next, prepare_next;
    int64_t prepare;              // contacts that may be made ready in advance
    bool prepared;                // there are so many
    bool full;                    // a campaign had reached its own limit
    enum rf_gate gates[RF_STEPS]; // as last seen
    uint64_t generation;          // rises with each change of a gate
};

struct rf_claim_decision {
    int64_t count; // contacts to claim at step `first` or later
    enum rf_step first;
    bool test; // and one to be the test, at step `test_first` or later but before `first`
    enum rf_step test_first;
    // Contacts at step `prepare_first` or later but before `prepare_end` are made ready for that
    // one in advance: so many in the places that the others leave, and `prepare_most` in all.
    int64_t prepare, prepare_most;
    enum rf_step prepare_first, prepare_end;
    uint64_t generation; // of the gates that it is based on
    bool wake;           // decide again at wake_at
    struct rf_instant wake_at;
};

// rf_claim_init: as configured, all providers usable, the queue unknown.
void rf_claim_init(struct rf_claim *claim, const struct rf_config *config);

// rf_claim_configure: takes over a configuration, keeping what is known of the providers. What a
// chain refused says nothing of another one. True as in rf_claim_provider.
bool rf_claim_configure(struct rf_claim *claim, const struct rf_config *config,
                        struct rf_instant now);

// rf_claim_provider: what the fleet knows of a provider now. True if something can be carried out
// that could not before: contacts that wait for it are to be made due.
bool rf_claim_provider(struct rf_claim *claim, enum rf_provider provider,
                       enum rf_breaker_state state, bool marked, struct rf_instant now);

// rf_claim_refused: a reply refused for the service as a whole (no worker, draining, breaker open):
// a pause of 1 s, doubled with each refusal in a row up to defer_delay, then a test.
void rf_claim_refused(struct rf_claim *claim, enum rf_step step, struct rf_instant now);

// rf_claim_answered: the service carried something out. True as in rf_claim_provider.
bool rf_claim_answered(struct rf_claim *claim, enum rf_step step, struct rf_instant now);

// rf_claim_tested: the contact's request for `step` was answered, in whatever way. True if it was
// the test and has passed the last of the steps that are tested: the next one may be let out,
// whatever becomes of its call.
bool rf_claim_tested(struct rf_claim *claim, enum rf_step step, int64_t row);

// rf_claim_left: the contact is no longer running: it ended or was deferred. A campaign that had
// reached its own limit may go on.
void rf_claim_left(struct rf_claim *claim, int64_t row, struct rf_instant now);

// rf_claim_queued: something will be due in the queue at `due`.
void rf_claim_queued(struct rf_claim *claim, struct rf_instant due);

// rf_claim_gate: what may begin at `step`: the worst of the services that are still needed from
// there.
enum rf_gate rf_claim_gate(const struct rf_claim *claim, enum rf_step step, struct rf_instant now);

// rf_claim_decide: what to claim with `running` contacts out of `concurrency` in progress.
struct rf_claim_decision rf_claim_decide(struct rf_claim *claim, int64_t running,
                                         int64_t concurrency, struct rf_instant now);

// What came of a decision.
struct rf_claim_result {
    int64_t claimed;             // at step `first` or later
    int64_t test_row;            // the contact that is the test; 0: none
    struct rf_instant open_next; // when the queue has something next at step `first` or later
    struct rf_instant test_next; // and before it; RF_CLAIM_NEVER: it has nothing
    struct rf_instant prepare_next;
    bool prepared; // as many as may be are made ready in advance
    bool full;     // a campaign has reached its own limit: see rf_claim_left
    // Orchestrators that release contacts after a recovery, we among them: together they release
    // one each ramp_interval. 0: one.
    int64_t sharers;
};
#define RF_CLAIM_NEVER ((struct rf_instant){INT64_MAX})

void rf_claim_made(struct rf_claim *claim, const struct rf_claim_decision *decision,
                   const struct rf_claim_result *result, struct rf_instant now);

// rf_claim_shut: whether nobody of the providers that a step needs can be used, so that a contact
// that has come to it rests; `provider` is the first of them then. Not for what merely refuses.
bool rf_claim_shut(const struct rf_claim *claim, enum rf_step step, enum rf_provider *provider);

// rf_claim_holds_up: whether the provider is one of those that hold up claiming.
bool rf_claim_holds_up(const struct rf_claim *claim, enum rf_provider provider);

// What stands behind a provider that is marked.
#define RF_CLAIM_MARKED " (marked unusable: see ringfence mark list)"

// rf_claim_waiting_for: what holds up claiming, separated by commas, into `out`: providers
// ("elevenlabs"), and services that nobody carries out now though a provider of theirs can be used
// ("speech gateways"); "" if nothing does. Returns out.
char *rf_claim_waiting_for(const struct rf_claim *claim, char *out, size_t size);

// rf_claim_mark_holds_up: whether one of them is marked, which a person mends.
bool rf_claim_mark_holds_up(const struct rf_claim *claim);

#endif
