// The core's hand to the disk: gives each record its position, knows up to where everything is
// kept, and holds back the answers that say so.
#ifndef RF_BROKER_SCRIBE_H
#define RF_BROKER_SCRIBE_H

#include <sys/queue.h>

#include <ringfence/error.h>

#include "ground.h"
#include "record.h"

// Answers beyond either are dropped: whoever waits for one asks again. An answer to who wrote a
// value holds it, so that their number alone would bound nothing.
#define RF_SCRIBE_ANSWERS_MAX   100000
#define RF_SCRIBE_ANSWERS_BYTES (64 << 20)

// For an answer to what has no record yet (rf_scribe_catch_up).
#define RF_SCRIBE_LATER INT64_MAX

// What waits for a disk that is late is bounded, for each kind at its own height: publishers keep
// what they are refused, and are held back first; what the broker itself tells nobody else knows.
enum rf_scribe_share { RF_SHARE_EVENTS, RF_SHARE_VALUES, RF_SHARE_OWN };

struct rf_scribe_answer;
STAILQ_HEAD(rf_scribe_answers, rf_scribe_answer);

struct rf_scribe {
    struct rf_ground *ground;
    int64_t given;   // position of the last record that was handed over
    int64_t written; // all up to it is kept
    struct rf_scribe_answers answers, later;
    size_t answer_count, answer_bytes;

    size_t max_records, max_bytes; // that may wait before publishers are held back
    size_t *sizes;                 // of the waiting records: a ring by position
    size_t room, bytes;            // of the ring; sum of the sizes
    bool failing;                  // the disk cannot be written
    char why[RF_ERROR_MESSAGE_SIZE];
    struct rf_utc failing_since;
    bool held; // publishers are held back, until half of what is allowed waits
    struct rf_utc held_since;
};

// rf_scribe_init: see above for the bounds.
void rf_scribe_init(struct rf_scribe *scribe, struct rf_ground *ground, size_t max_records,
                    size_t max_bytes);
void rf_scribe_fini(struct rf_scribe *scribe);

// rf_scribe_has_room: whether one more record of this kind may wait. For events this decides what
// `held` says.
bool rf_scribe_has_room(struct rf_scribe *scribe, enum rf_scribe_share share);

// rf_scribe_wrote: the disk has everything up to `position`.
void rf_scribe_wrote(struct rf_scribe *scribe, int64_t position);

// rf_scribe_catch_up: what was answered for RF_SCRIBE_LATER has its record now: the last one.
void rf_scribe_catch_up(struct rf_scribe *scribe);

// rf_scribe_put: hands the record to the disk under the next position, which it returns. Texts and
// bytes are borrowed.
int64_t rf_scribe_put(struct rf_scribe *scribe, struct rf_record record);

// Answers to be sent when the disk has everything up to `position`; at once if it has. Texts and
// values are copied. Positions ascend from one to the next, but for those that the disk has passed.
void rf_scribe_acknowledge(struct rf_scribe *scribe, int64_t position, const struct rf_peer *to,
                           const char *stream, int64_t seq);
void rf_scribe_opened(struct rf_scribe *scribe, int64_t position, const struct rf_peer *to,
                      const char *stream, int64_t last);
void rf_scribe_stored(struct rf_scribe *scribe, int64_t position, const struct rf_peer *to,
                      const char *rid, const struct rf_state_entry *entry);

// rf_scribe_due: the position that the first answer waits for; false if there is none.
bool rf_scribe_due(const struct rf_scribe *scribe, int64_t *position);

// rf_scribe_send: sends the first answer. Acknowledgements are cumulative, so that one is left out
// if the next answer, due as well, acknowledges more of the same stream to the same peer.
void rf_scribe_send(struct rf_scribe *scribe);

#endif
