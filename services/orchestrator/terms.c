#include "terms.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "config/settings.h"

const struct rf_config_campaign *rf_terms_campaign(const struct rf_terms *terms) {
    return terms->own ? &terms->own->campaign : &terms->orchestrator->process->config->campaign;
}

const struct rf_holidays *rf_terms_holidays(const struct rf_terms *terms) {
    return terms->own ? terms->holidays : terms->orchestrator->holidays;
}

// What the settings come to. If they cannot be used, what was there before stays.
static void apply(struct rf_terms *terms, const struct rf_config *config) {
    struct rf_error error = {0};
    struct rf_config *own = NULL;
    struct rf_holidays *holidays = NULL;
    json_t *settings = json_loads(terms->settings, 0, NULL);
    enum rf_err err = rf_settings_apply(config, settings, &own, &error);
    json_decref(settings);
    if (err == RF_OK && own->campaign.holidays &&
        (err = rf_holidays_read(own->campaign.holidays, &holidays, &error)) != RF_OK)
        rf_error_prefix(&error, "campaign.holidays: ");
    if (err == RF_OK) {
        rf_config_destroy(&terms->own);
        rf_holidays_destroy(&terms->holidays);
        terms->own = own;
        terms->holidays = holidays;
        terms->problem[0] = '\0';
    } else {
        rf_config_destroy(&own);
        rf_plan_copy(terms->problem, sizeof terms->problem, error.message);
        rf_log(RF_LOG_ERROR, "the settings of a campaign cannot be used: %s", error.message);
    }
}

// Takes over a version of the settings.
static void take(struct rf_terms *terms, int64_t version, const char *settings,
                 const struct rf_config *config) {
    free(terms->settings);
    terms->settings = settings ? strdup(settings) : NULL;
    terms->version = version;
    if (terms->settings) {
        apply(terms, config);
    } else if (settings) {
        rf_plan_copy(terms->problem, sizeof terms->problem, "out of memory");
    } else {
        rf_config_destroy(&terms->own);
        rf_holidays_destroy(&terms->holidays);
        terms->problem[0] = '\0';
    }
    rf_pace_rate(&terms->orchestrator->pace, terms->campaign,
                 terms->own ? terms->own->campaign.pace : config->campaign.pace);
}

static struct rf_terms *find(struct rf_orchestrator *orchestrator, int64_t campaign) {
    struct rf_terms *terms = orchestrator->terms;
    while (terms && terms->campaign != campaign)
        terms = terms->next;
    return terms;
}

void rf_terms_stop(struct rf_orchestrator *orchestrator, int64_t campaign) {
    struct rf_terms *terms = find(orchestrator, campaign);
    if (terms)
        terms->stopped = true;
}

void rf_terms_go(struct rf_orchestrator *orchestrator, int64_t campaign) {
    struct rf_terms *terms = find(orchestrator, campaign);
    if (terms)
        terms->stopped = false;
}

void rf_terms_learn(struct rf_orchestrator *orchestrator, int64_t campaign, int64_t version,
                    const char *settings) {
    struct rf_terms *terms = find(orchestrator, campaign);
    if (terms && version > terms->version)
        take(terms, version, settings, orchestrator->process->config);
}

struct rf_terms *rf_terms_hold(struct rf_orchestrator *orchestrator,
                               const struct rf_contact *contact) {
    struct rf_terms *terms = find(orchestrator, contact->campaign_row);
    if (terms) {
        rf_terms_learn(orchestrator, contact->campaign_row, contact->version, contact->settings);
        terms->holders++;
        return terms;
    }
    terms = calloc(1, sizeof *terms);
    if (!terms)
        return NULL;
    terms->orchestrator = orchestrator;
    terms->campaign = contact->campaign_row;
    terms->holders = 1;
    terms->next = orchestrator->terms;
    orchestrator->terms = terms;
    take(terms, contact->version, contact->settings, orchestrator->process->config);
    return terms;
}

void rf_terms_drop(struct rf_terms **pointer) {
    struct rf_terms *terms = *pointer;
    *pointer = NULL;
    if (!terms || --terms->holders > 0)
        return;
    struct rf_terms **link = &terms->orchestrator->terms;
    while (*link != terms)
        link = &(*link)->next;
    *link = terms->next;
    rf_config_destroy(&terms->own);
    rf_holidays_destroy(&terms->holidays);
    free(terms->settings);
    free(terms);
}

void rf_terms_configure(struct rf_orchestrator *orchestrator, const struct rf_config *config) {
    for (struct rf_terms *terms = orchestrator->terms; terms; terms = terms->next) {
        if (terms->settings)
            apply(terms, config);
        rf_pace_rate(&orchestrator->pace, terms->campaign,
                     terms->own ? terms->own->campaign.pace : config->campaign.pace);
    }
}
