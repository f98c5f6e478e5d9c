// What `ringfence init` asks a person, and reads of secrets.
#ifndef RF_CLI_INIT_ASK_H
#define RF_CLI_INIT_ASK_H

#include <stdbool.h>
#include <stdio.h>

#include "init_text.h"

// Zero it before use.
struct init_terminal {
    bool asks;        // there is somebody; else nothing is asked
    bool interrupted; // by Ctrl-C or the end of input: nothing more is asked
    char *given[16];
    size_t count;
};

// init_ask: asks for what is not given yet (NULL). An empty answer takes `usual`, which may be
// NULL. The answer lives as long as the terminal's struct.
void init_ask(struct init_terminal *terminal, const char *question, const char *usual,
              const char **answer);

// init_ask_secret: the answer does not show. A new string, which the caller wipes; NULL: none.
char *init_ask_secret(struct init_terminal *terminal, const char *label);

// init_read_secrets: lines NAME=VALUE of the names of init_secrets; empty lines and those that
// begin with # are passed over. RF_ERR_INVALID names the line, never the value.
RF_NODISCARD enum rf_err init_read_secrets(FILE *in, char *values[INIT_SECRETS],
                                           struct rf_error *error);

void init_terminal_fini(struct init_terminal *terminal);

#endif
