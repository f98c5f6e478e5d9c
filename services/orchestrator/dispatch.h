// Claiming contacts as claim.h decides, and what the fleet says about the providers.
#ifndef RF_ORCHESTRATOR_DISPATCH_H
#define RF_ORCHESTRATOR_DISPATCH_H

#include "orchestrator.h"

struct rf_runner;

// rf_dispatch_start: watches breakers and marks; claims as soon as both are known.
RF_NODISCARD enum rf_err rf_dispatch_start(struct rf_orchestrator *orchestrator,
                                           struct rf_error *error);

// rf_dispatch_tick: claims what may be claimed now, or sets the timer for later.
void rf_dispatch_tick(struct rf_orchestrator *orchestrator);

// rf_dispatch_line_up: the contact is ready to be dialled: it is as soon as the pace of calls
// allows it, those of higher priority first. Who may not be dialled does not stand in line.
void rf_dispatch_line_up(struct rf_runner *runner);

// rf_dispatch_not_dialled: the attempt that its turn began came to nothing: another has its place.
void rf_dispatch_not_dialled(struct rf_runner *runner);

// rf_dispatch_configure: takes over the limits and the pace of a configuration.
void rf_dispatch_configure(struct rf_orchestrator *orchestrator, const struct rf_config *config);

// rf_dispatch_release: makes the contacts due that wait for a provider: something works again.
void rf_dispatch_release(struct rf_orchestrator *orchestrator);

// rf_dispatch_queued: contacts were put into the queue, due now.
void rf_dispatch_queued(struct rf_orchestrator *orchestrator);

// rf_dispatch_changed: a campaign has other settings: what it may do now is looked at.
void rf_dispatch_changed(struct rf_orchestrator *orchestrator);

#endif
