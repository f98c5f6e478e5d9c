// The simulator's rim: sockets, timers and files around the core.
#ifndef SIM_SIMULATOR_H
#define SIM_SIMULATOR_H

#include <sys/queue.h>

#include "account.h"
#include "http/client.h"
#include "http/server.h"
#include "runtime/loop.h"
#include "runtime/service.h"
#include "sim.h"

struct fetch;
struct telling;
struct waiting;

struct simulator {
    struct rf_process *process;
    struct rf_loop *loop;
    struct sim sim;
    struct sim_account *account;
    struct rf_http_server *plain, *tls;
    struct rf_http *http;
    struct rf_timer calls_timer; // when a call changes next
    struct fetch *fetches;
    struct telling *tellings;
    LIST_HEAD(, waiting) held; // replies that wait for another PUT of faults; in serve.c
};

// simulator_open_servers: plain HTTP, and HTTPS if the configuration has it; in serve.c.
enum rf_err simulator_open_servers(struct simulator *simulator, const struct rf_config *config,
                                   struct rf_error *error);

// simulator_follow_calls: sets the timer for the next change of a call, tells of those that
// changed, and fetches what answered calls are to play; in media.c. To be called after whatever may
// have changed a call.
void simulator_follow_calls(struct simulator *simulator);
void simulator_on_calls_timer(void *arg);

// simulator_end_fetches: forgets them all; the transfers have ended with the client.
void simulator_end_fetches(struct simulator *simulator);

// simulator_tell: sends the callbacks that are due; in tell.c. _end_tellings as _end_fetches.
void simulator_tell(struct simulator *simulator);
void simulator_end_tellings(struct simulator *simulator);

#endif
