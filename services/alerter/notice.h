// Notices: the words in which people are told of incidents. Pure. All texts that leave by the
// channels are made here.
#ifndef RF_ALERTER_NOTICE_H
#define RF_ALERTER_NOTICE_H

#include "alert.h"
#include "incident.h"
#include "rule.h"

// rf_notice_make: fills in the texts, the type, the times and the payload of `alert`, whose id,
// thread, kind, order and channels are there. RF_ERR_NOMEM: the alert is ended.
RF_NODISCARD enum rf_err rf_notice_make(const struct rf_incident *incident,
                                        const struct rf_config_alert_rule *rule, struct rf_utc now,
                                        struct rf_alert *alert, struct rf_error *error);

// One line of a digest.
struct rf_digest_line {
    const struct rf_incident *incident;
    enum rf_notice kind; // what it wants to be told
    bool over;           // it is over, and nobody heard that it was open
};

#define RF_DIGEST_LINES 40 // are written out; the others are counted by their rules

// rf_notice_digest: many incidents in one notice; `why` tells why they come together: "storm",
// "quiet hours".
RF_NODISCARD enum rf_err rf_notice_digest(const struct rf_digest_line *lines, size_t count,
                                          const char *why, struct rf_utc now,
                                          struct rf_alert *alert, struct rf_error *error);

// rf_notice_word_severity: which of two severities weighs more.
const char *rf_notice_graver(const char *a, const char *b);

#endif
