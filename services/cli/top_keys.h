// The keys of `ringfence top`: what a person wants to see, by what is typed. Pure.
#ifndef RF_CLI_TOP_KEYS_H
#define RF_CLI_TOP_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "top_rows.h"

struct cli_top_keys {
    struct cli_top_view view;
    size_t skipped;    // lines of the picture
    bool paused, help; // as they say
    bool typing;       // what is typed is the filter's
};

// cli_top_keys_take: bytes of the terminal, as they were read at once: a key may be several, and
// ESC alone is the last one. `page`: the lines of a page. False: the end is wanted.
bool cli_top_keys_take(struct cli_top_keys *keys, const char *bytes, size_t size, size_t page);

#endif
