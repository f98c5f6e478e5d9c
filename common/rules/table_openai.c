// OpenAI, chat and speech alike: {"error": {"message", "type", "param", "code"}}. Older limits had
// their name in "type" and no code.
#include "rules/set.h"

#define QUOTA_PAGE "help.openai.com 5955604"
#define DEV_PROXY  "learn.microsoft.com/microsoft-cloud/dev/dev-proxy"
#define ERRORS     "developers.openai.com/docs/guides/error-codes"

// clang-format off

static const struct rf_rule rules[] = {
    RF_RULE_CODE(0, "insufficient_quota", PERMANENT_QUOTA, QUOTA_PAGE ": a 429 that no wait cures"),
    RF_RULE_CODE(0, "credit_balance_exhausted", PERMANENT_QUOTA, QUOTA_PAGE),
    RF_RULE_CODE(0, "organization_spend_limit_exceeded", PERMANENT_QUOTA, QUOTA_PAGE),
    RF_RULE_CODE(0, "project_spend_limit_exceeded", PERMANENT_QUOTA, QUOTA_PAGE),
    RF_RULE_CODE(0, "organization_usage_limit_exceeded", PERMANENT_QUOTA, QUOTA_PAGE),
    RF_RULE_CODE(0, "billing_hard_limit_reached", PERMANENT_QUOTA, QUOTA_PAGE),
    RF_RULE_CODE(0, "slow_down", RATE_LIMITED, "developersdigest.tech, 429-slow-down; older as 503"),
    RF_RULE_CODE(429, "rate_limit_exceeded", RATE_LIMITED, DEV_PROXY ", openai-rate-limit-reached"),
    RF_RULE_CODE(503, "server_is_overloaded", TRANSIENT, DEV_PROXY),
    RF_RULE_CODE(0, "invalid_api_key", PERMANENT_AUTH, ERRORS),
    RF_RULE_CODE(401, "ip_not_authorized", PERMANENT_AUTH, ERRORS ": the address is not on the key's list"),
    RF_RULE_CODE(403, "unsupported_country_region_territory", PERMANENT_CONFIG, ERRORS),
    RF_RULE_CODE(404, "model_not_found", PERMANENT_CONFIG, ERRORS ": the model is ours to configure"),
    // Their own clients obey it before the status says anything.
    RF_RULE_STATUS(400, 499, TRANSIENT, "openai-python, _base_client.py, _should_retry", .tests = {{.header = "x-should-retry", .equals = "true"}}),
};

// clang-format on

const struct rf_rule_set rf_rules_openai = {
    .code = "error.code|error.type",
    .message = "error.message|error",
    .rules = rules,
    .count = RF_RULE_COUNT(rules),
};
