// What may leave the set: secrets, telephone numbers and what was said on the telephone are taken
// out of texts, JSON values and events, at the places where something is written or sent to people
// (the logger, the alerter). The journal keeps everything.
//
// A secret becomes "[redacted]", whether its form tells it (api keys, tokens, private keys, logins
// in addresses, NAME=VALUE) or the configuration has it. A number becomes +1…23#0a1b2c3d: country,
// last two digits and a keyed hash, which is the same wherever the number stands. A text that was
// said becomes "[57 characters]", and a contact's name, if it is to be hidden, A.A.#0a1b2c3d or
// [name]#0a1b2c3d. What was redacted already stays as it is.
//
// Pure but for redactor.h, which a process uses. A redaction is made, filled, and then only read:
// any number of threads may do so.
#ifndef RF_REDACT_REDACT_H
#define RF_REDACT_REDACT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ringfence/error.h>
#include <ringfence/messages.h>

#include "events/text.h"

#define RF_REDACTED         "[redacted]"
#define RF_REDACT_KEY_BYTES 16

// Shorter ones would be found in half of all words.
#define RF_REDACT_SECRET_LEAST 4

// As the words of the configuration's rows, in their order.
enum rf_redact_texts { RF_REDACT_TEXTS_LENGTH, RF_REDACT_TEXTS_KEEP, RF_REDACT_TEXTS_DROP };
enum rf_redact_phones { RF_REDACT_PHONES_HASH, RF_REDACT_PHONES_KEEP };
enum rf_redact_names { RF_REDACT_NAMES_SHOW, RF_REDACT_NAMES_INITIALS, RF_REDACT_NAMES_HIDE };

struct rf_country;

struct rf_redact_rules {
    enum rf_redact_texts texts;
    enum rf_redact_phones phones;
    enum rf_redact_names names;
    unsigned char key[RF_REDACT_KEY_BYTES]; // of the hashes
    const struct rf_country *home;          // of numbers without a country code; NULL: not known
};

struct rf_redaction;

// rf_redaction_new: without secrets of its own. NULL if out of memory. rf_redaction_destroy wipes
// them.
struct rf_redaction *rf_redaction_new(const struct rf_redact_rules *rules);
void rf_redaction_destroy(struct rf_redaction **redaction);

// rf_redaction_secret: `value` (NULL and what is too short: nothing) is found from now on in any
// text: as it is, within base64 and base64url, percent-encoded and with JSON's escapes.
// RF_ERR_NOMEM only.
RF_NODISCARD enum rf_err rf_redaction_secret(struct rf_redaction *redaction, const char *value);

// rf_redaction_number: never 0, and another one for each redaction of the process and after each
// secret: what was kept of its answers is worth nothing under another.
uint64_t rf_redaction_number(const struct rf_redaction *redaction);

// rf_redact: true: `size` bytes of `text` hold something, and what is left was appended to `out`.
// False: they are clean, and `out` is untouched; nothing is allocated. Bytes that are not UTF-8 do
// no harm.
bool rf_redact(const struct rf_redaction *redaction, const char *text, size_t size,
               struct rf_text *out);

// rf_redact_add: appends what is left of `text`, clean or not.
void rf_redact_add(const struct rf_redaction *redaction, const char *text, size_t size,
                   struct rf_text *out);

// What the name of a value says of it: "password", "phone", "script".
enum rf_redact_kind {
    RF_REDACT_PLAIN,
    RF_REDACT_SECRET,
    RF_REDACT_PHONE, // also as an integer
    RF_REDACT_PARTY, // "to", "from": a number, if it is one
    RF_REDACT_WORDS, // what was or will be said
    RF_REDACT_NAME,  // a person's
};

enum rf_redact_verdict {
    RF_REDACT_CLEAN,   // as it is
    RF_REDACT_CHANGED, // `out` holds what is left
    RF_REDACT_DROPPED, // it is to be left out with its name
};

// rf_redact_kind: of a value with this name that is inside a value of kind `outer`.
enum rf_redact_kind rf_redact_kind(const char *name, size_t size, enum rf_redact_kind outer);

// rf_redact_value: as rf_redact, of a value of that kind; rf_redact_number: of an integer, which
// becomes a text if it is not clean.
enum rf_redact_verdict rf_redact_value(const struct rf_redaction *redaction,
                                       enum rf_redact_kind kind, const char *text, size_t size,
                                       struct rf_text *out);
enum rf_redact_verdict rf_redact_number(const struct rf_redaction *redaction,
                                        enum rf_redact_kind kind, long long number,
                                        struct rf_text *out);

// rf_redact_json: a new reference: `json` itself if it is clean, else a copy of what is left. NULL
// if out of memory.
json_t *rf_redact_json(const struct rf_redaction *redaction, json_t *json);

// rf_redacts_names: whether names are to be hidden, which takes a tree of the data.
bool rf_redacts_names(const struct rf_redaction *redaction);

// What is left of an event: `event` borrows from the original and from the rest.
struct rf_redacted_event {
    struct rf_event event;
    struct rf_text texts, unnamed; // private
    json_t *data, *unnamed_data;   // private
};

// rf_redact_event: a name that is to be hidden, which data have as such, is also taken out of the
// event's other texts. `redacted` needs no rf_redacted_event_fini after an error, which is
// RF_ERR_NOMEM only. The original must outlive it. Data that are packed (rf_event.data_packed) are
// not looked at: see redact/packed.h.
RF_NODISCARD enum rf_err rf_redact_event(const struct rf_redaction *redaction,
                                         const struct rf_event *event,
                                         struct rf_redacted_event *redacted);
void rf_redacted_event_fini(struct rf_redacted_event *redacted);

#endif
