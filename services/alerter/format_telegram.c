// A message in MarkdownV2. Values are escaped by the template, so a text is cut before that: no
// escape and no entity can break.
#include "format.h"

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "events/text.h"
#include "format_parts.h"
#include "forms/forms.h"
#include "measure.h"
#include "view.h"

// Room for the line that tells what was left out.
#define LEFT_OUT_UNITS 64
#define TITLE_UNITS    512

static size_t units_of(const char *text) {
    return rf_measure_text(text, SIZE_MAX, NULL).units;
}

// What people see of a message: without the marks, and what was escaped as itself. A link's address
// counts as seen, so the limit is kept all the more.
static char *seen_of(const char *markdown) {
    struct rf_text seen = {0};
    while (*markdown != '\0') {
        size_t size = strcspn(markdown, "\\*_~`|[]");
        rf_text_add_bytes(&seen, markdown, size);
        markdown += size;
        if (*markdown == '\\' && markdown[1] > 0)
            rf_text_add_bytes(&seen, ++markdown, 1);
        markdown += *markdown != '\0';
    }
    return rf_text_take(&seen);
}

// One rendering.
struct draft {
    char *markdown;
    char *seen;
};

static void draft_fini(struct draft *draft) {
    free(draft->markdown);
    free(draft->seen);
    *draft = (struct draft){0};
}

static enum rf_err render(const struct rf_telegram_form *form, bool own, const json_t *view,
                          struct draft *draft, struct rf_error *error) {
    draft_fini(draft);
    enum rf_err result =
        rf_forms_render(form->forms, RF_FORM_TELEGRAM, own, view, &draft->markdown, error);
    if (result != RF_OK)
        return result;
    for (size_t size = strlen(draft->markdown); size > 0 && draft->markdown[size - 1] == '\n';)
        draft->markdown[--size] = '\0';
    draft->seen = seen_of(draft->markdown);
    return draft->seen == NULL ? rf_error_set(error, RF_ERR_NOMEM, "no memory for a message")
                               : RF_OK;
}

// The text without what is beyond `excess` units, and a line that counts the characters of that.
static bool cut_text(json_t *view, const char *whole, size_t excess) {
    size_t all = units_of(whole), less = excess + LEFT_OUT_UNITS;
    struct rf_measure kept = rf_measure_text(whole, all > less ? all - less : 0, NULL);
    size_t left_out = rf_measure_text(whole, SIZE_MAX, NULL).characters - kept.characters;
    struct rf_text text = {0};
    rf_text_add_bytes(&text, whole, kept.bytes);
    rf_text_add(&text, "\n[%zu characters left out]\n", left_out);
    char *cut = rf_text_take(&text);
    bool done = cut != NULL && json_object_set_new(view, "text", json_string(cut)) == 0;
    free(cut);
    return done;
}

static bool cut_title(json_t *view) {
    const char *title = json_string_value(json_object_get(view, "title"));
    struct rf_measure kept = rf_measure_text(title, TITLE_UNITS, NULL);
    return title[kept.bytes] == '\0' ||
           json_object_set_new(view, "title", json_stringn(title, kept.bytes)) == 0;
}

// Renders, and once more with a shorter text if it is too long: never refused for its length
// (incident 35). RF_ERR_INVALID: too long all the same.
static enum rf_err fit(const struct rf_telegram_form *form, bool own, struct draft *draft,
                       struct rf_error *error) {
    json_t *view = rf_view_new(form->alert, form->now);
    if (view == NULL || !cut_title(view)) {
        json_decref(view);
        return rf_error_set(error, RF_ERR_NOMEM, "no memory for a message");
    }
    enum rf_err result = render(form, own, view, draft, error);
    size_t units = result == RF_OK ? units_of(draft->seen) : 0;
    if (units > RF_TELEGRAM_UNITS) {
        char *whole = strdup(json_string_value(json_object_get(view, "text")));
        if (whole == NULL || !cut_text(view, whole, units - RF_TELEGRAM_UNITS))
            result = rf_error_set(error, RF_ERR_NOMEM, "no memory for a message");
        free(whole);
        if (result == RF_OK)
            result = render(form, own, view, draft, error);
    }
    json_decref(view);
    if (result == RF_OK && units_of(draft->seen) > RF_TELEGRAM_UNITS)
        return rf_error_set(error, RF_ERR_INVALID, "gives more than %d characters",
                            RF_TELEGRAM_UNITS);
    return result;
}

static enum rf_err draft_of(const struct rf_telegram_form *form, struct draft *draft,
                            struct rf_error *error) {
    struct rf_error why;
    // What Telegram could not read is sent without markup, in our form, whose marks are known.
    if (!form->plain && rf_forms_has_own(form->forms, RF_FORM_TELEGRAM)) {
        enum rf_err result = fit(form, true, draft, &why);
        if (result == RF_OK)
            return RF_OK;
        rf_error_set(form->trouble, result, "%s: %s; the built-in form was sent",
                     rf_form_file(RF_FORM_TELEGRAM), why.message);
    }
    return fit(form, false, draft, error);
}

static json_t *body_of(const struct rf_telegram_form *form, const struct draft *draft, bool edits) {
    json_int_t remote = form->remote == NULL ? 0 : strtoll(form->remote, NULL, 10);
    json_t *body = json_pack("{s:s, s:s, s:{s:b}}", "chat_id", form->chat_id, "text",
                             form->plain ? draft->seen : draft->markdown, "link_preview_options",
                             "is_disabled", 1);
    bool done = body != NULL;
    if (done && !form->plain)
        done = json_object_set_new(body, "parse_mode", json_string("MarkdownV2")) == 0;
    if (done && edits)
        done = json_object_set_new(body, "message_id", json_integer(remote)) == 0;
    else if (done && remote > 0)
        done = json_object_set_new(body, "reply_parameters",
                                   json_pack("{s:I, s:b}", "message_id", remote,
                                             "allow_sending_without_reply", 1)) == 0;
    if (!done) {
        json_decref(body);
        return NULL;
    }
    return body;
}

enum rf_err rf_format_telegram(const struct rf_telegram_form *form, const char **method,
                               char **body, struct rf_error *error) {
    struct draft draft = {0};
    bool edits = form->alert->kind == RF_NOTICE_UPDATED && form->remote != NULL && !form->anew;
    *method = edits ? "editMessageText" : "sendMessage";
    *body = NULL;
    enum rf_err result = draft_of(form, &draft, error);
    if (result == RF_OK) {
        json_t *object = body_of(form, &draft, edits);
        *body = object == NULL ? NULL : json_dumps(object, JSON_COMPACT);
        json_decref(object);
        if (*body == NULL)
            result = rf_error_set(error, RF_ERR_NOMEM, "no memory for a Telegram message");
    }
    draft_fini(&draft);
    return result;
}
