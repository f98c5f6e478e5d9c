#include "redact/redactor.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <ringfence/id.h>

#include "contacts/country.h"
#include "redact/hash_key.h"
#include "redact/redact.h"
#include "redact/watched.h"

// A value that was a secret.
struct former {
    char *value;
    struct rf_instant until;
};

struct rf_redactor {
    enum rf_redactor_scope scope;
    struct rf_redact_rules rules;
    struct rf_redaction *redaction;
    struct rf_watched_list secrets;
    struct former former[RF_REDACTOR_FORMER_MOST]; // the oldest first
    size_t former_count;
    bool stale; // the redaction lacks something, as memory was short
};

// ---- what was a secret ----

static void wipe(char *value) {
    if (value != NULL)
        explicit_bzero(value, strlen(value));
    free(value);
}

static void forget_first(struct rf_redactor *redactor) {
    wipe(redactor->former[0].value);
    redactor->former_count--;
    memmove(redactor->former, redactor->former + 1,
            redactor->former_count * sizeof redactor->former[0]);
}

// Takes the value.
static void remember(struct rf_redactor *redactor, char *value, struct rf_instant now) {
    if (value == NULL)
        return;
    if (redactor->former_count == RF_REDACTOR_FORMER_MOST)
        forget_first(redactor);
    redactor->former[redactor->former_count++] =
        (struct former){value, rf_instant_add(now, RF_REDACTOR_FORMER)};
}

static bool forget_old(struct rf_redactor *redactor, struct rf_instant now) {
    bool any = false;
    while (redactor->former_count > 0 && !rf_instant_before(now, redactor->former[0].until)) {
        forget_first(redactor);
        any = true;
    }
    return any;
}

// ---- the redaction of all of it ----

// Several secrets of a webhook stand in one text, a header's value behind its name, and a token
// behind its scheme: each goes its own ways.
static enum rf_err add_secret(struct rf_redaction *redaction, const char *value) {
    const char *colon = strstr(value, ": ");
    enum rf_err err = rf_redaction_secret(redaction, value);
    if (err == RF_OK && colon != NULL)
        err = rf_redaction_secret(redaction, colon + 2);
    const char *space = colon == NULL ? NULL : strrchr(colon + 2, ' ');
    if (err == RF_OK && space != NULL)
        err = rf_redaction_secret(redaction, space + 1);
    if (strncmp(value, "whsec_", 6) != 0)
        return err;
    char *words = strdup(value), *rest = NULL;
    if (words == NULL)
        return RF_ERR_NOMEM;
    for (char *word = strtok_r(words, " ", &rest); word != NULL && err == RF_OK;
         word = strtok_r(NULL, " ", &rest)) {
        err = rf_redaction_secret(redaction, word);
        if (err == RF_OK && strncmp(word, "whsec_", 6) == 0)
            err = rf_redaction_secret(redaction, word + 6);
    }
    wipe(words);
    return err;
}

static struct rf_redaction *build(const struct rf_redactor *redactor,
                                  const struct rf_redact_rules *rules,
                                  const struct rf_watched_list *secrets) {
    struct rf_redaction *redaction = rf_redaction_new(rules);
    enum rf_err err = redaction == NULL ? RF_ERR_NOMEM : RF_OK;
    for (size_t i = 0; i < secrets->count && err == RF_OK; i++)
        err = add_secret(redaction, secrets->items[i].secret.value);
    for (size_t i = 0; i < redactor->former_count && err == RF_OK; i++)
        err = add_secret(redaction, redactor->former[i].value);
    if (err != RF_OK)
        rf_redaction_destroy(&redaction);
    return redaction;
}

static void rebuild(struct rf_redactor *redactor) {
    struct rf_redaction *redaction = build(redactor, &redactor->rules, &redactor->secrets);
    redactor->stale = redaction == NULL;
    if (redaction == NULL)
        return;
    rf_redaction_destroy(&redactor->redaction);
    redactor->redaction = redaction;
}

static enum rf_err rules_of(const struct rf_config *config, enum rf_redactor_scope scope,
                            struct rf_redact_rules *rules, struct rf_error *error) {
    *rules =
        (struct rf_redact_rules){.texts = RF_REDACT_TEXTS_KEEP, .phones = RF_REDACT_PHONES_KEEP};
    if (scope == RF_REDACTOR_SECRETS)
        return RF_OK;
    const char *home = config->contacts.default_country;
    rules->texts = config->redaction.texts;
    rules->phones = config->redaction.phones;
    rules->names = config->redaction.names;
    rules->home = home == NULL ? NULL : rf_country_find(home);
    enum rf_err err = rf_redact_hash_key(config, rules->key, error);
    if (err != RF_OK && scope == RF_REDACTOR_LINES) {
        uint64_t halves[2] = {rf_random_u64(), rf_random_u64()};
        static_assert(sizeof halves == sizeof rules->key, "all of the key");
        memcpy(rules->key, halves, sizeof halves);
        return RF_OK;
    }
    return err;
}

// ---- life ----

enum rf_err rf_redactor_take(struct rf_redactor *redactor, const struct rf_config *config,
                             struct rf_instant now, struct rf_error *error) {
    struct rf_redact_rules rules;
    struct rf_watched_list fresh;
    enum rf_err err = rules_of(config, redactor->scope, &rules, error);
    if (err != RF_OK)
        return err;
    if (rf_watched_gather(config, now, &fresh) != RF_OK)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < redactor->secrets.count; i++) {
        const char *value = redactor->secrets.items[i].secret.value;
        if (!rf_watched_has(&fresh, value))
            remember(redactor, strdup(value), now);
    }
    struct rf_redaction *redaction = build(redactor, &rules, &fresh);
    if (redaction == NULL) {
        rf_watched_fini(&fresh);
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    }
    rf_watched_fini(&redactor->secrets);
    rf_redaction_destroy(&redactor->redaction);
    redactor->secrets = fresh;
    redactor->redaction = redaction;
    redactor->rules = rules;
    explicit_bzero(&rules, sizeof rules);
    return RF_OK;
}

enum rf_err rf_redactor_new(const struct rf_config *config, enum rf_redactor_scope scope,
                            struct rf_instant now, struct rf_redactor **redactor,
                            struct rf_error *error) {
    *redactor = calloc(1, sizeof **redactor);
    if (*redactor == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    (*redactor)->scope = scope;
    enum rf_err err = rf_redactor_take(*redactor, config, now, error);
    if (err != RF_OK)
        rf_redactor_destroy(redactor);
    return err;
}

void rf_redactor_destroy(struct rf_redactor **redactor) {
    struct rf_redactor *it = *redactor;
    if (it == NULL)
        return;
    while (it->former_count > 0)
        forget_first(it);
    rf_watched_fini(&it->secrets);
    rf_redaction_destroy(&it->redaction);
    explicit_bzero(it, sizeof *it);
    free(it);
    *redactor = NULL;
}

const struct rf_redaction *rf_redactor_now(struct rf_redactor *redactor, struct rf_instant now) {
    bool changed = forget_old(redactor, now) || redactor->stale;
    for (size_t i = 0; i < redactor->secrets.count; i++) {
        char *former;
        bool quiet = redactor->scope == RF_REDACTOR_LINES;
        if (rf_watched_look(&redactor->secrets.items[i], now, quiet, &former)) {
            remember(redactor, former, now);
            changed = true;
        }
    }
    if (changed)
        rebuild(redactor);
    return redactor->redaction;
}
