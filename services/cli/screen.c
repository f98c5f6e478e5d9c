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

void cli_screen_size(int *columns, int *rows) {
    struct winsize size;
    bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0;
    *columns = known ? size.ws_col : 80;
    *rows = known ? size.ws_row : 24;
}

// How many bytes of a control stand there; 0: it is none. U+0080 to U+009F are such too: terminals
// take U+009B for ESC [.
static size_t control_at(const char *text) {
    const unsigned char *bytes = (const unsigned char *)text;
    if (bytes[0] == 0xc2 && bytes[1] >= 0x80 && bytes[1] < 0xa0)
        return 2;
    return bytes[0] < 0x20 || bytes[0] == 0x7f ? 1 : 0;
}

void cli_screen_text(const char *text, int rows, struct rf_text *out) {
    rf_text_add(out, BEGIN);
    for (int row = 0; row < rows && *text != '\0'; row++) {
        size_t size = strcspn(text, "\n");
        rf_text_add(out, "%s", row > 0 ? NEXT_LINE : "");
        for (size_t i = 0, control; i<size; i += control> 0 ? control : 1)
            if ((control = control_at(text + i)) == 0)
                rf_text_add_bytes(out, text + i, 1);
        rf_text_add(out, LINE_END);
        text += size + (text[size] == '\n' ? 1 : 0);
    }
    rf_text_add(out, END);
}

enum rf_err cli_screen_paint(struct cli_screen *screen, const char *text, int rows,
                             struct rf_error *error) {
    struct rf_text out = {0};
    if (!screen->taken)
        return RF_OK;
    cli_screen_text(text, rows, &out);
    enum rf_err err = out.failed ? rf_error_set(error, RF_ERR_NOMEM, "out of memory")
                                 : write_all(out.data, out.size, error);
    rf_text_fini(&out);
    return err;
}
