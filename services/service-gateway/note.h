// What the policies decided about a call, for a caller who asked to be told.
#ifndef GATEWAY_NOTE_H
#define GATEWAY_NOTE_H

#include "call.h"

#define NOTE_MAX 128 // a call that goes through more is told the first of them

// call_note: remembers a decision, in the words of the catalogue's item "decision". Nothing is
// formatted or kept unless the call asks for it, and one that does not fit into memory is left out.
// `detail` is a printf format; no secrets, and what a provider said redacted.
__attribute__((format(printf, 5, 6))) void call_note(struct call *call, struct moment at,
                                                     const char *policy, const char *verdict,
                                                     const char *detail, ...);

// call_notes_free: frees what was remembered.
void call_notes_free(struct call *call);

#endif
