// The configuration that `ringfence init` writes. Pure.
#ifndef RF_CLI_INIT_TEXT_H
#define RF_CLI_INIT_TEXT_H

#include <stdbool.h>

#include "config/config.h"
#include "events/text.h"

// The secrets that it may name, each a file of the folder "secrets" beside the configuration.
enum init_secret {
    INIT_ELEVENLABS,
    INIT_OPENAI,
    INIT_ANTHROPIC,
    INIT_TWILIO,
    INIT_SMTP,
    INIT_TELEGRAM,
    INIT_WEBHOOK, // the two that we make ourselves
    INIT_MEDIA,
    INIT_SECRETS,
};

struct init_secret_row {
    const char *file;     // in secrets/
    const char *variable; // of the environment, and of --stdin; NULL: it is made
    const char *label;    // for people
};

extern const struct init_secret_row init_secrets[INIT_SECRETS];

// What the configuration is made of. NULL: not given. Borrowed.
struct init_answers {
    bool providers[RF_PROVIDER_COUNT];
    const char *state_dir, *run_dir;
    const char *account_sid, *from; // Twilio
    const char *media_url;          // audio is played from there; NULL: the script is said
    const char *email, *smtp, *smtp_user;
    const char *telegram; // chat id
    const char *webhook;  // address
};

// init_providers: reads "elevenlabs,openai". RF_ERR_INVALID says what is wrong.
RF_NODISCARD enum rf_err init_providers(const char *list, struct init_answers *answers,
                                        struct rf_error *error);

// init_check: whether a set can work with these: RF_ERR_INVALID says what is missing.
RF_NODISCARD enum rf_err init_check(const struct init_answers *answers, struct rf_error *error);

// init_needs: whether the configuration names this secret.
bool init_needs(const struct init_answers *answers, enum init_secret secret);

// init_text: appends the file. What was given stands in quotes, so that nothing in it is YAML or
// ${NAME}.
void init_text(const struct init_answers *answers, struct rf_text *text);

#endif
