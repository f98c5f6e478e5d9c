#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_SIZE 2048

static const char *process_name = "ringfence";
static enum rf_log_level least_level = RF_LOG_INFO;
static rf_log_fn *taker;
static void *taker_arg;
// Whom each line is told besides: called and changed under the lock, so that none is on its way
// there any more when it was taken away.
static pthread_mutex_t besides_lock = PTHREAD_MUTEX_INITIALIZER;
static rf_log_fn *besides;
static void *besides_arg;
// By what each line goes on its way to stderr; likewise.
static pthread_mutex_t filter_lock = PTHREAD_MUTEX_INITIALIZER;
static rf_log_filter_fn *filter;
static void *filter_arg;

static const char *const level_names[] = {
    [RF_LOG_INFO] = "info",
    [RF_LOG_WARNING] = "warning",
    [RF_LOG_ERROR] = "error",
};

void rf_log_open(const char *name) {
    process_name = name;
}

void rf_log_least(enum rf_log_level level) {
    least_level = level;
}

void rf_log_to(rf_log_fn *fn, void *arg) {
    taker = fn;
    taker_arg = arg;
}

void rf_log_besides(rf_log_fn *fn, void *arg) {
    pthread_mutex_lock(&besides_lock);
    besides = fn;
    besides_arg = arg;
    pthread_mutex_unlock(&besides_lock);
}

void rf_log_through(rf_log_filter_fn *fn, void *arg) {
    pthread_mutex_lock(&filter_lock);
    filter = fn;
    filter_arg = arg;
    pthread_mutex_unlock(&filter_lock);
}

static void tell_besides(enum rf_log_level level, const char *text) {
    pthread_mutex_lock(&besides_lock);
    if (besides != NULL)
        besides(besides_arg, level, text);
    pthread_mutex_unlock(&besides_lock);
}

// One write(2) a line. `size`: of the buffer, with room for the line's end behind its text.
static void write_line(char *line, size_t head, size_t size) {
    char whole[LINE_SIZE];
    pthread_mutex_lock(&filter_lock);
    if (filter != NULL) {
        snprintf(whole, sizeof whole, "%s", line + head);
        filter(filter_arg, whole, line + head, size - head - 1);
    }
    pthread_mutex_unlock(&filter_lock);
    size_t length = strlen(line);
    line[length++] = '\n';
    ssize_t written;
    do
        written = write(STDERR_FILENO, line, length);
    while (written < 0 && errno == EINTR);
}

RF_PRINTF(3, 0)
static void say(enum rf_log_level level, bool alone, const char *format, va_list arguments) {
    char line[LINE_SIZE];
    if (level < least_level)
        return;
    int head = snprintf(line, sizeof line, "%s: %s: ", process_name, level_names[level]);
    if (head < 0 || (size_t)head >= sizeof line)
        return;
    int body = vsnprintf(line + head, sizeof line - (size_t)head - 1, format, arguments);
    if (body < 0)
        return;
    size_t length = (size_t)head + (size_t)body;
    if (length > sizeof line - 2)
        length = sizeof line - 2;
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
            line[i] = '?';
    line[length] = '\0';
    if (!alone)
        tell_besides(level, line + head);
    if (taker != NULL) {
        taker(taker_arg, level, line + head);
        return;
    }
    write_line(line, (size_t)head, sizeof line);
}

void rf_log(enum rf_log_level level, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    say(level, false, format, arguments);
    va_end(arguments);
}

void rf_log_alone(enum rf_log_level level, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    say(level, true, format, arguments);
    va_end(arguments);
}
