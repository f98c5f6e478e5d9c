#include "init_ask.h"

#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define CTRL_C 0x03

// A line without its end; NULL: there is none, or Ctrl-C came.
static char *read_line(struct init_terminal *terminal) {
    char *line = NULL;
    size_t room = 0;
    ssize_t size = getline(&line, &room, stdin);
    if (size < 0 || memchr(line, CTRL_C, (size_t)size) != NULL) {
        terminal->interrupted = true;
        if (line != NULL)
            explicit_bzero(line, room);
        free(line);
        return NULL;
    }
    while (size > 0 && (line[size - 1] == '\n' || line[size - 1] == '\r' || line[size - 1] == ' '))
        line[--size] = '\0';
    return line;
}

void init_ask(struct init_terminal *terminal, const char *question, const char *usual,
              const char **answer) {
    if (*answer != NULL || !terminal->asks || terminal->interrupted ||
        terminal->count == sizeof terminal->given / sizeof terminal->given[0])
        return;
    fprintf(stderr, "%s%s%s%s: ", question, usual != NULL ? " [" : "", usual != NULL ? usual : "",
            usual != NULL ? "]" : "");
    char *line = read_line(terminal);
    if (line == NULL)
        return;
    terminal->given[terminal->count++] = line;
    *answer = line[0] != '\0' ? line : usual;
}

// Without ISIG, Ctrl-C is a character: else the process would end, and leave a terminal behind that
// shows nothing.
char *init_ask_secret(struct init_terminal *terminal, const char *label) {
    struct termios usual, silent;
    if (!terminal->asks || terminal->interrupted || tcgetattr(STDIN_FILENO, &usual) != 0)
        return NULL;
    silent = usual;
    silent.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) != 0) // before it is asked: nothing shows early
        return NULL;
    fprintf(stderr, "%s (does not show): ", label);
    char *line = read_line(terminal);
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &usual);
    fprintf(stderr, "\n");
    if (line != NULL && line[0] == '\0') {
        free(line);
        line = NULL;
    }
    return line;
}

static enum rf_err take_line(char *line, int number, char *values[INIT_SECRETS],
                             struct rf_error *error) {
    char *equals = strchr(line, '=');
    if (equals == NULL)
        return rf_error_set(error, RF_ERR_INVALID, "--stdin: line %d: expected NAME=VALUE", number);
    *equals = '\0';
    for (int i = 0; i < INIT_SECRETS; i++)
        if (init_secrets[i].variable != NULL && strcmp(line, init_secrets[i].variable) == 0) {
            if (values[i] != NULL)
                return rf_error_set(error, RF_ERR_INVALID, "--stdin: line %d: %s is given twice",
                                    number, line);
            values[i] = strdup(equals + 1);
            return values[i] != NULL ? RF_OK : rf_error_set(error, RF_ERR_NOMEM, "out of memory");
        }
    return rf_error_set(error, RF_ERR_INVALID,
                        "--stdin: line %d: there is no such name; expected those of ringfence(1), "
                        "such as OPENAI_API_KEY",
                        number);
}

enum rf_err init_read_secrets(FILE *in, char *values[INIT_SECRETS], struct rf_error *error) {
    char *line = NULL;
    size_t room = 0;
    enum rf_err err = RF_OK;
    for (int number = 1; err == RF_OK && getline(&line, &room, in) >= 0; number++) {
        line[strcspn(line, "\r\n")] = '\0';
        if (line[0] != '\0' && line[0] != '#')
            err = take_line(line, number, values, error);
    }
    if (line != NULL)
        explicit_bzero(line, room);
    free(line);
    return err;
}

void init_terminal_fini(struct init_terminal *terminal) {
    for (size_t i = 0; i < terminal->count; i++)
        free(terminal->given[i]);
    terminal->count = 0;
}
