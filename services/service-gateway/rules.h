// Classification as data: what a provider's status and code mean. The code in the body is read
// before the status, as one status means opposite things (429 is "slow down" or "pay first").
#ifndef GATEWAY_RULES_H
#define GATEWAY_RULES_H

#include "provider.h"

#define RULE_CODES 3

// What a reply says of itself, as its provider words it. Borrowed from the parsed body.
struct rule_facts {
    long status;
    const char *codes[RULE_CODES]; // from the most to the least telling; NULL: none
    const char *message;
};

struct rule {
    long status;         // 0: any
    const char *code;    // one of the codes equals it; NULL: any
    const char *message; // stands somewhere in the message; NULL: any
    enum rf_class class;
    int mark_seconds; // a mark made of it ends by itself; 0: not so
};

// rules_judge: the first of `rules` that fits, else what the status alone says.
void rules_judge(const struct rule *rules, size_t count, const struct rule_facts *facts,
                 struct provider_verdict *verdict);

// rules_judge_status: what the status alone says.
enum rf_class rules_judge_status(long status);

// rules_judge_failure: what a failure below HTTP says. `reply->failure` is not RF_HTTP_NONE.
void rules_judge_failure(const struct provider_reply *reply, struct provider_verdict *verdict);

#endif
