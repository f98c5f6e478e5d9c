// What holds for every provider: redirects before its own rules; behind them failures below HTTP,
// bodies that are not what a good status promised, and bare statuses.
#include "rules/set.h"

// clang-format off

static const struct rf_rule redirects[] = {
    RF_RULE_STATUS(300, 399, PERMANENT_CONFIG, "RFC 9110, 15.4: another address; calls of an API do not follow it"),
};

#define CLIENTS "openai-python and anthropic-sdk-python, _base_client.py: retried"
#define NOT_USED "answered by something in between, such as a proxy or a captive portal"

static const struct rf_rule rules[] = {
    // Below HTTP. What may have been sent and must not be repeated becomes ambiguous afterwards.
    RF_RULE_FAILED("unknown_host", PERMANENT_CONFIG, "RFC 2308: the name does not exist"),
    RF_RULE_FAILED("resolver", TRANSIENT, "RFC 2308: no name server answered, which says nothing of the provider"),
    RF_RULE_FAILED("certificate", PERMANENT_CONFIG, "RFC 5280, 6: the certificate's path is not valid"),
    RF_RULE_FAILED("connect", TRANSIENT, CLIENTS),
    RF_RULE_FAILED("tls", TRANSIENT, CLIENTS),
    RF_RULE_FAILED("proxy", PERMANENT_CONFIG, "RFC 9110, 9.3.6 and 15.5.8: a proxy of ours refuses to connect us"),
    RF_RULE_FAILED("timeout", TRANSIENT, CLIENTS),
    RF_RULE_FAILED("first_byte", TRANSIENT, "livekit/agents-js#1022: a status, and nothing after it"),
    RF_RULE_FAILED("stalled", TRANSIENT, "pipecat-ai/pipecat#5842: a body that dribbles or stops"),
    RF_RULE_FAILED("connection_broken", TRANSIENT, CLIENTS),
    RF_RULE_FAILED("truncated", TRANSIENT, "RFC 9112, 8: an incomplete message"),
    RF_RULE_FAILED("encoding", TRANSIENT, "RFC 9110, 8.4: it cannot be decoded"),
    RF_RULE_FAILED("too_large", TRANSIENT, "gateway.max_reply_bytes"),
    RF_RULE_FAILED("transport", TRANSIENT, CLIENTS),

    // A good status, and a body that is no use: a failure all the same.
    RF_RULE_FAILED("empty_audio", TRANSIENT, "livekit/agents-js#1022, pipecat-ai/pipecat#5026: status 200 and no audio"),
    RF_RULE_FAILED("short_audio", TRANSIENT, "pipecat-ai/pipecat#5026: less audio than its text can be spoken in"),
    RF_RULE_FAILED("silent_audio", TRANSIENT, "pipecat-ai/pipecat#5026: audio without a sound"),
    RF_RULE_FAILED("wrong_type", TRANSIENT, NOT_USED),
    RF_RULE_FAILED("unreadable", TRANSIENT, NOT_USED),
    RF_RULE_FAILED("incomplete", TRANSIENT, "Portkey-AI/gateway#1797: half an answer"),
    RF_RULE_FAILED("length", PERMANENT_INVALID, "platform.openai.com/docs/api-reference/chat/object, finish_reason: cut off"),
    RF_RULE_FAILED("content_filter", PERMANENT_INVALID, "platform.openai.com/docs/api-reference/chat/object, finish_reason"),
    RF_RULE_FAILED("max_tokens", PERMANENT_INVALID, "docs.claude.com/en/api/messages, stop_reason: cut off"),
    RF_RULE_FAILED("refusal", PERMANENT_INVALID, "docs.claude.com/en/api/messages, stop_reason; OpenAI's message.refusal"),
    RF_RULE_FAILED("empty", PERMANENT_INVALID, "a text that nothing can be said of"),
    RF_RULE_FAILED("any", TRANSIENT, CLIENTS),

    // Bare statuses, as no code was known.
    RF_RULE_STATUS(401, 401, PERMANENT_AUTH, "RFC 9110, 15.5.2"),
    RF_RULE_STATUS(402, 402, PERMANENT_QUOTA, "RFC 9110, 15.5.3"),
    RF_RULE_STATUS(403, 403, PERMANENT_AUTH, "RFC 9110, 15.5.4"),
    // In the provider's own words it is about what was asked for; else about the address.
    RF_RULE_STATUS(404, 404, PERMANENT_INVALID, "RFC 9110, 15.5.5, in the provider's words", .tests = {{.field = "$code"}}),
    RF_RULE_STATUS(404, 404, PERMANENT_CONFIG, "RFC 9110, 15.5.5: no such path, so base_url is wrong"),
    RF_RULE_STATUS(407, 407, PERMANENT_CONFIG, "RFC 9110, 15.5.8: a proxy of ours wants another login"),
    RF_RULE_STATUS(408, 409, TRANSIENT, CLIENTS),
    RF_RULE_STATUS(425, 425, TRANSIENT, "RFC 8470, 5.2: may be sent again"),
    RF_RULE_STATUS(429, 429, RATE_LIMITED, "RFC 6585, 4"),
    RF_RULE_STATUS(400, 499, PERMANENT_INVALID, "RFC 9110, 15.5: the request is at fault"),
    RF_RULE_STATUS(500, 999, TRANSIENT, CLIENTS),
    RF_RULE_STATUS(100, 299, TRANSIENT, "RFC 9110, 15: no error, but nothing that could be used"),
};

// clang-format on

const struct rf_rule_set rf_rules_redirects = {
    .rules = redirects, .count = RF_RULE_COUNT(redirects), .code = "", .message = ""};
const struct rf_rule_set rf_rules_general = {
    .rules = rules, .count = RF_RULE_COUNT(rules), .code = "", .message = ""};
