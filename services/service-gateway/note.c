#include "note.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

// `policy` and `verdict` are words of ours that live as long as the program.
void call_note(struct call *call, struct moment at, const char *policy, const char *verdict,
               const char *detail, ...) {
    if (!call->explain || call->decision_count == NOTE_MAX)
        return;
    if (call->decisions == NULL &&
        (call->decisions = calloc(NOTE_MAX, sizeof *call->decisions)) == NULL)
        return;
    char *text;
    va_list list;
    va_start(list, detail);
    int length = vasprintf(&text, detail, list);
    va_end(list);
    if (length < 0)
        return;
    call->decisions[call->decision_count++] = (struct rf_decision){.at = at.utc.ns,
                                                                   .policy = policy,
                                                                   .provider = link_name(call),
                                                                   .verdict = verdict,
                                                                   .detail = text};
}

void call_notes_free(struct call *call) {
    for (size_t i = 0; i < call->decision_count; i++)
        free((char *)call->decisions[i].detail);
    free(call->decisions);
    call->decisions = NULL;
    call->decision_count = 0;
}
