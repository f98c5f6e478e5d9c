// How the set stands, as several processes tell it: asked for at most once a second, however many
// want to know.
#ifndef CONSOLE_GATHER_H
#define CONSOLE_GATHER_H

#include <jansson.h>
#include <stdbool.h>

#include <ringfence/bus.h>
#include <ringfence/id.h>
#include <ringfence/loop.h>

enum console_part { CONSOLE_PART_CAMPAIGNS, CONSOLE_PART_ALERTS };
#define CONSOLE_PARTS 2

struct console_gather {
    struct rf_bus *bus;
    struct rf_loop *loop;
    json_t *broker; // status.reply's status; NULL: it gave none
    struct {
        json_t *result;          // NULL: nobody answered
        char call[RF_ULID_SIZE]; // under way; "": none
    } parts[CONSOLE_PARTS];
    size_t missing; // answers
    struct rf_instant fresh;
    void (*done)(void *arg); // all that there is is there
    void *arg;
};

// console_gather_begin: asks, unless it is being asked, or what there is is fresh. True: it is, and
// `done` will not be called. Without a broker all parts are NULL at once.
bool console_gather_begin(struct console_gather *gather);

void console_gather_fini(struct console_gather *gather);

#endif
