#include "forms/forms.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "forms/builtin.h"

struct rf_forms {
    struct rf_template *ours[RF_FORM_COUNT], *own[RF_FORM_COUNT];
};

static const struct form {
    const char *file;
    rf_template_escape_fn *escape;
    const char *builtin; // NULL: none
} forms_table[RF_FORM_COUNT] = {
    [RF_FORM_SUBJECT] = {"subject.txt", rf_escape_nothing, rf_builtin_subject_txt},
    [RF_FORM_TEXT] = {"email.txt", rf_escape_nothing, rf_builtin_email_txt},
    [RF_FORM_HTML] = {"email.html", rf_escape_html, rf_builtin_email_html},
    [RF_FORM_TELEGRAM] = {"telegram.md", rf_escape_markdown, rf_builtin_telegram_md},
    [RF_FORM_WEBHOOK] = {"webhook.json", rf_escape_json, NULL},
};

const char *const rf_form_names[] = {"id",           "incident",    "thread",
                                     "kind",         "severity",    "type",
                                     "subject",      "title",       "text",
                                     "state",        "late",        "at",
                                     "opened",       "lasted",      "color",
                                     "lines",        "facts",       "label",
                                     "value",        "advice",      "first",
                                     "is_opened",    "is_updated",  "is_reminder",
                                     "is_escalated", "is_resolved", "is_acknowledged",
                                     "is_digest",    "is_test",     NULL};

const char *rf_form_file(enum rf_form form) {
    return (unsigned)form < RF_FORM_COUNT ? forms_table[form].file : "unknown";
}

// What is sent as JSON is JSON: a template can be right and what it gives still not.
static enum rf_err check_json(char **text, struct rf_error *error) {
    json_error_t trouble;
    json_t *value = json_loads(*text, JSON_REJECT_DUPLICATES, &trouble);
    if (value != NULL) {
        json_decref(value);
        return RF_OK;
    }
    free(*text);
    *text = NULL;
    return rf_error_set(error, RF_ERR_INVALID, "gives no JSON: line %d, column %d: %s",
                        trouble.line, trouble.column, trouble.text);
}

// ---- faults that show before the first alert ----

// Every name with something, or with nothing.
static json_t *sample_view(bool full) {
    json_t *view = json_object();
    for (const char *const *name = rf_form_names; view != NULL && *name != NULL; name++)
        json_object_set_new(view, *name, json_string(full ? "x" : ""));
    json_object_set_new(view, "lines", full ? json_pack("[s, s]", "x", "x") : json_array());
    json_object_set_new(view, "facts",
                        full ? json_pack("[{s:s, s:s}, {s:s, s:s}]", "label", "x", "value", "x",
                                         "label", "x", "value", "x")
                             : json_array());
    return view;
}

static enum rf_err check_sample(const char *path, const struct rf_template *made, bool full,
                                struct rf_error *error) {
    struct rf_error why;
    char *text = NULL;
    json_t *view = sample_view(full);
    enum rf_err result = rf_template_render(made, view, rf_escape_json, &text, &why);
    if (result == RF_OK)
        result = check_json(&text, &why);
    if (result != RF_OK)
        rf_error_set(error, result, "%s: with every value %s it %s", path,
                     full ? "there" : "absent", why.message);
    json_decref(view);
    free(text);
    return result;
}

// Where a character stands that Telegram refuses as it is; NULL: nowhere. Tags are passed over, as
// values are escaped; so are code, what is escaped, a link's address, a quote's mark and "||".
static const char *unescaped(const char *text) {
    bool code = false;
    for (const char *c = text; *c != '\0'; c++) {
        const char *end = strncmp(c, "{{", 2) == 0   ? strstr(c, "}}")
                          : strncmp(c, "](", 2) == 0 ? strchr(c, ')')
                                                     : NULL;
        if (end != NULL)
            c = end + (*end == '}');
        else if ((*c == '\\' && c[1] != '\0') || strncmp(c, "||", 2) == 0)
            c++;
        else if (*c == '`')
            code = !code;
        else if (*c == '>' && (c == text || c[-1] == '\n'))
            continue;
        else if (!code && strchr(">#+-=|{}.!()", *c) != NULL)
            return c;
    }
    return NULL;
}

static enum rf_err check_markdown(const char *path, const char *text, struct rf_error *error) {
    const char *at = unescaped(text), *line = text;
    size_t number = 1;
    if (at == NULL)
        return RF_OK;
    for (const char *c = text; c < at; c++) {
        if (*c == '\n') {
            line = c + 1;
            number++;
        }
    }
    return rf_error_set(error, RF_ERR_INVALID,
                        "%s:%zu:%zu: Telegram refuses '%c' as it is; expected \\%c", path, number,
                        (size_t)(at - line) + 1, *at, *at);
}

static enum rf_err check_own(enum rf_form form, const char *path, const char *text,
                             const struct rf_template *made, struct rf_error *error) {
    if (form == RF_FORM_TELEGRAM)
        return check_markdown(path, text, error);
    if (form != RF_FORM_WEBHOOK)
        return RF_OK;
    enum rf_err result = check_sample(path, made, true, error);
    return result == RF_OK ? check_sample(path, made, false, error) : result;
}

static enum rf_err read_own(struct rf_forms *forms, enum rf_form form, const char *folder,
                            bool *found, struct rf_error *error) {
    struct rf_text path = {0};
    char *text = NULL;
    size_t size = 0;
    rf_text_add(&path, "%s/%s", folder, forms_table[form].file);
    if (path.failed)
        return rf_error_set(error, RF_ERR_NOMEM, "no memory for a path");
    enum rf_err result = RF_OK;
    if (access(path.data, F_OK) == 0 || errno != ENOENT) {
        *found = true;
        result = rf_file_read(path.data, RF_TEMPLATE_BYTES, &text, &size, error);
        if (result == RF_OK)
            result =
                rf_template_new(path.data, text, size, rf_form_names, &forms->own[form], error);
        if (result == RF_OK)
            result = check_own(form, path.data, text, forms->own[form], error);
    }
    free(text);
    rf_text_fini(&path);
    return result;
}

static enum rf_err read_folder(struct rf_forms *forms, const char *folder, struct rf_error *error) {
    enum rf_err result = RF_OK;
    bool found = false;
    for (int f = 0; result == RF_OK && f < RF_FORM_COUNT; f++)
        result = read_own(forms, (enum rf_form)f, folder, &found, error);
    if (result == RF_OK && !found)
        return rf_error_set(error, RF_ERR_NOT_FOUND,
                            "%s: holds no template; expected a folder with subject.txt, email.txt, "
                            "email.html, telegram.md or webhook.json",
                            folder);
    return result;
}

enum rf_err rf_forms_new(const char *folder, struct rf_forms **forms, struct rf_error *error) {
    *forms = calloc(1, sizeof **forms);
    if (*forms == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "no memory for templates");
    enum rf_err result = RF_OK;
    for (int f = 0; result == RF_OK && f < RF_FORM_COUNT; f++)
        if (forms_table[f].builtin != NULL)
            result = rf_template_new(forms_table[f].file, forms_table[f].builtin,
                                     strlen(forms_table[f].builtin), rf_form_names,
                                     &(*forms)->ours[f], error);
    if (result == RF_OK && folder != NULL)
        result = read_folder(*forms, folder, error);
    if (result != RF_OK)
        rf_forms_destroy(forms);
    return result;
}

void rf_forms_destroy(struct rf_forms **forms) {
    if (*forms == NULL)
        return;
    for (int f = 0; f < RF_FORM_COUNT; f++) {
        rf_template_destroy(&(*forms)->ours[f]);
        rf_template_destroy(&(*forms)->own[f]);
    }
    free(*forms);
    *forms = NULL;
}

bool rf_forms_has_own(const struct rf_forms *forms, enum rf_form form) {
    return forms->own[form] != NULL;
}

enum rf_err rf_forms_render(const struct rf_forms *forms, enum rf_form form, bool own,
                            const json_t *view, char **text, struct rf_error *error) {
    const struct rf_template *made = own ? forms->own[form] : forms->ours[form];
    *text = NULL;
    if (made == NULL)
        return rf_error_set(error, RF_ERR_NOT_FOUND, "there is no template %s", rf_form_file(form));
    enum rf_err result = rf_template_render(made, view, forms_table[form].escape, text, error);
    if (result == RF_OK && form == RF_FORM_WEBHOOK)
        result = check_json(text, error);
    return result;
}
