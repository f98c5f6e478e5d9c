#include "account.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "base/file.h"

#define FILE_LIMIT ((size_t)64 * 1024)
#define EMAIL      "ringfence@simulated.iam.gserviceaccount.com"

struct sim_account {
    EVP_PKEY *key;
    char *email, *token_uri;
};

void sim_account_destroy(struct sim_account **account) {
    if (*account == NULL)
        return;
    EVP_PKEY_free((*account)->key);
    free((*account)->email);
    free((*account)->token_uri);
    free(*account);
    *account = NULL;
}

const char *sim_account_email(const struct sim_account *account) {
    return account->email;
}

const char *sim_account_token_uri(const struct sim_account *account) {
    return account->token_uri;
}

enum rf_err sim_account_make_json(const char *token_uri, char **text, struct rf_error *error) {
    enum rf_err result = RF_ERR_IO;
    json_t *value = NULL;
    EVP_PKEY *key = EVP_RSA_gen(2048);
    BIO *pem = BIO_new(BIO_s_mem());
    char *bytes = NULL;
    if (key == NULL || pem == NULL ||
        PEM_write_bio_PKCS8PrivateKey(pem, key, NULL, NULL, 0, NULL, NULL) != 1) {
        rf_error_set(error, RF_ERR_IO, "service account: OpenSSL cannot make a key");
        goto cleanup;
    }
    long size = BIO_get_mem_data(pem, &bytes);
    value = json_pack("{s:s, s:s, s:s, s:s%, s:s, s:s, s:s, s:s}", "type", "service_account",
                      "project_id", "simulated", "private_key_id", "simulated", "private_key",
                      bytes, (size_t)size, "client_email", EMAIL, "client_id",
                      "100000000000000000000", "auth_uri", token_uri, "token_uri", token_uri);
    *text = value == NULL ? NULL : json_dumps(value, JSON_INDENT(2));
    result = *text == NULL ? rf_error_set(error, RF_ERR_NOMEM, "out of memory") : RF_OK;
cleanup:
    json_decref(value);
    BIO_free(pem);
    EVP_PKEY_free(key);
    return result;
}

enum rf_err sim_account_from_json(const char *text, struct sim_account **account,
                                  struct rf_error *error) {
    enum rf_err result = RF_ERR_INVALID;
    json_t *value = json_loads(text, 0, NULL);
    const char *pem = json_string_value(json_object_get(value, "private_key"));
    const char *email = json_string_value(json_object_get(value, "client_email"));
    const char *token_uri = json_string_value(json_object_get(value, "token_uri"));
    BIO *bio = pem == NULL ? NULL : BIO_new_mem_buf(pem, -1);
    *account = calloc(1, sizeof **account);
    if (*account == NULL) {
        result = rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    } else if (bio == NULL || email == NULL || token_uri == NULL) {
        rf_error_set(error, result,
                     "service account: private_key, client_email and token_uri are needed");
    } else {
        (*account)->key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
        (*account)->email = strdup(email);
        (*account)->token_uri = strdup(token_uri);
        if ((*account)->key == NULL || (*account)->email == NULL || (*account)->token_uri == NULL)
            rf_error_set(error, result, "service account: private_key is not a key in PEM");
        else
            result = RF_OK;
    }
    if (result != RF_OK)
        sim_account_destroy(account);
    BIO_free(bio);
    json_decref(value);
    return result;
}

enum rf_err sim_account_open(const char *path, const char *token_uri, struct sim_account **account,
                             struct rf_error *error) {
    char *text = NULL;
    enum rf_err result;
    *account = NULL;
    if (access(path, F_OK) != 0) {
        result = sim_account_make_json(token_uri, &text, error);
        if (result == RF_OK)
            result = rf_file_replace(path, text, strlen(text), error);
    } else {
        result = rf_file_read(path, FILE_LIMIT, &text, NULL, error);
    }
    if (result == RF_OK)
        result = sim_account_from_json(text, account, error);
    if (result != RF_OK)
        rf_error_prefix(error, "%s: ", path);
    free(text);
    return result;
}

bool sim_account_verify(const struct sim_account *account, const char *text, size_t size,
                        const unsigned char *signature, size_t signature_size) {
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    bool valid =
        digest != NULL &&
        EVP_DigestVerifyInit(digest, NULL, EVP_sha256(), NULL, account->key) == 1 &&
        EVP_DigestVerify(digest, signature, signature_size, (const unsigned char *)text, size) == 1;
    EVP_MD_CTX_free(digest);
    return valid;
}
