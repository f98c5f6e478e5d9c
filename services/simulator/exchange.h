// One request and its reply as the simulator's core sees them: plain data, so that every face can
// be tested without a socket.
#ifndef SIM_EXCHANGE_H
#define SIM_EXCHANGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include <ringfence/error.h>
#include <ringfence/time.h>

#include "http/form.h"

struct sim_pair {
    const char *name, *value;
};

// Borrowed for the time of a call.
struct sim_request {
    const char *method;
    const char *path; // decoded, with the face's prefix
    const struct sim_pair *headers;
    size_t header_count;
    const struct sim_pair *queries;
    size_t query_count;
    const char *user, *password; // HTTP Basic; NULL: none
    const char *body;            // NUL-terminated
    size_t body_size;
    struct rf_duration waited; // since it came to this machine
};

// sim_request_header: the value of header `name` (any case), or NULL. _query: of the query, exact
// case.
const char *sim_request_header(const struct sim_request *request, const char *name);
const char *sim_request_query(const struct sim_request *request, const char *name);

// sim_request_bearer: what follows "Authorization: Bearer ", or NULL.
const char *sim_request_bearer(const struct sim_request *request);

// sim_request_is: whether the method is `method`; HEAD counts as GET.
bool sim_request_is(const struct sim_request *request, const char *method);

// sim_request_json: the body as a JSON object, or NULL. The caller gives it back by json_decref.
json_t *sim_request_json(const struct sim_request *request);

// sim_request_form: the fields of the body; none if its content type is not a form's. RF_ERR_NOMEM.
RF_NODISCARD enum rf_err sim_request_form(const struct sim_request *request, struct rf_form *form);

#define SIM_REPLY_HEADERS 16

struct sim_header {
    char name[64], value[192];
};

struct sim_reply {
    unsigned status;
    char content_type[64]; // "": none
    char *body;            // NUL-terminated, NULL: empty
    size_t size;
    struct sim_header headers[SIM_REPLY_HEADERS];
    size_t header_count;
};

// sim_reply_bytes: sets status, type and body; takes `body` over (malloc), also on failure.
// _text: copies. _json: dumps and releases `value`; NULL (out of memory) gives 500.
void sim_reply_bytes(struct sim_reply *reply, unsigned status, const char *content_type, void *body,
                     size_t size);
void sim_reply_text(struct sim_reply *reply, unsigned status, const char *content_type,
                    const char *text);
void sim_reply_json(struct sim_reply *reply, unsigned status, json_t *value);

// sim_reply_header: sets a header, replacing one of the same name; beyond the bound it is left out.
void sim_reply_header(struct sim_reply *reply, const char *name, const char *format, ...)
    RF_PRINTF(3, 4);

void sim_reply_fini(struct sim_reply *reply);

#endif
