// The text format of Prometheus, line by line. Pure.
#ifndef CONSOLE_METRICS_TEXT_H
#define CONSOLE_METRICS_TEXT_H

#include <stdint.h>

#include "events/text.h"

// console_metric_head: HELP and TYPE of the samples that follow.
void console_metric_head(struct rf_text *text, const char *name, const char *type,
                         const char *help);

// console_metric: one sample: its labels as pairs of name and value, which may be any text; ends in
// NULL.
void console_metric(struct rf_text *text, const char *name, double value,
                    const char *const *labels);

// CONSOLE_LABELS: the pairs for it.
#define CONSOLE_LABELS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define CONSOLE_NO_LABELS   ((const char *const[]){NULL})

// console_metric_alone: head and the only sample, without labels.
void console_metric_alone(struct rf_text *text, const char *name, const char *type,
                          const char *help, double value);

#endif
