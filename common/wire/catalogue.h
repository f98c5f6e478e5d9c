// What the catalogue says of names; by the enums: ringfence/messages.h.
#ifndef RF_WIRE_CATALOGUE_H
#define RF_WIRE_CATALOGUE_H

// rf_event_severity_named: of the event type of that name; "info" for one that is not in the
// catalogue.
const char *rf_event_severity_named(const char *type);

// rf_event_defect: why no event has this type and severity, as a constant; NULL: one may.
const char *rf_event_defect(const char *type, const char *severity);

#endif
