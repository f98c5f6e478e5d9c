// What a provider's reply means: rules, tried in order, of which the first that fits decides. A
// rule says what the reply looks like (status, fields of its body, headers, what failed below HTTP,
// whether the request may have been sent, what was asked for) and what class it then is, and it
// names its source. In this order:
//
//   1. the user's           providers.X.rules of the configuration
//   2. redirects            which are never about what was asked for
//   3. the provider's       table_<provider>.c: its codes, which say more than its statuses
//   4. those of all         table_general.c: transport failures, useless bodies, bare statuses
//
// Pure: nothing is read or sent here.
#ifndef RF_RULES_RULES_H
#define RF_RULES_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include <ringfence/class.h>
#include <ringfence/time.h>

#include "config/config.h"
#include "http/client.h"
#include "rules/value.h"

enum rf_rule_sent { RF_RULE_ANY, RF_RULE_SENT, RF_RULE_NOT_SENT };

enum rf_rule_retry {
    RF_RULE_BY_CLASS,
    RF_RULE_NEVER, // whatever the class says
    RF_RULE_PLACE, // as soon as another call of ours ends: we are too many, not too fast
};

// A text that stands somewhere in the reply. Unused if both field and header are NULL.
struct rf_rule_test {
    // A path into the body's JSON: names and numbers joined by dots, or several paths joined by |,
    // of which any may fit. "$code" and "$message" are where this provider puts its code and its
    // words. Numbers of the body are taken as their digits.
    const char *field;
    const char *header;   // or the name of a header, in any case
    const char *equals;   // it is this text (of a header: in any case)
    const char *contains; // it has this text in it, in any case. Neither: it is there
};

#define RF_RULE_TESTS 2

struct rf_rule {
    int from, to;                             // statuses; from 0: any
    const char *failure;                      // what failed; "any": something did; NULL: see below
    const char *operation;                    // NULL: any
    struct rf_rule_test tests[RF_RULE_TESTS]; // all that are used must fit
    enum rf_rule_sent sent;
    enum rf_class class;
    struct rf_duration mark_for; // a mark made of it ends by itself; 0: not so
    enum rf_rule_retry retry;
    bool destination;   // it holds for the number that was dialled alone: no mark is made of it
    const char *source; // where it is written that such a reply is so
};

// What is known of a reply. All borrowed.
struct rf_facts {
    enum rf_provider provider;
    const char *operation;
    long status; // 0: none came
    // What failed below HTTP ("timeout"; then `whole` is false), or what is wrong with the body of
    // a good status ("empty_audio"; then `whole` is true). NULL: nothing.
    const char *failure;
    bool whole; // a status and a whole body came. If not, a rule must name a failure, or `sent`
    bool sent;  // the request may have been sent
    const struct rf_value *body;                              // NULL: no JSON
    const char *(*header)(const void *arg, const char *name); // NULL: no headers
    const void *header_arg;
};

// rf_rules_judge: the first rule that fits, by value; its texts belong to `own` or live as long as
// the program. There is always one. `own` is the configuration's list of struct rf_config_rule.
struct rf_rule rf_rules_judge(const struct rf_config_list *own, const struct rf_facts *facts);

// rf_rules_refuse: whether one of the user's rules refuses a reply of a good status that nothing
// else is wrong with. Only rules that name such a status can.
bool rf_rules_refuse(const struct rf_config_list *own, const struct rf_facts *facts,
                     struct rf_rule *rule);

// rf_rules_code: the provider's own code, NULL if there is none: the one by which `rule` fits, or
// the most telling. `scratch` is for a number.
const char *rf_rules_code(const struct rf_rule *rule, const struct rf_facts *facts,
                          char scratch[24]);

// rf_rules_message: the provider's own words, NULL if there are none.
const char *rf_rules_message(const struct rf_facts *facts);

// rf_rules_each: all rules of a provider in their order; `whose` is "yours", "built-in" or "any
// provider".
typedef void rf_rules_fn(void *arg, const char *whose, const struct rf_rule *rule);
void rf_rules_each(enum rf_provider provider, const struct rf_config_list *own, rf_rules_fn *fn,
                   void *arg);

// rf_rule_of_config: a rule of the configuration; its texts belong to `from`.
struct rf_rule rf_rule_of_config(const struct rf_config_rule *from);

// rf_rule_text: what it looks for, such as "status 429, $code = insufficient_quota". Cut to size.
// Returns out.
char *rf_rule_text(const struct rf_rule *rule, char *out, size_t size);

// ---- failure.c ----

// rf_failure_word: the word of <ringfence/failures.def>, as `failure` of a rule and the code of an
// attempt have it. "deadline_exceeded" for RF_HTTP_TOO_LATE, which is no matter of rules; NULL for
// RF_HTTP_NONE.
const char *rf_failure_word(enum rf_http_failure failure);

// rf_failure_of_body: whether it is one of the list's words for the body of a good status.
bool rf_failure_of_body(const char *word);

// ---- body.c ----

// Bounds of a body that is read as JSON. A page of a hundred calls has some 4,000 values in 150
// KiB; what is beyond these is not what a provider answers, and would cost many times its size.
#define RF_BODY_MAX_BYTES  ((size_t)4 * 1024 * 1024)
#define RF_BODY_MAX_DEPTH  RF_VALUE_MAX_DEPTH
#define RF_BODY_MAX_VALUES 100000

// rf_body_parse: the map or array that the body is, or NULL: it is something else, or beyond the
// bounds, or out of memory. Bytes that are not UTF-8 are taken for ISO 8859-1, as which they mostly
// were meant, so that a wrong charset does not hide the provider's code. The caller destroys it.
struct rf_value *rf_body_parse(const char *body, size_t size);

// rf_body_field: the value at `path` ("error.code", "detail.0.msg"), borrowed; NULL: none.
const struct rf_value *rf_body_field(const struct rf_value *body, const char *path, size_t length);

#endif
