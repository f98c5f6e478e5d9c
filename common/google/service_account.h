// A Google service account: its key file, and the signed assertion (JWT, RS256) that is exchanged
// for an access token (developers.google.com/identity/protocols/oauth2/service-account).
#ifndef RF_GOOGLE_SERVICE_ACCOUNT_H
#define RF_GOOGLE_SERVICE_ACCOUNT_H

#include <ringfence/error.h>
#include <ringfence/time.h>

struct rf_account {
    char *email;  // client_email
    char *key_id; // private_key_id, may be NULL
    char *key;    // private_key, PEM; wiped by rf_account_fini
};

// rf_account_load: reads the JSON file that Google gives out. RF_ERR_INVALID names what is missing.
// Blocks.
RF_NODISCARD enum rf_err rf_account_load(const char *path, struct rf_account *account,
                                         struct rf_error *error);
void rf_account_fini(struct rf_account *account);

// rf_account_assertion: the assertion for the Sheets scope, meant for `audience` (the token's
// address), valid for one hour from `now`. A new string.
RF_NODISCARD enum rf_err rf_account_assertion(const struct rf_account *account,
                                              const char *audience, struct rf_utc now,
                                              char **assertion, struct rf_error *error);

#endif
