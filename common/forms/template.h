// Templates without logic, after Mustache (mustache.github.io/mustache.5.html), of which they are a
// subset: {{name}}, {{#name}}...{{/name}} for each item of a list or if there is something,
// {{^name}}...{{/name}} if there is nothing, {{! a comment}}, {{.}} for an item that is a text.
// {{{name}}} and {{&name}} are refused: whatever comes from outside is escaped. So are partials and
// changed delimiters. A line that holds only a section's tag or a comment leaves nothing behind.
#ifndef RF_FORMS_TEMPLATE_H
#define RF_FORMS_TEMPLATE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include <ringfence/error.h>

#include "events/text.h"

#define RF_TEMPLATE_BYTES  65536   // of one template
#define RF_TEMPLATE_DEPTH  8       // of sections within sections
#define RF_TEMPLATE_OUTPUT 1048576 // bytes that one rendering may give
#define RF_TEMPLATE_NAME   32      // bytes of a name, NUL included

struct rf_template;

// Appends `value` so that the form's reader takes all of it for text.
typedef void rf_template_escape_fn(struct rf_text *out, const char *value);

rf_template_escape_fn rf_escape_nothing;  // the reader has no markup
rf_template_escape_fn rf_escape_html;     // HTML text and quoted attributes
rf_template_escape_fn rf_escape_markdown; // Telegram's MarkdownV2, inside `code` too
rf_template_escape_fn rf_escape_json;     // inside a JSON string

// rf_template_new: reads `text`. `name` is what errors call it. Each name must be one of `known`
// (NULL-terminated). RF_ERR_INVALID with "name:line:column: what is wrong; what is expected",
// RF_ERR_NOMEM.
RF_NODISCARD enum rf_err rf_template_new(const char *name, const char *text, size_t size,
                                         const char *const *known, struct rf_template **made,
                                         struct rf_error *error);
void rf_template_destroy(struct rf_template **made);

// rf_template_render: the template with the values of `view`, an object of texts, numbers,
// booleans, lists and objects. A name is looked for in the innermost section first. A new string,
// which the caller frees. RF_ERR_INVALID: more than RF_TEMPLATE_OUTPUT bytes; RF_ERR_NOMEM.
RF_NODISCARD enum rf_err rf_template_render(const struct rf_template *made, const json_t *view,
                                            rf_template_escape_fn *escape, char **text,
                                            struct rf_error *error);

#endif
