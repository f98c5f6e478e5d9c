#include "relay.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PAIRS   32
#define TICK_MS 10

struct pair {
    int client, server; // -1: closed; a stalled one has a server only
};

struct relay {
    char folder[64];
    char url[256];
    struct sockaddr_un listens, server;
    int listener;
    struct pair pairs[PAIRS];
    pthread_t thread;
    atomic_int cut;
    atomic_bool away, ending;
};

static void fail(const char *what) {
    perror(what);
    abort();
}

static struct pair *free_pair(struct relay *relay) {
    for (int i = 0; i < PAIRS; i++)
        if (relay->pairs[i].client < 0 && relay->pairs[i].server < 0)
            return &relay->pairs[i];
    fail("no pair left");
    return NULL;
}

static void close_pair(struct pair *pair) {
    if (pair->client >= 0)
        close(pair->client);
    if (pair->server >= 0)
        close(pair->server);
    pair->client = pair->server = -1;
}

static void take(struct relay *relay) {
    int client = accept(relay->listener, NULL, NULL);
    if (client < 0)
        return;
    int server = socket(AF_UNIX, SOCK_STREAM, 0);
    if (relay->away || connect(server, (struct sockaddr *)&relay->server, sizeof relay->server)) {
        close(client);
        close(server);
        return;
    }
    *free_pair(relay) = (struct pair){client, server};
}

static bool pass(int from, int to, char *buffer, size_t size, ssize_t *got) {
    *got = read(from, buffer, size);
    return *got > 0 && (to < 0 || send(to, buffer, (size_t)*got, MSG_NOSIGNAL) == *got);
}

// The answer to what came along with the COMMIT may come first: a server whose client is gone by
// then does not get to the COMMIT.
static void wait_for_commit(int server) {
    char said[65536];
    size_t size = 0;
    ssize_t got;
    while (size < sizeof said && (got = read(server, said + size, sizeof said - size)) > 0) {
        size += (size_t)got;
        if (memmem(said, size, "COMMIT", 6) || memmem(said, size, "ROLLBACK", 8))
            return;
    }
}

// What the client says: forwarded, or cut.
static void from_client(struct relay *relay, struct pair *pair) {
    char buffer[65536];
    ssize_t got;
    if (!pass(pair->client, -1, buffer, sizeof buffer, &got)) {
        close_pair(pair);
        return;
    }
    bool commit = memmem(buffer, (size_t)got, "COMMIT", 6) != NULL;
    int cut = commit ? atomic_exchange(&relay->cut, RELAY_FORWARDS) : RELAY_FORWARDS;
    if (cut == RELAY_STALLS) {
        close(pair->client);
        pair->client = -1;
        return;
    }
    if (cut == RELAY_CUTS_BEFORE || send(pair->server, buffer, (size_t)got, MSG_NOSIGNAL) != got) {
        close_pair(pair);
        return;
    }
    if (cut == RELAY_CUTS_AFTER) {
        wait_for_commit(pair->server);
        close_pair(pair);
    }
}

static void serve(struct relay *relay) {
    struct pollfd fds[1 + 2 * PAIRS] = {{.fd = relay->listener, .events = POLLIN}};
    for (int i = 0; i < PAIRS; i++) {
        bool stalled = relay->pairs[i].client < 0;
        fds[1 + 2 * i] = (struct pollfd){.fd = relay->pairs[i].client, .events = POLLIN};
        fds[2 + 2 * i] =
            (struct pollfd){.fd = stalled ? -1 : relay->pairs[i].server, .events = POLLIN};
    }
    (void)poll(fds, 1 + 2 * PAIRS, TICK_MS);
    if (fds[0].revents)
        take(relay);
    for (int i = 0; i < PAIRS; i++) {
        struct pair *pair = &relay->pairs[i];
        char buffer[65536];
        ssize_t got;
        if (relay->away && pair->client >= 0)
            close_pair(pair);
        else if (fds[1 + 2 * i].revents)
            from_client(relay, pair);
        else if (fds[2 + 2 * i].revents &&
                 !pass(pair->server, pair->client, buffer, sizeof buffer, &got))
            close_pair(pair);
    }
}

static void *run(void *arg) {
    struct relay *relay = arg;
    while (!relay->ending)
        serve(relay);
    for (int i = 0; i < PAIRS; i++)
        close_pair(&relay->pairs[i]);
    return NULL;
}

struct relay *relay_new(const char *url) {
    struct relay *relay = calloc(1, sizeof *relay);
    const char *host = strstr(url, "host=");
    if (!relay || !host)
        fail("relay");
    host += strlen("host=");
    size_t length = strcspn(host, "&");
    strcpy(relay->folder, "/tmp/rf-relay-XXXXXX");
    if (!mkdtemp(relay->folder))
        fail("mkdtemp");
    relay->server.sun_family = relay->listens.sun_family = AF_UNIX;
    snprintf(relay->server.sun_path, sizeof relay->server.sun_path, "%.*s/.s.PGSQL.5432",
             (int)length, host);
    snprintf(relay->listens.sun_path, sizeof relay->listens.sun_path, "%s/.s.PGSQL.5432",
             relay->folder);
    snprintf(relay->url, sizeof relay->url, "%.*s%s%s", (int)(host - url), url, relay->folder,
             host + length);
    for (int i = 0; i < PAIRS; i++)
        relay->pairs[i] = (struct pair){-1, -1};
    relay->listener = socket(AF_UNIX, SOCK_STREAM, 0);
    if (bind(relay->listener, (struct sockaddr *)&relay->listens, sizeof relay->listens) ||
        listen(relay->listener, 16) || pthread_create(&relay->thread, NULL, run, relay))
        fail("relay");
    return relay;
}

const char *relay_url(const struct relay *relay) {
    return relay->url;
}

void relay_next_commit(struct relay *relay, enum relay_cut cut) {
    relay->cut = (int)cut;
}

void relay_away(struct relay *relay, int away) {
    relay->away = away != 0;
}

void relay_destroy(struct relay *relay) {
    relay->ending = true;
    pthread_join(relay->thread, NULL);
    close(relay->listener);
    unlink(relay->listens.sun_path);
    rmdir(relay->folder);
    free(relay);
}
