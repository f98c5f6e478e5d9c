// Calling windows, and the rules of calling again.
#include "config/check.h"

#include <stdio.h>

#include "calendar/zone_name.h"

// As far as it can be told here; the orchestrator must be able to read it.
static enum rf_err check_time_zone(const struct check *check) {
    const char *zone = check->config->campaign.time_zone;
    if (zone == NULL || rf_zone_look(zone, NULL) != RF_ERR_NOT_FOUND)
        return RF_OK;
    return COMPLAIN(
        check, "campaign.time_zone",
        "there is no time zone \"%s\" in %s; expected a name such as Europe/Berlin, with its "
        "capitals",
        zone, rf_zone_folder());
}

static enum rf_err needs_time_zone(const struct check *check, const char *key, bool given) {
    if (!given || check->config->campaign.time_zone != NULL)
        return RF_OK;
    return COMPLAIN(check, key,
                    "needs campaign.time_zone, which is not set; expected the zone of contacts "
                    "that bring none of their own, such as Europe/Berlin");
}

static enum rf_err check_recall(const struct check *check, enum rf_unreached unreached) {
    const struct rf_config_campaign *campaign = &check->config->campaign;
    const struct rf_config_recall *recall = &campaign->recall[unreached];
    static const char *const names[] = {"retries", "delay", "backoff_factor", "max_delay"};
    char keys[4][64], waits[64], windows[64];
    for (size_t i = 0; i < 4; i++)
        snprintf(keys[i], sizeof keys[i], "campaign.recall.%s.%s", rf_unreached_name(unreached),
                 names[i]);
    snprintf(waits, sizeof waits, "campaign.recall.%s.waits", rf_unreached_name(unreached));
    snprintf(windows, sizeof windows, "campaign.recall.%s.windows", rf_unreached_name(unreached));
    for (size_t i = 0; recall->waits.count > 0 && i < 4; i++)
        if (rf_config_origin_line(check->origin, keys[i]) > 0)
            return COMPLAIN(check, keys[i], "says what %s says already; expected one of the two",
                            waits);
    if (recall->max_delay.ns < recall->delay.ns)
        return COMPLAIN_EITHER(check, keys[3], keys[1],
                               "max_delay is shorter than delay; expected at least as long");
    const struct rf_hours_list mine = rf_config_hours(&recall->windows),
                               all = rf_config_hours(&campaign->windows);
    if (!rf_hours_meet(&mine, &all))
        return COMPLAIN(check, windows,
                        "is never open while campaign.windows are; expected hours that they have "
                        "in common");
    return needs_time_zone(check, windows, recall->windows.count > 0);
}

// A rule for voicemail would be silently without effect.
static enum rf_err check_voicemail(const struct check *check) {
    static const char *const keys[] = {"campaign.recall.voicemail.retries",
                                       "campaign.recall.voicemail.waits",
                                       "campaign.recall.voicemail.windows"};
    const struct rf_config *config = check->config;
    const struct rf_config_recall *recall = &config->campaign.recall[RF_UNREACHED_VOICEMAIL];
    const char *key = check_written(check, keys, sizeof keys / sizeof keys[0]);
    if (config->telephony.machine_detection || rf_config_origin_line(check->origin, key) == 0 ||
        (recall->retries == 0 && recall->waits.count == 0))
        return RF_OK;
    return COMPLAIN(check, key,
                    "needs telephony.machine_detection: yes, without which nobody tells a machine "
                    "from a person");
}

enum rf_err check_campaign(const struct check *check) {
    const struct rf_config_campaign *campaign = &check->config->campaign;
    enum rf_err err = check_time_zone(check);
    if (err == RF_OK)
        err = needs_time_zone(check, "campaign.windows", campaign->windows.count > 0);
    if (err == RF_OK)
        err = needs_time_zone(check, "campaign.holidays", campaign->holidays != NULL);
    if (err == RF_OK)
        err = check_voicemail(check);
    for (int i = RF_UNREACHED_BUSY; err == RF_OK && i < RF_UNREACHED_COUNT; i++)
        err = check_recall(check, (enum rf_unreached)i);
    return err;
}
