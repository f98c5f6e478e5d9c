// Telegram's MarkdownV2 (core.telegram.org/bots/api, "MarkdownV2 style"), as strict as the real
// one: see td/telegram/MessageEntity.cpp of github.com/tdlib/td, which the Bot API server parses
// with.
#ifndef SIM_MARKDOWN_H
#define SIM_MARKDOWN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define SIM_MARKDOWN_WHY 160

// sim_markdown_parse: the text as people see it, and its entities ({"type", "offset", "length"},
// in UTF-16 units, by their ends). False: refused, and `why` (SIM_MARKDOWN_WHY bytes) holds
// Telegram's words. The caller frees the text and gives the entities back.
bool sim_markdown_parse(const char *markdown, char **text, json_t **entities,
                        char why[SIM_MARKDOWN_WHY]);

// sim_utf16_length: how many UTF-16 code units the UTF-8 text has.
size_t sim_utf16_length(const char *text);

#endif
