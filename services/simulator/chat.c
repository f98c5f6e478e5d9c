#include "chat.h"

#include <stdlib.h>
#include <string.h>

#include "script.h"

#define TOKEN_BYTES 4

static char *join_parts(const json_t *parts) {
    char *text = strdup("");
    size_t i;
    json_t *part;
    json_array_foreach(parts, i, part) {
        const char *piece = json_string_value(json_object_get(part, "text"));
        if (piece == NULL || text == NULL)
            continue;
        size_t length = strlen(text), more = strlen(piece);
        char *longer = realloc(text, length + more + 1);
        if (longer == NULL) {
            free(text);
            return NULL;
        }
        memcpy(longer + length, piece, more + 1);
        text = longer;
    }
    return text;
}

char *sim_chat_prompt(const json_t *messages) {
    char *prompt = NULL;
    size_t i;
    json_t *message;
    json_array_foreach(messages, i, message) {
        const char *role = json_string_value(json_object_get(message, "role"));
        const json_t *content = json_object_get(message, "content");
        if (role == NULL || (!json_is_string(content) && !json_is_array(content))) {
            free(prompt);
            return NULL;
        }
        if (strcmp(role, "user") != 0)
            continue;
        free(prompt);
        prompt = json_is_string(content) ? strdup(json_string_value(content)) : join_parts(content);
    }
    return prompt;
}

enum rf_err sim_chat_answer(struct sim *sim, const char *provider, const char *model,
                            const char *prompt, int max_tokens, struct rf_utc now,
                            struct sim_chat_answer *answer) {
    *answer = (struct sim_chat_answer){.text = sim_script_write(prompt)};
    if (answer->text == NULL)
        return RF_ERR_NOMEM;
    size_t most = (size_t)max_tokens * TOKEN_BYTES;
    if (max_tokens > 0 && strlen(answer->text) > most) {
        while (most > 0 && ((unsigned char)answer->text[most] & 0xc0) == 0x80)
            most--;
        answer->text[most] = '\0';
        answer->cut = true;
    }
    answer->prompt_tokens = (int)(strlen(prompt) / TOKEN_BYTES) + 1;
    answer->tokens = (int)(strlen(answer->text) / TOKEN_BYTES) + 1;
    sim_ledger_add(&sim->ledger, SIM_LEDGER_SCRIPTS, now,
                   json_pack("{s:s, s:s, s:s, s:s}", "provider", provider, "model", model, "prompt",
                             prompt, "text", answer->text));
    return RF_OK;
}
