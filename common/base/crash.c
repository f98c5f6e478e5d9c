#include "base/crash.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char wanted[64];  // the point's name; "": none
static atomic_long left; // hits until it dies

static void read_environment(void) {
    const char *text = getenv("RF_CRASH_AT");
    if (!text)
        return;
    size_t length = strcspn(text, ":");
    if (length == 0 || length >= sizeof wanted)
        return;
    long hit = text[length] == ':' ? strtol(text + length + 1, NULL, 10) : 1;
    if (hit < 1)
        return;
    memcpy(wanted, text, length);
    atomic_store(&left, hit);
}

void rf_crash_point(const char *name) {
    pthread_once(&once, read_environment);
    if (wanted[0] == '\0' || strcmp(name, wanted) != 0)
        return;
    if (atomic_fetch_sub(&left, 1) == 1)
        raise(SIGKILL);
}
