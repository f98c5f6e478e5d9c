// The redaction of a process: its rules and secrets are those of the configuration, and it follows
// the files of the secrets. A secret that was given as `file:PATH` may be another one at any time,
// and whoever uses it reads it anew without a signal; before anything is written or sent it must be
// known here, also in a process that never uses it. So the files are looked at for each batch of
// what is about to leave, which costs a stat(2) each; what comes after the change of a file finds
// the new value known.
//
// What was a secret stays one for RF_REDACTOR_FORMER after it was replaced, by its file or by a
// reload: a call with it may still be on its way, and the journal may hold what was said with it.
// At most RF_REDACTOR_FORMER_MOST of them: the oldest goes first. They are in memory only, so that
// a process that starts anew knows the values of now.
#ifndef RF_REDACT_REDACTOR_H
#define RF_REDACT_REDACTOR_H

#include <ringfence/error.h>
#include <ringfence/time.h>

struct rf_config;
struct rf_redaction;
struct rf_redactor;

#define RF_REDACTOR_FORMER      rf_seconds(INT64_C(24) * 3600)
#define RF_REDACTOR_FORMER_MOST 64

// Files are told apart by their inode, times and length. For so long after a change its content is
// compared too, as two changes within one tick of the file system's clock look alike.
#define RF_REDACTOR_UNSETTLED rf_seconds(2)

enum rf_redactor_scope {
    RF_REDACTOR_ALL,     // all that `redaction` asks for
    RF_REDACTOR_SECRETS, // secrets alone: for what goes into the journal, which keeps the rest
    RF_REDACTOR_LINES,   // as RF_REDACTOR_ALL, for lines of a process's log: where there is no key
                         // for the hashes and none can be made, one of this life. It warns of
                         // nothing, as its own words would be such lines
};

// rf_redactor_new: the key of the numbers' hashes is that of the configuration, else that of
// state_dir/redaction.key, which is made if it is missing (not for RF_REDACTOR_SECRETS). Blocks on
// the disk. The caller destroys it; rf_redactor_destroy wipes all values.
RF_NODISCARD enum rf_err rf_redactor_new(const struct rf_config *config,
                                         enum rf_redactor_scope scope, struct rf_instant now,
                                         struct rf_redactor **redactor, struct rf_error *error);
void rf_redactor_destroy(struct rf_redactor **redactor);

// rf_redactor_take: rules and secrets are those of `config` from now on. An error keeps the old
// ones. Blocks on the disk.
RF_NODISCARD enum rf_err rf_redactor_take(struct rf_redactor *redactor,
                                          const struct rf_config *config, struct rf_instant now,
                                          struct rf_error *error);

// rf_redactor_now: what is to be used for what leaves now; borrowed, until the next call of any
// function here. Looks at the files first, reads those that changed, and warns once of one that
// cannot be read, whose old value stays. From one thread.
const struct rf_redaction *rf_redactor_now(struct rf_redactor *redactor, struct rf_instant now);

#endif
