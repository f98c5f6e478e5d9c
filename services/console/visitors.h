// Who may use the console: copies of the configuration's tokens, which follow their files. Where it
// has none there is one operator, whose token stands in a file that the console makes.
#ifndef CONSOLE_VISITORS_H
#define CONSOLE_VISITORS_H

#include <ringfence/error.h>
#include <ringfence/time.h>

#include "config/config.h"

struct console_visitors {
    struct rf_config_visitor *items;
    size_t count;
    struct rf_instant next; // when the files may be read again
};

// console_visitors_take: those of a configuration; the file is made if it is needed and missing.
// On an error all stays as it was. Blocks on the disk.
RF_NODISCARD enum rf_err console_visitors_take(struct console_visitors *visitors,
                                               const struct rf_config *config,
                                               struct rf_error *error);

// console_visitors_refresh: reads their files again, at most once a second; whether one is another
// now. Blocks on the disk.
bool console_visitors_refresh(struct console_visitors *visitors, struct rf_instant now);

void console_visitors_fini(struct console_visitors *visitors);

#endif
