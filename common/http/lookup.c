// libcurl says the same of a host that does not exist and of a name server that does not answer.
// For us the first is a mistake in the configuration and the second an outage, so a failed name is
// asked for once more, by what tells the two apart.
//
// getaddrinfo cannot be interrupted. So its thread is detached and owns what it touches together
// with the loop's side: whoever lets go last frees it.
#include "http/lookup.h"

#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

struct rf_http_lookup {
    // The loop's.
    struct rf_http_lookups *lookups;
    struct rf_http_lookup *next, **link;
    struct rf_http_lookup_wait *waiting;

    // Of both.
    rf_http_resolve_fn *resolve;
    void *arg;
    char *host;
    int event_fd;
    atomic_int code;
    atomic_int holders;
};

// ---- the thread ----

static void let_go(struct rf_http_lookup *lookup) {
    if (atomic_fetch_sub(&lookup->holders, 1) > 1)
        return;
    if (lookup->event_fd >= 0)
        close(lookup->event_fd);
    free(lookup->host);
    free(lookup);
}

static void *thread_main(void *arg) {
    struct rf_http_lookup *lookup = arg;
    atomic_store(&lookup->code, lookup->resolve(lookup->arg, lookup->host));
    uint64_t one = 1;
    ssize_t written = write(lookup->event_fd, &one, sizeof one); // a counter of 0: never full
    (void)written;
    let_go(lookup);
    return NULL;
}

int rf_http_resolve_system(void *arg, const char *host) {
    // Without AI_ADDRCONFIG: a machine without a network would then find no host to exist.
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    (void)arg;
    int code = getaddrinfo(host, NULL, &hints, &found);
    if (code == 0)
        freeaddrinfo(found);
    return code;
}

// ---- what it says ----

enum rf_http_failure rf_http_lookup_failure(int code) {
    switch (code) {
    case EAI_NONAME: // with glibc: the name server said that there is no such host
    case EAI_NODATA: // there is, and it has no address
    case EAI_ADDRFAMILY:
        return RF_HTTP_RESOLVE;
    default: // EAI_FAIL as well: it is the server that failed, or refuses us
        return RF_HTTP_RESOLVER;
    }
}

const char *rf_http_lookup_words(int code) {
    return code == 0 ? "it is found again" : gai_strerror(code);
}

// ---- the loop's side ----

static void unlink_lookup(struct rf_http_lookup *lookup) {
    *lookup->link = lookup->next;
    if (lookup->next != NULL)
        lookup->next->link = lookup->link;
    // It cannot fail: watching less needs no memory.
    enum rf_err err = rf_loop_fd_set(lookup->lookups->loop, lookup->event_fd, 0, NULL, NULL);
    (void)err;
}

void rf_http_lookup_cancel(struct rf_http_lookup_wait *wait) {
    if (wait->timer.loop != NULL)
        rf_timer_stop(&wait->timer);
    if (wait->lookup == NULL)
        return;
    *wait->link = wait->next;
    if (wait->next != NULL)
        wait->next->link = wait->link;
    wait->lookup = NULL;
}

static void on_resolved(void *arg, int fd, unsigned events) {
    struct rf_http_lookup *lookup = arg;
    uint64_t count;
    (void)events;
    if (read(fd, &count, sizeof count) != sizeof count)
        return; // not yet
    int code = atomic_load(&lookup->code);
    unlink_lookup(lookup);
    // Those who wait may cancel each other, and ask again: that is another look-up then.
    while (lookup->waiting != NULL) {
        struct rf_http_lookup_wait *wait = lookup->waiting;
        rf_http_lookup_cancel(wait);
        wait->fn(wait->arg, code);
    }
    let_go(lookup);
}

static void on_timeout(void *arg) {
    struct rf_http_lookup_wait *wait = arg;
    rf_http_lookup_cancel(wait);
    wait->fn(wait->arg, EAI_AGAIN);
}

static bool start_thread(struct rf_http_lookup *lookup) {
    pthread_attr_t attributes;
    pthread_t thread;
    if (pthread_attr_init(&attributes) != 0)
        return false;
    // Signals belong to the loop's thread.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) == 0 &&
                   pthread_create(&thread, &attributes, thread_main, lookup) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)pthread_attr_destroy(&attributes);
    return started;
}

static struct rf_http_lookup *new_lookup(struct rf_http_lookups *lookups, const char *host) {
    struct rf_http_lookup *lookup = calloc(1, sizeof *lookup);
    if (lookup == NULL)
        return NULL;
    lookup->lookups = lookups;
    lookup->resolve = lookups->resolve;
    lookup->arg = lookups->arg;
    lookup->host = strdup(host);
    lookup->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    atomic_init(&lookup->holders, 1);
    if (lookup->host == NULL || lookup->event_fd < 0 ||
        rf_loop_fd_set(lookups->loop, lookup->event_fd, RF_LOOP_READ, on_resolved, lookup) !=
            RF_OK) {
        let_go(lookup);
        return NULL;
    }
    lookup->next = lookups->first;
    lookup->link = &lookups->first;
    if (lookup->next != NULL)
        lookup->next->link = &lookup->next;
    lookups->first = lookup;
    atomic_store(&lookup->holders, 2);
    if (!start_thread(lookup)) {
        atomic_store(&lookup->holders, 1);
        unlink_lookup(lookup);
        let_go(lookup);
        return NULL;
    }
    return lookup;
}

void rf_http_lookup_begin(struct rf_http_lookups *lookups, const char *host,
                          struct rf_duration timeout, rf_http_lookup_fn *fn, void *arg,
                          struct rf_http_lookup_wait *wait) {
    struct rf_http_lookup *lookup = lookups->first;
    wait->fn = fn;
    wait->arg = arg;
    rf_timer_init(&wait->timer, lookups->loop, on_timeout, wait);
    while (lookup != NULL && host != NULL && strcmp(lookup->host, host) != 0)
        lookup = lookup->next;
    if (lookup == NULL && host != NULL)
        lookup = new_lookup(lookups, host);
    if (lookup == NULL || host == NULL) {
        rf_timer_after(&wait->timer, rf_ns(0));
        return;
    }
    wait->lookup = lookup;
    wait->next = lookup->waiting;
    wait->link = &lookup->waiting;
    if (wait->next != NULL)
        wait->next->link = &wait->next;
    lookup->waiting = wait;
    rf_timer_after(&wait->timer, timeout);
}

void rf_http_lookups_fini(struct rf_http_lookups *lookups) {
    for (struct rf_http_lookup *lookup = lookups->first, *next; lookup != NULL; lookup = next) {
        next = lookup->next;
        unlink_lookup(lookup);
        let_go(lookup);
    }
}
