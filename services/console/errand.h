// A request whose answer has to be fetched from somebody else on the bus. Who asked may go
// meanwhile; what was begun is carried on to its end.
#ifndef CONSOLE_ERRAND_H
#define CONSOLE_ERRAND_H

#include <jansson.h>

#include <ringfence/bus.h>
#include <ringfence/id.h>

#include "console.h"

struct console_errand {
    struct console *console;
    struct console_errand *previous, *next;
    struct rf_http_exchange *exchange; // NULL: who asked has gone
    enum console_route route;
    char subject[CONSOLE_SUBJECT_SIZE];
    char who[RF_CONSOLE_NAME_MOST + 1];
    // answered: the call's reply, if it is a good one; the others are told as what they are.
    void (*answered)(struct console_errand *errand, json_t *result);
    void (*fini)(struct console_errand *errand); // of what stands behind it; NULL: nothing
    const char *service;                         // that was called
    char call[RF_ULID_SIZE];                     // under way; "": none
    unsigned invalid;                            // status of what was refused as it is
};

// console_errand_new: an errand of `size` bytes, which begin with a struct console_errand and are
// zero behind it. NULL: out of memory, which was answered.
void *console_errand_new(const struct console_visit *visit, size_t size,
                         void (*fini)(struct console_errand *errand));

// console_errand_call: asks a service of the bus; `params` is taken over. At most five seconds. A
// reply that is none, or no good one, is answered and ends the errand.
void console_errand_call(struct console_errand *errand, const char *service, const char *operation,
                         json_t *params,
                         void (*answered)(struct console_errand *errand, json_t *result));

// console_errand_reply: answers with `json`, which is taken over, and ends the errand.
// console_errand_refuse: with an error.
void console_errand_reply(struct console_errand *errand, json_t *json);
void console_errand_refuse(struct console_errand *errand, unsigned status, const char *code,
                           const char *text);

// console_errand_done: ends it; it was answered otherwise, or nobody waits.
void console_errand_done(struct console_errand *errand);

// console_errands_gone: whose this exchange is must not use it any more. console_errands_end: all
// of them, when the console ends.
void console_errands_gone(struct console *console, const struct rf_http_exchange *exchange);
void console_errands_end(struct console *console);

#endif
