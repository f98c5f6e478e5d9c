// The faults that the simulator was told to make (`PUT /admin/faults`): which request is hit, and
// how.
#ifndef SIM_FAULTS_H
#define SIM_FAULTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ringfence/error.h>
#include <ringfence/retry.h>
#include <ringfence/time.h>

enum sim_fault_kind {
    SIM_FAULT_STATUS,       // another status and body
    SIM_FAULT_LATENCY,      // the true reply, later
    SIM_FAULT_NO_REPLY,     // never a byte, until the client gives up
    SIM_FAULT_RESET_BEFORE, // RST; nothing was carried out
    SIM_FAULT_RESET_AFTER,  // carried out, then RST
    SIM_FAULT_HALF_REPLY,   // the true reply's length, and half of its bytes
    SIM_FAULT_WRONG_TYPE,   // an HTML page, as from a proxy
    SIM_FAULT_EMPTY,        // a status without a body
    SIM_FAULT_DRIP,         // the true reply, in small pieces
    // Of what is told by callbacks, not of replies:
    SIM_FAULT_LOST,            // never sent
    SIM_FAULT_DOUBLED,         // sent twice
    SIM_FAULT_LATE,            // sent after others that happened later
    SIM_FAULT_WRONG_SIGNATURE, // signed by somebody else
};

// The provider that a fault of callbacks names.
#define SIM_FAULT_CALLBACKS "callbacks"

struct sim_fault {
    char *id, *provider, *method, *path, *number, *key, *text; // NULL: any
    enum sim_fault_kind kind;
    unsigned status; // 0: not given
    char *body;      // NULL: not given
    bool body_json;
    json_t *headers; // NULL: none
    struct rf_duration delay;
    bool delay_given;
    bool hold;                 // the reply waits for the next PUT of faults
    size_t piece;              // of a drip; 0: a twentieth of the body
    int64_t count;             // hits; -1: no end
    double rate;               // share of the matching requests
    int64_t from_ns, until_ns; // UTC
    bool carry_out;            // whether the request is carried out all the same
    uint64_t hits, matches;
    struct rf_rng rng;
};

struct sim_faults {
    struct sim_fault *items;
    size_t count;
    json_t *text; // as it was put
};

// What a request is, for the matches. Every text may be NULL.
struct sim_facts {
    const char *provider, *method;
    const char *path, *face_path; // with and without the face's prefix; either may match
    const char *number, *key;
    const char *body, *decoded_body; // NULL: not known yet
};

// sim_faults_set: replaces all by {"faults": [...]}. RF_ERR_INVALID names what is wrong, and all
// stays as it was. `seed` with a fault's id makes its random draws.
RF_NODISCARD enum rf_err sim_faults_set(struct sim_faults *faults, const json_t *value,
                                        uint64_t seed, struct rf_utc now, struct rf_error *error);

// sim_faults_decide: the first fault that matches, is due, has hits left and wins its draw; its hit
// is counted. NULL: none.
struct sim_fault *sim_faults_decide(struct sim_faults *faults, const struct sim_facts *facts,
                                    struct rf_utc now);

// sim_faults_decide_early: the same for a request whose body is not there yet. Only a reset_before
// that needs no body and no draw, and before which no other fault could match, is decided then.
struct sim_fault *sim_faults_decide_early(struct sim_faults *faults, const struct sim_facts *facts,
                                          struct rf_utc now);

// sim_faults_json: as put, each with its "hits" and "matches". A new reference.
json_t *sim_faults_json(const struct sim_faults *faults);

void sim_faults_fini(struct sim_faults *faults);

const char *sim_fault_kind_name(enum sim_fault_kind kind);

#endif
