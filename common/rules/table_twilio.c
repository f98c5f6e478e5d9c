// Twilio: {"code": 21211, "message", "more_info", "status": 400}. A dial has an effect in the
// world: only a code that says that nothing was done lets it be repeated.
#include "rules/set.h"

#define PAGE(code) "www.twilio.com/docs/api/errors/" code

// clang-format off

static const struct rf_rule rules[] = {
    RF_RULE_CODE(0, "20429", RATE_LIMITED, PAGE("20429") ": the request was not processed"),
    // Without that code it may come from anything in between, which may have passed the dial on.
    RF_RULE_STATUS(429, 429, AMBIGUOUS, PAGE("20429") " promises it for its code alone", .operation = "dial"),
    RF_RULE_CODE(0, "20500", AMBIGUOUS, PAGE("20500") ": a second call may be placed", .operation = "dial"),
    RF_RULE_CODE(0, "20500", TRANSIENT, PAGE("20500")),
    RF_RULE_CODE(0, "20003", PERMANENT_AUTH, PAGE("20003") ": credentials, suspension or region"),
    RF_RULE_CODE(0, "20403", PERMANENT_AUTH, PAGE("20403") ": the account is suspended or closed"),
    RF_RULE_CODE(0, "10001", PERMANENT_QUOTA, PAGE("10001") ": inactive, commonly no balance"),
    // A day of calls is queued: no more of them for an hour.
    RF_RULE_CODE(0, "22005", PERMANENT_QUOTA, PAGE("22005"), .mark_for = {3600 * RF_NS_PER_S}),
    RF_RULE_CODE(0, "21210", PERMANENT_CONFIG, PAGE("21210") ": From is not verified"),
    RF_RULE_CODE(0, "21212", PERMANENT_CONFIG, PAGE("21212") ": From is invalid"),
    RF_RULE_CODE(0, "21215", PERMANENT_CONFIG, PAGE("21215") ": the country is not permitted, others are", .destination = true),
    RF_RULE_CODE(0, "21211", PERMANENT_INVALID, PAGE("21211") ": To is invalid"),
    RF_RULE_CODE(0, "21214", PERMANENT_INVALID, PAGE("21214") ": To cannot be reached"),
    RF_RULE_CODE(0, "21216", PERMANENT_INVALID, PAGE("21216") ": the destination is blocked"),
    RF_RULE_CODE(0, "21217", PERMANENT_INVALID, PAGE("21217") ": the number seems invalid"),
    RF_RULE_CODE(0, "21219", PERMANENT_INVALID, PAGE("21219") ": a trial account, and this number is not verified"),
    RF_RULE_STATUS(400, 400, PERMANENT_INVALID, PAGE("21219") ", by its words", .tests = {{.field = "$message", .contains = "trial accounts may only"}}),
    RF_RULE_CODE(0, "21208", PERMANENT_INVALID, PAGE("21208") ": a bad Timeout"),
    RF_RULE_CODE(0, "20404", PERMANENT_INVALID, PAGE("20404") ": no such call"),
    // Of messaging, not of calls; here so that they are known.
    RF_RULE_CODE(0, "30001", RATE_LIMITED, PAGE("30001") ": the queue is full"),
    RF_RULE_CODE(0, "30002", PERMANENT_QUOTA, PAGE("30002") ": suspended"),
    // A bad number or a carrier's outage, which cannot be told apart: one later try.
    RF_RULE_CODE(0, "13224", TRANSIENT, PAGE("13224")),
};

// clang-format on

const struct rf_rule_set rf_rules_twilio = {
    .code = "code",
    .message = "message",
    .rules = rules,
    .count = RF_RULE_COUNT(rules),
};
