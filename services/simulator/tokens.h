// OAuth tokens: what the token endpoint gave out, and what the sheets accept.
#ifndef SIM_TOKENS_H
#define SIM_TOKENS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ringfence/error.h>
#include <ringfence/time.h>

#include "account.h"

#define SIM_TOKEN_SIZE   80
#define SIM_TOKEN_LIFE_S 3600
#define SIM_TOKENS_MOST  64

struct sim_token {
    char text[SIM_TOKEN_SIZE];
    char email[128];
    int64_t until_ns;
    bool sheets; // the scope covers spreadsheets
};

struct sim_tokens {
    struct sim_token items[SIM_TOKENS_MOST]; // the oldest is overwritten
    size_t made;
};

// sim_tokens_grant: checks the assertion (a JWT with RS256: signature, iss, aud, iat, exp, scope)
// and makes a token. `host` is the Host that the request was sent to: aud may be the token endpoint
// under that name, the account's own token_uri, or Google's. RF_ERR_INVALID with Google's
// error_description in `error`.
RF_NODISCARD enum rf_err sim_tokens_grant(struct sim_tokens *tokens,
                                          const struct sim_account *account, const char *assertion,
                                          const char *host, uint64_t seed, struct rf_utc now,
                                          const struct sim_token **token, struct rf_error *error);

// sim_tokens_find: the token of this text, if it is still valid; else NULL.
const struct sim_token *sim_tokens_find(const struct sim_tokens *tokens, const char *text,
                                        struct rf_utc now);

void sim_tokens_fini(struct sim_tokens *tokens);

#endif
