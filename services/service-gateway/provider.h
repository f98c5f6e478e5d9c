// The base service: what the gateway needs to know of a provider is one table of functions. Adding
// a provider is one file with such a table, and a line in provider.c. Everything here is pure: a
// request is built, a reply is read and judged, nothing is sent.
#ifndef GATEWAY_PROVIDER_H
#define GATEWAY_PROVIDER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include <ringfence/class.h>
#include <ringfence/error.h>
#include <ringfence/time.h>

#include "config/config.h"
#include "http/client.h"

enum gateway_service { GATEWAY_SPEECH, GATEWAY_SCRIPT, GATEWAY_TELEPHONY };
#define GATEWAY_SERVICE_COUNT 3

enum gateway_operation {
    GATEWAY_SPEAK,
    GATEWAY_WRITE,
    GATEWAY_DIAL,
    GATEWAY_FIND_CALL,
    GATEWAY_CALL_STATUS,
};

// A provider as it is configured now.
struct provider_settings {
    const struct rf_config_provider *config;
    const struct rf_config_telephony *telephony;
    struct rf_secret key; // a copy of ours, which follows its file
};

// What a call asks for, and what was gathered for it over several requests.
struct provider_job {
    enum gateway_operation operation;
    json_t *params;   // a map
    char *next_page;  // path of the next page of a list; NULL: the first
    json_t *gathered; // an array, over the pages; NULL: nothing yet
    int pages;
};

#define PROVIDER_MAX_HEADERS 4

// What is to be sent. Owns its texts.
struct provider_request {
    const char *method;
    char *url;
    struct {
        const char *name;
        char *value;
    } headers[PROVIDER_MAX_HEADERS];
    size_t header_count;
    char *body;                  // NULL: none
    const char *user, *password; // HTTP Basic; borrowed from the settings; NULL: none
    bool fresh;                  // as rf_http_request.fresh
};

void provider_request_fini(struct provider_request *request);

// provider_request_header: adds a header of `prefix` and `value`.
RF_NODISCARD enum rf_err provider_request_header(struct provider_request *request, const char *name,
                                                 const char *prefix, const char *value);

// What came back, without libcurl. All borrowed.
struct provider_reply {
    enum rf_http_failure failure;
    bool sent;
    long status;
    const char *content_type;
    const char *body;
    size_t body_size;
    const char *error_text;
    const char *request_id;   // NULL: none
    const char *should_retry; // x-should-retry; NULL: none
    struct rf_duration retry_after;
    struct rf_duration took;
};

#define PROVIDER_CODE_SIZE    64
#define PROVIDER_MESSAGE_SIZE 256

// How an attempt is to be judged.
struct provider_verdict {
    enum rf_class class;
    char code[PROVIDER_CODE_SIZE];       // the provider's own; "" if none
    char message[PROVIDER_MESSAGE_SIZE]; // the provider's own words, or ours; not yet redacted
    struct rf_duration mark_for;         // a mark made of it ends by itself after this; 0: not so
    bool no_retry;                       // the provider asks not to be asked again
};

// What a call gets. `result` is the reply's map; audio is in the reply's body.
struct provider_result {
    json_t *result;
    bool more;         // another page is to be read: the job says which
    const char *audio; // borrowed from the reply; NULL: none
    size_t audio_size;
    char format[9]; // suffix of the audio
};

struct provider {
    enum rf_provider id;
    enum gateway_service service;

    // build: the request for `job`. RF_ERR_INVALID: the parameters cannot be used (the error says
    // which); it is the caller's fault then.
    enum rf_err (*build)(const struct provider_settings *settings, const struct provider_job *job,
                         struct provider_request *request, struct rf_error *error);

    // read: the whole reply of a 2xx status. True: `result` is filled. False: it is not what was
    // asked for, `verdict` says why.
    bool (*read)(const struct provider_settings *settings, struct provider_job *job,
                 const struct provider_reply *reply, struct provider_result *result,
                 struct provider_verdict *verdict);

    // classify: any other reply.
    void (*classify)(const struct provider_job *job, const struct provider_reply *reply,
                     struct provider_verdict *verdict);
};

extern const struct provider provider_elevenlabs, provider_openai, provider_anthropic,
    provider_twilio, provider_openai_tts;

// provider_of: the table of `id`. Never NULL.
const struct provider *provider_of(enum rf_provider id);

// provider_judge: the one entry for a reply: reads or classifies it, and turns what may have taken
// effect into `ambiguous` where it must not be repeated. True: success, and `result` is filled.
bool provider_judge(const struct provider *provider, const struct provider_settings *settings,
                    struct provider_job *job, const struct provider_reply *reply,
                    struct provider_result *result, struct provider_verdict *verdict);

// provider_repeatable: whether the operation may be carried out twice without harm.
bool provider_repeatable(enum gateway_operation operation);

// provider_verdict_set: fills the verdict, without touching mark_for and no_retry. Texts may be
// NULL.
void provider_verdict_set(struct provider_verdict *verdict, enum rf_class c, const char *code,
                          const char *message);

// provider_param: the text parameter `name` of the job, NULL if it is absent or empty.
const char *provider_param(const struct provider_job *job, const char *name);

void provider_job_fini(struct provider_job *job);

#endif
