// What the programs of the kill tests have in common: a client of the broker, a file in which it
// keeps what a kill must not take from it, and an end: when its stdin ends, a program begins
// nothing new.
#ifndef FAULT_PEER_H
#define FAULT_PEER_H

#include <stdbool.h>
#include <stdint.h>

#include <ringfence/bus.h>
#include <ringfence/loop.h>

struct rf_config;
struct peer;

typedef void peer_fn(void *arg);

struct peer {
    struct rf_config *config;
    struct rf_loop *loop;
    struct rf_bus *bus;
    char instance[128]; // the name and this process's number
    bool ending;        // stdin has ended
    peer_fn *on_end;
    void *arg;
};

// peer_open: ends the program if something is wrong. `on_end` is called once, when stdin has ended.
void peer_open(struct peer *peer, const char *config_file, const char *name, peer_fn *on_end,
               void *arg);

// peer_run: until rf_loop_stop. peer_close: frees everything, but what stands on the bus must be
// gone.
void peer_run(struct peer *peer);
void peer_close(struct peer *peer);

// peer_append_file: opens a file to append to, after its last whole line that begins with one of
// `marks`: what is behind it was being written when the process was killed, and is taken away.
int peer_append_file(const char *path, const char *marks);

// peer_append: one write of the whole text, which a kill does not take back once it is done.
void peer_append(int fd, const char *text);

// peer_read_file: the whole text, to be freed; "" for a file that is not there.
char *peer_read_file(const char *path);

// peer_number: a whole number of the command line; the program ends with 2 for another text.
int64_t peer_number(const char *text);

// peer_check: ends the program with this text if `good` is false.
void peer_check(bool good, const char *text);

#endif
