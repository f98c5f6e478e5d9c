#include "refusal.h"

#include <stdio.h>
#include <string.h>

const char *cli_refusal_server(const char *what) {
    if (strncmp(what, "provider ", 9) == 0)
        return "health-monitor";
    return strncmp(what, "alert ", 6) == 0 ? "alerter" : "orchestrator";
}

char *cli_refusal_text(const char *what, const struct rf_call_reply *reply, char *out,
                       size_t size) {
    const char *code = reply->code != NULL ? reply->code : reply->class;
    const char *message = reply->message != NULL ? reply->message : "";
    if (strcmp(code, "no_worker") == 0)
        snprintf(out, size, "%s: nobody answers; is ringfence-%s running?", what,
                 cli_refusal_server(what));
    else if (strcmp(reply->class, "permanent.invalid") == 0 && message[0] != '\0')
        snprintf(out, size, "%s: %s", what, message);
    else
        snprintf(out, size, "%s: %s%s%s", what, code, message[0] != '\0' ? ": " : "", message);
    return out;
}
