#include "forms/template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum part_kind { PART_TEXT, PART_VALUE, PART_SECTION, PART_INVERTED, PART_END };

struct part {
    enum part_kind kind;
    char *text; // of a value or section: its name
    size_t end; // of a section: the part that ends it
};

struct rf_template {
    struct part *parts;
    size_t count, capacity;
};

// ---- reading ----

struct reader {
    const char *name, *text;
    size_t size, place; // place: what was not taken yet
    const char *const *known;
    struct rf_template *made;
    size_t open[RF_TEMPLATE_DEPTH];
    size_t open_at[RF_TEMPLATE_DEPTH]; // their tags, for errors
    size_t depth;
    struct rf_error *error;
};

static enum rf_err complain(const struct reader *reader, size_t place, const char *what) {
    size_t line = 1, column = 1;
    for (size_t i = 0; i < place; i++) {
        column = reader->text[i] == '\n' ? 1 : column + 1;
        line += reader->text[i] == '\n';
    }
    return rf_error_set(reader->error, RF_ERR_INVALID, "%s:%zu:%zu: %s", reader->name, line, column,
                        what);
}

static enum rf_err add_part(struct reader *reader, enum part_kind kind, const char *text,
                            size_t size) {
    struct rf_template *made = reader->made;
    if (kind == PART_TEXT && size == 0)
        return RF_OK;
    if (made->count == made->capacity) {
        size_t capacity = made->capacity == 0 ? 32 : 2 * made->capacity;
        struct part *parts = realloc(made->parts, capacity * sizeof *parts);
        if (parts == NULL)
            return rf_error_set(reader->error, RF_ERR_NOMEM, "no memory for a template");
        made->parts = parts;
        made->capacity = capacity;
    }
    char *copy = strndup(text, size);
    if (copy == NULL)
        return rf_error_set(reader->error, RF_ERR_NOMEM, "no memory for a template");
    made->parts[made->count++] = (struct part){.kind = kind, .text = copy};
    return RF_OK;
}

// One tag: where it stands, with its braces, and what it says.
struct tag {
    size_t begin, end;
    char sigil; // '\0' for a value
    char name[RF_TEMPLATE_NAME];
};

static bool is_name(const char *name) {
    return strcmp(name, ".") == 0 ||
           (name[0] != '\0' && strspn(name, "abcdefghijklmnopqrstuvwxyz_") == strlen(name));
}

static enum rf_err check_name(const struct reader *reader, const struct tag *tag) {
    struct rf_text words = {0};
    if (strcmp(tag->name, ".") == 0)
        return RF_OK;
    rf_text_add(&words, "unknown name \"%s\"; expected one of:", tag->name);
    for (const char *const *name = reader->known; *name != NULL; name++) {
        if (strcmp(*name, tag->name) == 0) {
            rf_text_fini(&words);
            return RF_OK;
        }
        rf_text_add(&words, " %s", *name);
    }
    enum rf_err result = complain(reader, tag->begin, words.failed ? "unknown name" : words.data);
    rf_text_fini(&words);
    return result;
}

static const char *why_sigil_is_refused(char sigil) {
    switch (sigil) {
    case '{':
    case '&':
        return "values are always escaped; expected {{name}}";
    case '>':
        return "there are no partials; expected the text itself";
    case '=':
        return "delimiters cannot be changed; expected {{ and }}";
    default:
        return NULL;
    }
}

// Reads the tag whose "{{" stands at tag->begin.
static enum rf_err read_tag(const struct reader *reader, struct tag *tag) {
    size_t from = tag->begin + 2;
    const char *close = memmem(reader->text + from, reader->size - from, "}}", 2);
    if (close == NULL)
        return complain(reader, tag->begin, "the tag does not end; expected }}");
    size_t to = (size_t)(close - reader->text);
    tag->end = to + 2;
    if (from < to && strchr("#^/!{&>=", reader->text[from]) != NULL)
        tag->sigil = reader->text[from++];
    if (tag->sigil == '!')
        return RF_OK;
    const char *refused = why_sigil_is_refused(tag->sigil);
    if (refused != NULL)
        return complain(reader, tag->begin, refused);
    while (from < to && reader->text[from] == ' ')
        from++;
    while (to > from && reader->text[to - 1] == ' ')
        to--;
    if (to - from >= sizeof tag->name)
        return complain(reader, tag->begin, "the name is too long; expected a known name");
    memcpy(tag->name, reader->text + from, to - from);
    tag->name[to - from] = '\0';
    if (!is_name(tag->name))
        return complain(reader, tag->begin,
                        "not a name; expected lower-case letters and '_', or '.'");
    return check_name(reader, tag);
}

// Whether nothing but blanks stands beside the tag in its line; then `begin` and `end` become those
// of the line.
static bool stands_alone(const struct reader *reader, size_t *begin, size_t *end) {
    size_t from = *begin, to = *end;
    while (from > reader->place && strchr(" \t", reader->text[from - 1]) != NULL)
        from--;
    if (from > 0 && reader->text[from - 1] != '\n')
        return false;
    while (to < reader->size && strchr(" \t\r", reader->text[to]) != NULL && reader->text[to] != 0)
        to++;
    if (to < reader->size && reader->text[to] != '\n')
        return false;
    *begin = from;
    *end = to < reader->size ? to + 1 : to;
    return true;
}

static enum rf_err open_section(struct reader *reader, const struct tag *tag) {
    if (reader->depth == RF_TEMPLATE_DEPTH)
        return complain(reader, tag->begin, "too many sections within sections; 8 are allowed");
    reader->open_at[reader->depth] = tag->begin;
    reader->open[reader->depth++] = reader->made->count;
    return add_part(reader, tag->sigil == '#' ? PART_SECTION : PART_INVERTED, tag->name,
                    strlen(tag->name));
}

static enum rf_err close_section(struct reader *reader, const struct tag *tag) {
    if (reader->depth == 0)
        return complain(reader, tag->begin, "no section is open here; expected {{#name}} before");
    size_t open = reader->open[--reader->depth];
    if (strcmp(reader->made->parts[open].text, tag->name) != 0)
        return complain(reader, tag->begin, "another section is open here; expected its end first");
    reader->made->parts[open].end = reader->made->count;
    return add_part(reader, PART_END, tag->name, strlen(tag->name));
}

static enum rf_err take_tag(struct reader *reader, const struct tag *tag) {
    switch (tag->sigil) {
    case '!':
        return RF_OK;
    case '#':
    case '^':
        return open_section(reader, tag);
    case '/':
        return close_section(reader, tag);
    default:
        return add_part(reader, PART_VALUE, tag->name, strlen(tag->name));
    }
}

static enum rf_err read_all(struct reader *reader) {
    enum rf_err result = RF_OK;
    while (result == RF_OK && reader->place < reader->size) {
        const char *from = reader->text + reader->place;
        const char *next = memmem(from, reader->size - reader->place, "{{", 2);
        if (next == NULL)
            return add_part(reader, PART_TEXT, from, reader->size - reader->place);
        struct tag tag = {.begin = (size_t)(next - reader->text)};
        result = read_tag(reader, &tag);
        if (result != RF_OK)
            return result;
        size_t begin = tag.begin, end = tag.end;
        if (tag.sigil != '\0')
            stands_alone(reader, &begin, &end);
        result = add_part(reader, PART_TEXT, from, begin - reader->place);
        if (result == RF_OK)
            result = take_tag(reader, &tag);
        reader->place = end;
    }
    return result;
}

enum rf_err rf_template_new(const char *name, const char *text, size_t size,
                            const char *const *known, struct rf_template **made,
                            struct rf_error *error) {
    struct reader reader = {
        .name = name, .text = text, .size = size, .known = known, .error = error};
    *made = reader.made = calloc(1, sizeof *reader.made);
    if (*made == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "no memory for a template");
    enum rf_err result = RF_OK;
    if (size > RF_TEMPLATE_BYTES)
        result = rf_error_set(error, RF_ERR_INVALID, "%s: has %zu bytes; at most %d are allowed",
                              name, size, RF_TEMPLATE_BYTES);
    else if (memchr(text, '\0', size) != NULL)
        result = rf_error_set(error, RF_ERR_INVALID, "%s: holds a NUL; expected text", name);
    if (result == RF_OK)
        result = read_all(&reader);
    if (result == RF_OK && reader.depth > 0)
        result = complain(&reader, reader.open_at[reader.depth - 1],
                          "the section does not end; expected {{/name}}");
    if (result != RF_OK)
        rf_template_destroy(made);
    return result;
}

void rf_template_destroy(struct rf_template **made) {
    if (*made == NULL)
        return;
    for (size_t i = 0; i < (*made)->count; i++)
        free((*made)->parts[i].text);
    free((*made)->parts);
    free(*made);
    *made = NULL;
}

// ---- rendering ----

struct renderer {
    const struct rf_template *made;
    rf_template_escape_fn *escape;
    const json_t *scopes[RF_TEMPLATE_DEPTH + 1];
    size_t depth;
    struct rf_text out;
};

static const json_t *look_up(const struct renderer *renderer, const char *name) {
    if (strcmp(name, ".") == 0)
        return renderer->scopes[renderer->depth];
    for (size_t d = renderer->depth + 1; d-- > 0;) {
        const json_t *value = json_object_get(renderer->scopes[d], name);
        if (value != NULL)
            return value;
    }
    return NULL;
}

static void add_value(struct renderer *renderer, const json_t *value) {
    if (json_is_string(value))
        renderer->escape(&renderer->out, json_string_value(value));
    else if (json_is_integer(value))
        rf_text_add(&renderer->out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
}

static bool is_something(const json_t *value) {
    if (json_is_string(value))
        return json_string_length(value) > 0;
    if (json_is_array(value))
        return json_array_size(value) > 0;
    return json_is_object(value) || json_is_true(value) ||
           (json_is_integer(value) && json_integer_value(value) != 0);
}

static void render_parts(struct renderer *renderer, size_t from, size_t to);

static void render_within(struct renderer *renderer, const json_t *scope, size_t from, size_t to) {
    renderer->scopes[++renderer->depth] = scope;
    render_parts(renderer, from, to);
    renderer->depth--;
}

static void render_section(struct renderer *renderer, const struct part *part, size_t from) {
    const json_t *value = look_up(renderer, part->text);
    if (part->kind == PART_INVERTED) {
        if (!is_something(value))
            render_parts(renderer, from, part->end);
        return;
    }
    if (json_is_array(value))
        for (size_t i = 0; i < json_array_size(value); i++)
            render_within(renderer, json_array_get(value, i), from, part->end);
    else if (is_something(value))
        render_within(renderer, value, from, part->end);
}

static void render_parts(struct renderer *renderer, size_t from, size_t to) {
    for (size_t i = from; i < to && renderer->out.size <= RF_TEMPLATE_OUTPUT; i++) {
        const struct part *part = &renderer->made->parts[i];
        if (part->kind == PART_TEXT)
            rf_text_add_bytes(&renderer->out, part->text, strlen(part->text));
        else if (part->kind == PART_VALUE)
            add_value(renderer, look_up(renderer, part->text));
        else if (part->kind == PART_SECTION || part->kind == PART_INVERTED) {
            render_section(renderer, part, i + 1);
            i = part->end;
        }
    }
}

enum rf_err rf_template_render(const struct rf_template *made, const json_t *view,
                               rf_template_escape_fn *escape, char **text, struct rf_error *error) {
    struct renderer renderer = {.made = made, .escape = escape, .scopes = {view}};
    *text = NULL;
    render_parts(&renderer, 0, made->count);
    if (renderer.out.size > RF_TEMPLATE_OUTPUT) {
        rf_text_fini(&renderer.out);
        return rf_error_set(error, RF_ERR_INVALID, "the template gives more than %d bytes",
                            RF_TEMPLATE_OUTPUT);
    }
    *text = rf_text_take(&renderer.out);
    if (*text == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "no memory for a rendered template");
    return RF_OK;
}
