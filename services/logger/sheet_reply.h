// What the replies of Sheets and of its token endpoint mean. Pure.
#ifndef RF_LOGGER_SHEET_REPLY_H
#define RF_LOGGER_SHEET_REPLY_H

#include <jansson.h>

#include "http/client.h"
#include "sheet.h"

#define RF_SHEET_MESSAGE_SIZE 256

struct rf_sheet_verdict {
    enum rf_sheet_outcome outcome;
    json_t *body;                        // with OK: parsed; the caller releases it
    char message[RF_SHEET_MESSAGE_SIZE]; // why, one line; "" with OK
};

// rf_sheet_reply: reads a reply of the API. OK only with a JSON object.
struct rf_sheet_verdict rf_sheet_reply(const struct rf_http_reply *reply);

// rf_sheet_token_reply: reads a reply of the token endpoint; OK only with access_token and
// expires_in. Google's faults come with a 4xx as well, so the text of the error decides.
struct rf_sheet_verdict rf_sheet_token_reply(const struct rf_http_reply *reply);

#endif
