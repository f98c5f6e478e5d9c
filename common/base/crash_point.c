#include "base/crash_point.h"

#ifdef RF_CRASH_POINTS
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define POINT(part, moment, sentence) [RF_CRASH_##part##_##moment] = #part "." #moment,
static const char *const names[] = {
#include "base/crash_point.def"
};
#undef POINT

static pthread_once_t once = PTHREAD_ONCE_INIT;
static enum rf_crash_point wanted = RF_CRASH_POINT_COUNT; // none
static int signal_number = SIGKILL;
static atomic_long left; // hits until then

static void say(const char *what, const char *name) {
    char line[160];
    int length = snprintf(line, sizeof line, "%s %s\n", what, name);
    if (length > 0)
        (void)!write(STDERR_FILENO, line, strnlen(line, sizeof line));
}

// What nobody could hit is a mistake of the test.
static void refuse(const char *text) {
    say("RF_CRASH_AT: expected <part>.<moment>[:<hit>][:stop] of crash_point.def, not", text);
    _exit(2);
}

static void read_environment(void) {
    const char *text = getenv("RF_CRASH_AT");
    if (!text || text[0] == '\0')
        return;
    size_t length = strcspn(text, ":");
    for (int i = 0; i < RF_CRASH_POINT_COUNT; i++)
        if (strlen(names[i]) == length && strncmp(names[i], text, length) == 0)
            wanted = (enum rf_crash_point)i;
    char *rest = (char *)text + length;
    long hit = rest[0] == ':' && rest[1] != 's' ? strtol(rest + 1, &rest, 10) : 1;
    if (strcmp(rest, ":stop") == 0)
        signal_number = SIGSTOP;
    else if (rest[0] != '\0')
        refuse(text);
    if (wanted == RF_CRASH_POINT_COUNT || hit < 1)
        refuse(text);
    atomic_store(&left, hit);
}

void rf_crash_point_pass(enum rf_crash_point point) {
    pthread_once(&once, read_environment);
    if (point != wanted || atomic_fetch_sub(&left, 1) != 1)
        return;
    say(signal_number == SIGSTOP ? "stops at the crash point" : "dies at the crash point",
        names[point]);
    raise(signal_number);
}
#endif
