// How a process of this host is, for whoever asks it here: a socket in run_dir, named after the
// process's instance, that answers each connection with one line, "STATE DETAIL". The answer comes
// from the process's loop, so that one whose loop hangs does not answer, and one that was killed
// refuses the connection: neither is taken for ready. No broker is needed, and no key.
#ifndef RF_RUNTIME_PRESENCE_H
#define RF_RUNTIME_PRESENCE_H

#include <stdbool.h>
#include <stddef.h>

#include <ringfence/error.h>
#include <ringfence/loop.h>
#include <ringfence/time.h>

#define RF_PRESENCE_LINE_SIZE 600
#define RF_PRESENCE_NAME_SIZE 96

// Zero it before use. Private.
struct rf_presence {
    struct rf_loop *loop; // NULL: not open
    int folder, fd;
    char name[RF_PRESENCE_NAME_SIZE];
    char line[RF_PRESENCE_LINE_SIZE];
};

// rf_presence_open: makes run_dir if it is not there, removes what killed processes of this service
// left in it, and answers "starting" from now on. `instance` is "<service>-<ULID>". RF_ERR_IO.
RF_NODISCARD enum rf_err rf_presence_open(struct rf_presence *presence, struct rf_loop *loop,
                                          const char *run_dir, const char *service,
                                          const char *instance, struct rf_error *error);

// rf_presence_tell: the state and one line of detail (may be "") that are answered from now on.
void rf_presence_tell(struct rf_presence *presence, const char *state, const char *detail);

// rf_presence_close: nobody is answered any more. Fine for one that is not open.
void rf_presence_close(struct rf_presence *presence);

// ---- presence_ask.c: the other side ----

// One process that was asked. `state` is "" if it did not answer in time: `detail` says so then.
typedef void rf_presence_fn(void *arg, const char *instance, const char *state, const char *detail);

// rf_presence_ask: asks each process of `service` on this host, one after the other, and tells what
// it answered, each within `timeout`. Those that are gone are passed over. Blocks. RF_ERR_IO if
// run_dir cannot be read; that it is not there is no error.
RF_NODISCARD enum rf_err rf_presence_ask(const char *run_dir, const char *service,
                                         struct rf_duration timeout, rf_presence_fn *fn, void *arg,
                                         struct rf_error *error);

// rf_presence_services: the processes that a set may have; NULL behind the last.
extern const char *const rf_presence_services[];

// rf_presence_is_of: whether a file in run_dir is the socket of a process of `service`.
bool rf_presence_is_of(const char *file, const char *service);

// rf_presence_connect: a connection to the socket `name` in `folder`, or -1 with errno; it waits no
// longer than `timeout`, nor does a read of it.
int rf_presence_connect(int folder, const char *name, struct rf_duration timeout);

// rf_presence_address: where the socket `name` in `folder` is, whatever the length of its path.
struct sockaddr_un;
void rf_presence_address(int folder, const char *name, struct sockaddr_un *address);

#endif
