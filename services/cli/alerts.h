// What the subcommands of `ringfence alert` share: silences as retained state has them, and the
// order of a conversation with the alerter.
#ifndef RF_CLI_ALERTS_H
#define RF_CLI_ALERTS_H

#include "ask.h"

#define CLI_SILENCES "alert/silence/"
#define CLI_ACKS     "alert/ack/"

struct cli_silence {
    char *id;
    int64_t version;
    json_t *value;
};

struct cli_silences {
    struct cli_silence *items;
    size_t count;
    bool begun; // the snapshot's first part is here
    bool asked; // and the question behind it was answered
    bool read;
    void (*done)(struct cli_session *session);
    struct cli_session *session;
};

// cli_silences_read: reads all; `done` is called when they are there, or the session fails.
// `silences` is all zero, and lives as long as the session.
void cli_silences_read(struct cli_session *session, struct cli_silences *silences,
                       void (*done)(struct cli_session *session));
void cli_silences_fini(struct cli_silences *silences);

// cli_silences_until: until when the incident, as the alerter tells it, is silenced at `now`; 0: it
// is not.
struct rf_utc cli_silences_until(const struct cli_silences *silences, const json_t *incident,
                                 struct rf_utc now);

// cli_alert_ask: as cli_ask, of the alerter.
void cli_alert_ask(struct cli_ask *ask, struct cli_session *session, const char *operation,
                   json_t *params, void (*told)(struct cli_session *session, json_t *result));

#endif
