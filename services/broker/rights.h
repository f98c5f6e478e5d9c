// Which role a message takes. Peers over ipc have no roles: the run directory lets them in or not.
#ifndef RF_BROKER_RIGHTS_H
#define RF_BROKER_RIGHTS_H

#include <stdbool.h>

#include <ringfence/messages.h>

#include "curve/roles.h"
#include "peer.h"
#include "wire/wire.h"

// rf_rights_of: the roles of which one is needed to send a message of this type; for a state write,
// to write anything at all. 0: nobody may, as the broker takes no such message.
unsigned rf_rights_of(enum rf_message_type type);

// rf_rights_need: the roles of which one is needed for this very message: of a state write, after
// its key.
unsigned rf_rights_need(const struct rf_message *message);

// rf_rights_suffice: whether `from` has one of the roles that are needed.
bool rf_rights_suffice(const struct rf_peer *from, unsigned need);

// rf_rights_check: whether `from` may send this message. RF_ERR_INVALID with the role that is
// missing.
RF_NODISCARD enum rf_err rf_rights_check(const struct rf_peer *from,
                                         const struct rf_message *message, struct rf_error *error);

// rf_rights_may_say: whether `from` may publish an event of this type (may be NULL). What a
// publisher may not say it is not refused for: its stream goes on without it.
bool rf_rights_may_say(const struct rf_peer *from, const char *type);

// rf_rights_check_events: whether `from` may say all that a message publishes. RF_ERR_INVALID with
// the first type that it may not, and the role that is missing.
RF_NODISCARD enum rf_err rf_rights_check_events(const struct rf_peer *from,
                                                const struct rf_message *message,
                                                struct rf_error *error);

// rf_rights_question: by what a peer knows the answer to its question again: rid or id; NULL if
// nobody waits for an answer.
const char *rf_rights_question(const struct rf_message *message);

#endif
