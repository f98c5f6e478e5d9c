// Notices: the engine's, made of what incidents want to be told.
#ifndef RF_ALERTER_TELL_H
#define RF_ALERTER_TELL_H

#include "want.h"

// rf_tell: the want is told to these of its channels, by a notice of its own for each different
// thing that they are to hear. It counts as told.
void rf_tell(struct rf_engine *engine, struct rf_want *want, unsigned channels, struct rf_utc now);

// rf_tell_together: what of `wants` each of `channels` is to hear: in one notice if that is more
// than `most` incidents, or one of them is over already; else singly. `why` as for
// rf_notice_digest. The wants count as told for these channels.
void rf_tell_together(struct rf_engine *engine, struct rf_want *wants, size_t count,
                      unsigned channels, size_t most, const char *why, struct rf_utc now);

// rf_tell_acked: that a person has the incident in hand, if that is to be told.
void rf_tell_acked(struct rf_engine *engine, struct rf_incident *incident, struct rf_utc now);

#endif
