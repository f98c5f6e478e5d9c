// What an orchestrator that is gone has left behind: its contacts in progress, and events that it
// did not publish. The same at a start, after ourselves.
#ifndef RF_ORCHESTRATOR_TAKEOVER_H
#define RF_ORCHESTRATOR_TAKEOVER_H

#include "contact_rows.h"
#include "store/store.h"

// Contacts that are taken over at once; there may be more.
#define RF_TAKEOVER_MAX 64

// Streams likewise.
#define RF_TAKEOVER_STREAMS 16

// A stream of events, and where its publishing goes on.
struct rf_takeover_stream {
    int64_t row;
    char name[64];
    int64_t next;
};

struct rf_takeover {
    struct rf_store_job job;
    void *owner;
    struct rf_utc now;
    int64_t room;                    // so many contacts in progress there is a place for
    struct rf_contact_list contacts; // with their open attempts: to go on with them
    int64_t returned; // that went back into the queue, as there was no place for them
    bool cancelled;   // a cancelled campaign has contacts that are to be set aside: see sweep.h
    bool more;        // do it again
    bool reopening;   // waiting contacts are to be looked at: see reopen.h
    bool starting;    // a start that was broken off is gone on with: do it again likewise
    struct rf_takeover_stream streams[RF_TAKEOVER_STREAMS]; // to publish their events
    size_t stream_count;
};

// rf_takeover_run: finds out who is gone (member.h), and takes over contacts and streams. For whom
// there is no place goes back into the queue, for whoever has one; but a contact with an open
// attempt is gone on with, as somebody may be on the telephone. Ends campaigns of which two
// orchestrators ended the last contacts at the same moment, as neither could see it, and looks
// whether a cancellation is to be carried on: a sweep may have failed, or ended with its
// orchestrator, or have missed what others wrote at the same moment. Goes on with starts that were
// broken off (enqueue.h).
enum rf_err rf_takeover_run(struct rf_store_job *job, struct rf_db *db, struct rf_error *error);

// Gives up a contact in progress, if it is still ours: the next takeover, of us or of another,
// reads it anew.
struct rf_takeover_release {
    struct rf_store_job job;
    void *owner;
    int64_t contact;
};
enum rf_err rf_takeover_release_run(struct rf_store_job *job, struct rf_db *db,
                                    struct rf_error *error);

// Makes a stream ours to which our events are written from now on: one that somebody has left, or
// a new one.
struct rf_takeover_open {
    struct rf_store_job job;
    struct rf_takeover_stream stream;
};
enum rf_err rf_takeover_open_run(struct rf_store_job *job, struct rf_db *db,
                                 struct rf_error *error);

// Forgets a stream that was taken over, when all its events are published.
struct rf_takeover_forget {
    struct rf_store_job job;
    void *owner;
    int64_t stream;
};
enum rf_err rf_takeover_forget_run(struct rf_store_job *job, struct rf_db *db,
                                   struct rf_error *error);

#endif
