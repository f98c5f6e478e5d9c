#include "credit.h"

#include <ctype.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHARACTERS "characters"
#define MOST       1e15 // of any unit: a double still counts its hundredths

static bool sensible(double amount) {
    return isfinite(amount) && fabs(amount) < MOST;
}

// A plan that may be extended goes on beyond its limit: by so much, or without end.
static void extend(const json_t *body, struct health_credit *credit) {
    const json_t *most = json_object_get(body, "max_credit_limit_extension");
    if (!json_is_true(json_object_get(body, "can_extend_character_limit")) ||
        !json_is_true(json_object_get(body, "allowed_to_extend_character_limit")))
        return;
    if (!json_is_number(most))
        most = json_object_get(body, "max_character_limit_extension");
    if (json_is_number(most) && sensible(json_number_value(most)))
        credit->left += json_number_value(most);
    else
        credit->endless = true;
}

bool health_credit_characters(const char *body, size_t size, struct health_credit *credit) {
    json_t *value = json_loadb(body, size, JSON_REJECT_DUPLICATES, NULL);
    const json_t *used = json_object_get(value, "character_count");
    const json_t *limit = json_object_get(value, "character_limit");
    json_int_t resets =
        json_integer_value(json_object_get(value, "next_character_count_reset_unix"));
    bool good = json_is_number(used) && json_is_number(limit) &&
                sensible(json_number_value(used)) && sensible(json_number_value(limit));
    if (good) {
        *credit = (struct health_credit){.left = json_number_value(limit) - json_number_value(used),
                                         .spent = json_number_value(used),
                                         .unit = CHARACTERS};
        if (resets > 0 && __builtin_mul_overflow(resets, RF_NS_PER_S, &credit->resets.ns))
            credit->resets.ns = 0;
        extend(value, credit);
    }
    json_decref(value);
    return good;
}

static bool is_currency(const char *name) {
    size_t length = name != NULL ? strlen(name) : 0;
    for (size_t i = 0; i < length; i++)
        if (!isalpha((unsigned char)name[i]))
            return false;
    return length > 0 && length < HEALTH_UNIT_SIZE;
}

bool health_credit_balance(const char *body, size_t size, struct health_credit *credit) {
    json_t *value = json_loadb(body, size, JSON_REJECT_DUPLICATES, NULL);
    const char *balance = json_string_value(json_object_get(value, "balance"));
    const char *currency = json_string_value(json_object_get(value, "currency"));
    char *end = NULL;
    double left = balance != NULL ? strtod(balance, &end) : 0;
    bool good =
        end != NULL && end != balance && *end == '\0' && sensible(left) && is_currency(currency);
    if (good) {
        *credit = (struct health_credit){.left = left, .spent = -left};
        snprintf(credit->unit, sizeof credit->unit, "%s", currency);
    }
    json_decref(value);
    return good;
}

char *health_credit_text(double amount, const char *unit, char out[HEALTH_CREDIT_TEXT_SIZE]) {
    snprintf(out, HEALTH_CREDIT_TEXT_SIZE, "%.*f %s", strcmp(unit, CHARACTERS) == 0 ? 0 : 2, amount,
             unit);
    return out;
}
