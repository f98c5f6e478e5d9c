#include "twiml.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static void resolve_entities(char *text) {
    static const struct {
        const char *name;
        char character;
    } entities[] = {
        {"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''},
    };
    char *out = text;
    while (*text != '\0') {
        size_t i = 0;
        const size_t count = sizeof entities / sizeof entities[0];
        while (i < count && strncmp(text, entities[i].name, strlen(entities[i].name)) != 0)
            i++;
        *out++ = (char)(i < count ? entities[i].character : *text);
        text += i < count ? strlen(entities[i].name) : 1;
    }
    *out = '\0';
}

char *sim_twiml_play(const char *twiml) {
    const char *tag = strstr(twiml, "<Play");
    if (tag == NULL || (tag[5] != '>' && !isspace((unsigned char)tag[5])))
        return NULL;
    const char *start = strchr(tag, '>');
    const char *end = start == NULL ? NULL : strstr(start, "</Play>");
    if (end == NULL)
        return NULL;
    start++;
    while (start < end && isspace((unsigned char)start[0]))
        start++;
    while (end > start && isspace((unsigned char)end[-1]))
        end--;
    char *url = start == end ? NULL : strndup(start, (size_t)(end - start));
    if (url != NULL)
        resolve_entities(url);
    return url;
}
