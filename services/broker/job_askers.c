// Who waits for a job.
#include "job.h"

#include <stdlib.h>

#include "dispatch.h"

static struct rf_asker *find(const struct rf_job *job, const struct rf_peer *peer) {
    struct rf_asker *asker = job->askers;
    while (asker != NULL && !rf_peer_same(&asker->peer, peer))
        asker = asker->next;
    return asker;
}

// The one that asked first, taken out of the list. It may be there, and is told.
static struct rf_asker *take_oldest(struct rf_job *job) {
    struct rf_asker **at = &job->askers;
    while ((*at)->next != NULL)
        at = &(*at)->next;
    struct rf_asker *oldest = *at;
    *at = NULL;
    job->asker_count--;
    rf_job_answer_once(job->dispatch, &oldest->peer, job->id, RF_JOB_OVERLOADED, true);
    return oldest;
}

static struct rf_asker *add(struct rf_job *job) {
    struct rf_asker *asker = malloc(sizeof *asker);
    if (asker != NULL)
        rf_job_weigh(job, sizeof *asker);
    return asker;
}

bool rf_job_ask(struct rf_job *job, const struct rf_peer *peer) {
    struct rf_asker *asker = find(job, peer);
    if (asker != NULL) {
        asker->cancelled = false;
        return true;
    }
    if (job->askers == NULL)
        asker = &job->first;
    else if (job->asker_count < RF_JOB_MAX_ASKERS)
        asker = add(job);
    else
        asker = take_oldest(job);
    if (asker == NULL)
        return false;
    rf_peer_copy(&asker->peer, peer);
    asker->cancelled = false;
    asker->next = job->askers;
    job->askers = asker;
    job->asker_count++;
    return true;
}

bool rf_job_call_off(struct rf_job *job, const struct rf_peer *peer) {
    struct rf_asker *asker = find(job, peer);
    if (asker != NULL)
        asker->cancelled = true;
    return asker != NULL;
}

// Takes the asker at `at` out of the list.
static void forget(struct rf_job *job, struct rf_asker **at) {
    struct rf_asker *asker = *at;
    *at = asker->next;
    job->asker_count--;
    if (asker == &job->first)
        return;
    free(asker);
    rf_job_weigh(job, -(ptrdiff_t)sizeof *asker);
}

bool rf_job_unwanted(struct rf_job *job) {
    const struct rf_dispatch_hooks *hooks = &job->dispatch->hooks;
    bool cancelled = false;
    for (const struct rf_asker *asker = job->askers; asker != NULL; asker = asker->next)
        cancelled = cancelled || asker->cancelled;
    if (!cancelled)
        return false;
    struct rf_asker **at = &job->askers;
    while (*at != NULL) {
        if ((*at)->cancelled)
            at = &(*at)->next;
        else if (hooks->there(hooks->arg, &(*at)->peer))
            return false;
        else
            forget(job, at);
    }
    return true;
}
