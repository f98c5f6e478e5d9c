#include "google/service_account.h"

#include <jansson.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/file.h"
#include "events/text.h"

#define FILE_LIMIT ((size_t)65536)
#define SCOPE      "https://www.googleapis.com/auth/spreadsheets"
#define LIFETIME_S 3600

void rf_account_fini(struct rf_account *account) {
    if (account->key != NULL)
        OPENSSL_cleanse(account->key, strlen(account->key));
    free(account->email);
    free(account->key_id);
    free(account->key);
    *account = (struct rf_account){0};
}

static char *member(const json_t *object, const char *name) {
    const char *value = json_string_value(json_object_get(object, name));
    return value == NULL || value[0] == '\0' ? NULL : strdup(value);
}

enum rf_err rf_account_load(const char *path, struct rf_account *account, struct rf_error *error) {
    char *text = NULL;
    size_t size = 0;
    *account = (struct rf_account){0};
    enum rf_err result = rf_file_read(path, FILE_LIMIT, &text, &size, error);
    if (result != RF_OK)
        return result;
    json_t *object = json_loadb(text, size, 0, NULL);
    account->email = member(object, "client_email");
    account->key_id = member(object, "private_key_id");
    account->key = member(object, "private_key");
    if (account->email == NULL || account->key == NULL) {
        result =
            rf_error_set(error, RF_ERR_INVALID, "%s: expected a service account's JSON with %s",
                         path, account->email == NULL ? "client_email" : "private_key");
        rf_account_fini(account);
    }
    json_decref(object);
    OPENSSL_cleanse(text, size);
    free(text);
    return result;
}

// An encrypted key would make OpenSSL ask at the terminal.
static int no_password(char *buffer, int size, int writing, void *arg) {
    (void)buffer, (void)size, (void)writing, (void)arg;
    return -1;
}

static unsigned char *sign(EVP_PKEY *key, const char *data, size_t data_size, size_t *size) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned char *signature = NULL;
    if (context != NULL && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
        EVP_DigestSign(context, NULL, size, (const unsigned char *)data, data_size) == 1 &&
        (signature = malloc(*size)) != NULL &&
        EVP_DigestSign(context, signature, size, (const unsigned char *)data, data_size) != 1) {
        free(signature);
        signature = NULL;
    }
    EVP_MD_CTX_free(context);
    return signature;
}

static char *encoded_json(json_t *object) {
    char *json = object == NULL ? NULL : json_dumps(object, JSON_COMPACT);
    char *encoded = json == NULL ? NULL : rf_base64url_encode(json, strlen(json));
    free(json);
    json_decref(object);
    return encoded;
}

// "header.claims", both in base64url.
static char *unsigned_part(const struct rf_account *account, const char *audience,
                           struct rf_utc now) {
    json_int_t issued = (json_int_t)(now.ns / RF_NS_PER_S);
    char *header = encoded_json(
        json_pack("{s:s, s:s, s:s*}", "alg", "RS256", "typ", "JWT", "kid", account->key_id));
    char *claims =
        encoded_json(json_pack("{s:s, s:s, s:s, s:I, s:I}", "iss", account->email, "scope", SCOPE,
                               "aud", audience, "iat", issued, "exp", issued + LIFETIME_S));
    struct rf_text text = {0};
    if (header != NULL && claims != NULL)
        rf_text_add(&text, "%s.%s", header, claims);
    else
        text.failed = true;
    free(header);
    free(claims);
    return rf_text_take(&text);
}

static EVP_PKEY *read_key(const struct rf_account *account) {
    BIO *bio = BIO_new_mem_buf(account->key, -1);
    EVP_PKEY *key = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);
    BIO_free(bio);
    if (key != NULL && EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    return key;
}

enum rf_err rf_account_assertion(const struct rf_account *account, const char *audience,
                                 struct rf_utc now, char **assertion, struct rf_error *error) {
    size_t size = 0;
    struct rf_text text = {0};
    *assertion = NULL;
    EVP_PKEY *key = read_key(account);
    if (key == NULL)
        return rf_error_set(error, RF_ERR_INVALID,
                            "the service account's private_key is no RSA key in PEM");
    char *part = unsigned_part(account, audience, now);
    unsigned char *signature = part == NULL ? NULL : sign(key, part, strlen(part), &size);
    char *encoded = signature == NULL ? NULL : rf_base64url_encode(signature, size);
    if (encoded != NULL) {
        rf_text_add(&text, "%s.%s", part, encoded);
        *assertion = rf_text_take(&text);
    }
    free(encoded);
    free(signature);
    free(part);
    EVP_PKEY_free(key);
    if (*assertion == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "the assertion cannot be signed");
    return RF_OK;
}
