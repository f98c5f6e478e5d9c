#include "markdown.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH 16

struct entity {
    const char *name; // in errors
    const char *type; // in the reply
    const char *mark; // that ends it; "]" and "\n" are of links and quotes
    size_t offset;    // UTF-16 units
    size_t at;        // byte of the markdown
};

struct parser {
    const char *in;
    size_t place;
    char *out;
    size_t size, units;
    struct entity open[DEPTH];
    size_t depth;
    json_t *entities;
    char *why;
};

size_t sim_utf16_length(const char *text) {
    size_t length = 0;
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++)
        if ((*c & 0xc0) != 0x80)
            length += *c >= 0xf0 ? 2 : 1;
    return length;
}

static void put(struct parser *parser, char c) {
    parser->out[parser->size++] = c;
    if (((unsigned char)c & 0xc0) != 0x80)
        parser->units += (unsigned char)c >= 0xf0 ? 2 : 1;
}

static bool refuse_reserved(const struct parser *parser, char c) {
    snprintf(parser->why, SIM_MARKDOWN_WHY,
             "Character '%c' is reserved and must be escaped with the preceding '\\'", c);
    return false;
}

static bool refuse_open(const struct parser *parser) {
    const struct entity *last = &parser->open[parser->depth - 1];
    snprintf(parser->why, SIM_MARKDOWN_WHY, "Can't find end of %s entity at byte offset %zu",
             last->name, last->at);
    return false;
}

// The entity that begins here; NULL: none may begin with this character.
static const struct entity *beginning(const struct parser *parser) {
    static const struct entity known[] = {
        {.name = "Underline", .type = "underline", .mark = "__"},
        {.name = "Italic", .type = "italic", .mark = "_"},
        {.name = "Bold", .type = "bold", .mark = "*"},
        {.name = "Strikethrough", .type = "strikethrough", .mark = "~"},
        {.name = "Spoiler", .type = "spoiler", .mark = "||"},
        {.name = "Pre", .type = "pre", .mark = "```"},
        {.name = "Code", .type = "code", .mark = "`"},
    };
    static const struct entity link = {.name = "TextUrl", .type = "text_link", .mark = "]"};
    static const struct entity quote = {.name = "BlockQuote", .type = "blockquote", .mark = "\n"};
    const char *at = parser->in + parser->place;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strncmp(at, known[i].mark, strlen(known[i].mark)) == 0)
            return &known[i];
    if (*at == '[')
        return &link;
    if (*at == '>' && (parser->place == 0 || at[-1] == '\n'))
        return &quote;
    return NULL;
}

static bool begin(struct parser *parser) {
    const struct entity *entity = beginning(parser);
    if (entity == NULL)
        return refuse_reserved(parser, parser->in[parser->place]);
    if (parser->depth == DEPTH) {
        snprintf(parser->why, SIM_MARKDOWN_WHY, "too many nested entities");
        return false;
    }
    parser->open[parser->depth] = *entity;
    parser->open[parser->depth].offset = parser->units;
    parser->open[parser->depth++].at = parser->place;
    bool single = strcmp(entity->type, "text_link") == 0 || strcmp(entity->type, "blockquote") == 0;
    parser->place += single ? 1 : strlen(entity->mark);
    return true;
}

// Behind a link's "]" comes "(URL)".
static bool skip_url(struct parser *parser) {
    if (parser->in[parser->place] != '(')
        return true;
    size_t from = ++parser->place;
    while (parser->in[parser->place] != ')') {
        if (parser->in[parser->place] == '\0') {
            snprintf(parser->why, SIM_MARKDOWN_WHY, "Can't find end of a URL at byte offset %zu",
                     from);
            return false;
        }
        parser->place +=
            parser->in[parser->place] == '\\' && parser->in[parser->place + 1] != 0 ? 2 : 1;
    }
    parser->place++;
    return true;
}

static bool end(struct parser *parser) {
    struct entity *entity = &parser->open[--parser->depth];
    parser->place += strlen(entity->mark);
    if (entity->mark[0] == '\n')
        put(parser, '\n');
    if (parser->units > entity->offset)
        json_array_append_new(parser->entities,
                              json_pack("{s:s, s:I, s:I}", "type", entity->type, "offset",
                                        (json_int_t)entity->offset, "length",
                                        (json_int_t)(parser->units - entity->offset)));
    return entity->mark[0] != ']' || skip_url(parser);
}

static bool step(struct parser *parser) {
    const char *at = parser->in + parser->place;
    const struct entity *last = parser->depth == 0 ? NULL : &parser->open[parser->depth - 1];
    bool code = last != NULL && last->mark[0] == '`';
    if (*at == '\\' && at[1] > 0 && at[1] <= 126) {
        put(parser, at[1]);
        parser->place += 2;
        return true;
    }
    if (last != NULL && strncmp(at, last->mark, strlen(last->mark)) == 0 &&
        (strcmp(last->mark, "_") != 0 || at[1] != '_'))
        return end(parser);
    if (code ? *at == '`' : strchr("_*[]()~`>#+-=|{}.!", *at) != NULL)
        return code ? refuse_reserved(parser, *at) : begin(parser);
    put(parser, *at);
    parser->place++;
    return true;
}

bool sim_markdown_parse(const char *markdown, char **text, json_t **entities,
                        char why[SIM_MARKDOWN_WHY]) {
    struct parser parser = {
        .in = markdown, .out = malloc(strlen(markdown) + 2), .entities = json_array(), .why = why};
    bool done = parser.out != NULL && parser.entities != NULL;
    why[0] = '\0';
    while (done && parser.in[parser.place] != '\0')
        done = step(&parser);
    if (done && parser.depth > 0 && parser.open[parser.depth - 1].mark[0] == '\n')
        done = end(&parser), parser.size--; // a quote may end with the text
    if (done && parser.depth > 0)
        done = refuse_open(&parser);
    if (!done) {
        free(parser.out);
        json_decref(parser.entities);
        return false;
    }
    parser.out[parser.size] = '\0';
    *text = parser.out;
    *entities = parser.entities;
    return true;
}
