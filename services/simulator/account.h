// The simulated Google service account: its key, and the file by which others use it.
#ifndef SIM_ACCOUNT_H
#define SIM_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>

#include <ringfence/error.h>

struct sim_account;

// sim_account_open: reads the service account's JSON at `path`; if there is none, makes a fresh RSA
// key and writes one, mode 0600, with `token_uri` in it. Blocks (a key takes some 100 ms).
RF_NODISCARD enum rf_err sim_account_open(const char *path, const char *token_uri,
                                          struct sim_account **account, struct rf_error *error);

// sim_account_from_json: the same from memory. sim_account_make_json: a fresh one's text, which the
// caller frees.
RF_NODISCARD enum rf_err sim_account_from_json(const char *text, struct sim_account **account,
                                               struct rf_error *error);
RF_NODISCARD enum rf_err sim_account_make_json(const char *token_uri, char **text,
                                               struct rf_error *error);

void sim_account_destroy(struct sim_account **account);

const char *sim_account_email(const struct sim_account *account);
const char *sim_account_token_uri(const struct sim_account *account);

// sim_account_verify: whether `signature` is the account's RS256 signature of `text`.
bool sim_account_verify(const struct sim_account *account, const char *text, size_t size,
                        const unsigned char *signature, size_t signature_size);

#endif
