// What can stand at the end of a command line that is being written: from the table of commands,
// with their usage, alone. What only the set knows is asked for elsewhere. Pure.
#ifndef RF_CLI_COMPLETE_H
#define RF_CLI_COMPLETE_H

#include "command.h"
#include "events/text.h"

// Names that stand in no table: the set's, or the configuration's.
enum cli_names {
    CLI_NAMES_NONE,
    CLI_NAMES_CAMPAIGNS,
    CLI_NAMES_PROVIDERS, // each has one circuit breaker
    CLI_NAMES_MARKS,
    CLI_NAMES_CHANNELS,
    CLI_NAMES_SUBSCRIBERS,
    CLI_NAMES_INCIDENTS
};

struct cli_wanted {
    enum cli_names names;
    const char *begun;  // what the names begin with; borrowed
    const char *before; // what stands before each in its word, "--campaign=", of `before_bytes`
    size_t before_bytes;
    const char *config; // --config of the line, or NULL
};

// cli_complete: appends what can take the place of the last of `words` (the words behind
// "ringfence", the last as far as it is written), a line each: the word, and behind a tab what it
// is. The lines ":files" and ":folders" mean such, which a shell knows better. `wanted` tells which
// names can stand there besides. Words are borrowed.
void cli_complete(const struct cli_command *commands, size_t count, const char *const *words,
                  size_t word_count, struct rf_text *out, struct cli_wanted *wanted);

// cli_complete_name: appends one of the names that were wanted, if it begins so; what would tear
// a line, or be taken for ":files", is left out.
void cli_complete_name(const struct cli_wanted *wanted, const char *name, struct rf_text *out);

#endif
