// Error classes: what a policy needs to know about a failed attempt or call.
#ifndef RINGFENCE_CLASS_H
#define RINGFENCE_CLASS_H

#include <stdbool.h>

#pragma GCC visibility push(default)

enum rf_class {
    RF_CLASS_OK = 0,
    RF_CLASS_TRANSIENT,         // retry with backoff; counts for the breaker
    RF_CLASS_RATE_LIMITED,      // retry after the provider's Retry-After; does not count
    RF_CLASS_PERMANENT_AUTH,    // 401, 403: marks the provider until the key changes
    RF_CLASS_PERMANENT_QUOTA,   // money or credits spent: marks the provider
    RF_CLASS_PERMANENT_CONFIG,  // certificate, unknown host, 3xx, bad From: marks what it concerns
    RF_CLASS_PERMANENT_INVALID, // this request is wrong; the provider is fine
    RF_CLASS_AMBIGUOUS,         // may have taken effect: never repeated blindly; counts
    RF_CLASS_LOCAL,             // our own refusal: breaker_open, overloaded, deadline_exceeded, ...
};
#define RF_CLASS_COUNT 9

// rf_class_name: "ok", "transient", "rate_limited", "permanent.auth", "permanent.quota",
// "permanent.config", "permanent.invalid", "ambiguous" or "local". Never NULL.
const char *rf_class_name(enum rf_class c);

// rf_class_parse: the class named `name`; false if there is none.
bool rf_class_parse(const char *name, enum rf_class *c);

// rf_class_retries: whether the same request may be sent again by the retry policy.
bool rf_class_retries(enum rf_class c);

// rf_class_counts: whether the outcome is a failure in the eyes of the circuit breaker.
bool rf_class_counts(enum rf_class c);

// rf_class_permanent: whether it is one of the permanent classes.
bool rf_class_permanent(enum rf_class c);

// rf_class_marks: whether it makes the provider unusable for all until something changes.
bool rf_class_marks(enum rf_class c);

#pragma GCC visibility pop

#endif
