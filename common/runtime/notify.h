// Telling the service manager how the process is, by systemd's protocol (sd_notify(3)): a datagram
// of lines to the socket that NOTIFY_SOCKET names. Without that variable nothing is done. The
// protocol is stable and made to be spoken without libsystemd, whose own libraries would come into
// each of our processes for it.
#ifndef RF_RUNTIME_NOTIFY_H
#define RF_RUNTIME_NOTIFY_H

#include <stdbool.h>

#include <ringfence/error.h>
#include <ringfence/loop.h>
#include <ringfence/time.h>

// Zero it before use. Private.
struct rf_notify {
    int fd; // only if `open`
    bool open;
    struct rf_duration watchdog; // how often the manager wants to hear of us; 0: not at all
    struct rf_timer timer;
};

// rf_notify_open: takes NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID out of the environment, so
// that no program that this one starts takes them for its own. RF_ERR_INVALID: one of them is not
// what systemd sets; RF_ERR_IO: there is no such socket.
RF_NODISCARD enum rf_err rf_notify_open(struct rf_notify *notify, struct rf_error *error);

// rf_notify_run: where a watchdog is asked for, it hears of us from this loop from now on, twice in
// its time: a loop that hangs says nothing, and the manager starts the process anew.
void rf_notify_run(struct rf_notify *notify, struct rf_loop *loop);

// rf_notify_ready: the process does its work; `status` is one line for people. rf_notify_reloading:
// it reads its configuration, and says rf_notify_ready again when it is done. rf_notify_stopping:
// it ends by itself, and may take `most` for it, whatever time its unit gives it. Each is sent
// without waiting; a manager that does not listen misses it.
void rf_notify_ready(const struct rf_notify *notify, const char *status);
void rf_notify_reloading(const struct rf_notify *notify);
void rf_notify_stopping(const struct rf_notify *notify, const char *status,
                        struct rf_duration most);

// rf_notify_close: fine for one that was never opened, or never ran.
void rf_notify_close(struct rf_notify *notify);

#endif
