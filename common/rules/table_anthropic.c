// Anthropic: {"type": "error", "error": {"type", "message", "details": {"error_code"}},
// "request_id"}, with any status, even behind a 200. Two quota errors come as
// invalid_request_error, and only their message tells.
#include "rules/set.h"

#define ERRORS "docs.claude.com/en/api/errors"
#define TYPES  "anthropic-sdk-python, types/shared/error_type.py"
#define SAYS(text)                                                                                 \
    .tests = {{.field = "$code", .equals = "invalid_request_error"},                               \
              {.field = "$message", .contains = (text)}}

// clang-format off

static const struct rf_rule rules[] = {
    {.class = RF_CLASS_PERMANENT_QUOTA, SAYS("credit balance is too low"), .source = "anthropics/claude-code#4207, #54839"},
    {.class = RF_CLASS_PERMANENT_QUOTA, SAYS("you have reached your specified"), .source = "developersdigest.tech, 400-spend-limit-reached: a limit that you set yourself"},
    RF_RULE_CODE(0, "enforced_spend_limit_reached", PERMANENT_QUOTA, "developersdigest.tech, 429-enforced-spend-limit-reached: until the 1st, 00:00 UTC"),
    RF_RULE_CODE(0, "billing_error", PERMANENT_QUOTA, TYPES ", as 402"),
    RF_RULE_CODE(0, "authentication_error", PERMANENT_AUTH, ERRORS ", as 401"),
    RF_RULE_CODE(0, "permission_error", PERMANENT_AUTH, ERRORS ", as 403"),
    RF_RULE_CODE(0, "not_found_error", PERMANENT_CONFIG, ERRORS ", as 404: the model is ours to configure"),
    RF_RULE_CODE(0, "request_too_large", PERMANENT_INVALID, ERRORS ", as 413"),
    RF_RULE_CODE(0, "invalid_request_error", PERMANENT_INVALID, ERRORS ", as 400 and for other 4xx"),
    RF_RULE_CODE(0, "conflict_error", TRANSIENT, "anthropic-sdk-python, _base_client.py: a 409 is retried"),
    RF_RULE_CODE(0, "rate_limit_error", RATE_LIMITED, ERRORS ", as 429"),
    RF_RULE_CODE(0, "api_error", TRANSIENT, ERRORS ", as 500"),
    RF_RULE_CODE(0, "timeout_error", TRANSIENT, TYPES ", as 504"),
    RF_RULE_CODE(0, "overloaded_error", TRANSIENT, ERRORS ", as 529: overload for everyone"),
    RF_RULE_STATUS(400, 499, TRANSIENT, "anthropic-sdk-python, _base_client.py, _should_retry", .tests = {{.header = "x-should-retry", .equals = "true"}}),
};

// clang-format on

const struct rf_rule_set rf_rules_anthropic = {
    .code = "error.details.error_code|error.type",
    .message = "error.message",
    .rules = rules,
    .count = RF_RULE_COUNT(rules),
};
