#include "terminal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_set(const char *name) {
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0';
}

enum rf_err cli_color_read(const char *when, bool *color, struct rf_error *error) {
    const char *term = getenv("TERM");
    if (when == NULL || strcmp(when, "auto") == 0)
        *color = isatty(STDOUT_FILENO) && !is_set("NO_COLOR") &&
                 (term == NULL || strcmp(term, "dumb") != 0);
    else if (strcmp(when, "always") == 0 || strcmp(when, "never") == 0)
        *color = when[0] == 'a';
    else
        return rf_error_set(error, RF_ERR_INVALID,
                            "--color: \"%s\"; expected auto, always or never", when);
    return RF_OK;
}
