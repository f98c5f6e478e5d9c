// How grave an event is: info, warning, error, critical, in this order.
#ifndef RF_BASE_SEVERITY_H
#define RF_BASE_SEVERITY_H

#define RF_SEVERITIES 4

// rf_severity_parse: 0 (info) to 3 (critical); -1 for any other text.
int rf_severity_parse(const char *name);

// rf_severity_name: the other way; `severity` is from 0 to 3.
const char *rf_severity_name(int severity);

#endif
