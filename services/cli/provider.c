#include "provider.h"

#include <stdio.h>

#include "command.h"
#include "config/config.h"

int cli_not_a_provider(const char *given, const char *also) {
    fprintf(stderr, "ringfence: error: \"%s\" is not a provider; expected ", given);
    for (int p = 0; p < RF_PROVIDER_COUNT; p++)
        fprintf(stderr, "%s%s",
                p == 0                      ? ""
                : p + 1 < RF_PROVIDER_COUNT ? ", "
                                            : " or ",
                rf_provider_name((enum rf_provider)p));
    fprintf(stderr, "%s\n", also);
    return CLI_USAGE;
}
