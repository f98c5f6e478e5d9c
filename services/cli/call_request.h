// What `ringfence call` is to ask for, from its words and options. Pure.
#ifndef RF_CLI_CALL_REQUEST_H
#define RF_CLI_CALL_REQUEST_H

#include <jansson.h>

#include <ringfence/error.h>
#include <ringfence/time.h>

#include "command.h"

struct cli_call {
    const char *service;
    char operation[64];
    struct rf_duration deadline;
    bool repeatable;
    bool rings; // a telephone rings
    json_t *params;
};

// cli_call_read: RF_ERR_INVALID says what is missing or does not belong. `now` is what --since
// counts from. Freed by cli_call_fini, which may be called after a failure too.
RF_NODISCARD enum rf_err cli_call_read(const struct cli_options *options, struct rf_utc now,
                                       struct cli_call *call, struct rf_error *error);
void cli_call_fini(struct cli_call *call);

#endif
