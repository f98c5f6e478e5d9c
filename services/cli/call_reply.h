// What came of a call, for people, for programs and for scripts. Pure.
#ifndef RF_CLI_CALL_REPLY_H
#define RF_CLI_CALL_REPLY_H

#include <ringfence/messages.h>
#include <ringfence/time.h>

#include "call_request.h"
#include "events/text.h"

// cli_call_exit: 0, or the code that the manual page gives to the reply's class (11 to 18).
int cli_call_exit(const struct rf_call_reply *reply);

// cli_call_result: appends what a call gave, as lines: a script is its bare text, so that it can be
// piped on.
void cli_call_result(const struct cli_call *call, const struct rf_call_reply *reply,
                     struct rf_text *text);

// cli_call_failure: appends why it failed, and what that means for who wants to repeat it. Without
// a line end.
void cli_call_failure(const struct cli_call *call, const struct rf_call_reply *reply,
                      struct rf_utc now, struct rf_text *text);

// cli_call_story: appends what each policy decided and each attempt that was made; `took` is the
// whole call as its caller saw it.
void cli_call_story(const struct rf_call_reply *reply, struct rf_duration took,
                    struct rf_text *text);

// cli_call_json: the reply as a new object, with the names and units that it has on the bus; NULL
// if out of memory.
json_t *cli_call_json(const struct rf_call_reply *reply);

#endif
