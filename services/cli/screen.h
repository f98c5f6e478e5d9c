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

// At the beginning of a line: how it is shown, if colours are. Text from outside has none of them,
// as rf_text_add_clean leaves no control.
#define CLI_SCREEN_BOLD   "\001"
#define CLI_SCREEN_RED    "\002"
#define CLI_SCREEN_YELLOW "\003"

struct cli_screen_size {
    int columns, rows;
    bool color;
};

// cli_screen_paint: replaces what is shown by the first lines of `text` for which there is room.
// Lines that are too long are cut; control bytes are left out. RF_ERR_IO.
RF_NODISCARD enum rf_err cli_screen_paint(struct cli_screen *screen, const char *text,
                                          const struct cli_screen_size *size,
                                          struct rf_error *error);

// cli_screen_size: of the terminal; 80 columns and 24 rows where it does not say. No colour.
struct cli_screen_size cli_screen_size(void);

// cli_screen_text: appends what cli_screen_paint writes. Pure.
void cli_screen_text(const char *text, const struct cli_screen_size *size, struct rf_text *out);

// cli_screen_cut: how many of the `size_bytes` of UTF-8 fit into `columns`; sets how many of these
// they take. Characters of East Asia and pictures take two, accents none. Pure.
size_t cli_screen_cut(const char *text, size_t size_bytes, size_t columns, size_t *used);

#endif
