// Why a request to the orchestrator was not carried out, for people. Pure.
#ifndef RF_CLI_REFUSAL_H
#define RF_CLI_REFUSAL_H

#include <stddef.h>

#include <ringfence/messages.h>

// cli_refusal_text: "WHAT: ..." of a reply that is not ok, cut to size. What was wrong with the
// request is told in the reply's words alone; that nobody is there, with the mend. Returns out.
char *cli_refusal_text(const char *what, const struct rf_call_reply *reply, char *out, size_t size);

// cli_refusal_server: which process answers the subcommand `what`: "orchestrator", "alerter" or
// "health-monitor".
const char *cli_refusal_server(const char *what);

#endif
