#include "screen.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

// The other screen, without a cursor; and back. (xterm's control sequences: 1049, 25.)
#define TAKE "\033[?1049h\033[?25l"
#define GIVE "\033[?25h\033[?1049l"
// No wrap at the edge, from the top; and the rest of a line, and of the screen, is emptied.
#define BEGIN     "\033[?7l\033[H"
#define LINE_END  "\033[K"
#define END       "\033[J\033[?7h"
#define NEXT_LINE "\r\n"

static enum rf_err write_all(const char *data, size_t size, struct rf_error *error) {
    while (size > 0) {
        ssize_t written = write(STDOUT_FILENO, data, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return rf_error_set(error, RF_ERR_IO, "the terminal cannot be written: %s",
                                strerror(errno));
        data += written;
        size -= (size_t)written;
    }
    return RF_OK;
}

enum rf_err cli_screen_take(struct cli_screen *screen, struct rf_error *error) {
    enum rf_err err = write_all(TAKE, strlen(TAKE), error);
    if (err != RF_OK)
        return err;
    screen->taken = true;
    screen->has_modes = tcgetattr(STDIN_FILENO, &screen->modes) == 0;
    if (screen->has_modes) {
        struct termios modes = screen->modes;
        modes.c_lflag &= ~(tcflag_t)(ECHO | ICANON);
        tcsetattr(STDIN_FILENO, TCSANOW, &modes);
    }
    return RF_OK;
}

void cli_screen_give(struct cli_screen *screen) {
    struct rf_error error; // nobody is left to be told
    if (!screen->taken)
        return;
    screen->taken = false;
    (void)!write_all(GIVE, strlen(GIVE), &error);
    if (screen->has_modes)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &screen->modes); // what was typed meant nothing
}

struct cli_screen_size cli_screen_size(void) {
    struct winsize size;
    bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0;
    return (struct cli_screen_size){.columns = known ? size.ws_col : 80,
                                    .rows = known ? size.ws_row : 24};
}

// How many bytes of a control stand there; 0: it is none. U+0080 to U+009F are such too: terminals
// take U+009B for ESC [.
static size_t control_at(const char *text) {
    const unsigned char *bytes = (const unsigned char *)text;
    if (bytes[0] == 0xc2 && bytes[1] >= 0x80 && bytes[1] < 0xa0)
        return 2;
    return bytes[0] < 0x20 || bytes[0] == 0x7f ? 1 : 0;
}

// The first character, at most four bytes, and its size.
static unsigned character_at(const char *text, size_t left, size_t *size) {
    const unsigned char *bytes = (const unsigned char *)text;
    size_t wanted = bytes[0] < 0xc0 ? 1 : bytes[0] < 0xe0 ? 2 : bytes[0] < 0xf0 ? 3 : 4;
    unsigned value = wanted == 1 ? bytes[0] : bytes[0] & (0xffu >> (wanted + 1));
    for (*size = 1; *size < wanted && *size < left && (bytes[*size] & 0xc0) == 0x80; ++*size)
        value = value << 6 | (bytes[*size] & 0x3f);
    return value;
}

// After Unicode's EastAsianWidth.txt (W and F), in whole blocks; and its combining marks.
static size_t width_of(unsigned character) {
    static const struct {
        unsigned first, last;
        size_t width;
    } ranges[] = {
        {0x0300, 0x036f, 0},   {0x1100, 0x115f, 2},   {0x200b, 0x200f, 0},   {0x20d0, 0x20ff, 0},
        {0x2e80, 0xa4cf, 2},   {0xac00, 0xd7a3, 2},   {0xf900, 0xfaff, 2},   {0xfe00, 0xfe0f, 0},
        {0xfe30, 0xfe6f, 2},   {0xff00, 0xff60, 2},   {0xffe0, 0xffe6, 2},   {0x1f300, 0x1f64f, 2},
        {0x1f680, 0x1f6ff, 2}, {0x1f900, 0x1f9ff, 2}, {0x20000, 0x3fffd, 2},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (character >= ranges[i].first && character <= ranges[i].last)
            return ranges[i].width;
    return 1;
}

size_t cli_screen_cut(const char *text, size_t size_bytes, size_t columns, size_t *used) {
    size_t at = 0, size;
    for (*used = 0; at < size_bytes; at += size) {
        size_t width = width_of(character_at(text + at, size_bytes - at, &size));
        if (*used + width > columns)
            break;
        *used += width;
    }
    return at;
}

// What is shown of a line, within its columns.
static void add_line(const char *line, size_t size, const struct cli_screen_size *screen,
                     struct rf_text *out) {
    static const char *const styles[] = {"", "\033[1m", "\033[31m", "\033[33m"};
    size_t style = size > 0 && line[0] >= 1 && line[0] <= 3 ? (size_t)line[0] : 0, used;
    struct rf_text clean = {0};
    for (size_t i = 0, control; i<size; i += control> 0 ? control : 1)
        if ((control = control_at(line + i)) == 0)
            rf_text_add_bytes(&clean, line + i, 1);
    size_t columns = screen->columns > 0 ? (size_t)screen->columns : 0;
    size = clean.size > 0 ? cli_screen_cut(clean.data, clean.size, columns, &used) : 0;
    rf_text_add(out, "%s", screen->color ? styles[style] : "");
    rf_text_add_bytes(out, clean.data, size);
    rf_text_add(out, "%s", screen->color && style > 0 ? "\033[0m" : "");
    out->failed = out->failed || clean.failed;
    rf_text_fini(&clean);
}

void cli_screen_text(const char *text, const struct cli_screen_size *screen, struct rf_text *out) {
    rf_text_add(out, BEGIN);
    for (int row = 0; row < screen->rows && *text != '\0'; row++) {
        size_t size = strcspn(text, "\n");
        rf_text_add(out, "%s", row > 0 ? NEXT_LINE : "");
        add_line(text, size, screen, out);
        rf_text_add(out, LINE_END);
        text += size + (text[size] == '\n' ? 1 : 0);
    }
    rf_text_add(out, END);
}

enum rf_err cli_screen_paint(struct cli_screen *screen, const char *text,
                             const struct cli_screen_size *size, struct rf_error *error) {
    struct rf_text out = {0};
    if (!screen->taken)
        return RF_OK;
    cli_screen_text(text, size, &out);
    enum rf_err err = out.failed ? rf_error_set(error, RF_ERR_NOMEM, "out of memory")
                                 : write_all(out.data, out.size, error);
    rf_text_fini(&out);
    return err;
}
