// Waiting for the server's answers. libpq's own calls wait for ever for a server whose processes
// are stopped while its system acknowledges what is sent: no timeout of TCP ends that.
#include <errno.h>
#include <poll.h>

#include "base/clock.h"
#include "store/postgres_parts.h"

// A statement may take long, such as a migration, and a stopped server is as silent as one that
// works: after each such time without a word it is asked for a new connection.
#define PATIENCE     rf_seconds(10)
#define PATIENCE_END rf_seconds(2) // when nobody waits any more

// The server may be well but for the one process that works for us.
#define LONGEST rf_seconds(600)

static bool goes_on_waiting(const struct rf_postgres *postgres, struct rf_instant began) {
    return !postgres->db.closing && rf_instant_since(rf_clock_now(), began).ns < LONGEST.ns &&
           rf_postgres_ping(postgres);
}

// Waits until the next result can be had without waiting. False: the server is given up.
static bool wait_for_result(struct rf_postgres *postgres, struct rf_instant began) {
    for (;;) {
        int unsent = PQflush(postgres->connection);
        if (unsent < 0 || (unsent == 0 && !PQisBusy(postgres->connection)))
            return true;
        struct pollfd socket = {.fd = PQsocket(postgres->connection),
                                .events = (short)(unsent > 0 ? POLLIN | POLLOUT : POLLIN)};
        struct rf_duration patience = postgres->db.closing ? PATIENCE_END : PATIENCE;
        int ready = poll(&socket, 1, (int)rf_duration_ms(patience));
        if (ready > 0 && !PQconsumeInput(postgres->connection))
            return true; // the connection is lost: the result says so
        if (ready < 0 && errno != EINTR)
            return true;
        if (ready == 0 && !goes_on_waiting(postgres, began))
            return false;
    }
}

PGresult *rf_postgres_answer(struct rf_postgres *postgres, int sent) {
    PGresult *last = NULL, *result;
    struct rf_instant began = rf_clock_now();
    while (sent && wait_for_result(postgres, began)) {
        result = PQgetResult(postgres->connection);
        if (!result)
            return last;
        PQclear(last);
        last = result;
    }
    PQclear(last);
    if (sent)
        rf_postgres_drop(postgres);
    return NULL;
}
