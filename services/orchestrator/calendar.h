// The calendar by which contacts wait for their windows: when it becomes another, they are looked
// at again.
#ifndef RF_ORCHESTRATOR_CALENDAR_H
#define RF_ORCHESTRATOR_CALENDAR_H

#include "orchestrator.h"

// rf_calendar_compare: at the start and after a reload: looks whether contacts wait by another
// calendar than ours, also one of an earlier life, and goes on with what was noted (reopen.h).
void rf_calendar_compare(struct rf_orchestrator *orchestrator);

// rf_calendar_go_on: goes on with what was noted, and with a comparison that failed. Where several
// orchestrators share a database the configuration of one may be older than that of another, so
// that nobody compares again and again.
void rf_calendar_go_on(struct rf_orchestrator *orchestrator);

#endif
