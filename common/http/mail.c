// Mail by SMTP, over the same multi handle.
#include <stdlib.h>
#include <string.h>

#include "http/transfer.h"

#define REPLY_LIMIT ((size_t)16 * 1024) // SMTP replies are lines; nothing is read as a body

static size_t on_upload(char *buffer, size_t one, size_t room, void *arg) {
    struct rf_http_transfer *t = arg;
    size_t left = t->upload_size - t->uploaded;
    size_t size = left < room * one ? left : room * one;
    memcpy(buffer, t->upload + t->uploaded, size);
    t->uploaded += size;
    return size;
}

static enum rf_err set_envelope(struct rf_http_transfer *t, const struct rf_mail *mail,
                                struct rf_error *error) {
    if (!rf_mail_address_valid(mail->from))
        return rf_error_set(error, RF_ERR_INVALID, "mail: the sender is not a mail address");
    if (mail->to_count == 0)
        return rf_error_set(error, RF_ERR_INVALID, "mail: no recipient");
    for (size_t i = 0; i < mail->to_count; i++) {
        if (!rf_mail_address_valid(mail->to[i]))
            return rf_error_set(error, RF_ERR_INVALID, "mail: recipient %zu is not a mail address",
                                i + 1);
        struct curl_slist *lines = curl_slist_append(t->lines, mail->to[i]);
        if (lines == NULL)
            return rf_error_set(error, RF_ERR_NOMEM, "mail: out of memory");
        t->lines = lines;
    }
    if (curl_easy_setopt(t->easy, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L) != CURLE_OK ||
        curl_easy_setopt(t->easy, CURLOPT_MAIL_FROM, mail->from) != CURLE_OK ||
        curl_easy_setopt(t->easy, CURLOPT_MAIL_RCPT, t->lines) != CURLE_OK)
        return rf_error_set(error, RF_ERR_NOMEM, "mail: out of memory");
    return RF_OK;
}

static enum rf_err set_message(struct rf_http_transfer *t, const struct rf_mail *mail,
                               struct rf_error *error) {
    t->upload = malloc(mail->message_size + 1);
    if (t->upload == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "mail: out of memory");
    memcpy(t->upload, mail->message, mail->message_size);
    t->upload_size = mail->message_size;
    if (curl_easy_setopt(t->easy, CURLOPT_UPLOAD, 1L) != CURLE_OK ||
        curl_easy_setopt(t->easy, CURLOPT_READFUNCTION, on_upload) != CURLE_OK ||
        curl_easy_setopt(t->easy, CURLOPT_READDATA, t) != CURLE_OK ||
        curl_easy_setopt(t->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)t->upload_size) != CURLE_OK)
        return rf_error_set(error, RF_ERR_NOMEM, "mail: libcurl refused an option");
    return RF_OK;
}

// A command without recipients is libcurl's way to a server that is not to get a mail.
static enum rf_err set_login_only(struct rf_http_transfer *t, struct rf_error *error) {
    if (curl_easy_setopt(t->easy, CURLOPT_NOBODY, 1L) != CURLE_OK ||
        curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, "NOOP") != CURLE_OK)
        return rf_error_set(error, RF_ERR_NOMEM, "mail: libcurl refused an option");
    return RF_OK;
}

static enum rf_err set_mail(struct rf_http_transfer *t, const struct rf_mail *mail,
                            struct rf_error *error) {
    enum rf_err err = set_envelope(t, mail, error);
    return err == RF_OK ? set_message(t, mail, error) : err;
}

static enum rf_err set_session(struct rf_http_transfer *t, const struct rf_mail *mail,
                               struct rf_error *error) {
    long tls = mail->require_tls ? CURLUSESSL_ALL : CURLUSESSL_TRY;
    if (curl_easy_setopt(t->easy, CURLOPT_USE_SSL, tls) != CURLE_OK)
        return rf_error_set(error, RF_ERR_NOMEM, "mail: libcurl refused an option");
    // A mail is rare: a connection of its own, so that no stale one can repeat or lose it.
    if (curl_easy_setopt(t->easy, CURLOPT_FRESH_CONNECT, 1L) != CURLE_OK ||
        curl_easy_setopt(t->easy, CURLOPT_FORBID_REUSE, 1L) != CURLE_OK)
        return rf_error_set(error, RF_ERR_NOMEM, "mail: libcurl refused an option");
    if (mail->user != NULL &&
        (curl_easy_setopt(t->easy, CURLOPT_USERNAME, mail->user) != CURLE_OK ||
         curl_easy_setopt(t->easy, CURLOPT_PASSWORD,
                          mail->password != NULL ? mail->password : "") != CURLE_OK))
        return rf_error_set(error, RF_ERR_NOMEM, "mail: out of memory");
    return RF_OK;
}

enum rf_err rf_mail_send(struct rf_http *http, const struct rf_mail *mail, rf_http_fn *fn,
                         void *arg, struct rf_http_transfer **out, struct rf_error *error) {
    enum rf_err err;
    struct rf_http_transfer *t = rf_http_transfer_new(http, "smtp,smtps", mail->ca_file);
    if (t == NULL || !rf_http_transfer_limit(t, REPLY_LIMIT)) {
        rf_http_transfer_free(t);
        return rf_error_set(error, RF_ERR_NOMEM, "mail: out of memory");
    }
    t->mail = true;
    t->answers = mail->answers;
    t->answer_count = mail->to_count;
    if (mail->answers != NULL)
        memset(mail->answers, 0, mail->to_count * sizeof *mail->answers);
    t->fn = fn;
    t->arg = arg;
    if ((err = rf_http_transfer_target(t, mail->url, mail->connect_timeout, mail->timeout,
                                       error)) != RF_OK ||
        (err = mail->login_only ? set_login_only(t, error) : set_mail(t, mail, error)) != RF_OK ||
        (err = set_session(t, mail, error)) != RF_OK) {
        rf_http_transfer_free(t);
        return err;
    }
    if (!rf_http_trace_begin(t, mail->trace)) {
        rf_http_transfer_free(t);
        return rf_error_set(error, RF_ERR_NOMEM, "mail: libcurl refused an option");
    }
    return rf_http_transfer_start(http, t, out, error);
}
