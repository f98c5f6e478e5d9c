#include "metrics_text.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>

void console_metric_head(struct rf_text *text, const char *name, const char *type,
                         const char *help) {
    rf_text_add(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

// A label's value: backslash, quote and line end are escaped; what is no UTF-8 is replaced.
static void add_value(struct rf_text *text, const char *value) {
    struct rf_text clean = {0};
    rf_text_add_clean(&clean, value, 128);
    for (size_t i = 0; i < clean.size; i++) {
        if (clean.data[i] == '"' || clean.data[i] == '\\')
            rf_text_add_bytes(text, "\\", 1);
        rf_text_add_bytes(text, &clean.data[i], 1);
    }
    text->failed = text->failed || clean.failed;
    rf_text_fini(&clean);
}

void console_metric(struct rf_text *text, const char *name, double value,
                    const char *const *labels) {
    rf_text_add(text, "%s", name);
    for (size_t i = 0; labels[i] != NULL; i += 2) {
        rf_text_add(text, "%s%s=\"", i == 0 ? "{" : ",", labels[i]);
        add_value(text, labels[i + 1]);
        rf_text_add(text, "\"");
    }
    rf_text_add(text, labels[0] != NULL ? "} " : " ");
    if (fabs(value) < 1e15 && value == floor(value))
        rf_text_add(text, "%" PRId64 "\n", (int64_t)value);
    else
        rf_text_add(text, "%.9g\n", value);
}

void console_metric_alone(struct rf_text *text, const char *name, const char *type,
                          const char *help, double value) {
    console_metric_head(text, name, type, help);
    console_metric(text, name, value, CONSOLE_NO_LABELS);
}
