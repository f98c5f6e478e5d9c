#include "format_parts.h"

#include "view.h"

char *rf_form_text(const struct rf_forms *forms, enum rf_form form, const struct rf_alert *alert,
                   struct rf_utc now, struct rf_error *trouble, struct rf_error *error) {
    json_t *view = rf_view_new(alert, now);
    char *text = NULL;
    if (view == NULL) {
        rf_error_set(error, RF_ERR_NOMEM, "no memory for an alert's form");
        return NULL;
    }
    enum rf_err result = RF_ERR_NOT_FOUND;
    if (rf_forms_has_own(forms, form)) {
        struct rf_error why;
        result = rf_forms_render(forms, form, true, view, &text, &why);
        if (result != RF_OK)
            rf_error_set(trouble, result, "%s: %s; the built-in form was sent", rf_form_file(form),
                         why.message);
    }
    if (result != RF_OK)
        result = rf_forms_render(forms, form, false, view, &text, error);
    json_decref(view);
    return result == RF_OK ? text : NULL;
}
