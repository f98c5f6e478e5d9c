// Which incidents a notice tells of, as one text: 16 hexadecimal digits for each, ascending. A
// digest may tell of thousands; what tells of the same incident must keep its order, so each
// delivery carries this text, and the ledger keeps it. Pure.
#ifndef RF_ALERTER_CONCERN_H
#define RF_ALERTER_CONCERN_H

#include <stdbool.h>
#include <stddef.h>

// rf_concern_of: of these incidents (fingerprints; in any order, also twice). A new string; NULL:
// no memory.
char *rf_concern_of(const char *const *incidents, size_t count);

// rf_concern_join: of both. A new string; NULL: no memory.
char *rf_concern_join(const char *a, const char *b);

// rf_concern_shared: whether they have an incident in common. Two different ones are taken for one
// once in some 10^13 pairs, which costs no more than an order that nobody needs.
bool rf_concern_shared(const char *a, const char *b);

#endif
