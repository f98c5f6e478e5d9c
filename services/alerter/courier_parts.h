// What the parts of a courier share.
#ifndef RF_ALERTER_COURIER_PARTS_H
#define RF_ALERTER_COURIER_PARTS_H

#include <jansson.h>

#include <ringfence/messages.h>

#include "courier.h"

// rf_courier_leave: it is not at work any more: looks for more to do or, while the process drains,
// says so.
void rf_courier_leave(struct rf_courier *courier);

// rf_courier_publish: an event about the channel. Takes `data`.
void rf_courier_publish(struct rf_courier *courier, enum rf_event_type type, json_t *data);

// rf_courier_expire: what waited for alerter.dead_after becomes a dead letter. When to look again.
struct rf_utc rf_courier_expire(struct rf_courier *courier, struct rf_utc now);

// rf_courier_fold: the channel works, and several notices wait that are older than
// alerter.stale_after: they are being folded into one, and the courier is at work. False: there is
// nothing to fold. rf_courier_folded: its end.
bool rf_courier_fold(struct rf_courier *courier, struct rf_utc now);
void rf_courier_folded(void *arg, enum rf_err result, const struct rf_error *error);

// ---- courier_mail.c: does nothing for other channels than of mail ----

// rf_courier_mail_begin: reads who is still to get it; `owed`: somebody is. RF_ERR_INVALID: the
// settings are wrong. rf_courier_mail_judge: what the attempt means for each, and for the mail.
// rf_courier_mail_tell: of those who were refused by it, once.
RF_NODISCARD enum rf_err rf_courier_mail_begin(struct rf_courier *courier, bool *owed,
                                               struct rf_error *error);
void rf_courier_mail_judge(struct rf_courier *courier, struct rf_verdict *verdict);
void rf_courier_mail_tell(struct rf_courier *courier);

#endif
