// What the parts of a review share. Private to common/config.
#ifndef RF_CONFIG_REVIEW_H
#define RF_CONFIG_REVIEW_H

#include "config/config.h"

// Each with its code, which stays as it is, and what it means, for ringfence.yaml(5).
#define RF_CONFIG_WARNINGS(X)                                                                      \
    X(SECRET_MODE, "secret-mode", "The file of a secret can be read by others than its owner")     \
    X(FILE_MISSING, "file-missing", "A certificate, key or service account cannot be read")        \
    X(RECORDING_UNUSABLE, "recording-unusable",                                                    \
      "gateway.recording cannot be read, or is no audio that a telephone provider plays")          \
    X(HOLIDAYS_UNUSABLE, "holidays-unusable",                                                      \
      "campaign.holidays cannot be read, or has a line that is no day: the orchestrator will not " \
      "start")                                                                                     \
    X(KEY_MISSING, "key-missing", "A chain of the gateway names a provider without a key")         \
    X(DEADLINE_SHORT, "deadline-short",                                                            \
      "orchestrator.call_deadline is shorter than all attempts and waits of a provider together")  \
    X(AUDIO_SHORT, "audio-short",                                                                  \
      "With telephony.audio: play, telephony.media_ttl may be over before a call is answered")     \
    X(CONSOLE_PLAIN, "console-plain",                                                              \
      "The console is reached from other hosts without HTTPS: its tokens can be read on the way")  \
    X(BUS_INSECURE, "bus-insecure", "The bus uses TCP without encryption")                         \
    X(BUS_SERVER_KEY, "bus-server-key",                                                            \
      "bus.curve.server_key_file is not set, cannot be read, or is not the broker's public key")   \
    X(BUS_SECRET, "bus-secret", "The secret key of a process cannot be used")                      \
    X(BUS_KNOWN_CLIENTS, "bus-known-clients",                                                      \
      "The broker's list of known keys is missing, or has a line that is wrong")                   \
    X(BUS_KEY_UNKNOWN, "bus-key-unknown",                                                          \
      "The key of a process of the set is not in the broker's list")                               \
    X(BUS_ROLE, "bus-role",                                                                        \
      "The key of a process lacks a role in the broker's list without which it cannot do its "     \
      "work")

enum rf_config_warning_code {
#define X(id, code, meaning) RF_CONFIG_WARNING_##id,
    RF_CONFIG_WARNINGS(X)
#undef X
};

struct rf_config_review {
    const struct rf_config *config;
    rf_config_warning_fn *fn;
    void *arg;
};

// rf_config_warn: one warning; see rf_config_review.
void rf_config_warn(const struct rf_config_review *review, enum rf_config_warning_code code,
                    const char *key, const char *format, ...) RF_PRINTF(4, 5);

// rf_config_review_bus (review_bus.c): the bus over TCP: keys that are missing, or that the
// broker's list does not let do what their process does. Looks at those files that are on this
// host.
void rf_config_review_bus(const struct rf_config_review *review);

#endif
