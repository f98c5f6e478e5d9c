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

const char *const rf_form_names[] = {
    "id",           "incident",    "thread",    "kind",      "severity",   "type",
    "subject",      "title",       "text",      "state",     "late",       "at",
    "opened",       "lasted",      "color",     "lines",     "facts",      "label",
    "value",        "advice",      "first",     "is_opened", "is_updated", "is_reminder",
    "is_escalated", "is_resolved", "is_digest", "is_test",   NULL};

const char *rf_form_file(enum rf_form form) {
    return (unsigned)form < RF_FORM_COUNT ? forms_table[form].file : "unknown";
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
