// Links of our own, behind the providers of a chain: a script from a template, a recording instead
// of speech. They ask nobody, so they have no breaker, no mark and no retry, and answer at once.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contacts/template.h"
#include "internal.h"
#include "note.h"

#define KEY_BYTES 64 // of a placeholder, in messages

static void refuse(struct core *core, struct call *call, const char *code, const char *message,
                   struct moment at) {
    struct link_failure failure = {.local = call->chain.local};
    provider_verdict_set(&failure.verdict, RF_CLASS_PERMANENT_INVALID, code, message);
    link_failed(core, call, &failure, at);
}

static void serve(struct core *core, struct call *call, json_t *result, struct moment at) {
    if (result != NULL) {
        call_note(call, at, "fallback", "served", "without a provider");
        answer_ok(core, call, result);
    } else {
        answer_local(core, call, "overloaded", "out of memory, or a text that is no UTF-8");
    }
    json_decref(result);
}

static void serve_template(struct core *core, struct call *call, struct moment at) {
    char missing[KEY_BYTES], message[PROVIDER_MESSAGE_SIZE];
    const char *name = rf_local_name(RF_LOCAL_TEMPLATE), *template = core->config->template;
    char *text =
        rf_template_fill(template != NULL ? template : "",
                         json_object_get(call->job.params, "fields"), missing, sizeof missing);
    if (text != NULL && (missing[0] != '\0' || *text == '\0')) {
        // Half a sentence, or a brace read aloud, is worse than no call.
        snprintf(message, sizeof message, "gateway.template: %s%s%s",
                 missing[0] != '\0' ? "the contact has no {" : "is empty", missing,
                 missing[0] != '\0' ? "}" : "");
        refuse(core, call, "template", message, at);
    } else {
        serve(core, call,
              text != NULL
                  ? json_pack("{s:s, s:s, s:s}", "text", text, "provider", name, "model", name)
                  : NULL,
              at);
    }
    free(text);
}

static void serve_recording(struct core *core, struct call *call, struct moment at) {
    const struct recording *recording = &core->recording;
    if (recording->size == 0)
        refuse(core, call, "recording", "gateway.recording: nothing was loaded", at);
    else
        serve(core, call,
              json_pack("{s:s, s:I, s:s, s:s}", "audio", recording->sha256, "size",
                        (json_int_t)recording->size, "format", recording->format, "provider",
                        rf_local_name(RF_LOCAL_RECORDING)),
              at);
}

void local_serve(struct core *core, struct call *call, struct moment at) {
    if (call->chain.local == RF_LOCAL_TEMPLATE)
        serve_template(core, call, at);
    else
        serve_recording(core, call, at);
}

void core_recording(struct core *core, const struct recording *recording) {
    core->recording = *recording;
}
