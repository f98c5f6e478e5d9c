// Copies ringfence-operations(7) from standard input to standard output, with the built-in rules as
// a list of mdoc in place of the line "@ALERTS@". Fails if a rule has no command to look with.
#include <stdio.h>
#include <string.h>

#include "rule.h"

// Where to look, for each rule that tells somebody: words behind "ringfence".
static const struct {
    const char *rule, *command;
} looks[] = {
    {"breaker", "breaker list"},
    {"contact-exhausted", "campaign why CONTACT"},
    {"contact-interrupted", "trace CONTACT"},
    {"contact-call-lost", "trace CONTACT"},
    {"contact-call-unknown", "trace CONTACT"},
    {"contact-auth", "doctor --only key"},
    {"contact-quota", "mark list"},
    {"contact-config", "trace CONTACT"},
    {"contact-permanent", "campaign why CONTACT"},
    {"worker", "status"},
    {"provider", "doctor --only connection"},
    {"own-side-reach", "doctor --only connection"},
    {"own-side", "doctor --only connection"},
    {"process", "status"},
    {"process-version", "logs --type process.refused"},
    {"mark-auth", "doctor --only key"},
    {"mark-quota", "mark list"},
    {"mark-config", "mark list"},
    {"mark", "mark list"},
    {"key", "doctor --only key"},
    {"journal", "subscriber list"},
    {"journal-replaced", "subscriber list"},
    {"sink", "doctor --only disk"},
    {"channel", "alert test CHANNEL"},
    {"dead-letter", "alert dead"},
    {"recipient", "logs --type alert.refused"},
    {"queue", "campaign status NAME"},
    {"disk", "doctor --only disk"},
    {"clock", "doctor --only clock"},
    {"certificate-expired", "doctor --only connection"},
    {"certificate", "doctor --only connection"},
    {"forecast", "status"},
    {"campaign", "campaign export NAME"},
};

static const char *look_of(const char *rule) {
    for (size_t i = 0; i < sizeof looks / sizeof looks[0]; i++)
        if (strcmp(looks[i].rule, rule) == 0)
            return looks[i].command;
    return NULL;
}

// Sentences, each on a line in which nothing is taken for a macro.
static void print_text(const char *text) {
    for (const char *at = text; *at != '\0'; at++) {
        if (at == text || (at[-1] == ' ' && at - 1 > text && strchr(".?", at[-2]) != NULL))
            printf("%s\\&", at == text ? "" : "\n");
        if (*at == '\\')
            printf("\\e");
        else
            putchar(*at);
    }
    putchar('\n');
}

// What the catalogue says of the rule's event, but for the names in its data, which
// ringfence-events(7) has.
static void print_event(const char *type) {
    if (type[0] == '\0')
        printf("Of\n.Li provider.down\nof several, critical.\n");
    for (int i = 0; i < RF_EVENT_COUNT; i++)
        if (strcmp(rf_event_type_name((enum rf_event_type)i), type) == 0)
            printf("Event\n.Li %s ,\n%s.\n", type, rf_event_severity((enum rf_event_type)i));
}

static void print_end(const struct rf_config_alert_rule *rule) {
    if (rule->resolve != NULL)
        printf("It ends with\n.Li %s .\n", rule->resolve);
    else if (rule->resolve_after.ns > 0)
        printf("It ends by itself after %.4g min without another.\n",
               rf_duration_s(rule->resolve_after) / 60);
}

static int print_rule(const struct rf_config_alert_rule *rule) {
    const char *look = look_of(rule->name);
    if (look == NULL || rule->title == NULL || rule->advice == NULL) {
        fprintf(stderr,
                "rules_man.c: the rule %s has no title, no advice, or no command to look with\n",
                rule->name);
        return 1;
    }
    printf(".It Sy %s\n", rule->name);
    print_text(rule->title);
    printf(".br\n");
    print_event(rule->on);
    print_end(rule);
    printf(".br\n");
    print_text(rule->advice);
    printf(".Dl ringfence %s\n", look);
    return 0;
}

int main(void) {
    char line[4096];
    int failed = 0;
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (strcmp(line, "@ALERTS@\n") != 0) {
            fputs(line, stdout);
            continue;
        }
        printf(".Bl -tag -width Ds\n");
        for (size_t i = 0; i < rf_alert_rule_count; i++)
            if (!rf_alert_rules[i].drop)
                failed |= print_rule(&rf_alert_rules[i]);
        printf(".El\n");
    }
    return failed != 0 || fflush(stdout) != 0;
}
