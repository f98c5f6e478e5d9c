// The handlers of the console's routes; api.c has the table.
#ifndef CONSOLE_HANDLERS_H
#define CONSOLE_HANDLERS_H

#include "console.h"

// looks.c: how things stand.
void console_on_overview(const struct console_visit *visit);
void console_on_campaigns(const struct console_visit *visit);
void console_on_alerts(const struct console_visit *visit);
void console_on_alert(const struct console_visit *visit);
void console_on_silences(const struct console_visit *visit);
void console_on_metrics(const struct console_visit *visit);
// console_tell_gathered: what was gathered goes to those who wait for it.
void console_tell_gathered(void *arg);
// console_alerts: the alerter's list as the interface has it, from what it answered; a new
// reference.
json_t *console_alerts(json_t *result);

// history.c: what happened.
void console_on_events(const struct console_visit *visit);
void console_on_timeline(const struct console_visit *visit);
void console_on_stream(const struct console_visit *visit);

// orders.c: what people do.
void console_on_order(const struct console_visit *visit); // pause, resume
void console_on_retry(const struct console_visit *visit);
void console_on_force(const struct console_visit *visit); // force-open, force-closed, reset
void console_on_ack(const struct console_visit *visit);
void console_on_silence(const struct console_visit *visit);
void console_on_unsilence(const struct console_visit *visit);

#endif
