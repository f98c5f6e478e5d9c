// The set of templates that give an alert its form on each channel: ours, and those that the user
// put into a folder (alerter.templates) in their place.
#ifndef RF_FORMS_FORMS_H
#define RF_FORMS_FORMS_H

#include "forms/template.h"

enum rf_form {
    RF_FORM_SUBJECT,  // subject.txt: of a mail, one line
    RF_FORM_TEXT,     // email.txt
    RF_FORM_HTML,     // email.html
    RF_FORM_TELEGRAM, // telegram.md, MarkdownV2
    RF_FORM_WEBHOOK,  // webhook.json: the generic shape's body; there is none of ours
};
#define RF_FORM_COUNT 5

// rf_form_file: the name of its file. Never NULL.
const char *rf_form_file(enum rf_form form);

// The names that a template may use, NULL-terminated; ringfence-alerter(8) says what they are.
extern const char *const rf_form_names[];

struct rf_forms;

// rf_forms_new: ours, and those of `folder` (NULL: none), in which each file may be absent but not
// all. What Telegram would refuse and what gives no JSON is found here. Blocks while it reads.
// RF_ERR_INVALID with "FOLDER/FILE:line:column: what is wrong; what is
// expected"; RF_ERR_NOT_FOUND or RF_ERR_IO if the folder cannot be read; RF_ERR_NOMEM.
RF_NODISCARD enum rf_err rf_forms_new(const char *folder, struct rf_forms **forms,
                                      struct rf_error *error);
void rf_forms_destroy(struct rf_forms **forms);

// rf_forms_has_own: whether the user has a template for it.
bool rf_forms_has_own(const struct rf_forms *forms, enum rf_form form);

// rf_forms_render: the user's template (`own`; else ours) with the values of `view`, escaped for
// its reader. A new string. RF_ERR_INVALID: it gives too much, or what is no JSON;
// RF_ERR_NOT_FOUND: there is no such template.
RF_NODISCARD enum rf_err rf_forms_render(const struct rf_forms *forms, enum rf_form form, bool own,
                                         const json_t *view, char **text, struct rf_error *error);

#endif
