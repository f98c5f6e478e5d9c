// What the parts of a review share. Private to common/config.
#ifndef RF_CONFIG_REVIEW_H
#define RF_CONFIG_REVIEW_H

#include "config/config.h"

struct rf_config_review {
    const struct rf_config *config;
    rf_config_warning_fn *fn;
    void *arg;
};

// rf_config_warn: one warning; see rf_config_review.
void rf_config_warn(const struct rf_config_review *review, const char *code, const char *key,
                    const char *format, ...) RF_PRINTF(4, 5);

// rf_config_review_bus (review_bus.c): the bus over TCP: keys that are missing, or that the
// broker's list does not let do what their process does. Looks at those files that are on this
// host.
void rf_config_review_bus(const struct rf_config_review *review);

#endif
