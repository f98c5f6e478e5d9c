// The rim of the broker: where the core meets sockets, clocks and the disk.
#ifndef BROKER_BROKER_H
#define BROKER_BROKER_H

#include "config/config.h"
#include "core.h"
#include "data_dir.h"
#include "disk.h"
#include "door.h"
#include "endpoints.h"
#include "reader.h"
#include "runtime/log_relay.h"
#include "runtime/loop.h"
#include "runtime/registry.h"
#include "runtime/service.h"

// A socket's handler has to know which it is.
struct ear {
    struct broker *broker;
    enum rf_socket socket;
    struct rf_instant complained; // one line a second, however many broken messages come
    int64_t untold;
    struct rf_instant version_told; // one line a minute of who speaks another version; 0: never
};

struct broker {
    struct rf_process *process;
    struct rf_data_dir dir;
    struct rf_disk *disk;
    bool journaling;        // core and disk are there, and take what comes
    bool disk_fails, holds; // as it was told on stderr last
    bool foreign_told;      // that there are subscribers of another journal
    struct rf_instant holds_told;
    struct rf_reader *reader; // of pages
    struct rf_door door;
    struct rf_endpoints endpoints;
    struct rf_timer reopening;      // of the events socket
    struct rf_instant refusal_told; // one line a second, however many connect in vain
    int64_t refusals_untold;
    struct ear ears[RF_SOCKET_COUNT];
    struct rf_timer timer;
    struct rf_timer load_timer; // to the next word of its own entry
    struct rf_core *core;
    char host[256];
};

// broker_now: both clocks.
struct rf_now broker_now(const struct broker *broker);

// broker_settle: after anything that happened: when to wake, and whether a drain is complete.
void broker_settle(struct broker *broker);

// ---- setup.c ----

// broker_open_disk: the database in the data directory, the core as configured, going on behind
// what the database has, and the disk's thread. Blocks.
RF_NODISCARD enum rf_err broker_open_disk(struct broker *broker, struct rf_error *error);

// broker_limit_rules: what the provider's account allows, as configured.
struct rf_limit_rules broker_limit_rules(const struct rf_config *config, enum rf_provider p);

// broker_take_limits: those of `config` from now on.
void broker_take_limits(struct broker *broker, const struct rf_config *config);

// broker_stand_limits: each connection is a descriptor: as many as the system lets us have. And a
// limit on the size of files is an error of a write, not a signal.
void broker_stand_limits(void);

// ---- intake.c ----

// broker_listen: reads all sockets from now on. broker_unlisten: no more; fine if it never did.
RF_NODISCARD enum rf_err broker_listen(struct broker *broker, struct rf_error *error);
void broker_unlisten(struct broker *broker);

// broker_listen_events, broker_unlisten_events: the same for the events socket alone.
RF_NODISCARD enum rf_err broker_listen_events(struct broker *broker, struct rf_error *error);
void broker_unlisten_events(struct broker *broker);

// ---- lines.c ----

// broker_lines: the broker's own log lines as events: while its disk takes them.
extern const struct rf_log_outlet broker_lines;

// ---- admission.c ----

// broker_on_refused: tells of a connection that was not let in. A handler of the door.
void broker_on_refused(void *arg, const struct rf_zap_request *request,
                       const struct rf_zap_answer *answer);

// broker_init_reopening: before anything else of this file.
void broker_init_reopening(struct broker *broker);

// broker_reload_keys: reads the list of keys again. What was taken from a key is taken from its
// connections too. On an error the old list stays.
RF_NODISCARD enum rf_err broker_reload_keys(struct broker *broker, const struct rf_config *fresh,
                                            struct rf_error *error);

// ---- sink.c ----

// broker_sink: what carries out the core's wishes.
struct rf_sink broker_sink(struct broker *broker);

// broker_flush_replies: what the core has answered to callers since goes out.
void broker_flush_replies(struct broker *broker);

// broker_watch_disk: hears of what was written. broker_unwatch_disk: no more; fine if it never did.
RF_NODISCARD enum rf_err broker_watch_disk(struct broker *broker, struct rf_error *error);
void broker_unwatch_disk(struct broker *broker);

// broker_hear_disk: what was written since is told to the core. broker_tell_health: whether the
// disk fails or is late, on stderr, if it has changed.
void broker_hear_disk(struct broker *broker);
void broker_tell_health(struct broker *broker);

// broker_tell_foreign: once, if a subscriber came with a place of another journal.
void broker_tell_foreign(struct broker *broker);

#endif
