// What makes a provider, or one of its keys, unusable, as retained state has it.
#ifndef RF_CLI_MARKS_H
#define RF_CLI_MARKS_H

#include "session.h"

struct cli_mark {
    char *key;       // "mark/openai", or "key/openai/<fingerprint>" for one key of several
    const char *who; // in it: "openai", "openai/<fingerprint>"
    bool is_key;
    int64_t version;
    json_t *value;
};

struct cli_marks {
    struct cli_mark *items; // marks first
    size_t count;
    int snapshots;
    void (*done)(struct cli_session *session);
    struct cli_session *session;
};

// cli_marks_read: reads all; `done` is called when they are there, or the session fails. `marks` is
// all zero, and lives as long as the session.
void cli_marks_read(struct cli_session *session, struct cli_marks *marks,
                    void (*done)(struct cli_session *session));

void cli_marks_fini(struct cli_marks *marks);

#endif
