// The command line that every process has: --config FILE, for which $RINGFENCE_CONFIG stands as for
// ringfence(1), --help, --version.
#ifndef RF_RUNTIME_ARGUMENTS_H
#define RF_RUNTIME_ARGUMENTS_H

#include "runtime/service.h"

enum rf_arguments_result {
    RF_ARGUMENTS_RUN,  // go on; *config_file is set (NULL: defaults)
    RF_ARGUMENTS_DONE, // help or version was printed: exit 0
    RF_ARGUMENTS_WRONG // an error was printed: exit 2
};

enum rf_arguments_result rf_arguments_parse(const struct rf_service *service, int argc, char **argv,
                                            const char **config_file);

#endif
