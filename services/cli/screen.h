// The whole of a terminal, lent for a time: what stood on it, its modes and its cursor are as they
// were when it is given back. One at a time.
#ifndef RF_CLI_SCREEN_H
#define RF_CLI_SCREEN_H

#include <stdbool.h>
#include <termios.h>

#include <ringfence/error.h>

#include "events/text.h"

struct cli_screen {
    bool taken;
    bool has_modes; // standard input is a terminal too
    struct termios modes;
};

// cli_screen_take: standard output, a terminal, shows nothing but what is painted; what is typed is
// not shown. RF_ERR_IO.
RF_NODISCARD enum rf_err cli_screen_take(struct cli_screen *screen, struct rf_error *error);

// cli_screen_give: as it was before. Does nothing if it is not taken.
void cli_screen_give(struct cli_screen *screen);

// cli_screen_size: columns and rows; 80 and 24 where the terminal does not say.
void cli_screen_size(int *columns, int *rows);

// cli_screen_paint: replaces what is shown by the first lines of `text` for which there is room.
// Lines that are too long are cut at the edge; control bytes are left out. RF_ERR_IO.
RF_NODISCARD enum rf_err cli_screen_paint(struct cli_screen *screen, const char *text, int rows,
                                          struct rf_error *error);

// cli_screen_text: appends what cli_screen_paint writes. Pure.
void cli_screen_text(const char *text, int rows, struct rf_text *out);

#endif
