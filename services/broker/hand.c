#include "dispatch.h"

#include <stdlib.h>
#include <string.h>

// A call in the hand of a worker that we did not give it: the broker was restarted, or took the
// worker for lost. Whoever asks for its id now waits for this worker's answer.
static void adopt(struct rf_dispatch *dispatch, struct rf_seat *seat, const char *id) {
    struct rf_job *job = rf_job_find(dispatch, id);
    if (job == NULL)
        job = rf_job_new(dispatch, id);
    if (job == NULL || job->seat != NULL)
        return;
    rf_answers_forget(&dispatch->answers, id);
    rf_job_hand_to(job, seat, NULL);
    dispatch->ground->counters.calls_adopted++;
    struct rf_call_cancel cancel = {.id = id};
    if (job->unwanted)
        rf_ground_send(dispatch->ground, &seat->peer, RF_MESSAGE_call_cancel, &cancel);
}

// A job that the worker does not name: adopted ones are over without an answer; of the others only
// those are lost that went out over a connection that broke, and were not named for a whole lease.
static bool lost_on_the_way(struct rf_dispatch *dispatch, struct rf_job *job) {
    if (job->listed == dispatch->heartbeats) {
        job->doubt.ns = 0;
        return false;
    }
    if (job->place == NULL)
        return true;
    return job->doubt.ns != 0 && !rf_instant_before(dispatch->ground->now.instant, job->doubt);
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
        struct rf_job *job = rf_job_find(dispatch, id);
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

void rf_dispatch_reply(struct rf_dispatch *dispatch, struct rf_seat *seat,
                       struct rf_message **message, size_t size) {
    struct rf_ground *ground = dispatch->ground;
    struct rf_call_reply *reply = &(*message)->as.call_reply;
    struct rf_job *job = rf_job_find(dispatch, reply->id);
    const char *worker = seat == NULL ? "" : seat->instance;
    if (job == NULL) {
        if (seat != NULL && seat->recalling)
            ground->counters.replies_recalled++;
        else
            ground->counters.replies_late++;
        const struct rf_answer *known =
            rf_answers_find(&dispatch->answers, reply->id, ground->now.instant);
        if (known == NULL ? seat != NULL : known->message == NULL)
            rf_answers_keep(&dispatch->answers, message, size, worker, ground->now.instant);
        return;
    }
    // One that waits was carried out already, before it was asked for here.
    if (seat == NULL || (job->seat != NULL && job->seat != seat)) {
        ground->counters.replies_late++;
        return;
    }
    ground->counters.calls_answered++;
    bool as_it_came = (*message)->raw.size > 0 && reply->worker != NULL &&
                      strcmp(reply->worker, seat->instance) == 0;
    reply->worker = seat->instance;
    if (as_it_came)
        rf_job_tell_raw(job, &(*message)->raw);
    else
        rf_job_tell(job, reply);
    rf_answers_keep(&dispatch->answers, message, size, worker, ground->now.instant);
    rf_job_free(job);
}

// The request goes on with what has been tried so far.
static void take_attempts(struct rf_job *job, struct rf_message **message) {
    rf_message_destroy(&job->handback);
    job->handback = *message;
    *message = NULL;
    struct rf_worker_handback *handback = &job->handback->as.worker_handback;
    struct rf_call_request *request = &job->request->as.call_request;
    request->attempts.items = handback->attempts.items;
    request->attempts.count = handback->attempts.count;
    request->retries = handback->retries;
    request->next_attempt = handback->next_attempt;
}

void rf_dispatch_handback(struct rf_dispatch *dispatch, struct rf_seat *seat,
                          struct rf_message **message) {
    struct rf_job *job = rf_job_find(dispatch, (*message)->as.worker_handback.id);
    if (job == NULL || job->seat != seat) {
        dispatch->ground->counters.replies_late++;
        return;
    }
    dispatch->ground->counters.calls_handed_back++;
    if (job->request == NULL) {
        // Nobody has asked for it here, so that we do not know what it is: whoever does brings it.
        rf_job_free(job);
        return;
    }
    take_attempts(job, message);
    free(job->avoid);
    job->avoid = strdup(seat->instance); // without memory it may come back to the same one
    rf_dispatch_requeue(dispatch, job);
}
