#include "dispatch.h"

#include <stdlib.h>
#include <string.h>

#include "base/crash_point.h"
#include "wire/request.h"

// A call in the hand of a worker that we did not give it: the broker was restarted, or took the
// worker for lost. Whoever asks for its id now waits for this worker's answer, for which the room
// is kept that our own one had: others do not take it meanwhile.
static void adopt(struct rf_dispatch *dispatch, struct rf_seat *seat, const char *id) {
    struct rf_map_key key = rf_job_key(dispatch, rf_str_of(id));
    if (key.size > RF_CALL_ID_BYTES)
        return; // nobody can ask for it
    struct rf_job *job = rf_job_find(dispatch, &key);
    if (job == NULL)
        job = rf_job_found(dispatch, id);
    if (job == NULL || job->seat != NULL)
        return;
    const struct rf_answer *known =
        rf_answers_find(&dispatch->answers, &key, dispatch->ground->now.instant);
    bool had_room = known != NULL && known->memory == RF_ANSWERS_ONCE;
    rf_answers_forget(&dispatch->answers, &key);
    if (had_room)
        rf_job_await(job, true);
    rf_job_hand_to(job, seat, NULL);
    dispatch->ground->counters.calls_adopted++;
    if (rf_job_unwanted(job))
        rf_job_tell_cancel(job);
}

// A job that the worker does not name. Its reply may be under way, and come later than a heartbeat
// of another connection: an adopted one is over without an answer when it was not named for a whole
// lease. Of the others only those are lost that went out over a connection that broke, and were not
// named for as long.
static bool lost_on_the_way(struct rf_dispatch *dispatch, struct rf_job *job) {
    struct rf_instant now = dispatch->ground->now.instant;
    if (job->listed == dispatch->heartbeats) {
        job->doubt.ns = 0;
        return false;
    }
    if (job->place == NULL && job->doubt.ns == 0)
        job->doubt = rf_instant_add(now, dispatch->ground->lease);
    return job->doubt.ns != 0 && !rf_instant_before(now, job->doubt);
}

static void settle_hand(struct rf_dispatch *dispatch, struct rf_seat *seat,
                        const struct rf_worker_heartbeat *heartbeat, enum rf_seat_news news) {
    // A worker may read what another broker sent it, or this one in an earlier registration, after
    // it has registered: until it has told all it adds to what is in its hand.
    bool adds = seat->recalling && heartbeat->registration != 0 &&
                heartbeat->registration == seat->registration;
    dispatch->heartbeats++;
    for (size_t i = 0; i < heartbeat->in_hand.count; i++) {
        const char *id = heartbeat->in_hand.items[i];
        if (news == RF_SEAT_NEW || adds)
            adopt(dispatch, seat, id);
        struct rf_map_key key = rf_job_key(dispatch, rf_str_of(id));
        struct rf_job *job = rf_job_find(dispatch, &key);
        if (job != NULL && job->seat == seat)
            job->listed = dispatch->heartbeats;
    }
    struct rf_job *job, *next;
    for (job = TAILQ_FIRST(&seat->jobs); job != NULL; job = next) {
        next = TAILQ_NEXT(job, link);
        if (news == RF_SEAT_MOVED)
            job->doubt = rf_instant_add(dispatch->ground->now.instant, dispatch->ground->lease);
        if (!lost_on_the_way(dispatch, job))
            continue;
        if (job->place != NULL)
            rf_place_forget(job->place);
        rf_job_end(job, RF_JOB_WORKER_LOST, true);
    }
}

struct rf_seat *rf_dispatch_heartbeat(struct rf_dispatch *dispatch, const struct rf_peer *from,
                                      const struct rf_worker_heartbeat *heartbeat,
                                      enum rf_seat_news *news) {
    struct rf_seat *seat = rf_seats_heartbeat(&dispatch->seats, from, heartbeat, news);
    if (seat != NULL)
        settle_hand(dispatch, seat, heartbeat, *news);
    return seat;
}

// The reply as it goes on: the bytes that came, or packed anew with the worker's name that we know.
// The caller frees `packed`. False: it cannot be.
static bool raw_of(const struct rf_glance *glance, const char *worker, struct rf_frame *packed,
                   struct rf_bytes *raw) {
    *packed = (struct rf_frame){NULL, 0};
    *raw = glance->raw;
    if (rf_str_is(glance->as.call_reply.worker, worker))
        return true;
    struct rf_message *message;
    if (rf_wire_decode_relay(raw->data, raw->size, &message, NULL) != RF_OK)
        return false;
    message->as.call_reply.worker = worker;
    enum rf_err err = rf_wire_encode(RF_MESSAGE_call_reply, &message->as, packed, NULL);
    rf_message_destroy(&message);
    *raw = (struct rf_bytes){packed->data, packed->size};
    return err == RF_OK;
}

// To a call that is over, or that another broker gave it: it may be asked for again. Of an id that
// nobody here knows only a worker brings news that has not told yet what it did before: afterwards
// all that it has in hand is known.
static void take_late(struct rf_dispatch *dispatch, const struct rf_seat *seat,
                      const struct rf_glance *glance, const struct rf_map_key *id) {
    struct rf_ground *ground = dispatch->ground;
    bool recalled = seat != NULL && seat->recalling;
    if (recalled)
        ground->counters.replies_recalled++;
    else
        ground->counters.replies_late++;
    if (id->size > RF_CALL_ID_BYTES)
        return;
    const struct rf_answer *known = rf_answers_find(&dispatch->answers, id, ground->now.instant);
    // Not begun, as we said, and yet carried out: the worker knows better.
    bool guessed = known != NULL && known->own;
    struct rf_frame packed;
    struct rf_bytes raw;
    if ((guessed || (known == NULL && recalled)) &&
        raw_of(glance, seat == NULL ? "" : seat->instance, &packed, &raw)) {
        enum rf_answers_memory memory = RF_ANSWERS_ONCE;
        if (guessed && rf_answers_repeatable(known))
            memory = RF_ANSWERS_REPEATABLE;
        rf_answers_keep(&dispatch->answers, memory, id, &raw, false, guessed ? known->share : NULL,
                        ground->now.instant);
        rf_frame_free(&packed);
    }
}

void rf_dispatch_reply(struct rf_dispatch *dispatch, struct rf_seat *seat,
                       const struct rf_glance *glance) {
    struct rf_ground *ground = dispatch->ground;
    struct rf_map_key id = rf_job_key(dispatch, glance->as.call_reply.id);
    struct rf_job *job = rf_job_find(dispatch, &id);
    if (job == NULL) {
        take_late(dispatch, seat, glance, &id);
        return;
    }
    // One that waits was carried out already, before it was asked for here.
    if (seat == NULL || (job->seat != NULL && job->seat != seat)) {
        ground->counters.replies_late++;
        return;
    }
    ground->counters.calls_answered++;
    RF_CRASH_POINT(broker, answer_in_hand);
    struct rf_frame packed;
    struct rf_bytes raw;
    if (!raw_of(glance, seat->instance, &packed, &raw)) {
        rf_job_end(job, RF_JOB_FORGOTTEN, true);
        return;
    }
    rf_job_tell(job, &raw);
    rf_job_keep(job, &raw);
    rf_job_free(job);
    rf_frame_free(&packed);
}

static struct rf_place *place_in(const struct rf_seat *seat, const struct rf_job_queue *queue) {
    struct rf_place *place;
    TAILQ_FOREACH(place, &seat->places, in_seat)
    if (place->queue == queue)
        return place;
    return NULL;
}

void rf_dispatch_handback(struct rf_dispatch *dispatch, struct rf_seat *seat,
                          const struct rf_worker_handback *handback) {
    struct rf_map_key id = rf_job_key(dispatch, rf_str_of(handback->id));
    struct rf_job *job = rf_job_find(dispatch, &id);
    // One that is told again may be of an earlier hand-out: the worker has begun the call since.
    bool stale = job != NULL && job->remaining_ns != 0 && handback->remaining_ns != 0 &&
                 handback->remaining_ns != job->remaining_ns;
    if (job == NULL || job->seat != seat || stale) {
        dispatch->ground->counters.replies_late++;
        return;
    }
    dispatch->ground->counters.calls_handed_back++;
    // Where nobody has asked for it here, we do not know what it is: whoever does brings it.
    if (job->frame == NULL)
        rf_job_free(job);
    else if (!rf_job_add_attempts(job, handback))
        rf_job_end(job, RF_JOB_OVERLOADED, false);
    else
        rf_dispatch_requeue(dispatch, job, place_in(seat, job->service));
}
