#include "script.h"

#include <ctype.h>
#include <stdio.h>

bool script_is_map(const struct provider_reply *reply, struct provider_verdict *verdict) {
    char message[128];
    if (rf_value_type(reply->json) == RF_VALUE_MAP)
        return true;
    snprintf(message, sizeof message, "a JSON object expected, %.60s came",
             reply->content_type[0] != '\0' ? reply->content_type : "something else");
    provider_found(verdict, "unreadable", message);
    return false;
}

static bool is_blank(const char *text) {
    while (isspace((unsigned char)*text))
        text++;
    return *text == '\0';
}

bool script_result(const char *text, enum rf_provider provider, const char *model,
                   struct provider_result *result, struct provider_verdict *verdict) {
    if (text == NULL || is_blank(text)) {
        provider_found(verdict, "empty", "the text is empty");
        return false;
    }
    result->result = json_pack("{s:s, s:s, s:s}", "text", text, "provider",
                               rf_provider_name(provider), "model", model);
    if (result->result == NULL)
        provider_found(verdict, "out_of_memory", "out of memory");
    return result->result != NULL;
}
