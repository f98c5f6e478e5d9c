// Google Sheets: the service account gets a token, and may read the spreadsheet.
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "doctor.h"
#include "doctor_judge.h"
#include "google/token.h"
#include "http/form.h"

#define REPLY_BYTES ((size_t)65536)

static const char share[] = "share the spreadsheet with the service account's client_email, as "
                            "editor, and look at logger.sheets.spreadsheet";

// Sheets says {"error": {"message"}}, the token's server {"error", "error_description"}.
static const char *words_of(const json_t *body) {
    const json_t *error = json_object_get(body, "error");
    const char *words = json_string_value(json_object_get(error, "message"));
    if (words == NULL)
        words = json_string_value(json_object_get(body, "error_description"));
    if (words == NULL)
        words = json_string_value(error);
    return words != NULL ? words : "";
}

struct reading {
    struct doctor *doctor;
    struct doctor_check *check;
};

// Without the list, the spreadsheet alone is known.
static bool has_tab(const json_t *body, const char *tab) {
    const json_t *sheets = json_object_get(body, "sheets");
    size_t count = json_array_size(sheets);
    for (size_t i = 0; i < count; i++) {
        const json_t *properties = json_object_get(json_array_get(sheets, i), "properties");
        const char *title = json_string_value(json_object_get(properties, "title"));
        if (title != NULL && strcmp(title, tab) == 0)
            return true;
    }
    return count == 0;
}

static void fail(struct reading *reading, const struct rf_http_reply *reply, const char *key,
                 const char *what, const char *mend) {
    char transport[DOCTOR_TEXT_SIZE];
    json_t *body = json_loadb(reply->body, reply->body_size, 0, NULL);
    if (reply->failure != RF_HTTP_NONE)
        doctor_end(reading->doctor, reading->check, DOCTOR_FAIL,
                   doctor_transport_mend(reply->failure, key, transport, sizeof transport),
                   "%s: %s", what, reply->error_text);
    else
        doctor_end(reading->doctor, reading->check, DOCTOR_FAIL, mend, "%s: HTTP %ld: %s", what,
                   reply->status, words_of(body));
    json_decref(body);
    free(reading);
}

static void on_sheet(void *arg, const struct rf_http_reply *reply) {
    struct reading *reading = arg;
    const char *tab = reading->doctor->config->logger.sheets.sheet;
    if (reply->failure != RF_HTTP_NONE || reply->status != 200) {
        fail(reading, reply, "logger.sheets.base_url", "the spreadsheet", share);
        return;
    }
    json_t *body = json_loadb(reply->body, reply->body_size, 0, NULL);
    if (has_tab(body, tab))
        doctor_end(reading->doctor, reading->check, DOCTOR_OK, NULL,
                   "the service account has a token, and may read the spreadsheet");
    else
        doctor_end(reading->doctor, reading->check, DOCTOR_FAIL,
                   "add that sheet, or set logger.sheets.sheet to one that is there",
                   "the spreadsheet has no sheet \"%s\"", tab);
    json_decref(body);
    free(reading);
}

static enum rf_err read_sheet(struct reading *reading, const char *token, struct rf_error *error) {
    const struct rf_config_sheets *sheets = &reading->doctor->config->logger.sheets;
    struct rf_text url = {0}, bearer = {0};
    char *id = rf_form_escape(sheets->spreadsheet);
    rf_text_add(&url, "%s/v4/spreadsheets/%s?fields=spreadsheetId,sheets.properties.title",
                sheets->base_url, id != NULL ? id : "");
    rf_text_add(&bearer, "Bearer %s", token);
    free(id);
    enum rf_err result = RF_ERR_NOMEM;
    if (id == NULL || url.failed || bearer.failed) {
        rf_error_set(error, result, "out of memory");
    } else {
        const struct rf_http_header headers[] = {{"Authorization", bearer.data}};
        const struct rf_http_request request = {.method = "GET",
                                                .url = url.data,
                                                .headers = headers,
                                                .header_count = 1,
                                                .ca_file = sheets->ca_file,
                                                .connect_timeout =
                                                    reading->doctor->options->timeout,
                                                .timeout = reading->doctor->options->timeout,
                                                .max_body_bytes = REPLY_BYTES};
        result = rf_http_send(reading->doctor->http, &request, on_sheet, reading, NULL, error);
    }
    if (bearer.data != NULL)
        explicit_bzero(bearer.data, bearer.size);
    rf_text_fini(&url);
    rf_text_fini(&bearer);
    return result;
}

static void on_token(void *arg, const struct rf_http_reply *reply) {
    struct reading *reading = arg;
    struct rf_error error;
    json_t *body = json_loadb(reply->body, reply->body_size, 0, NULL);
    const char *token = json_string_value(json_object_get(body, "access_token"));
    if (token == NULL) {
        fail(reading, reply, "logger.sheets.token_url", "a token for the service account",
             "make a new key for the service account, put its JSON where "
             "logger.sheets.credentials says, and look at this host's clock");
    } else if (read_sheet(reading, token, &error) != RF_OK) {
        doctor_send_failed(reading->doctor, reading->check, &error);
        free(reading);
    }
    json_decref(body);
}

void doctor_sheets(struct doctor *doctor) {
    const struct rf_config_sheets *sheets = &doctor->config->logger.sheets;
    struct doctor_check *check = doctor_new_check(doctor, "sheets", NULL);
    struct rf_error error;
    if (check == NULL)
        return;
    if (!sheets->enabled) {
        doctor_end(doctor, check, DOCTOR_SKIPPED, NULL, "logger.sheets is not enabled");
        return;
    }
    struct reading *reading = calloc(1, sizeof *reading);
    if (reading == NULL)
        return;
    *reading = (struct reading){doctor, check};
    if (rf_google_token_send(doctor->http, sheets, doctor->options->timeout, rf_clock_utc(),
                             on_token, reading, NULL, &error) == RF_OK)
        return;
    doctor_end(doctor, check, DOCTOR_FAIL,
               "put the service account's JSON, as Google gives it out, where "
               "logger.sheets.credentials says, with mode 0600",
               "%s", error.message);
    free(reading);
}
