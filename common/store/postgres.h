// PostgreSQL as a store's database: several programs may share one, each under a lease (member.h).
#ifndef RF_STORE_POSTGRES_H
#define RF_STORE_POSTGRES_H

#include "store/driver.h"

// rf_postgres_open: connects to the server that `url` (postgresql://...) names; `password` may be
// NULL. Blocks for 5 s at most. Later a connection that is lost is made anew before the next
// transaction, with a backoff of up to 5 s between tries; until then jobs fail with RF_ERR_IO.
// RF_ERR_CONFIG for a URL that is none, RF_ERR_IO if the server cannot be reached.
RF_NODISCARD enum rf_err rf_postgres_open(const char *url, const char *password, struct rf_db **db,
                                          struct rf_error *error);

#endif
