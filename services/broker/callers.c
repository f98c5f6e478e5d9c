// What callers say: requests, and that they no longer wait.
#include "dispatch_parts.h"

// The earlier of the deadline and the time that was left when it was sent: a client whose clock
// runs ahead, or behind, cannot stretch its call. Who asks again says what is left, and 0 is
// nothing; who asks for the first time may leave it unsaid.
static struct rf_instant due_of(const struct rf_now *now,
                                const struct rf_call_request_glance *request) {
    int64_t left = rf_ns_sub(request->deadline, now->utc.ns);
    bool said = request->remaining_ns > 0 || request->asked_ns > 0;
    if (said && request->remaining_ns < left)
        left = request->remaining_ns;
    return rf_instant_add(now->instant, rf_ns(left));
}

// Now we know what the worker has in hand, and until when it is wanted.
static bool describe(struct rf_job *job, struct rf_job_wish *wish) {
    struct rf_dispatch *dispatch = job->dispatch;
    wish->service = rf_seats_queue(&dispatch->seats, wish->request->service, true);
    if (!rf_job_fits(dispatch, wish) || !rf_job_describe(job, wish))
        return false;
    rf_ground_start(dispatch->ground, &job->timer,
                    rf_instant_add(job->due, rf_ns(RF_DISPATCH_ANSWER_GRACE)));
    return true;
}

static bool is_another(const struct rf_job *job, const struct rf_call_request_glance *request) {
    return job->frame != NULL &&
           (!rf_str_is(request->operation, job->operation) ||
            (job->service != NULL && !rf_str_is(request->service, job->service->service)));
}

static void join(struct rf_dispatch *dispatch, const struct rf_peer *from, struct rf_job *job,
                 struct rf_job_wish *wish) {
    if (is_another(job, wish->request))
        rf_ground_refuse(dispatch->ground, from, job->id, "id_conflict",
                         "another call with this id is in flight");
    else if ((job->frame == NULL && !describe(job, wish)) || !rf_job_ask(job, from))
        rf_job_answer_once(dispatch, from, job->id, RF_JOB_OVERLOADED, true); // no room, or memory
    else
        dispatch->ground->counters.calls_joined++;
}

// From memory: as it was, or that it was.
static void answer_again(struct rf_dispatch *dispatch, const struct rf_peer *from,
                         const struct rf_answer *answer) {
    struct rf_ground *ground = dispatch->ground;
    ground->counters.calls_repeated++;
    if (answer->size == 0) {
        rf_job_answer_once(dispatch, from, answer->id, RF_JOB_FORGOTTEN, true);
        return;
    }
    struct rf_bytes raw = {answer->data, answer->size};
    if (rf_ground_send_raw(ground, from, &raw) != RF_SENT_OK)
        ground->counters.replies_undeliverable++;
}

// A repeated id: joined to the call in flight, or answered from memory.
static bool repeated(struct rf_dispatch *dispatch, const struct rf_peer *from,
                     struct rf_job_wish *wish) {
    const struct rf_map_key *id = &wish->id;
    struct rf_job *job = rf_job_find(dispatch, id);
    if (job != NULL) {
        join(dispatch, from, job, wish);
        return true;
    }
    const struct rf_answer *answer =
        rf_answers_find(&dispatch->answers, id, dispatch->ground->now.instant);
    if (answer == NULL)
        return false;
    // Surely not begun: that holds for who only asks again. It may be asked for anew.
    if (rf_answers_said_no(answer) && wish->request->asked_ns == 0) {
        rf_answers_forget(&dispatch->answers, id);
        return false;
    }
    answer_again(dispatch, from, answer);
    return true;
}

// What is in the way of a new call; RF_JOB_TAKEN: nothing.
static enum rf_job_answer obstacle(struct rf_dispatch *dispatch, const struct rf_job_wish *wish) {
    struct rf_instant now = dispatch->ground->now.instant;
    const struct rf_job_queue *queue = wish->service;
    if (!rf_instant_before(now, wish->due))
        return RF_JOB_TOO_LATE;
    if (queue == NULL || !rf_dispatch_served(dispatch, queue))
        return RF_JOB_NO_WORKER;
    if (queue->count >= dispatch->limits.waiting || !rf_job_fits(dispatch, wish))
        return RF_JOB_OVERLOADED;
    if (!wish->request->repeatable && !rf_answers_room(&dispatch->answers, queue->once, now))
        return RF_JOB_TOO_MANY;
    return RF_JOB_TAKEN;
}

// A call whose id nobody knows.
static void take(struct rf_dispatch *dispatch, const struct rf_peer *from,
                 struct rf_job_wish *wish) {
    const struct rf_call_request_glance *request = wish->request;
    struct rf_instant now = dispatch->ground->now.instant;
    struct rf_instant asked = rf_instant_add(now, rf_ns(-request->asked_ns));
    bool again = request->asked_ns > 0;
    // A service that was never offered gets a queue only while the workers are still registering,
    // and leaves room for what they offer.
    bool make = dispatch->grace.place != 0 && dispatch->seats.queues.count < RF_QUEUES_OF_CALLERS;
    wish->service = rf_seats_queue(&dispatch->seats, request->service, make);
    enum rf_job_answer answer = obstacle(dispatch, wish);
    struct rf_job *job = answer == RF_JOB_TAKEN ? rf_job_new(dispatch, wish) : NULL;
    if (job == NULL) {
        rf_job_refuse(dispatch, from, wish, answer == RF_JOB_TAKEN ? RF_JOB_OVERLOADED : answer,
                      again && !rf_dispatch_proven(dispatch, asked, request->repeatable));
        return;
    }
    (void)rf_job_ask(job, from); // the first costs no memory
    job->again = again;
    job->asked = asked;
    dispatch->ground->counters.calls_taken++;
    rf_dispatch_admit(dispatch, job, wish->service);
}

void rf_dispatch_request(struct rf_dispatch *dispatch, const struct rf_peer *from,
                         const struct rf_glance *glance) {
    const struct rf_call_request_glance *request = &glance->as.call_request;
    struct rf_job_wish wish = {.request = request,
                               .raw = glance->raw,
                               .id = rf_job_key(dispatch, request->id),
                               .due = due_of(&dispatch->ground->now, request)};
    if (!repeated(dispatch, from, &wish))
        take(dispatch, from, &wish);
}

void rf_dispatch_cancel(struct rf_dispatch *dispatch, const struct rf_peer *from, const char *id) {
    struct rf_map_key key = rf_job_key(dispatch, rf_str_of(id));
    struct rf_job *job = rf_job_find(dispatch, &key);
    if (job == NULL || !rf_job_call_off(job, from) || !rf_job_unwanted(job))
        return;
    if (job->held && job->uncertain)
        return; // a worker may have it in hand, and is told when it comes
    if (job->seat == NULL) {
        rf_job_end(job, RF_JOB_CANCELLED, false);
        return;
    }
    rf_job_tell_cancel(job);
}
