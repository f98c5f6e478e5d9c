// What holds for every provider: redirects before its own rules; behind them failures below HTTP,
// bodies that are not what a good status promised, and bare statuses.
#include "rules/set.h"

// clang-format off

static const struct rf_rule redirects[] = {
    RF_RULE_STATUS(300, 399, PERMANENT_CONFIG, "RFC 9110, 15.4: another address; calls of an API do not follow it"),
};

static const struct rf_rule rules[] = {
    // What is known by its word, below HTTP and of bodies.
#define RF_TRANSPORT_FAILURE(name, word, c, from_where) RF_RULE_FAILED(word, c, from_where),
#define RF_BODY_FAILURE(word, c, from_where) RF_RULE_FAILED(word, c, from_where),
#include <ringfence/failures.def>
    RF_RULE_FAILED("any", TRANSIENT, RF_CLIENTS_RETRY),

    // Bare statuses, as no code was known.
    RF_RULE_STATUS(401, 401, PERMANENT_AUTH, "RFC 9110, 15.5.2"),
    RF_RULE_STATUS(402, 402, PERMANENT_QUOTA, "RFC 9110, 15.5.3"),
    RF_RULE_STATUS(403, 403, PERMANENT_AUTH, "RFC 9110, 15.5.4"),
    // In the provider's own words it is about what was asked for; else about the address.
    RF_RULE_STATUS(404, 404, PERMANENT_INVALID, "RFC 9110, 15.5.5, in the provider's words", .tests = {{.field = "$code"}}),
    RF_RULE_STATUS(404, 404, PERMANENT_CONFIG, "RFC 9110, 15.5.5: no such path, so base_url is wrong"),
    RF_RULE_STATUS(407, 407, PERMANENT_CONFIG, "RFC 9110, 15.5.8: a proxy of ours wants another login"),
    RF_RULE_STATUS(408, 409, TRANSIENT, RF_CLIENTS_RETRY),
    RF_RULE_STATUS(425, 425, TRANSIENT, "RFC 8470, 5.2: may be sent again"),
    RF_RULE_STATUS(429, 429, RATE_LIMITED, "RFC 6585, 4"),
    RF_RULE_STATUS(400, 499, PERMANENT_INVALID, "RFC 9110, 15.5: the request is at fault"),
    RF_RULE_STATUS(500, 999, TRANSIENT, RF_CLIENTS_RETRY),
    RF_RULE_STATUS(100, 299, TRANSIENT, "RFC 9110, 15: no error, but nothing that could be used"),
};

// clang-format on

const struct rf_rule_set rf_rules_redirects = {
    .rules = redirects, .count = RF_RULE_COUNT(redirects), .code = "", .message = ""};
const struct rf_rule_set rf_rules_general = {
    .rules = rules, .count = RF_RULE_COUNT(rules), .code = "", .message = ""};
