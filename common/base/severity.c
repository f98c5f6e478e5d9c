#include "base/severity.h"

#include <string.h>

static const char *const names[RF_SEVERITIES] = {"info", "warning", "error", "critical"};

int rf_severity_parse(const char *name) {
    for (int i = 0; i < RF_SEVERITIES; i++)
        if (strcmp(name, names[i]) == 0)
            return i;
    return -1;
}

const char *rf_severity_name(int severity) {
    return names[severity];
}
