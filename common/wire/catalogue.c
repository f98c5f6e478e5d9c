// The printable side of messages.def.
#include "wire/catalogue.h"

#include <string.h>

#include <ringfence/messages.h>

#include "base/severity.h"

static const char *const message_names[] = {
#define MESSAGE(name, type, flow, meaning) type,
#include <ringfence/messages.def>
};

static const struct {
    const char *name, *severity;
} event_types[] = {
#define EVENT(name, type, severity, meaning) {type, severity},
#include <ringfence/messages.def>
};

const char *rf_message_type_name(enum rf_message_type type) {
    return (unsigned)type < RF_MESSAGE_COUNT ? message_names[type] : "unknown";
}

const char *rf_event_type_name(enum rf_event_type type) {
    return (unsigned)type < RF_EVENT_COUNT ? event_types[type].name : "unknown";
}

const char *rf_event_severity(enum rf_event_type type) {
    return (unsigned)type < RF_EVENT_COUNT ? event_types[type].severity : "info";
}

const char *rf_event_severity_named(const char *type) {
    // Looked up for every event that is published: the first byte spares most comparisons.
    for (size_t i = 0; i < RF_EVENT_COUNT; i++)
        if (event_types[i].name[0] == type[0] && strcmp(event_types[i].name, type) == 0)
            return event_types[i].severity;
    return "info";
}

const char *rf_event_defect(const char *type, const char *severity) {
    if (type[0] == '\0')
        return "an event needs a type";
    return rf_severity_parse(severity) >= 0 ? NULL : "severity is info, warning, error or critical";
}
