// One conversation with the set: a loop, a client of the bus, and the signals, for the length of
// one subcommand.
#ifndef RF_CLI_SESSION_H
#define RF_CLI_SESSION_H

#include <jansson.h>

#include <ringfence/bus.h>
#include <ringfence/error.h>
#include <ringfence/time.h>

#include "command.h"
#include "events/text.h"
#include "runtime/loop.h"
#include "say.h"

struct cli_session {
    struct rf_loop *loop;
    struct rf_bus *bus;
    const struct cli_options *options;
    const char *service; // that is called: "campaign", or what the subcommand sets
    void *arg;           // the subcommand's own
    struct cli_session_rim *rim;
};

struct cli_session_handlers {
    // begin: the broker is there; called once.
    void (*begin)(struct cli_session *session);
    // interrupt: Ctrl-C or SIGTERM came: ends the session, now or soon. NULL: it ends at once with
    // CLI_INTERRUPTED.
    void (*interrupt)(struct cli_session *session);
};

// cli_session_run: reads the configuration, connects and runs until cli_session_end. Prints what
// went wrong. Returns the exit code.
int cli_session_run(const struct cli_options *options, const struct cli_session_handlers *handlers,
                    void *arg);

// cli_session_config: as it was read; valid as long as the session.
const struct rf_config *cli_session_config(const struct cli_session *session);

// cli_session_end: the loop ends behind the handler that is running.
void cli_session_end(struct cli_session *session, int code);

// cli_session_fail: prints the text and ends with CLI_FAILED.
void cli_session_fail(struct cli_session *session, const char *format, ...) RF_PRINTF(2, 3);

// cli_usage: prints what is wrong with the arguments; returns CLI_USAGE.
int cli_usage(const struct rf_error *error);

// cli_session_call: calls an operation of the session's service with a deadline of `timeout`.
// `params` is taken over.
void cli_session_call(struct cli_session *session, const char *operation, json_t *params,
                      struct rf_duration timeout, rf_reply_fn *fn);

// cli_flush: what was printed is written. False, and the session ends, if it cannot be: without a
// word where the reader has gone, such as head(1).
bool cli_flush(struct cli_session *session);

// cli_print_json: one JSON value and a line end on stdout; consumes it. Texts of others stay one
// line. NULL, a value that could not be made, ends the program with an error: silence would be
// taken for an answer.
void cli_print_json(json_t *value);

// cli_json_text: what a person has given, such as the name of a file, as JSON has it: bytes that
// are not UTF-8 are replaced. NULL without memory.
json_t *cli_json_text(const char *text);

// cli_print_text: prints `text` unless it failed, and empties it.
void cli_print_text(struct rf_text *text);

// cli_session_tell: ends the session in order with what was answered: `result` as JSON where --json
// asks for that, else `text`, which is emptied.
void cli_session_tell(struct cli_session *session, json_t *result, struct rf_text *text);

#endif
