// ElevenLabs: {"detail": {"type", "code", "message", "status" (older), "request_id", "param"}}, or
// an array of {"loc", "msg", "type"} for what does not fit its schema, or a text.
#include "rules/set.h"

#define ERRORS  "elevenlabs.io/docs/eleven-api/resources/errors"
#define LIMITS  "help.elevenlabs.io 19571824571921"
#define FAILURE "help.elevenlabs.io 19572237925521"

// clang-format off

static const struct rf_rule rules[] = {
    RF_RULE_CODE(0, "quota_exceeded", PERMANENT_QUOTA, ERRORS ", as 400 or 401"),
    RF_RULE_CODE(0, "payment_required", PERMANENT_QUOTA, "livekit/agents-js#2399, as 401 or 402"),
    RF_RULE_CODE(0, "voice_not_found", PERMANENT_CONFIG, FAILURE ": the voice is ours to configure"),
    RF_RULE_CODE(0, "invalid_api_key", PERMANENT_AUTH, ERRORS),
    RF_RULE_CODE(401, "detected_unusual_activity", PERMANENT_AUTH, "n8n-io/n8n#17252: the key's free tier is disabled"),
    RF_RULE_CODE(0, "max_character_limit_exceeded", PERMANENT_INVALID, FAILURE),
    RF_RULE_CODE(0, "invalid_parameters", PERMANENT_INVALID, ERRORS),
    RF_RULE_CODE(0, "validation_error", PERMANENT_INVALID, ERRORS),
    // The plan's calls at once are taken: sleeping is not the cure, one of our calls has to end.
    RF_RULE_CODE(429, "concurrent_limit_exceeded", RATE_LIMITED, ERRORS ", " LIMITS, .retry = RF_RULE_PLACE),
    RF_RULE_CODE(429, "too_many_concurrent_requests", RATE_LIMITED, ERRORS ", its older name", .retry = RF_RULE_PLACE),
    RF_RULE_CODE(429, "rate_limit_exceeded", RATE_LIMITED, ERRORS),
    RF_RULE_CODE(429, "system_busy", TRANSIENT, LIMITS ": they are overloaded, not we too fast"),
    RF_RULE_STATUS(422, 422, PERMANENT_INVALID, "elevenlabs-python, text_to_speech/raw_client.py"),
};

// clang-format on

const struct rf_rule_set rf_rules_elevenlabs = {
    .code = "detail.code|detail.status|detail.type",
    .message = "detail.message|detail.0.msg|detail",
    .rules = rules,
    .count = RF_RULE_COUNT(rules),
};
