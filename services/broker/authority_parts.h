// What the files of the authority share; others include authority.h.
#ifndef RF_BROKER_AUTHORITY_PARTS_H
#define RF_BROKER_AUTHORITY_PARTS_H

#include "authority.h"

// rf_authority_copy_text: cut between characters: a text that is not UTF-8 could not be told any
// more.
void rf_authority_copy_text(char *out, size_t size, const char *text);

// rf_authority_find: the guard of a provider, or NULL.
struct rf_guard *rf_authority_find(struct rf_authority *authority, const char *provider);

// rf_authority_announce: the breaker has changed: all are told.
void rf_authority_announce(struct rf_guard *guard, const struct rf_breaker_transition *transition);

// rf_authority_try_early: begins the test early if probes found the provider well again and the
// time for it has come.
void rf_authority_try_early(struct rf_guard *guard);

// rf_authority_set_timer: what the breaker waits for may be another.
void rf_authority_set_timer(struct rf_guard *guard);

// rf_authority_read_permit: the number of a permit that we gave; 0 for any other text.
int64_t rf_authority_read_permit(const struct rf_guard *guard, const char *text);

// rf_authority_tick: lets time act on the breaker.
void rf_authority_tick(struct rf_guard *guard);

// rf_authority_carry_out: what the jury found about a report of `instance`.
void rf_authority_carry_out(struct rf_guard *guard, const struct rf_hearing *hearing,
                            const char *instance);

// rf_authority_dismiss: the breaker has changed: nobody is suspected any more.
void rf_authority_dismiss(struct rf_guard *guard);

// rf_authority_on_court: the timer of suspicions and ejections.
void rf_authority_on_court(void *arg);

#endif
