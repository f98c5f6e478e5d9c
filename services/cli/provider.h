// Providers as they are named at the command line.
#ifndef CLI_PROVIDER_H
#define CLI_PROVIDER_H

// cli_not_a_provider: says on stderr that `given` is none, which there are, and `also` (what else
// is allowed; "" for nothing). Returns CLI_USAGE.
int cli_not_a_provider(const char *given, const char *also);

#endif
