// What comes in: the journal, silences and acknowledgements, and time, into the engine; what it
// makes of them, into the ledger; the notices then, to whoever sends them.
#ifndef RF_ALERTER_INTAKE_H
#define RF_ALERTER_INTAKE_H

#include <ringfence/bus.h>

#include "calendar/zones.h"
#include "channels/channels.h"
#include "engine.h"
#include "ledger.h"
#include "redact/redactor.h"
#include "runtime/loop.h"
#include "runtime/service.h"

// A word of a person that came while the engine was in use.
struct rf_intake_word {
    struct rf_intake_word *next;
    bool ack; // else a silence
    char *id;
    json_t *value; // NULL: taken back
};

// Embedded in its owner; private.
struct rf_intake {
    struct rf_process *process;
    struct rf_ledger *ledger;
    const struct rf_channels *channels;
    struct rf_redactor *redactor;
    struct rf_subscription *subscription;
    struct rf_engine engine;
    struct rf_zones zones;
    struct rf_ledger_page page;
    bool busy;  // the page is being stored
    bool known; // there is a cursor: what is missing behind it was missed by us
    bool stopped;
    bool owes_page; // the subscription is to be asked on
    bool stale;     // the rules are others: it is to be made anew
    bool heard;     // silences are known
    struct rf_journal_place cursor;
    struct rf_intake_word *words, **words_end;
    struct rf_timer tick_timer;
    struct rf_timer quiet_timer; // waits no longer for silences
    // A notice, now stored, for those of `names` that are in its mask.
    void (*made)(void *arg, const struct rf_alert *alert, const struct rf_channel_names *names,
                 struct rf_utc now);
    void (*stored)(void *arg); // all of a page were given
    void *arg;
};

// rf_intake_init: all pointers are borrowed; what they point at may change by a reload. The owner
// sets the redactor before rf_intake_begin.
// rf_intake_begin: with the engine loaded from
// the ledger and the place in the journal that it knows; reads and watches from then on.
void rf_intake_init(struct rf_intake *intake, struct rf_process *process,
                    const struct rf_channels *channels);
RF_NODISCARD enum rf_err rf_intake_begin(struct rf_intake *intake, struct rf_ledger *ledger,
                                         bool known, const struct rf_journal_place *cursor,
                                         struct rf_error *error);

// rf_intake_reload: another configuration, which stays where it is.
RF_NODISCARD enum rf_err rf_intake_reload(struct rf_intake *intake, const struct rf_config *fresh,
                                          struct rf_error *error);

// rf_intake_stop: takes in nothing more; before the ledger is closed. rf_intake_fini: after it.
void rf_intake_stop(struct rf_intake *intake);
void rf_intake_fini(struct rf_intake *intake);

// ---- private to its parts ----

// intake.c: looks at the engine again, as soon as it is free.
void rf_intake_wake(struct rf_intake *intake);
// intake_words.c: watches what people say; takes in what waited; forgets it.
RF_NODISCARD enum rf_err rf_intake_watch(struct rf_intake *intake, struct rf_error *error);
void rf_intake_take_words(struct rf_intake *intake);
void rf_intake_drop_words(struct rf_intake *intake);
// intake.c: silences are known now, or waited for long enough: reading begins.
void rf_intake_heard(struct rf_intake *intake);

#endif
