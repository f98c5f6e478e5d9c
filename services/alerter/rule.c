#include "rule.h"

#include <stdlib.h>
#include <string.h>

#include "events/condition.h"

#define VALUE_BYTES 96
#define TOPICS_MOST 100 // of a subscription

const struct rf_config_alert_rule *rf_rule_at(const struct rf_config_alerter *config,
                                              size_t place) {
    const struct rf_config_alert_rule *own = config->rules.items;
    if (place < config->rules.count)
        return &own[place];
    place -= config->rules.count;
    return place < rf_alert_rule_count ? &rf_alert_rules[place] : NULL;
}

const struct rf_config_alert_rule *rf_rule_named(const struct rf_config_alerter *config,
                                                 const char *name) {
    const struct rf_config_alert_rule *rule;
    for (size_t i = 0; (rule = rf_rule_at(config, i)) != NULL; i++)
        if (strcmp(rule->name, name) == 0)
            return rule;
    return NULL;
}

const struct rf_config_alert_rule *rf_rule_for(const struct rf_config_alerter *config,
                                               const struct rf_event *event) {
    const struct rf_config_alert_rule *rule;
    for (size_t i = 0; (rule = rf_rule_at(config, i)) != NULL; i++)
        if (rf_type_matches(rule->on, event->type) && rf_condition_holds(rule->where, event))
            return rule;
    return NULL;
}

bool rf_rule_ends(const struct rf_config_alert_rule *rule, const struct rf_event *event) {
    return rule->resolve != NULL && rf_type_matches(rule->resolve, event->type) &&
           rf_condition_holds(rule->resolve_where, event);
}

void rf_rule_fingerprint(const struct rf_config_alert_rule *rule, const struct rf_event *event,
                         struct rf_text *text) {
    const char *at = rule->by == NULL ? "subject" : rule->by;
    rf_text_add(text, "%s", rule->group != NULL ? rule->group : rule->name);
    if (strcmp(at, "none") == 0)
        return;
    for (size_t length; *(at += strspn(at, " ")) != '\0'; at += length) {
        char scratch[RF_VALUE_SIZE];
        length = strcspn(at, " ");
        const char *value = rf_event_value(event, at, length, scratch);
        rf_text_add(text, "/");
        rf_text_add_clean(text, value == NULL ? "-" : value, VALUE_BYTES);
    }
}

void rf_rule_fill(const char *pattern, const struct rf_event *event, const char *count,
                  struct rf_text *text) {
    while (*pattern != '\0') {
        size_t plain = strcspn(pattern, "{"), length;
        rf_text_add_bytes(text, pattern, plain);
        pattern += plain;
        if (*pattern == '\0')
            break;
        length = strcspn(pattern + 1, "}");
        if (pattern[length + 1] == '\0') { // no field: as it is written
            rf_text_add(text, "%s", pattern);
            break;
        }
        char scratch[RF_VALUE_SIZE];
        const char *value = length == 5 && strncmp(pattern + 1, "count", 5) == 0
                                ? count
                                : rf_event_value(event, pattern + 1, length, scratch);
        rf_text_add_clean(text, value == NULL ? "?" : value, VALUE_BYTES);
        pattern += length + 2;
    }
}

// ---- topics ----

// What the engine counts, or remembers, whatever the rules say.
#define OWN_TYPES "contact.deferred contact.set_aside"

struct topics {
    char **items;
    size_t count;
    bool failed;
};

static void add_topic(struct topics *topics, const char *type, size_t length) {
    bool star = type[length - 1] == '*';
    char *topic = malloc(length + 2);
    if (topic != NULL) {
        memcpy(topic, type, length);
        topic[star ? length - 1 : length] = star ? '\0' : '/';
        topic[length + 1] = '\0';
    }
    topics->failed = topics->failed || topic == NULL;
    for (size_t i = 0; topic != NULL && i < topics->count; i++) {
        if (strcmp(topics->items[i], topic) == 0) {
            free(topic);
            return;
        }
    }
    if (topic != NULL && topics->count <= TOPICS_MOST)
        topics->items[topics->count++] = topic;
    else
        free(topic);
}

static void add_types(struct topics *topics, const char *types) {
    for (size_t length; types != NULL && *(types += strspn(types, " \t")) != '\0';
         types += length) {
        length = strcspn(types, " \t");
        add_topic(topics, types, length);
    }
}

enum rf_err rf_rule_topics(const struct rf_config_alerter *config, char ***result, size_t *count,
                           struct rf_error *error) {
    struct topics topics = {.items = calloc(TOPICS_MOST + 1, sizeof *topics.items)};
    const struct rf_config_alert_rule *rule;
    if (topics.items != NULL)
        add_types(&topics, OWN_TYPES);
    for (size_t i = 0; topics.items != NULL && (rule = rf_rule_at(config, i)) != NULL; i++) {
        add_types(&topics, rule->on);
        add_types(&topics, rule->resolve);
    }
    *result = topics.items;
    *count = topics.count;
    if (topics.items == NULL || topics.failed) {
        rf_rule_topics_free(result, topics.count);
        return rf_error_set(error, RF_ERR_NOMEM, "no memory for the rules' topics");
    }
    bool all = topics.count > TOPICS_MOST;
    for (size_t i = 0; i < topics.count; i++)
        all = all || topics.items[i][0] == '\0';
    if (all) {
        for (size_t i = 0; i < topics.count; i++)
            free(topics.items[i]);
        *count = 0;
    }
    return RF_OK;
}

void rf_rule_topics_free(char ***topics, size_t count) {
    for (size_t i = 0; *topics != NULL && i < count; i++)
        free((*topics)[i]);
    free(*topics);
    *topics = NULL;
}
