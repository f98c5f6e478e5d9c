// What happened, in one sentence for people: the log lines, the sheet's rows and the alerts say it
// in the same words.
#ifndef RF_EVENTS_SENTENCE_H
#define RF_EVENTS_SENTENCE_H

#include <ringfence/messages.h>

#include "events/text.h"

// rf_event_sentence: appends one sentence about `event` to `text`: one line, without a stop at its
// end, at most some 2,000 bytes, whatever the event holds. An event of an unknown type is told by
// its type and subject, and its data's message if there is one.
void rf_event_sentence(const struct rf_event *event, struct rf_text *text);

// rf_sentence_needs_tree: whether the sentence of this type says something that stands deeper than
// in the members of the data themselves: data_fields do not do for it.
bool rf_sentence_needs_tree(const char *type);

#endif
