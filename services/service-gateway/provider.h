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
#include <ringfence/rate_limit.h>
#include <ringfence/time.h>

#include "config/config.h"
#include "events/text.h"
#include "http/client.h"
#include "rules/value.h"

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
    struct rf_secret key;                      // a copy of ours, which follows its file
    struct rf_secret more[RF_CONFIG_MAX_KEYS]; // and those behind it
    size_t more_count;
};

// provider_key_count: how many keys there are. provider_key: number `index` of them, the first one
// is `key`.
size_t provider_key_count(const struct provider_settings *settings);
const struct rf_secret *provider_key(const struct provider_settings *settings, size_t index);

// What a call asks for, and what was gathered for it over several requests.
struct provider_job {
    enum gateway_operation operation;
    json_t *params;   // a map
    const char *id;   // of its call; borrowed
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

// provider_request_post: a POST of `body`, which is JSON and is taken from it, to base_url + path.
// RF_ERR_NOMEM also if `body` failed.
RF_NODISCARD enum rf_err provider_request_post(struct provider_request *request,
                                               const char *base_url, const char *path,
                                               struct rf_text *body);

typedef const char *provider_header_fn(const void *arg, const char *name); // NULL: no such header

// What came back, without libcurl. All borrowed.
struct provider_reply {
    enum rf_http_failure failure;
    bool sent;
    long status;
    const char *content_type;
    const char *body;
    size_t body_size;
    const char *error_text;
    const char *request_id;     // NULL: none
    provider_header_fn *header; // NULL: none
    const void *header_arg;
    struct rf_utc received;      // by our clock; 0: not told
    const struct rf_value *json; // the body, parsed once by provider_judge; NULL: no JSON
    struct rf_duration retry_after;
    bool tells; // of the provider's rate limit:
    struct rf_rate_limit_told limit;
    struct rf_duration took;
};

#define PROVIDER_CODE_SIZE    64
#define PROVIDER_MESSAGE_SIZE 256
#define PROVIDER_RULE_SIZE    320
#define REQUEST_ID_SIZE       128 // longer ones are cut

// How an attempt is to be judged.
struct provider_verdict {
    enum rf_class class;
    char code[PROVIDER_CODE_SIZE];       // the provider's own; "" if none
    char message[PROVIDER_MESSAGE_SIZE]; // the provider's own words, or ours; not yet redacted
    struct rf_duration mark_for;         // a mark made of it ends by itself after this; 0: not so
    bool no_retry;                       // the provider asks not to be asked again
    bool destination; // it concerns the number that was dialled, not the provider: no mark is made
    bool way;         // met on the way, before the provider said anything: it may be ours alone
    bool place;       // not too fast but too many: to be repeated when a call of ours has ended
};

// What a call gets. `result` is the reply's map; audio is in the reply's body.
struct provider_result {
    json_t *result;
    bool more;         // another page is to be read: the job says which
    const char *audio; // borrowed from the reply; NULL: none
    size_t audio_size;
    char format[9];                // suffix of the audio
    char rule[PROVIDER_RULE_SIZE]; // no success: the rule that decided, and its source
};

struct provider {
    enum rf_provider id;
    enum gateway_service service;

    // build: the request for `job`. RF_ERR_INVALID: the parameters cannot be used (the error says
    // which); it is the caller's fault then. RF_ERR_CONFLICT: not with this configuration, though
    // it may be with another gateway's, or ours soon.
    enum rf_err (*build)(const struct provider_settings *settings, const struct provider_job *job,
                         struct provider_request *request, struct rf_error *error);

    // read: the whole reply of a 2xx status. True: `result` is filled. False: it is not what was
    // asked for: provider_found says why, or nothing if the body tells it as an error does. What
    // follows from it is up to the rules.
    bool (*read)(const struct provider_settings *settings, struct provider_job *job,
                 const struct provider_reply *reply, struct provider_result *result,
                 struct provider_verdict *verdict);
};

extern const struct provider provider_elevenlabs, provider_openai, provider_anthropic,
    provider_twilio, provider_openai_tts;

// provider_of: the table of `id`. Never NULL.
const struct provider *provider_of(enum rf_provider id);

// provider_judge: the one entry for a reply: reads it, lets the rules say what it means if it is no
// success, and turns what may have taken effect into `ambiguous` where it must not be repeated.
// Texts of the verdict are UTF-8. True: success, and `result` is filled.
bool provider_judge(const struct provider *provider, const struct provider_settings *settings,
                    struct provider_job *job, const struct provider_reply *reply,
                    struct provider_result *result, struct provider_verdict *verdict);

// provider_repeatable: whether the operation may be carried out twice without harm.
bool provider_repeatable(enum gateway_operation operation);

// provider_operation_name: "speak", "write", "dial", "find_call", "call_status".
const char *provider_operation_name(enum gateway_operation operation);

// provider_found: what is wrong with the body of a good status, in one of the words of
// <ringfence/failures.def>, and for people. Texts are cut.
void provider_found(struct provider_verdict *verdict, const char *failure, const char *message);

// provider_verdict_set: fills the verdict, without touching mark_for and no_retry. Texts may be
// NULL.
void provider_verdict_set(struct provider_verdict *verdict, enum rf_class c, const char *code,
                          const char *message);

// provider_param: the text parameter `name` of the job, NULL if it is absent or empty.
const char *provider_param(const struct provider_job *job, const char *name);

void provider_job_fini(struct provider_job *job);

#endif
