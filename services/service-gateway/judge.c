// From a reply to a result or a verdict: read it, else let the rules say what it means.
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/utf8.h"
#include "provider.h"
#include "rules/rules.h"

// The provider did the work, and we cannot read what it gave, or it failed in the middle, or
// nothing is known: whatever took effect must not be done twice. Only a request that was never
// written, or a reply that says by its code that nothing was done, may be repeated.
static void guard_effects(const struct provider_job *job, const struct provider_reply *reply,
                          struct provider_verdict *verdict) {
    if (provider_repeatable(job->operation) || !reply->sent)
        return;
    if (verdict->class == RF_CLASS_TRANSIENT)
        verdict->class = RF_CLASS_AMBIGUOUS;
}

// Text that is neither JSON nor a page, such as a proxy's "upstream connect error", is shown as it
// is.
static void explain_status(const struct provider_reply *reply, char *out, size_t size) {
    char words[128] = "";
    size_t blank = strspn(reply->body, " \t\r\n");
    if (reply->json == NULL && reply->body[blank] != '<' && blank < reply->body_size &&
        strncasecmp(reply->content_type, "text/plain", 10) == 0)
        rf_utf8_mend(reply->body + blank, reply->body_size - blank, words, sizeof words);
    if (words[0] != '\0')
        snprintf(out, size, "status %ld: %s", reply->status, words);
    else
        snprintf(out, size, "status %ld without an explanation", reply->status);
}

// In the provider's own words where it has some; else in those of read() or of libcurl.
static void explain(const struct rf_rule *rule, const struct rf_facts *facts,
                    const struct provider_reply *reply, const struct provider_verdict *found,
                    struct provider_verdict *verdict) {
    char scratch[24];
    const char *code = NULL, *words = NULL;
    if (facts->whole && rule->failure == NULL) {
        code = rf_rules_code(rule, facts, scratch);
        words = rf_rules_message(facts);
    }
    if (code == NULL)
        code = facts->failure;
    if (words == NULL)
        words = facts->whole ? found->message : reply->error_text;
    provider_verdict_set(verdict, rule->class, code, words);
    if (verdict->message[0] == '\0')
        explain_status(reply, verdict->message, sizeof verdict->message);
}

static void name_rule(const struct rf_rule *rule, struct provider_result *result) {
    char what[PROVIDER_RULE_SIZE * 3 / 4];
    snprintf(result->rule, sizeof result->rule, "%s [%s]", rf_rule_text(rule, what, sizeof what),
             rule->source);
}

static bool asks_for_no_retry(const struct provider_reply *reply) {
    const char *wish =
        reply->header != NULL ? reply->header(reply->header_arg, "x-should-retry") : NULL;
    return wish != NULL && strcasecmp(wish, "false") == 0;
}

static void judge(const struct rf_rule *rule, const struct rf_facts *facts,
                  const struct provider_job *job, const struct provider_reply *reply,
                  const struct provider_verdict *found, struct provider_verdict *verdict) {
    explain(rule, facts, reply, found, verdict);
    verdict->mark_for = rule->mark_for;
    verdict->destination = rule->destination;
    verdict->place = rule->retry == RF_RULE_PLACE;
    // OpenAI's and Anthropic's servers may say so themselves; their clients obey (_base_client.py).
    verdict->no_retry = rule->retry == RF_RULE_NEVER || asks_for_no_retry(reply);
    guard_effects(job, reply, verdict);
}

static bool is_good(const struct provider *provider, const struct provider_settings *settings,
                    struct provider_job *job, const struct provider_reply *reply,
                    struct provider_result *result, struct provider_verdict *verdict) {
    return reply->failure == RF_HTTP_NONE && reply->status >= 200 && reply->status <= 299 &&
           provider->read(settings, job, reply, result, verdict);
}

bool provider_judge(const struct provider *provider, const struct provider_settings *settings,
                    struct provider_job *job, const struct provider_reply *from,
                    struct provider_result *result, struct provider_verdict *verdict) {
    struct provider_reply reply = *from;
    const struct rf_config_list *own = &settings->config->rules;
    *verdict = (struct provider_verdict){0};
    *result = (struct provider_result){0};
    if (reply.failure == RF_HTTP_TOO_LATE) { // our own refusal: no rule of a reply applies
        provider_verdict_set(verdict, RF_CLASS_LOCAL, "deadline_exceeded", reply.error_text);
        return false;
    }
    if (reply.failure == RF_HTTP_HELD_BACK) {
        provider_verdict_set(verdict, RF_CLASS_LOCAL, "rate_limited",
                             "its connection hung until its token was used: nothing was sent");
        return false;
    }
    struct rf_value *body =
        reply.failure == RF_HTTP_NONE ? rf_body_parse(reply.body, reply.body_size) : NULL;
    reply.json = body;
    bool good = is_good(provider, settings, job, &reply, result, verdict);
    struct provider_verdict found = *verdict;
    struct rf_facts facts = {
        .provider = provider->id,
        .operation = provider_operation_name(job->operation),
        .status = reply.status,
        .failure = reply.failure != RF_HTTP_NONE ? rf_failure_word(reply.failure)
                   : found.code[0] != '\0'       ? found.code
                                                 : NULL,
        .whole = reply.failure == RF_HTTP_NONE,
        .sent = reply.sent,
        .body = body,
        .header = reply.header,
        .header_arg = reply.header_arg,
    };
    struct rf_rule rule = {0};
    if (!good)
        rule = rf_rules_judge(own, &facts);
    else if (own->count > 0 && rf_rules_refuse(own, &facts, &rule))
        good = false;
    if (!good) {
        json_decref(result->result);
        *result = (struct provider_result){0};
        name_rule(&rule, result);
        judge(&rule, &facts, job, &reply, &found, verdict);
        verdict->way = reply.failure != RF_HTTP_NONE && verdict->class == RF_CLASS_PERMANENT_CONFIG;
    }
    rf_value_destroy(&body);
    return good;
}
