#include "watchers.h"

#include <stdlib.h>
#include <string.h>

#include "keyring.h"

void rf_watchers_init(struct rf_watchers *watchers, struct rf_ground *ground,
                      const struct rf_states *states) {
    *watchers = (struct rf_watchers){.ground = ground, .states = states};
    TAILQ_INIT(&watchers->all);
}

static void free_watch(struct rf_watch *watch) {
    free(watch->rid);
    free(watch->prefix);
    free(watch);
}

static void forget(struct rf_watchers *watchers, struct rf_watch *watch) {
    TAILQ_REMOVE(&watchers->all, watch, link);
    watchers->count--;
    free_watch(watch);
}

void rf_watchers_fini(struct rf_watchers *watchers) {
    struct rf_watch *watch, *next;
    for (watch = TAILQ_FIRST(&watchers->all); watch != NULL; watch = next) {
        next = TAILQ_NEXT(watch, link);
        free_watch(watch);
    }
    TAILQ_INIT(&watchers->all);
    watchers->count = 0;
}

static struct rf_watch *find(struct rf_watchers *watchers, const struct rf_peer *peer,
                             const char *rid) {
    struct rf_watch *watch;
    TAILQ_FOREACH(watch, &watchers->all, link) {
        if (rf_peer_same(&watch->peer, peer) && strcmp(watch->rid, rid) == 0)
            return watch;
    }
    return NULL;
}

static enum rf_sent send_change(struct rf_watchers *watchers, const struct rf_watch *watch,
                                bool snapshot, struct rf_state_entry *entries, size_t count) {
    struct rf_state_change change = {
        .rid = watch->rid, .snapshot = snapshot, .entries = {entries, count}};
    return rf_ground_send(watchers->ground, &watch->peer, RF_MESSAGE_state_change, &change);
}

static size_t batch_of(const struct rf_state_entry *entries, size_t count) {
    size_t bytes = 0, fits = 0;
    while (fits < count && fits < RF_WATCH_BATCH_VALUES && bytes < RF_WATCH_BATCH_BYTES)
        bytes += json_dumpb(entries[fits++].value, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY);
    return fits;
}

// A snapshot too big for one message goes on as changes.
static enum rf_sent send_snapshot(struct rf_watchers *watchers, struct rf_watch *watch) {
    struct rf_state_entry *entries = NULL;
    size_t count, done = 0;
    watch->stale = true;
    if (rf_states_list(watchers->states, watch->prefix, &entries, &count) != RF_OK)
        return RF_SENT_FAILED;
    enum rf_sent sent;
    do {
        size_t batch = batch_of(entries + done, count - done);
        sent = send_change(watchers, watch, done == 0, entries + done, batch);
        done += batch;
    } while (sent == RF_SENT_OK && done < count);
    free(entries);
    watch->stale = sent != RF_SENT_OK;
    return sent;
}

static struct rf_watch *add(struct rf_watchers *watchers, const struct rf_peer *peer,
                            const char *rid, const char *prefix) {
    struct rf_watch *watch = calloc(1, sizeof *watch);
    if (watch == NULL)
        return NULL;
    watch->peer = *peer;
    watch->rid = strdup(rid);
    watch->prefix = strdup(prefix);
    if (watch->rid == NULL || watch->prefix == NULL) {
        free_watch(watch);
        return NULL;
    }
    TAILQ_INSERT_TAIL(&watchers->all, watch, link);
    watchers->count++;
    return watch;
}

enum rf_err rf_watchers_add(struct rf_watchers *watchers, const struct rf_peer *peer,
                            const char *rid, const char *prefix) {
    if (strlen(rid) > RF_WATCH_TEXT_BYTES || strlen(prefix) > RF_WATCH_TEXT_BYTES)
        return RF_ERR_INVALID;
    rf_watchers_remove(watchers, peer, rid);
    if (watchers->count >= RF_WATCHERS_MAX)
        return RF_ERR_FULL;
    struct rf_watch *watch = add(watchers, peer, rid, prefix);
    if (watch == NULL)
        return RF_ERR_NOMEM;
    if (send_snapshot(watchers, watch) == RF_SENT_GONE)
        forget(watchers, watch);
    return RF_OK;
}

void rf_watchers_remove(struct rf_watchers *watchers, const struct rf_peer *peer, const char *rid) {
    struct rf_watch *watch = find(watchers, peer, rid);
    if (watch != NULL)
        forget(watchers, watch);
}

void rf_watchers_drop(struct rf_watchers *watchers, const struct rf_peer *peer) {
    struct rf_watch *watch, *next;
    for (watch = TAILQ_FIRST(&watchers->all); watch != NULL; watch = next) {
        next = TAILQ_NEXT(watch, link);
        if (rf_peer_same(&watch->peer, peer))
            forget(watchers, watch);
    }
}

void rf_watchers_revoke(struct rf_watchers *watchers) {
    struct rf_watch *watch, *next;
    for (watch = TAILQ_FIRST(&watchers->all); watch != NULL; watch = next) {
        next = TAILQ_NEXT(watch, link);
        if (watch->peer.who != NULL && watch->peer.who->lost != 0)
            forget(watchers, watch);
    }
}

void rf_watchers_change(struct rf_watchers *watchers, const struct rf_state_entry *entry) {
    struct rf_watch *watch, *next;
    for (watch = TAILQ_FIRST(&watchers->all); watch != NULL; watch = next) {
        next = TAILQ_NEXT(watch, link);
        // After a hole in its changes a watcher must not see a later one as if nothing were
        // missing.
        if (watch->stale || strncmp(entry->key, watch->prefix, strlen(watch->prefix)) != 0)
            continue;
        struct rf_state_entry copy = *entry;
        enum rf_sent sent = send_change(watchers, watch, false, &copy, 1);
        if (sent == RF_SENT_GONE)
            forget(watchers, watch);
        else if (sent != RF_SENT_OK)
            watch->stale = true;
    }
}

void rf_watchers_heard(struct rf_watchers *watchers, const struct rf_peer *peer) {
    struct rf_watch *watch, *next;
    for (watch = TAILQ_FIRST(&watchers->all); watch != NULL; watch = next) {
        next = TAILQ_NEXT(watch, link);
        if (watch->stale && rf_peer_same(&watch->peer, peer) &&
            send_snapshot(watchers, watch) == RF_SENT_GONE)
            forget(watchers, watch);
    }
}
