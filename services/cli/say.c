#include "say.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "events/text.h"

static const char *const levels[] = {
    [RF_LOG_INFO] = "info",
    [RF_LOG_WARNING] = "warning",
    [RF_LOG_ERROR] = "error",
};
static bool as_json;

// One write a line, as other processes may write there too.
static void write_json(enum rf_log_level level, const char *text) {
    struct rf_text clean = {0};
    rf_text_add_clean(&clean, text, RF_ERROR_MESSAGE_SIZE);
    json_t *object = clean.failed ? NULL
                                  : json_pack("{s:s, s:s}", "level", levels[level], "message",
                                              clean.data != NULL ? clean.data : "");
    char *line = json_dumps(object, JSON_COMPACT);
    fprintf(stderr, "%s\n", line != NULL ? line : "{\"level\":\"error\",\"message\":\"\"}");
    free(line);
    json_decref(object);
    rf_text_fini(&clean);
}

static void on_log(void *arg, enum rf_log_level level, const char *text) {
    (void)arg;
    write_json(level, text);
}

void cli_say_as_json(void) {
    as_json = true;
    cli_say_log();
}

void cli_say_log(void) {
    rf_log_to(as_json ? on_log : NULL, NULL);
}

void cli_say_line(enum rf_log_level level, const char *text) {
    if (as_json)
        write_json(level, text);
    else
        fprintf(stderr, "ringfence: %s: %s\n", levels[level], text);
}

void cli_say(const char *format, ...) {
    char text[RF_ERROR_MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (as_json)
        write_json(RF_LOG_INFO, text);
    else
        fprintf(stderr, "ringfence: %s\n", text);
}
