#include "filter.h"

#include <stdio.h>
#include <string.h>

#include "base/severity.h"

#define SEVERITY_ERROR 2

int console_severity(const char *name) {
    int rank = rf_severity_parse(name);
    return rank < 0 ? SEVERITY_ERROR : rank;
}

static enum rf_err take(const char *name, const char *word, char out[CONSOLE_FILTER_SIZE],
                        struct rf_error *error) {
    if (word == NULL)
        return RF_OK;
    if (strlen(word) >= CONSOLE_FILTER_SIZE)
        return rf_error_set(error, RF_ERR_INVALID, "%s: longer than %d characters", name,
                            CONSOLE_FILTER_SIZE - 1);
    memcpy(out, word, strlen(word) + 1);
    return RF_OK;
}

static enum rf_err read_types(struct console_filter *filter, struct rf_error *error) {
    for (char *at = filter->types; *at != '\0';) {
        size_t length = strcspn(at, ",");
        char *end = at + length;
        bool last = *end == '\0';
        if (length == 0)
            return rf_error_set(error, RF_ERR_INVALID,
                                "type: expected beginnings of topics, such as "
                                "breaker.,contact.set_aside");
        if (filter->prefix_count == CONSOLE_FILTER_TYPES)
            return rf_error_set(error, RF_ERR_INVALID, "type: more than %d of them",
                                CONSOLE_FILTER_TYPES);
        filter->prefixes[filter->prefix_count++] = at;
        *end = '\0';
        at = last ? end : end + 1;
    }
    return RF_OK;
}

enum rf_err console_filter_read(const struct console_filter_words *words,
                                struct console_filter *filter, struct rf_error *error) {
    *filter = (struct console_filter){0};
    enum rf_err err = take("type", words->type, filter->types, error);
    if (err == RF_OK)
        err = read_types(filter, error);
    if (err == RF_OK)
        err = take("campaign", words->campaign, filter->campaign, error);
    if (err == RF_OK)
        err = take("contact", words->contact, filter->contact, error);
    if (err == RF_OK)
        err = take("service", words->service, filter->service, error);
    if (err != RF_OK || words->severity == NULL)
        return err;
    filter->severity = rf_severity_parse(words->severity);
    if (filter->severity < 0)
        return rf_error_set(error, RF_ERR_INVALID,
                            "severity: expected info, warning, error or critical");
    return RF_OK;
}

static bool is(const char *wanted, const char *value) {
    return wanted[0] == '\0' || (value != NULL && strcmp(wanted, value) == 0);
}

bool console_filter_passes(const struct console_filter *filter, const struct console_facts *facts) {
    bool wanted = filter->prefix_count == 0;
    for (size_t i = 0; i < filter->prefix_count && !wanted; i++)
        wanted = strncmp(facts->topic, filter->prefixes[i], strlen(filter->prefixes[i])) == 0;
    return wanted && facts->severity >= filter->severity && is(filter->campaign, facts->campaign) &&
           is(filter->contact, facts->contact) && is(filter->service, facts->service);
}

bool console_filter_narrow(const struct console_filter *filter) {
    return filter->severity > 0 || filter->campaign[0] != '\0' || filter->contact[0] != '\0' ||
           filter->service[0] != '\0';
}
