// A stand-in for the network between a client and the PostgreSQL server of the tests: it forwards
// until it is told to cut a connection at a COMMIT. A thread of its own.
#ifndef TESTS_STORE_RELAY_H
#define TESTS_STORE_RELAY_H

enum relay_cut {
    RELAY_FORWARDS,
    RELAY_CUTS_BEFORE, // the server never gets it, and sees its client go
    RELAY_STALLS,      // the same, but the server sees nothing: the session stays as it is
    RELAY_CUTS_AFTER,  // the server carries it out; its answer is lost
};

struct relay;

// relay_new: listens in a folder of its own for clients of the server at `url`.
struct relay *relay_new(const char *url);

// relay_url: the URL of the database, by way of the relay.
const char *relay_url(const struct relay *relay);

// relay_next_commit: what happens to the next COMMIT; later ones are forwarded.
void relay_next_commit(struct relay *relay, enum relay_cut cut);

// relay_away: while `away`, nobody gets through: connections are cut, and new ones refused.
void relay_away(struct relay *relay, int away);

void relay_destroy(struct relay *relay);

#endif
