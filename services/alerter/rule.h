// Rules as the engine asks them: the user's and then the built-in ones, all of one kind. Pure.
#ifndef RF_ALERTER_RULE_H
#define RF_ALERTER_RULE_H

#include <stdbool.h>
#include <stddef.h>

#include <ringfence/messages.h>

#include "config/config.h"
#include "events/text.h"

// The built-in rules, in their order.
extern const struct rf_config_alert_rule rf_alert_rules[];
extern const size_t rf_alert_rule_count;

// rf_rule_at: the rule of this place, of the user's rules and the built-in ones together; NULL
// behind the last.
const struct rf_config_alert_rule *rf_rule_at(const struct rf_config_alerter *config, size_t place);

// rf_rule_named: the first rule of this name; NULL if there is none any more.
const struct rf_config_alert_rule *rf_rule_named(const struct rf_config_alerter *config,
                                                 const char *name);

// rf_rule_for: the first rule that takes the event, also one that drops it; NULL: it is no alert.
const struct rf_config_alert_rule *rf_rule_for(const struct rf_config_alerter *config,
                                               const struct rf_event *event);

// rf_rule_ends: whether the event ends incidents of the rule, as far as its type and its fields
// tell.
bool rf_rule_ends(const struct rf_config_alert_rule *rule, const struct rf_event *event);

// rf_rule_fingerprint: the name of the incident that the event belongs to: the rule's group and
// the values of its `by` fields, joined by slashes.
void rf_rule_fingerprint(const struct rf_config_alert_rule *rule, const struct rf_event *event,
                         struct rf_text *text);

// rf_rule_fill: a text of the rule with {FIELD} replaced by the event's values, made safe for a
// line; {count} by `count`. A field that is not there is told as "?".
void rf_rule_fill(const char *pattern, const struct rf_event *event, const char *count,
                  struct rf_text *text);

// rf_rule_topics: prefixes of topics for a subscription to all that the rules, and the engine
// itself, want to hear of. A new array of texts, freed by rf_rule_topics_free. Count 0: so many
// that all events are asked for. RF_ERR_NOMEM only.
RF_NODISCARD enum rf_err rf_rule_topics(const struct rf_config_alerter *config, char ***topics,
                                        size_t *count, struct rf_error *error);
void rf_rule_topics_free(char ***topics, size_t count);

#endif
