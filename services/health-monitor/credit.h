// What a provider's account still has, as the provider says (providers.md, sections 1 and 4). Pure.
#ifndef HEALTH_CREDIT_H
#define HEALTH_CREDIT_H

#include <stdbool.h>
#include <stddef.h>

#include <ringfence/time.h>

#define HEALTH_UNIT_SIZE        16
#define HEALTH_CREDIT_TEXT_SIZE 64

struct health_credit {
    double left;                 // may be below 0
    double spent;                // only what it grows by counts
    char unit[HEALTH_UNIT_SIZE]; // "characters", or a currency
    struct rf_utc resets;        // when all is there again; 0: not by itself
    bool endless;                // more may be used than is there
};

// health_credit_characters: ElevenLabs' /v1/user/subscription. health_credit_balance: Twilio's
// .../Balance.json. False: the body (of an HTTP 200) is not that.
bool health_credit_characters(const char *body, size_t size, struct health_credit *credit);
bool health_credit_balance(const char *body, size_t size, struct health_credit *credit);

// health_credit_text: "12345 characters", "3.20 USD". Returns out.
char *health_credit_text(double amount, const char *unit, char out[HEALTH_CREDIT_TEXT_SIZE]);

#endif
