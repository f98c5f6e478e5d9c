// The simulator's core: requests in, replies out, at dates that it is given. No socket, no clock,
// no file.
//
// A request goes: face by path prefix > faults > key > the face's own work > what the fault makes
// of the reply > ledger.
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include "calls.h"
#include "exchange.h"
#include "faults.h"
#include "grid.h"
#include "keys.h"
#include "ledger.h"
#include "tokens.h"

struct sim_options {
    struct sim_calls_options calls;
    struct rf_duration list_lag; // how late Twilio's list shows a new call
    struct rf_duration latency;  // of every reply
    uint64_t seed;
    const struct sim_account *account; // borrowed; whose key signs the tokens; NULL: no tokens
};

struct sim {
    struct sim_options options;
    struct sim_faults faults;
    struct sim_keys keys;
    struct sim_ledger ledger;
    struct sim_calls calls;
    struct sim_grids grids;
    struct sim_tokens tokens;
    json_t *clocks;            // face -> seconds that its clock is ahead; NULL: all are right
    json_t *chats;             // Telegram's that have moved: number -> new number; NULL: none
    uint64_t requests;         // so far; makes the request ids
    uint64_t holds;            // how often the faults were put: what earlier ones held may go
    uint64_t characters;       // that ElevenLabs would have billed
    uint64_t characters_limit; // of the plan
    uint64_t characters_reset; // Unix seconds; what ElevenLabs says of it, and nothing else
    uint64_t balance_cents;    // of Twilio's account, before the calls that it would have billed
};

// How the reply goes out.
enum sim_manner { SIM_REPLY, SIM_SILENCE, SIM_RESET, SIM_HALF, SIM_DRIP };

struct sim_outcome {
    enum sim_manner manner;
    struct sim_reply reply;
    bool held;                // nothing is sent before sim.holds has grown, and then the delay
    struct rf_duration delay; // before anything is sent
    size_t piece;             // of a drip
    struct rf_duration pause;
};

// A provider's face: one file each.
struct sim_face {
    const char *name; // also its path prefix: /<name>
    // handle: does what the request asks and fills the reply. `path` is without the prefix.
    void (*handle)(struct sim *sim, const struct sim_request *request, const char *path,
                   struct rf_utc now, struct sim_reply *reply);
    // key: the key that the request carries, "" if none; `room` is of SIM_KEY_SIZE. NULL: this face
    // has none.
    const char *(*key)(const struct sim *sim, const struct sim_request *request, const char *path,
                       char *room);
    // refuse: the provider's answer to a key that is not accepted ("" if none came). NULL: never
    // refused.
    void (*refuse)(struct sim *sim, const char *key, struct sim_reply *reply);
    // fail: the provider's own error body for a status that a fault wants without a body.
    void (*fail)(struct sim *sim, unsigned status, struct sim_reply *reply);
};

#define SIM_KEY_SIZE 512

extern const struct sim_face sim_elevenlabs, sim_openai, sim_anthropic, sim_twilio, sim_telegram,
    sim_sheets, sim_google, sim_webhook;

void sim_init(struct sim *sim, const struct sim_options *options);
void sim_fini(struct sim *sim);

// sim_handle: carries out one request. The caller frees the outcome by sim_reply_fini
// (&outcome->reply).
void sim_handle(struct sim *sim, const struct sim_request *request, struct rf_utc now,
                struct sim_outcome *outcome);

// sim_handle_early: whether a request whose head alone is there is to be reset at once.
bool sim_handle_early(struct sim *sim, const struct sim_request *request, struct rf_utc now);

// One callback that is to be sent. sim_callback_fini frees its texts.
struct sim_callback {
    char sid[SIM_SID_SIZE];
    char *to, *url, *body, *signature;
    const char *event;
    char fault[64]; // "": none
};

// sim_callback_take: the next callback that is due, with what goes wrong with it; false: none.
bool sim_callback_take(struct sim *sim, struct rf_utc now, struct sim_callback *callback);

// sim_callback_sent: notes what came of it in the ledger; `status` 0: no answer came.
void sim_callback_sent(struct sim *sim, const struct sim_callback *callback, long status,
                       struct rf_utc now);
void sim_callback_fini(struct sim_callback *callback);

// sim_admin_handle: /admin/...; in admin.c.
void sim_admin_handle(struct sim *sim, const struct sim_request *request, const char *path,
                      struct rf_utc now, struct sim_reply *reply);

// sim_request_id: "<prefix><16 hex digits>", the same in each run for the same request.
void sim_request_id(const struct sim *sim, const char *prefix, char out[64]);

#endif
