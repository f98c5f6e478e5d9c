#include "tokens.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"

#define SKEW_S         300 // how far iat may lie in the future
#define LIFE_MOST_S    3600
#define REAL_TOKEN_URI "https://oauth2.googleapis.com/token"

// base64url without padding, as JWTs have it; RF_ERR_INVALID for anything else.
static enum rf_err decode_part(const char *text, size_t size, unsigned char **data,
                               size_t *data_size) {
    size_t padded = (size + 3) / 4 * 4;
    char *standard = malloc(padded + 1);
    if (standard == NULL)
        return RF_ERR_NOMEM;
    for (size_t i = 0; i < size; i++)
        standard[i] = (char)(text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i]);
    memset(standard + size, '=', padded - size);
    standard[padded] = '\0';
    enum rf_err result =
        size % 4 == 1 ? RF_ERR_INVALID : rf_base64_decode(standard, data, data_size);
    free(standard);
    return result;
}

static json_t *decode_json(const char *text, size_t size) {
    unsigned char *data = NULL;
    size_t data_size = 0;
    json_t *value = NULL;
    if (decode_part(text, size, &data, &data_size) == RF_OK)
        value = json_loadb((const char *)data, data_size, 0, NULL);
    free(data);
    return value;
}

static bool is(const json_t *object, const char *name, const char *text) {
    const char *value = json_string_value(json_object_get(object, name));
    return value != NULL && strcmp(value, text) == 0;
}

static bool audience(const struct sim_account *account, const json_t *claims, const char *host) {
    char plain[300], tls[300];
    snprintf(plain, sizeof plain, "http://%s/google/token", host);
    snprintf(tls, sizeof tls, "https://%s/google/token", host);
    return is(claims, "aud", sim_account_token_uri(account)) || is(claims, "aud", plain) ||
           is(claims, "aud", tls) || is(claims, "aud", REAL_TOKEN_URI);
}

static const char *check_claims(const struct sim_account *account, const json_t *claims,
                                const char *host, struct rf_utc now) {
    int64_t now_s = now.ns / RF_NS_PER_S;
    int64_t issued = json_integer_value(json_object_get(claims, "iat"));
    int64_t expires = json_integer_value(json_object_get(claims, "exp"));
    const char *scope = json_string_value(json_object_get(claims, "scope"));
    if (!is(claims, "iss", sim_account_email(account)))
        return "Invalid grant: account not found";
    if (!audience(account, claims, host))
        return "Invalid JWT: Failed audience check.";
    if (issued > now_s + SKEW_S || expires <= now_s || expires <= issued ||
        expires > issued + LIFE_MOST_S)
        return "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable "
               "timeframe. Check your iat and exp values in the JWT claim.";
    if (scope == NULL || scope[0] == '\0')
        return "Invalid OAuth scope or ID token audience provided.";
    return NULL;
}

// What is wrong with the assertion, in Google's words; NULL: nothing. `claims` is a new reference
// or NULL.
static const char *check(const struct sim_account *account, const char *assertion, const char *host,
                         struct rf_utc now, json_t **claims) {
    static const char malformed[] = "Bad Request";
    const char *first = strchr(assertion, '.');
    const char *second = first == NULL ? NULL : strchr(first + 1, '.');
    *claims = NULL;
    if (second == NULL || strchr(second + 1, '.') != NULL)
        return malformed;
    json_t *header = decode_json(assertion, (size_t)(first - assertion));
    bool algorithm = is(header, "alg", "RS256");
    json_decref(header);
    *claims = decode_json(first + 1, (size_t)(second - first - 1));
    if (!algorithm || !json_is_object(*claims))
        return malformed;
    unsigned char *signature = NULL;
    size_t size = 0;
    bool valid =
        decode_part(second + 1, strlen(second + 1), &signature, &size) == RF_OK &&
        sim_account_verify(account, assertion, (size_t)(second - assertion), signature, size);
    free(signature);
    if (!valid)
        return "Invalid JWT Signature.";
    return check_claims(account, *claims, host, now);
}

enum rf_err sim_tokens_grant(struct sim_tokens *tokens, const struct sim_account *account,
                             const char *assertion, const char *host, uint64_t seed,
                             struct rf_utc now, const struct sim_token **token,
                             struct rf_error *error) {
    json_t *claims;
    const char *problem = check(account, assertion, host, now, &claims);
    if (problem != NULL) {
        json_decref(claims);
        return rf_error_set(error, RF_ERR_INVALID, "%s", problem);
    }
    const char *scope = json_string_value(json_object_get(claims, "scope"));
    struct sim_token *fresh = &tokens->items[tokens->made % SIM_TOKENS_MOST];
    char text[96], digest[RF_SHA256_HEX_SIZE];
    int length = snprintf(text, sizeof text, "token/%llu/%zu/%lld", (unsigned long long)seed,
                          tokens->made++, (long long)now.ns);
    rf_sha256_hex(text, (size_t)length, digest);
    snprintf(fresh->text, sizeof fresh->text, "ya29.%s", digest);
    snprintf(fresh->email, sizeof fresh->email, "%s", sim_account_email(account));
    fresh->until_ns = now.ns + SIM_TOKEN_LIFE_S * RF_NS_PER_S;
    fresh->sheets =
        strstr(scope, "/auth/spreadsheets") != NULL || strstr(scope, "/auth/drive") != NULL;
    *token = fresh;
    json_decref(claims);
    return RF_OK;
}

const struct sim_token *sim_tokens_find(const struct sim_tokens *tokens, const char *text,
                                        struct rf_utc now) {
    for (size_t i = 0; i < SIM_TOKENS_MOST; i++)
        if (tokens->items[i].text[0] != '\0' && strcmp(tokens->items[i].text, text) == 0)
            return tokens->items[i].until_ns > now.ns ? &tokens->items[i] : NULL;
    return NULL;
}

void sim_tokens_fini(struct sim_tokens *tokens) {
    *tokens = (struct sim_tokens){0};
}
