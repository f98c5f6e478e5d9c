// Seats: the registered workers, what each offers, and how much it can still take.
//
// Credit of a place is capacity + released + forgotten - sent, and is never given twice: every term
// but the capacity only ever grows within one registration, and `released` is the worker's
// cumulative count, so a repeated message changes nothing.
#ifndef RF_BROKER_SEATS_H
#define RF_BROKER_SEATS_H

#include <sys/queue.h>

#include "base/map.h"
#include "ground.h"
#include "job.h"
#include "ranking.h"
#include "wire/glance.h"

#define RF_SEATS_MAX         1000 // workers
#define RF_QUEUES_MAX        256  // services
#define RF_QUEUES_OF_CALLERS 128  // of them, so many before calls can make no more

// The calls of one service that wait for a worker, first come first served.
struct rf_job_queue {
    struct rf_map_node by_service;
    char *service;
    TAILQ_HEAD(, rf_place) returners; // who gave calls back, which go to others: before the jobs
    struct rf_job_list jobs;
    struct rf_job_list held;  // until it is known whether a worker has them (recovery.h)
    size_t count, held_count; // all; the latter
    size_t bytes;             // of its calls, in the hand of workers, too
    size_t once; // its calls that may not be repeated: in hand, or answered (answers.h)
    struct rf_ranking places; // of all workers that offer it, or did
    size_t live;              // places that are offered by a worker that is not draining
    size_t welcome;           // of them, those that are not shunned
};

// What one worker offers of one service.
struct rf_place {
    struct rf_rank rank; // in its queue's ranking
    TAILQ_ENTRY(rf_place) in_seat, in_returners;
    struct rf_job_list returned; // its worker gave them back: they wait in the queue for another
    struct rf_seat *seat;
    struct rf_job_queue *queue;
    bool offered; // still named by the worker
    bool live;    // counted in its queue's `live`
    bool welcome; // counted in its queue's `welcome`
    int64_t capacity;
    int64_t released;  // given back since registration
    int64_t forgotten; // sent calls that never reached it
    int64_t sent;      // since registration
    int64_t waiting;   // calls that wait for a retry, as the worker says
    uint32_t uses;     // providers that it asks, by their number at the authority on breakers
    bool shunned;      // kept from one of them: calls go to others, or wait for them
};

struct rf_seat {
    struct rf_map_node by_instance;
    struct rf_map_node by_identity;
    struct rf_seats *seats;
    char *instance;
    struct rf_peer peer;
    struct rf_timer watch; // when it is asked whether it is there, or its lease ends
    struct rf_instant heard;
    bool draining;
    bool left;         // it has said goodbye
    bool stalled;      // its socket had no place; nothing is sent until it is heard of
    bool recalling;    // it has not told yet all that it remembers of before
    int64_t unwritten; // not 0: nothing is sent until this record, that it is there, is on disk
    bool settling; // it has calls, or numbers, of before its registration: nothing is sent until a
                   // heartbeat has numbers of this one
    int64_t seq;   // of its last heartbeat; 0 if they have none
    int64_t registration; // seq of the heartbeat that registered it
    int64_t connection;   // seq of the first one of this connection
    TAILQ_HEAD(, rf_place) places;
    struct rf_job_list jobs; // in its hand
    size_t in_hand;
    uint32_t serves;       // providers of all its places; none while it drains
    int64_t outcome_seq;   // outcomes known up to
    size_t unacknowledged; // outcomes that came since it was last told so
    TAILQ_ENTRY(rf_seat) owed;
};

// What becomes of the calls when a worker comes or goes is decided by dispatch.c.
struct rf_seat_hooks {
    void (*lost)(void *arg, struct rf_seat *seat); // about to be freed; its jobs must be taken
    void *arg;
};

struct rf_seats {
    struct rf_ground *ground;
    struct rf_seat_hooks hooks;
    struct rf_map by_instance, by_identity;
    struct rf_map queues; // by service
    uint64_t turns;
    size_t unwritten;           // seats that wait for the disk
    TAILQ_HEAD(, rf_seat) owed; // with outcomes to be acknowledged
};

void rf_seats_init(struct rf_seats *seats, struct rf_ground *ground,
                   const struct rf_seat_hooks *hooks);

// rf_seats_fini: frees seats, places and queues. Their jobs must have been taken before, also what
// counts in a queue.
void rf_seats_fini(struct rf_seats *seats);

// rf_seats_queue: the queue of a service. `make`: it is made if it is not there; NULL if there are
// too many that have calls or workers, or out of memory. Others are freed by that.
struct rf_job_queue *rf_seats_queue(struct rf_seats *seats, struct rf_str service, bool make);

struct rf_seat *rf_seats_by_peer(const struct rf_seats *seats, const struct rf_peer *peer);

// How a heartbeat found its worker.
enum rf_seat_news {
    RF_SEAT_KNOWN,
    RF_SEAT_MOVED, // the same worker behind a new connection: what was under way may be lost
    RF_SEAT_NEW,   // a registration: counters start anew
    RF_SEAT_LATE,  // it is older than one that came over another connection, and changes nothing
};

// rf_seats_heartbeat: registers the worker, or hears it: offers, draining, a new lease. NULL if it
// is late (RF_SEAT_LATE), there are RF_SEATS_MAX, or out of memory.
struct rf_seat *rf_seats_heartbeat(struct rf_seats *seats, const struct rf_peer *from,
                                   const struct rf_worker_heartbeat *heartbeat,
                                   enum rf_seat_news *news);

// rf_seats_hear: any message of a registered worker keeps its lease. One that was not heard of for
// half a heartbeat is asked (a welcome, as to its heartbeats): a connection that is known to be
// gone loses it at once, the end of the lease (two heartbeats, by default) in any case.
void rf_seats_hear(struct rf_seats *seats, struct rf_seat *seat);

// rf_seats_stall: its socket had no place: nothing is sent to it until it is heard of.
void rf_seats_stall(struct rf_seat *seat);

// rf_seats_lose: the worker is gone: hooks.lost, then the seat is freed.
void rf_seats_lose(struct rf_seats *seats, struct rf_seat *seat);

// rf_seats_credit: places given back, cumulative; what is of another registration is left out.
// Where they are; NULL: nowhere.
struct rf_place *rf_seats_credit(struct rf_seat *seat,
                                 const struct rf_worker_credit_glance *credit);

// rf_place_credit: how many calls can be sent now; 0 or more.
int64_t rf_place_credit(const struct rf_place *place);

// rf_place_shun: calls are to go to others, or no longer so.
void rf_place_shun(struct rf_place *place, bool shunned);

// rf_place_forget: a call that was sent there never reached the worker.
void rf_place_forget(struct rf_place *place);

// rf_seats_pick: the place with the most credit, among equals the one that waited longest; NULL if
// none has any. A shunned place is taken only where no other is offered, however busy the others
// are; so is `avoid` (may be NULL).
struct rf_place *rf_seats_pick(const struct rf_job_queue *queue, const struct rf_place *avoid);

// rf_seats_serve: a call goes to the place: takes one credit.
void rf_seats_serve(struct rf_seats *seats, struct rf_place *place);

// rf_seats_unwritten: nothing is sent to the worker until the disk has the record at `position`, or
// for half a heartbeat. rf_seats_written: everything up to `position` is kept; a worker that waited
// for it, or NULL: the caller calls again until then.
void rf_seats_unwritten(struct rf_seats *seats, struct rf_seat *seat, int64_t position);
struct rf_seat *rf_seats_written(struct rf_seats *seats, int64_t position);

// rf_seats_owe: so many more outcomes of the worker are to be acknowledged. rf_seats_owed: a worker
// to which that is owed, NULL if there is none. rf_seats_acknowledged: it was told.
void rf_seats_owe(struct rf_seats *seats, struct rf_seat *seat, size_t outcomes);
struct rf_seat *rf_seats_owed(const struct rf_seats *seats);
void rf_seats_acknowledged(struct rf_seats *seats, struct rf_seat *seat);

// rf_seats_live: whether any worker offers the service and is not draining.
bool rf_seats_live(const struct rf_job_queue *queue);

#endif
