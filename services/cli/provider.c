#include "provider.h"

#include "base/log.h"
#include "command.h"
#include "config/config.h"
#include "events/text.h"

int cli_not_a_provider(const char *given, const char *also) {
    struct rf_text names = {0};
    for (int p = 0; p < RF_PROVIDER_COUNT; p++)
        rf_text_add(&names, "%s%s",
                    p == 0                      ? ""
                    : p + 1 < RF_PROVIDER_COUNT ? ", "
                                                : " or ",
                    rf_provider_name((enum rf_provider)p));
    rf_log(RF_LOG_ERROR, "\"%s\" is not a provider; expected %s%s", given,
           names.failed ? "" : names.data, also);
    rf_text_fini(&names);
    return CLI_USAGE;
}
