#include "google/token.h"

#include <stdlib.h>

#include "events/text.h"
#include "google/service_account.h"

#define CONNECT_LIMIT rf_seconds(10)
#define REPLY_BYTES   ((size_t)65536)

static enum rf_err assertion_of(const struct rf_config_sheets *sheets, struct rf_utc now,
                                char **assertion, struct rf_error *error) {
    struct rf_account account = {0};
    enum rf_err result = rf_account_load(sheets->credentials, &account, error);
    if (result == RF_OK)
        result = rf_account_assertion(&account, sheets->token_url, now, assertion, error);
    rf_account_fini(&account);
    return result;
}

enum rf_err rf_google_token_send(struct rf_http *http, const struct rf_config_sheets *sheets,
                                 struct rf_duration timeout, struct rf_utc now, rf_http_fn *fn,
                                 void *arg, struct rf_http_transfer **transfer,
                                 struct rf_error *error) {
    static const struct rf_http_header headers[] = {
        {"Content-Type", "application/x-www-form-urlencoded"}};
    struct rf_text body = {0};
    char *assertion = NULL;
    enum rf_err result = assertion_of(sheets, now, &assertion, error);
    if (result != RF_OK)
        return result;
    // The assertion's alphabet needs no escaping.
    rf_text_add(&body,
                "grant_type=urn%%3Aietf%%3Aparams%%3Aoauth%%3Agrant-type%%3Ajwt-bearer"
                "&assertion=%s",
                assertion);
    struct rf_http_request request = {.method = "POST",
                                      .url = sheets->token_url,
                                      .headers = headers,
                                      .header_count = 1,
                                      .body = body.data,
                                      .body_size = body.size,
                                      .ca_file = sheets->ca_file,
                                      .connect_timeout =
                                          timeout.ns < CONNECT_LIMIT.ns ? timeout : CONNECT_LIMIT,
                                      .timeout = timeout,
                                      .max_body_bytes = REPLY_BYTES};
    result = body.failed ? rf_error_set(error, RF_ERR_NOMEM, "no memory for a request")
                         : rf_http_send(http, &request, fn, arg, transfer, error);
    rf_text_fini(&body);
    free(assertion);
    return result;
}
