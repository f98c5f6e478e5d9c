// The table of channels: alerter.email, .telegram and .webhook, and those of alerter.channels, each
// with its name, its kind and its settings. Pure.
//
// A channel is known by its name: in the database, to people, and from one configuration to the
// next. Its slot is for masks of bits (1 << slot) while the process runs: it stays the same over a
// reload as long as the name is there; a restart may give another one.
#ifndef RF_CHANNELS_CHANNELS_H
#define RF_CHANNELS_CHANNELS_H

#include <stdbool.h>
#include <stddef.h>

#include <ringfence/rate_limit.h>

#include "config/config.h"

#define RF_CHANNEL_NAME_SIZE 33

// Texts in the settings are the configuration's.
struct rf_channel {
    char name[RF_CHANNEL_NAME_SIZE]; // "": this slot is free
    enum rf_channel_kind kind;
    bool enabled;
    unsigned takes; // severities that it tells: bits 1 << 0 (info) to 3 (critical)
    struct rf_rate_limit_policy spacing, pace; // between two notices, and over a minute
    struct rf_config_email email;              // the settings: only the one of its kind is set
    struct rf_config_telegram telegram;
    struct rf_config_webhook webhook;
};

struct rf_channels {
    struct rf_channel slots[RF_CHANNELS_MOST]; // the first RF_CHANNELS_FIXED: email, telegram,
                                               // webhook, always
};

// The names alone, by slot, for who works on another thread.
struct rf_channel_names {
    char names[RF_CHANNELS_MOST][RF_CHANNEL_NAME_SIZE];
};

// rf_channels_make: the table of `config`, which must outlive it. Names that `before` (NULL: none)
// has too keep their slots.
void rf_channels_make(struct rf_channels *channels, const struct rf_config_alerter *config,
                      const struct rf_channels *before);

// rf_channels_enabled: the bits of those that are enabled.
unsigned rf_channels_enabled(const struct rf_channels *channels);

// rf_channels_acks: the bits of those whose receiver has incidents of its own, which a person's
// acknowledgement changes.
unsigned rf_channels_acks(const struct rf_channels *channels);

// rf_channels_taking: of these, those that tell this severity.
unsigned rf_channels_taking(const struct rf_channels *channels, const char *severity);

// rf_channels_find: the slot of this name; -1: there is none.
int rf_channels_find(const struct rf_channels *channels, const char *name);

// rf_channels_names: the names of the table.
struct rf_channel_names rf_channels_names(const struct rf_channels *channels);

// rf_channels_named: the bits of those in `names`, separated by commas and blanks; names that are
// not there have none. NULL or "all": of all channels, enabled or not.
unsigned rf_channels_named(const struct rf_channels *channels, const char *names);

#endif
