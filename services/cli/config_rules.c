// ringfence config rules: what the replies of a provider mean, in the order in which it is tried:
// the configuration's own rules, then the built-in ones, each with its source.
#include <jansson.h>
#include <stdio.h>

#include "base/log.h"
#include "command.h"
#include "config/config.h"
#include "provider.h"
#include "rules/rules.h"
#include "session.h"

struct listing {
    bool json;
    int number;
};

static const char *retry_of(const struct rf_rule *rule) {
    switch (rule->retry) {
    case RF_RULE_NEVER:
        return "never";
    case RF_RULE_PLACE:
        return "when a call of ours ends";
    case RF_RULE_BY_CLASS:
        break;
    }
    return rf_class_retries(rule->class) ? "yes" : "no";
}

static void print_rule(void *arg, const char *whose, const struct rf_rule *rule) {
    struct listing *listing = arg;
    char looks_for[512];
    rf_rule_text(rule, looks_for, sizeof looks_for);
    listing->number++;
    if (listing->json) {
        json_t *told = json_pack(
            "{s:i, s:s, s:s, s:s, s:s, s:I, s:s}", "number", listing->number, "whose", whose,
            "rule", looks_for, "class", rf_class_name(rule->class), "retried", retry_of(rule),
            "mark_for_ns", (json_int_t)rule->mark_for.ns, "source", rule->source);
        if (rule->destination)
            (void)json_object_set_new(told, "destination", json_true());
        cli_print_json(told);
        return;
    }
    printf("%3d. %s\n     %s", listing->number, looks_for, rf_class_name(rule->class));
    if (rule->retry != RF_RULE_BY_CLASS)
        printf(", retried: %s", retry_of(rule));
    if (rule->destination)
        printf(", of the number alone: no mark");
    if (rule->mark_for.ns > 0)
        printf(", marked for %lld s", (long long)(rule->mark_for.ns / RF_NS_PER_S));
    printf("\n     %s: %s\n", whose, rule->source);
}

int cli_config_rules(const struct cli_options *options) {
    struct rf_config *config = NULL;
    struct rf_error error = {0};
    struct listing listing = {.json = options->json};
    enum rf_provider provider;
    if (!rf_provider_parse(options->arguments[0], &provider))
        return cli_not_a_provider(options->arguments[0], "");
    enum rf_err err = rf_config_load(options->config, &config, &error);
    if (err != RF_OK) {
        rf_log(RF_LOG_ERROR, "%s", error.message);
        return err == RF_ERR_CONFIG ? CLI_CONFIG : CLI_FAILED;
    }
    rf_rules_each(provider, &config->providers[provider].rules, print_rule, &listing);
    rf_config_destroy(&config);
    return CLI_OK;
}
