#include "rules.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

// What a status says when no code was known. Sources: providers.md, "What every adapter shares" and
// section 0 (statuses that the official clients retry: 408, 409, 429 and 500 up).
static const struct {
    long from, to;
    enum rf_class class;
} statuses[] = {
    {100, 299, RF_CLASS_TRANSIENT},        // no error status, but nothing that could be used either
    {300, 399, RF_CLASS_PERMANENT_CONFIG}, // redirects are not followed by API calls
    {401, 401, RF_CLASS_PERMANENT_AUTH},
    {402, 402, RF_CLASS_PERMANENT_QUOTA},
    {403, 403, RF_CLASS_PERMANENT_AUTH},
    {404, 404, RF_CLASS_PERMANENT_CONFIG}, // without the provider's own code: a wrong base_url
    {408, 409, RF_CLASS_TRANSIENT},
    {425, 425, RF_CLASS_TRANSIENT},
    {429, 429, RF_CLASS_RATE_LIMITED},
    {400, 499, RF_CLASS_PERMANENT_INVALID},
    {500, 999, RF_CLASS_TRANSIENT},
};

enum rf_class rules_judge_status(long status) {
    for (size_t i = 0; i < COUNT(statuses); i++)
        if (status >= statuses[i].from && status <= statuses[i].to)
            return statuses[i].class;
    return RF_CLASS_TRANSIENT;
}

// What a failure below HTTP says; for a request that must not be repeated, provider_judge then
// turns "transient" into "ambiguous" if it was sent. Source: providers.md, "What every adapter
// shares".
static const struct {
    enum rf_http_failure failure;
    enum rf_class class;
    const char *code;
} failures[] = {
    {RF_HTTP_RESOLVE, RF_CLASS_PERMANENT_CONFIG, "unknown_host"},
    {RF_HTTP_RESOLVER, RF_CLASS_TRANSIENT, "resolver"},
    {RF_HTTP_CERTIFICATE, RF_CLASS_PERMANENT_CONFIG, "certificate"},
    {RF_HTTP_CONNECT, RF_CLASS_TRANSIENT, "connect"},
    {RF_HTTP_TLS, RF_CLASS_TRANSIENT, "tls"},
    {RF_HTTP_TIMEOUT, RF_CLASS_TRANSIENT, "timeout"},
    {RF_HTTP_BROKEN, RF_CLASS_TRANSIENT, "connection_broken"},
    {RF_HTTP_TRUNCATED, RF_CLASS_TRANSIENT, "truncated"},
    {RF_HTTP_TOO_LARGE, RF_CLASS_TRANSIENT, "too_large"},
    {RF_HTTP_TOO_LATE, RF_CLASS_LOCAL, "deadline_exceeded"},
    {RF_HTTP_OTHER, RF_CLASS_TRANSIENT, "transport"},
};

void rules_judge_failure(const struct provider_reply *reply, struct provider_verdict *verdict) {
    for (size_t i = 0; i < COUNT(failures); i++)
        if (failures[i].failure == reply->failure) {
            provider_verdict_set(verdict, failures[i].class, failures[i].code, reply->error_text);
            return;
        }
    provider_verdict_set(verdict, RF_CLASS_TRANSIENT, "transport", reply->error_text);
}

static bool code_fits(const struct rule *rule, const struct rule_facts *facts) {
    if (rule->code == NULL)
        return true;
    for (size_t i = 0; i < RULE_CODES; i++)
        if (facts->codes[i] != NULL && strcmp(facts->codes[i], rule->code) == 0)
            return true;
    return false;
}

static bool rule_fits(const struct rule *rule, const struct rule_facts *facts) {
    return (rule->status == 0 || rule->status == facts->status) && code_fits(rule, facts) &&
           (rule->message == NULL ||
            (facts->message != NULL && strcasestr(facts->message, rule->message) != NULL));
}

void rules_judge(const struct rule *rules, size_t count, const struct rule_facts *facts,
                 struct provider_verdict *verdict) {
    enum rf_class class = rules_judge_status(facts->status);
    const char *code = NULL;
    for (size_t i = 0; i < RULE_CODES && code == NULL; i++)
        code = facts->codes[i];
    // A 404 in the provider's own words is about what was asked for, not about the address.
    if (facts->status == 404 && code != NULL)
        class = RF_CLASS_PERMANENT_INVALID;
    // A redirect is about the address, whatever its body says.
    bool redirect = facts->status >= 300 && facts->status <= 399;
    for (size_t i = 0; i < count && !redirect; i++)
        if (rule_fits(&rules[i], facts)) {
            class = rules[i].class;
            code = rules[i].code != NULL ? rules[i].code : code;
            verdict->mark_for = rf_seconds(rules[i].mark_seconds);
            break;
        }
    provider_verdict_set(verdict, class, code, facts->message);
}
