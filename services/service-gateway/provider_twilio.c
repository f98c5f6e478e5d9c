// Twilio calls: providers.md, section 4. A dial has an effect in the world: it goes over a
// connection of its own, and whatever is not a clear answer is ambiguous, never repeated.
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "callback/callback.h"
#include "config/account.h"
#include "http/date.h"
#include "http/form.h"
#include "provider.h"

#define PAGE_SIZE "100"
#define MAX_PAGES 50

static bool is_e164(const char *number) {
    size_t digits = number[0] == '+' ? strspn(number + 1, "0123456789") : 0;
    return digits >= 7 && digits <= 15 && number[1] != '0' && number[1 + digits] == '\0';
}

static bool is_sid(const char *sid) {
    size_t size = 0;
    while (isalnum((unsigned char)sid[size]))
        size++;
    return size > 0 && size <= 64 && sid[size] == '\0';
}

static enum rf_err set_url(struct provider_request *request,
                           const struct provider_settings *settings, const char *rest) {
    char *account = rf_form_escape(settings->config->account_sid);
    int size = account == NULL ? -1
                               : asprintf(&request->url, "%s/2010-04-01/Accounts/%s/%s",
                                          settings->config->base_url, account, rest);
    free(account);
    if (size < 0)
        request->url = NULL;
    return size < 0 ? RF_ERR_NOMEM : RF_OK;
}

// A call is placed, and looked for, by the account that its attempt was begun with: another one's
// list is empty of it, which would prove nothing. RF_ERR_CONFLICT: ours is another.
static enum rf_err check_account(const struct provider_settings *settings,
                                 const struct provider_job *job, struct rf_error *error) {
    char ours[RF_CONFIG_ACCOUNT_SIZE];
    const char *wanted = provider_param(job, "account");
    rf_config_account(settings->config, ours);
    if (wanted == NULL || strcmp(wanted, ours) == 0)
        return RF_OK;
    return rf_error_set(error, RF_ERR_CONFLICT,
                        "it is of the account %s, and this gateway's (providers.twilio) is %s",
                        wanted, ours);
}

// The number that calls: that of the attempt, else ours.
static const char *sender(const struct provider_settings *settings,
                          const struct provider_job *job) {
    const char *from = provider_param(job, "from");
    return from != NULL ? from : settings->config->from;
}

// The address says which dial it is, so that also a call is known whose reply was lost. Told are
// its beginning, which shows that there is a call, and its end. NULL: nowhere.
static char *callback_url(const struct provider_settings *settings,
                          const struct provider_job *job) {
    const char *base = settings->telephony->callback_url;
    return base != NULL && job->id != NULL ? rf_callback_url(base, job->id) : NULL;
}

static char *dial_form(const struct provider_settings *settings, const struct provider_job *job,
                       const char *to, const char *twiml) {
    const struct rf_config_telephony *telephony = settings->telephony;
    char *url = callback_url(settings, job);
    bool async = url != NULL && telephony->machine_detection && telephony->async_detection;
    char timeout[24];
    snprintf(timeout, sizeof timeout, "%lld",
             (long long)(telephony->ring_timeout.ns / RF_NS_PER_S));
    const struct rf_form_field fields[] = {
        {"To", to},
        {"From", sender(settings, job)},
        {"Twiml", twiml},
        {"Timeout", timeout},
        {"MachineDetection", telephony->machine_detection ? "Enable" : NULL},
        {"AsyncAmd", async ? "true" : NULL},
        {"AsyncAmdStatusCallback", async ? url : NULL},
        {"StatusCallback", url},
        {"StatusCallbackEvent", url != NULL ? "initiated" : NULL},
        {"StatusCallbackEvent", url != NULL ? "completed" : NULL}};
    char *form = rf_form_encode(fields, sizeof fields / sizeof *fields);
    free(url);
    return form;
}

static enum rf_err build_dial(const struct provider_settings *settings,
                              const struct provider_job *job, struct provider_request *request,
                              struct rf_error *error) {
    const char *to = provider_param(job, "to"), *twiml = provider_param(job, "twiml");
    if (to == NULL || !is_e164(to))
        return rf_error_set(error, RF_ERR_INVALID,
                            "dial: params.to: a number in E.164 form expected");
    if (twiml == NULL)
        return rf_error_set(error, RF_ERR_INVALID, "dial: params.twiml: a text expected");
    request->method = "POST";
    request->fresh = true;
    request->body = dial_form(settings, job, to, twiml);
    if (request->body == NULL || set_url(request, settings, "Calls.json") != RF_OK ||
        provider_request_header(request, "Content-Type", "", "application/x-www-form-urlencoded") !=
            RF_OK)
        return rf_error_set(error, RF_ERR_NOMEM, "dial: out of memory");
    return RF_OK;
}

// Without a start time: a call that is still queued has none (design section 8).
static enum rf_err build_find(const struct provider_settings *settings,
                              const struct provider_job *job, struct provider_request *request,
                              struct rf_error *error) {
    const char *to = provider_param(job, "to");
    if (to == NULL || !is_e164(to))
        return rf_error_set(error, RF_ERR_INVALID,
                            "find_call: params.to: a number in E.164 form expected");
    request->method = "GET";
    if (job->next_page != NULL) {
        if (asprintf(&request->url, "%s%s", settings->config->base_url, job->next_page) >= 0)
            return RF_OK;
        request->url = NULL;
        return rf_error_set(error, RF_ERR_NOMEM, "find_call: out of memory");
    }
    const struct rf_form_field fields[] = {
        {"To", to}, {"From", sender(settings, job)}, {"PageSize", PAGE_SIZE}};
    char *query = rf_form_encode(fields, sizeof fields / sizeof *fields), *rest = NULL;
    enum rf_err err = RF_ERR_NOMEM;
    if (query != NULL && asprintf(&rest, "Calls.json?%s", query) >= 0) {
        err = set_url(request, settings, rest);
        free(rest);
    }
    free(query);
    return err == RF_OK ? RF_OK : rf_error_set(error, err, "find_call: out of memory");
}

static enum rf_err build_status(const struct provider_settings *settings,
                                const struct provider_job *job, struct provider_request *request,
                                struct rf_error *error) {
    const char *sid = provider_param(job, "sid");
    char rest[96];
    if (sid == NULL || !is_sid(sid))
        return rf_error_set(error, RF_ERR_INVALID,
                            "call_status: params.sid: a call's sid expected");
    request->method = "GET";
    snprintf(rest, sizeof rest, "Calls/%s.json", sid);
    enum rf_err err = set_url(request, settings, rest);
    return err == RF_OK ? RF_OK : rf_error_set(error, err, "call_status: out of memory");
}

static enum rf_err build(const struct provider_settings *settings, const struct provider_job *job,
                         struct provider_request *request, struct rf_error *error) {
    request->user = settings->config->account_sid;
    request->password = settings->key.value;
    enum rf_err err = check_account(settings, job, error);
    // A dial waits for a gateway that has it; of a question somebody must hear in the end.
    if (err != RF_OK)
        return job->operation == GATEWAY_DIAL ? err : (error->code = RF_ERR_INVALID);
    if (job->operation == GATEWAY_DIAL)
        return build_dial(settings, job, request, error);
    if (job->operation == GATEWAY_FIND_CALL)
        return build_find(settings, job, request, error);
    return build_status(settings, job, request, error);
}

static bool unreadable(struct provider_verdict *verdict, const char *message) {
    provider_found(verdict, "unreadable", message);
    return false;
}

// Twilio gives numbers as texts ("duration": "12").
static int64_t whole_number(const struct rf_value *value) {
    const char *text = rf_value_text(value);
    return text != NULL ? strtoll(text, NULL, 10) : rf_value_integer(value);
}

static bool read_one(const struct provider_job *job, const struct rf_value *body,
                     struct provider_result *result, struct provider_verdict *verdict) {
    const char *sid = rf_value_text(rf_value_get(body, "sid"));
    const char *status = rf_value_text(rf_value_get(body, "status"));
    if (sid == NULL || !is_sid(sid) || status == NULL)
        return unreadable(verdict, "no sid and status in it");
    bool ended = job->operation == GATEWAY_CALL_STATUS;
    // "s*": what a call that no machine detection listened to has not is left out.
    result->result =
        !ended ? json_pack("{s:s, s:s}", "sid", sid, "status", status)
               : json_pack("{s:s, s:s, s:I, s:s*}", "sid", sid, "status", status, "duration_s",
                           (json_int_t)whole_number(rf_value_get(body, "duration")), "answered_by",
                           rf_value_text(rf_value_get(body, "answered_by")));
    return result->result != NULL || unreadable(verdict, "out of memory");
}

static bool is_known(json_t *known, const char *sid) {
    size_t i;
    json_t *one;
    json_array_foreach(known, i, one) if (json_is_string(one) &&
                                          strcmp(json_string_value(one), sid) == 0) return true;
    return false;
}

// A date in seconds since 1970; -1 if it cannot be read, or is beyond what nanoseconds can tell.
static int64_t seconds_of(const char *date) {
    struct rf_utc utc;
    return rf_http_date_parse(date, &utc) ? utc.ns / RF_NS_PER_S : -1;
}

// By how much the provider's clock is ahead of ours, as its answer says: 0 within what the
// configuration allows, or if it does not say.
static struct rf_duration clock_ahead(const struct provider_settings *settings,
                                      const struct provider_reply *reply) {
    const char *date = reply->header != NULL ? reply->header(reply->header_arg, "Date") : NULL;
    int64_t seconds = seconds_of(date);
    if (seconds < 0 || reply->received.ns == 0)
        return rf_ns(0);
    struct rf_duration ahead =
        rf_utc_since((struct rf_utc){seconds * RF_NS_PER_S}, reply->received);
    int64_t allowed = rf_ns_add(settings->telephony->clock_skew.ns, RF_NS_PER_S);
    return ahead.ns > allowed || ahead.ns < -allowed ? ahead : rf_ns(0);
}

// A call of the list that may be the one that is looked for. Its date has whole seconds, and is by
// the provider's clock, what it is held against is by ours: where they differ by more than is
// allowed for, it is looked at by ours, and left out only if it is too old by both. One without a
// readable date is taken: to overlook a call is worse than to ask about one too many. One that
// could be it only if a clock was wrong is marked as older.
static bool take_call(const struct provider_job *job, const struct rf_value *call,
                      struct rf_duration ahead, json_t *gathered) {
    const char *sid = rf_value_text(rf_value_get(call, "sid"));
    const char *status = rf_value_text(rf_value_get(call, "status"));
    const char *date = rf_value_text(rf_value_get(call, "date_created"));
    if (sid == NULL || !is_sid(sid) || is_known(json_object_get(job->params, "known"), sid))
        return true;
    int64_t after = json_integer_value(json_object_get(job->params, "created_after"));
    json_t *given = json_object_get(job->params, "unsure_after");
    int64_t unsure = json_is_integer(given) ? json_integer_value(given) : after;
    int64_t created = seconds_of(date);
    int64_t by_ours = rf_ns_sub(created * RF_NS_PER_S, ahead.ns) / RF_NS_PER_S;
    int64_t latest = by_ours > created ? by_ours : created;
    if (created >= 0 && latest < unsure / RF_NS_PER_S)
        return true;
    json_t *entry =
        json_pack("{s:s, s:s, s:I}", "sid", sid, "status", status != NULL ? status : "unknown",
                  "created", (json_int_t)(created >= 0 ? created * RF_NS_PER_S : 0));
    if (entry != NULL && created >= 0 && by_ours < after / RF_NS_PER_S)
        (void)json_object_set_new(entry, "older", json_true());
    return json_array_append_new(gathered, entry) == 0;
}

static bool read_page(const struct provider_settings *settings, struct provider_job *job,
                      const struct provider_reply *reply, struct provider_result *result,
                      struct provider_verdict *verdict) {
    const struct rf_value *body = reply->json;
    struct rf_duration ahead = clock_ahead(settings, reply);
    const struct rf_value *calls = rf_value_get(body, "calls");
    const char *next = rf_value_text(rf_value_get(body, "next_page_uri"));
    if (rf_value_type(calls) != RF_VALUE_ARRAY || (next != NULL && *next != '\0' && *next != '/'))
        return unreadable(verdict, "no list of calls in it");
    if (job->gathered == NULL)
        job->gathered = json_array();
    for (const struct rf_value *call = rf_value_first(calls); call != NULL;
         call = rf_value_next(calls, call))
        if (!take_call(job, call, ahead, job->gathered))
            return unreadable(verdict, "out of memory");
    free(job->next_page);
    job->next_page = next != NULL && *next != '\0' ? strdup(next) : NULL;
    job->pages++;
    if (next != NULL && *next != '\0') {
        if (job->next_page == NULL)
            return unreadable(verdict, "out of memory");
        if (job->pages >= MAX_PAGES) // absence would not be proven
            return unreadable(verdict, "the list of calls has too many pages");
        result->more = true;
        return true;
    }
    result->result =
        json_pack("{s:O, s:I}", "calls", job->gathered, "clock_ahead_ns", (json_int_t)ahead.ns);
    return result->result != NULL || unreadable(verdict, "out of memory");
}

static bool read_reply(const struct provider_settings *settings, struct provider_job *job,
                       const struct provider_reply *reply, struct provider_result *result,
                       struct provider_verdict *verdict) {
    const struct rf_value *body = reply->json;
    bool good;
    if (rf_value_type(body) != RF_VALUE_MAP)
        good = unreadable(verdict, "a JSON object expected");
    else if (job->operation == GATEWAY_FIND_CALL)
        good = read_page(settings, job, reply, result, verdict);
    else
        good = read_one(job, body, result, verdict);
    return good;
}

const struct provider provider_twilio = {
    .id = RF_PROVIDER_TWILIO,
    .service = GATEWAY_TELEPHONY,
    .build = build,
    .read = read_reply,
};
