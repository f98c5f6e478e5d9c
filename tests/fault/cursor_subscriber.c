// A durable subscriber, for the kill tests: each page's events and the cursor behind them are one
// write to its file, so that they are both there or neither.
//   cursor_subscriber CONFIG NAME FILE PREFIX
// Lines: "r N SEQ STREAM" is an event that was received, "= N JOURNAL" the cursor, "t N" that the
// journal was trimmed, "o N" that it is another one, read from behind N. Ends with its stdin.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "peer.h"

#define PAGE_EVENTS 200

struct subscriber {
    struct peer peer;
    struct rf_subscription *subscription;
    int file;
};

static uint64_t read_cursor(const char *path, char journal[RF_JOURNAL_ID_SIZE]) {
    char *text = peer_read_file(path), *rest = text, *line;
    unsigned long long cursor = 0;
    journal[0] = '\0';
    while ((line = strsep(&rest, "\n")) != NULL)
        (void)!sscanf(line, "= %llu %63s", &cursor, journal);
    free(text);
    return cursor;
}

static void on_page(void *arg, const struct rf_journal_page *read) {
    struct subscriber *subscriber = arg;
    char *text = NULL;
    size_t size = 0;
    FILE *page = open_memstream(&text, &size);
    peer_check(page != NULL, "out of memory");
    const struct rf_event *events = read->events.items;
    if (read->other)
        fprintf(page, "o %lld\n", (long long)read->from);
    if (read->trimmed != 0)
        fprintf(page, "t %lld\n", (long long)read->trimmed);
    for (size_t i = 0; i < read->events.count; i++)
        fprintf(page, "r %lld %lld %s\n", (long long)events[i].n, (long long)events[i].seq,
                events[i].stream);
    fprintf(page, "= %lld %s\n", (long long)read->scanned, read->journal);
    fclose(page);
    peer_append(subscriber->file, text);
    free(text);
    rf_subscription_next(subscriber->subscription);
}

static void on_end(void *arg) {
    struct subscriber *subscriber = arg;
    rf_loop_stop(subscriber->peer.loop);
}

int main(int argc, char **argv) {
    if (argc != 5) {
        fprintf(stderr, "usage: cursor_subscriber CONFIG NAME FILE PREFIX\n");
        return 2;
    }
    struct subscriber subscriber = {.file = peer_append_file(argv[3], "=")};
    const char *prefix = argv[4];
    char journal[RF_JOURNAL_ID_SIZE];
    struct rf_error error;
    peer_open(&subscriber.peer, argv[1], argv[2], on_end, &subscriber);
    struct rf_subscription_options options = {.prefixes = &prefix,
                                              .prefix_count = 1,
                                              .limit = PAGE_EVENTS,
                                              .after = read_cursor(argv[3], journal),
                                              .journal = journal,
                                              .durable = argv[2]};
    peer_check(rf_subscription_new(subscriber.peer.bus, &options, on_page, &subscriber,
                                   &subscriber.subscription, &error) == RF_OK,
               "no subscription");
    peer_run(&subscriber.peer);
    peer_close(&subscriber.peer);
    close(subscriber.file);
    return 0;
}
