// A mail of two alternatives, text and HTML.
//
// One incident is one thread: mail readers join what names the first Message-ID in References
// (RFC 5322 section 3.6.4), and Gmail only if the subject is the same too, but for "Re:"
// (support.google.com/mail/answer/5900). So later notices carry the first one's subject with "Re: "
// before it, and say in their first line what has become of the incident.
#include "format.h"

#include <stdlib.h>
#include <string.h>

#include "format_parts.h"
#include "mail/mime.h"

// What stands behind the sender's '@' names the domain of the Message-ID.
static void add_id(struct rf_text *message, const char *header, const char *id, const char *from) {
    rf_text_add(message, "%s: <%s@%s>\r\n", header, id, strrchr(from, '@') + 1);
}

static char *subject_of(const struct rf_email_form *form, struct rf_error *error) {
    bool later = form->first != NULL && strcmp(form->first->id, form->alert->id) != 0;
    char *subject = rf_form_text(form->forms, RF_FORM_SUBJECT, later ? form->first : form->alert,
                                 form->now, form->trouble, error);
    struct rf_text line = {0};
    if (subject == NULL)
        return NULL;
    for (size_t size = strlen(subject); size > 0 && subject[size - 1] == '\n';)
        subject[--size] = '\0';
    if (later)
        rf_text_add(&line, "Re: ");
    rf_text_add_clean(&line, subject, RF_EMAIL_SUBJECT_MOST);
    free(subject);
    return rf_text_take(&line);
}

static void add_header_fields(struct rf_text *message, const struct rf_email_form *form,
                              const char *subject) {
    const struct rf_alert *alert = form->alert;
    const char *from = form->from->items[0].address;
    rf_mime_add_date(message, form->now);
    rf_mime_add_mailboxes(message, "From", form->from);
    rf_mime_add_mailboxes(message, "To", form->to);
    add_id(message, "Message-ID", alert->id, from);
    if (strcmp(alert->thread, alert->id) != 0) {
        add_id(message, "In-Reply-To", alert->thread, from);
        add_id(message, "References", alert->thread, from);
    }
    rf_mime_add_text(message, "Subject", subject);
    rf_mime_add_text(message, "X-Ringfence-Alert", alert->id);
    rf_mime_add_text(message, "X-Ringfence-Incident", alert->incident);
    rf_text_add(message,
                "Auto-Submitted: auto-generated\r\n"
                "MIME-Version: 1.0\r\n"
                "Content-Type: multipart/alternative; boundary=\"=_%s\"\r\n\r\n",
                alert->id);
}

enum rf_err rf_format_email(const struct rf_email_form *form, char **message,
                            struct rf_error *error) {
    struct rf_text text = {0};
    const char *id = form->alert->id;
    *message = NULL;
    char *subject = subject_of(form, error), *plain = NULL, *html = NULL;
    if (subject != NULL)
        plain =
            rf_form_text(form->forms, RF_FORM_TEXT, form->alert, form->now, form->trouble, error);
    if (plain != NULL)
        html =
            rf_form_text(form->forms, RF_FORM_HTML, form->alert, form->now, form->trouble, error);
    if (html != NULL) {
        add_header_fields(&text, form, subject);
        rf_text_add(&text, "--=_%s\r\n", id);
        rf_mime_add_part(&text, "plain", plain);
        rf_text_add(&text, "\r\n--=_%s\r\n", id);
        rf_mime_add_part(&text, "html", html);
        rf_text_add(&text, "\r\n--=_%s--\r\n", id);
        *message = rf_text_take(&text);
    }
    free(subject);
    free(plain);
    free(html);
    if (*message == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "no memory for a mail");
    return RF_OK;
}
