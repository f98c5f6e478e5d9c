// A broker's core on a stage: time is given, what it sends is recorded, and every recorded message
// went through the wire's encoding and back, so that nothing unsayable passes.
#ifndef RF_TEST_STAGE_H
#define RF_TEST_STAGE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "core.h"
#include "disk_queue.h"

#define STAGE_HEARTBEAT (1 * RF_NS_PER_S)
#define STAGE_MISSES    2
#define STAGE_LEASE     (STAGE_MISSES * STAGE_HEARTBEAT)
#define STAGE_UTC       INT64_C(1764000000000000000) // of the beginning

struct stage_sent {
    struct rf_peer to;
    struct rf_message *message;
    bool seen;
};

struct stage_event {
    char topic[RF_TOPIC_SIZE];
    struct rf_message *message; // of one event
    size_t sends_before;        // how many messages had been sent when it was published
};

struct stage {
    struct rf_core_settings settings;
    struct rf_core *core;
    struct rf_now now;
    struct stage_sent sent[8192];
    size_t sent_count;
    struct stage_event events[512];
    size_t event_count;
    bool ticking; // the time goes on: nobody has said anything
    int asked;    // workers that were asked whether they are there; such messages count as seen
    struct rf_disk_queue disk;   // every record, in order
    int64_t given, written;      // position of the last record, and up to where they are kept
    bool disk_waits;             // else everything is kept at once
    int64_t passed_over;         // numbers, after ends that were not in order
    char start[32];              // the id of this one
    int64_t *reached;            // by those before it, whose ids are start-1, start-2, ...
    size_t start_count;          // of those
    struct rf_page *pages[1024]; // asked of the reader; a test that takes one out leaves NULL
    size_t page_count;
    int64_t spare; // as the disk was told
    int64_t ids;
    // What a send to this peer comes to; the others get everything.
    struct rf_peer bad_peer;
    enum rf_sent bad_answer;
};

// stage_open: the core begins at time 0 with one guarded provider, "elevenlabs". `change` (may be
// NULL) changes the settings before. stage_close frees all.
void stage_open(struct stage *stage, void (*change)(struct rf_core_settings *settings));
void stage_close(struct stage *stage);

// stage_destroy_core: the core alone, which neither writes nor sends anything any more.
void stage_destroy_core(struct stage *stage);

// peer: the peer of that name on a socket.
struct rf_peer peer(enum rf_socket socket, const char *name);

// stage_receive: the core gets a message of the peer, now.
void stage_receive(struct stage *stage, const struct rf_peer *from, enum rf_message_type type,
                   const void *body);

// stage_at: time goes on to `ns` after the beginning, and acts whenever something is due.
// stage_wake_at: it jumps there: until then the core did not run.
void stage_at(struct stage *stage, int64_t ns);
void stage_wake_at(struct stage *stage, int64_t ns);

// stage_write: the disk has everything up to `position`, and tells.
void stage_write(struct stage *stage, int64_t position);

// stage_write_some: the disk has `count` records more, and with the last one what belongs to it.
void stage_write_some(struct stage *stage, int64_t count);

// stage_write_untold: the same, but the broker does not hear of it: it is killed next.
void stage_write_untold(struct stage *stage, int64_t count);

// stage_forget: forgets all that was sent and published, to go on for long.
void stage_forget(struct stage *stage);

// stage_restart: the broker is gone, and another goes on from what the disk has kept; what it had
// not is lost. `passed_over`: numbers that are not given, as after an end that was not in order.
void stage_restart(struct stage *stage, const char *instance, int64_t passed_over);

// stage_start: a core from the settings; private to the stage.
void stage_start(struct stage *stage);

// stage_settle: a disk without delay, unless a test makes it wait. Follows every message and tick;
// needed after other calls of the core.
void stage_settle(struct stage *stage);

// stage_next: the oldest unseen message to the peer, which must be of this type.
const struct rf_message *stage_next(struct stage *stage, const struct rf_peer *to,
                                    enum rf_message_type type);

// stage_quiet: asserts that the peer has no unseen message. stage_hush: marks all as seen.
void stage_quiet(struct stage *stage, const struct rf_peer *to);
void stage_hush(struct stage *stage);

// stage_event: the last event that was published, which must have this topic.
const struct rf_event *stage_event(const struct stage *stage, const char *topic);

// ---- what peers often say ----

// beat: a worker's heartbeat offering one service ("speech" if NULL).
void beat(struct stage *stage, const struct rf_peer *from, const char *instance,
          const char *service, int64_t capacity, int64_t released);

// call: a request of service "speech", due `left` from now.
void call(struct stage *stage, const struct rf_peer *from, const char *id, int64_t left);

// answer: a worker's good reply.
void answer(struct stage *stage, const struct rf_peer *from, const char *id);

// credit: places given back, cumulative.
void credit(struct stage *stage, const struct rf_peer *from, int64_t released);

// assert_reply: the next message to the client is a reply to `id` with this local code (NULL: ok)
// and `sent`.
void assert_reply(struct stage *stage, const struct rf_peer *to, const char *id, const char *code,
                  const char *sent);

#endif
