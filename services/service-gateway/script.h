// What the providers of texts share.
#ifndef GATEWAY_SCRIPT_H
#define GATEWAY_SCRIPT_H

#include "provider.h"

// script_request: {model, max_tokens, messages: [{role: "user", content: prompt}]}, as both of them
// want it.
void script_request(struct rf_text *body, const struct rf_config_provider *config,
                    const char *prompt);

// script_is_map: whether the reply's body is a JSON map; if not, the verdict says what was found.
bool script_is_map(const struct provider_reply *reply, struct provider_verdict *verdict);

// script_result: {text, provider, model}. An empty text is not one: false, and the verdict says so.
bool script_result(const char *text, enum rf_provider provider, const char *model,
                   struct provider_result *result, struct provider_verdict *verdict);

#endif
