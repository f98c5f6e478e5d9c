// A caller with a ledger, for the kill tests: a call is in the file before it is made, and so is
// its end as soon as it is told. No call may be repeated.
//   ledger_caller CONFIG NAME FILE IN_FLIGHT [again]
// Lines: "b" it begins, "s ID" sent, "d ID WORD SENT" ended: ok, or the code of its error, and
// whether it may have been carried out. With `again` it asks for those that a kill left open once
// more, under the same id; else it forgets them. Ends after stdin has, when all calls have ended.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "peer.h"

#define DEADLINE rf_seconds(20)
#define ID_SIZE  96
#define PAUSE    rf_ns(5 * RF_NS_PER_MS) // between the end of a call and the next

struct caller {
    struct peer peer;
    struct slot *slots;
    const char *name;
    int file;
    int64_t in_flight, ended_slots;
    uint64_t next; // number of the next new call
    char (*open)[ID_SIZE];
    size_t open_count; // left by the process before
};

struct slot {
    struct caller *caller;
    struct rf_timer timer;
    char id[ID_SIZE];
};

static void on_reply(void *arg, const struct rf_call_reply *reply) {
    struct slot *slot = arg;
    char line[256];
    const char *code = reply->code != NULL ? reply->code : reply->class;
    peer_check(strcmp(reply->id, slot->id) == 0, "the answer of another call");
    snprintf(line, sizeof line, "d %s %s %s\n", slot->id, reply->ok ? "ok" : code,
             reply->sent != NULL ? reply->sent : "-");
    peer_append(slot->caller->file, line);
    rf_timer_after(&slot->timer, PAUSE);
}

static void call(struct slot *slot) {
    struct rf_call_request request = {.id = slot->id,
                                      .service = "ledger",
                                      .operation = "write",
                                      .deadline = rf_utc_add(rf_clock_utc(), DEADLINE).ns};
    rf_bus_call(slot->caller->peer.bus, &request, on_reply, slot);
}

static void on_turn(void *arg) {
    struct slot *slot = arg;
    struct caller *caller = slot->caller;
    char line[ID_SIZE + 8];
    if (caller->open_count > 0) {
        memcpy(slot->id, caller->open[--caller->open_count], ID_SIZE);
        call(slot);
        return;
    }
    if (caller->peer.ending) {
        if (++caller->ended_slots == caller->in_flight)
            rf_loop_stop(caller->peer.loop);
        return;
    }
    snprintf(slot->id, sizeof slot->id, "%s-%llu", caller->name,
             (unsigned long long)caller->next++);
    snprintf(line, sizeof line, "s %s\n", slot->id);
    peer_append(caller->file, line);
    call(slot);
}

static void drop_open(struct caller *caller, const char *id) {
    for (size_t i = 0; i < caller->open_count; i++)
        if (strcmp(caller->open[i], id) == 0) {
            memmove(caller->open[i], caller->open[--caller->open_count], ID_SIZE);
            return;
        }
}

static void read_ledger(struct caller *caller, const char *path) {
    char *text = peer_read_file(path), *rest = text, *line;
    while ((line = strsep(&rest, "\n")) != NULL) {
        char id[ID_SIZE] = "";
        if (sscanf(line, "s %95s", id) == 1) {
            caller->next++;
            caller->open = reallocarray(caller->open, caller->open_count + 1, sizeof *caller->open);
            peer_check(caller->open != NULL, "out of memory");
            memcpy(caller->open[caller->open_count++], id, ID_SIZE);
        } else if (sscanf(line, "d %95s", id) == 1) {
            drop_open(caller, id);
        }
    }
    free(text);
}

static void on_end(void *arg) {
    (void)arg; // each slot sees it at its next turn
}

int main(int argc, char **argv) {
    if (argc != 5 && argc != 6) {
        fprintf(stderr, "usage: ledger_caller CONFIG NAME FILE IN_FLIGHT [again]\n");
        return 2;
    }
    struct caller caller = {.name = argv[2],
                            .file = peer_append_file(argv[3], "bsd"),
                            .in_flight = peer_number(argv[4])};
    read_ledger(&caller, argv[3]);
    if (argc != 6)
        caller.open_count = 0;
    peer_append(caller.file, "b\n");
    peer_open(&caller.peer, argv[1], argv[2], on_end, &caller);
    caller.slots = calloc((size_t)caller.in_flight, sizeof *caller.slots);
    peer_check(caller.slots != NULL, "out of memory");
    for (int64_t i = 0; i < caller.in_flight; i++) {
        struct slot *slot = &caller.slots[i];
        slot->caller = &caller;
        rf_timer_init(&slot->timer, caller.peer.loop, on_turn, slot);
        rf_timer_after(&slot->timer, PAUSE);
    }
    peer_run(&caller.peer);
    peer_close(&caller.peer);
    free(caller.slots);
    free(caller.open);
    close(caller.file);
    return 0;
}
