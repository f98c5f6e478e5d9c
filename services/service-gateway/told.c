// A provider's words, and those of whoever stands between, may hold a key of ours: providers echo
// one when they refuse it. Nothing of them leaves the gateway before it went through here. Only
// secrets are taken out: the journal keeps the rest (redact/redact.h).
#include <string.h>

#include "base/utf8.h"
#include "internal.h"
#include "redact/redact.h"

void told_text(struct core *core, char *text, size_t size) {
    struct rf_text left = {0};
    if (text[0] == '\0' ||
        !rf_redact(core->effects->redaction(core->arg), text, strlen(text), &left))
        return;
    if (left.failed) // out of memory: nothing is better than a secret
        text[0] = '\0';
    else
        rf_utf8_mend(left.data, left.size, text, size);
    rf_text_fini(&left);
}

void told_verdict(struct core *core, struct provider_verdict *verdict) {
    told_text(core, verdict->code, sizeof verdict->code);
    told_text(core, verdict->message, sizeof verdict->message);
}

json_t *told_data(struct core *core, json_t *data) {
    return rf_redact_json(core->effects->redaction(core->arg), data);
}
