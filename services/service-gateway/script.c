#include "script.h"

#include <ctype.h>
#include <stdio.h>

#include "events/json_text.h"

bool script_is_map(const struct provider_reply *reply, struct provider_verdict *verdict) {
    char message[128];
    if (rf_value_type(reply->json) == RF_VALUE_MAP)
        return true;
    snprintf(message, sizeof message, "a JSON object expected, %.60s came",
             reply->content_type[0] != '\0' ? reply->content_type : "something else");
    provider_found(verdict, "unreadable", message);
    return false;
}

void script_request(struct rf_text *body, const struct rf_config_provider *config,
                    const char *prompt) {
    rf_json_open(body, NULL, '{');
    rf_json_add_text(body, "model", config->model);
    rf_json_add_integer(body, "max_tokens", config->max_tokens);
    rf_json_open(body, "messages", '[');
    rf_json_open(body, NULL, '{');
    rf_json_add_text(body, "role", "user");
    rf_json_add_text(body, "content", prompt);
    rf_json_close(body, '}');
    rf_json_close(body, ']');
    rf_json_close(body, '}');
}

static bool is_blank(const char *text) {
    while (isspace((unsigned char)*text))
        text++;
    return *text == '\0';
}

// UTF-8 is what replies and the configuration are read as: not checked a second time here.
static bool set(json_t *map, const char *name, const char *text) {
    return json_object_set_new_nocheck(map, name, json_string_nocheck(text)) == 0;
}

bool script_result(const char *text, enum rf_provider provider, const char *model,
                   struct provider_result *result, struct provider_verdict *verdict) {
    if (text == NULL || is_blank(text)) {
        provider_found(verdict, "empty", "the text is empty");
        return false;
    }
    result->result = json_object();
    if (set(result->result, "text", text) &&
        set(result->result, "provider", rf_provider_name(provider)) &&
        set(result->result, "model", model))
        return true;
    json_decref(result->result);
    result->result = NULL;
    provider_found(verdict, "out_of_memory", "out of memory");
    return false;
}
