// ringfence init: writes a configuration for the real providers, and its secrets in files of their
// own. Asks on a terminal; never takes a secret from an argument, as those are seen by everybody.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/made_secret.h"
#include "base/owner.h"
#include "command.h"
#include "init_ask.h"
#include "init_text.h"
#include "session.h"

#define SECRET_WORDS 4 // of 64 bits; in hex they are base64 as well, as a webhook wants it

struct init {
    const struct cli_options *options;
    struct init_answers answers;
    struct init_terminal terminal;
    char *values[INIT_SECRETS]; // NULL: the file is there, or is made
    bool made[INIT_SECRETS];    // the file was not there before
    const char *file;           // of the configuration
    char *folder;               // of the secrets, with a slash at its end
};

static char *joined(const char *folder, const char *name) {
    char *path;
    return asprintf(&path, "%s%s", folder, name) < 0 ? NULL : path;
}

static bool is_there(const struct init *init, enum init_secret secret) {
    char *path = joined(init->folder, init_secrets[secret].file);
    bool there = path != NULL && access(path, F_OK) == 0;
    free(path);
    return there;
}

// ---- answers ----

static void take_options(struct init *init) {
    const char *const *own = init->options->own;
    struct init_answers *answers = &init->answers;
    answers->state_dir = own[CLI_STATE_DIR];
    answers->run_dir = own[CLI_RUN_DIR];
    answers->account_sid = own[CLI_ACCOUNT_SID];
    answers->from = own[CLI_FROM];
    answers->media_url = own[CLI_MEDIA_URL];
    answers->email = own[CLI_EMAIL];
    answers->smtp = own[CLI_SMTP];
    answers->smtp_user = own[CLI_SMTP_USER];
    answers->telegram = own[CLI_TELEGRAM];
    answers->webhook = own[CLI_WEBHOOK];
    if (answers->account_sid == NULL)
        answers->account_sid = getenv("TWILIO_ACCOUNT_SID");
    if (answers->from == NULL)
        answers->from = getenv("TWILIO_FROM");
}

static enum rf_err take_answers(struct init *init, struct rf_error *error) {
    struct init_answers *answers = &init->answers;
    struct init_terminal *terminal = &init->terminal;
    const char *providers = init->options->own[CLI_PROVIDER];
    take_options(init);
    init_ask(terminal, "providers", "elevenlabs,openai,twilio", &providers);
    enum rf_err err =
        init_providers(providers != NULL ? providers : "elevenlabs,openai,twilio", answers, error);
    if (err != RF_OK)
        return err;
    init_ask(terminal, "Twilio's Account SID (AC...)", NULL, &answers->account_sid);
    init_ask(terminal, "caller id, a number of that account (+...)", NULL, &answers->from);
    init_ask(terminal, "folder of the databases (empty: the user's default)", NULL,
             &answers->state_dir);
    init_ask(terminal, "alerts by mail to (empty: none)", NULL, &answers->email);
    if (answers->email != NULL) {
        init_ask(terminal, "mail server, such as smtps://smtp.example.com:465", NULL,
                 &answers->smtp);
        init_ask(terminal, "user at the mail server (empty: no login)", NULL, &answers->smtp_user);
    }
    init_ask(terminal, "alerts to the Telegram chat id (empty: none)", NULL, &answers->telegram);
    init_ask(terminal, "alerts to the webhook https://... (empty: none)", NULL, &answers->webhook);
    return terminal->interrupted ? rf_error_set(error, RF_ERR_CLOSED, "interrupted")
                                 : init_check(answers, error);
}

// ---- secrets ----

static enum rf_err take_secret(struct init *init, enum init_secret secret,
                               struct rf_text *missing) {
    const struct init_secret_row *row = &init_secrets[secret];
    char **value = &init->values[secret];
    const char *variable = getenv(row->variable);
    if (*value == NULL && variable != NULL && variable[0] != '\0')
        *value = strdup(variable);
    if (*value == NULL && is_there(init, secret) && init->options->own[CLI_FORCE] == NULL)
        return RF_OK;
    if (*value == NULL)
        *value = init_ask_secret(&init->terminal, row->label);
    if (*value == NULL && !is_there(init, secret))
        rf_text_add(missing, "%s%s (%s)", missing->size > 0 ? ", " : "", row->variable, row->label);
    return RF_OK;
}

static enum rf_err take_secrets(struct init *init, struct rf_error *error) {
    struct rf_text missing = {0};
    enum rf_err err = RF_OK;
    if (init->options->own[CLI_STDIN] != NULL)
        err = init_read_secrets(stdin, init->values, error);
    for (int i = 0; err == RF_OK && i < INIT_SECRETS; i++)
        if (init_secrets[i].variable != NULL && init_needs(&init->answers, (enum init_secret)i))
            err = take_secret(init, (enum init_secret)i, &missing);
    if (err == RF_OK && init->terminal.interrupted)
        err = rf_error_set(error, RF_ERR_CLOSED, "interrupted");
    else if (err == RF_OK && missing.size > 0)
        err = rf_error_set(error, RF_ERR_INVALID,
                           "these are missing: %s; set them in the environment, or give them as "
                           "lines NAME=VALUE to --stdin",
                           missing.data);
    rf_text_fini(&missing);
    return err;
}

static enum rf_err write_secret(struct init *init, enum init_secret secret,
                                struct rf_error *error) {
    char *path = joined(init->folder, init_secrets[secret].file), *value = init->values[secret];
    enum rf_err err = RF_OK;
    if (path == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    init->made[secret] = !is_there(init, secret);
    if (init_secrets[secret].variable == NULL) {
        char *made = NULL;
        err = rf_made_secret(path, SECRET_WORDS, &made, error);
        if (made != NULL)
            explicit_bzero(made, strlen(made));
        free(made);
    } else if (value != NULL) {
        char *line = joined(value, "\n");
        err = line == NULL ? rf_error_set(error, RF_ERR_NOMEM, "out of memory")
                           : rf_file_replace(path, line, strlen(line), error);
        if (line != NULL)
            explicit_bzero(line, strlen(line));
        free(line);
    } else if (chmod(path, 0600) != 0) {
        err = rf_error_set(error, RF_ERR_IO, "%s: %s", path, strerror(errno));
    }
    free(path);
    return err;
}

// ---- the files ----

// What this run made, so that a try that fails leaves nothing behind.
static void take_back(struct init *init) {
    for (int i = 0; i < INIT_SECRETS; i++) {
        char *path = init->made[i] ? joined(init->folder, init_secrets[i].file) : NULL;
        if (path != NULL)
            (void)unlink(path);
        free(path);
    }
    (void)rmdir(init->folder); // if it is empty
}

// Tried under another name in the same folder, where its secrets are, before it takes its own.
static enum rf_err put_in_place(const struct init *init, const struct rf_text *text,
                                struct rf_error *error) {
    struct rf_config *config = NULL;
    char *draft = joined(init->file, ".draft");
    if (draft == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    enum rf_err err = rf_file_replace(draft, text->data, text->size, error);
    if (err == RF_OK && (err = rf_config_load(draft, &config, error)) == RF_OK &&
        rename(draft, init->file) != 0)
        err = rf_error_set(error, RF_ERR_IO, "%s: %s", init->file, strerror(errno));
    if (err == RF_OK)
        err = rf_file_sync_folder(init->file, error);
    else
        (void)unlink(draft);
    rf_config_destroy(&config);
    free(draft);
    return err;
}

static enum rf_err write_all(struct init *init, struct rf_error *error) {
    struct rf_text text = {0};
    struct stat status;
    init_text(&init->answers, &text);
    enum rf_err err = text.failed ? rf_error_set(error, RF_ERR_NOMEM, "out of memory")
                                  : rf_owner_folder_make(init->folder, 0700, error);
    // One that was there may be its group's, who runs the set; it is nobody else's.
    if (err == RF_OK && stat(init->folder, &status) == 0 && (status.st_mode & 07) != 0 &&
        chmod(init->folder, status.st_mode & 0770) != 0)
        err = rf_error_set(error, RF_ERR_IO, "%s: %s", init->folder, strerror(errno));
    for (int i = 0; err == RF_OK && i < INIT_SECRETS; i++)
        if (init_needs(&init->answers, (enum init_secret)i))
            err = write_secret(init, (enum init_secret)i, error);
    if (err == RF_OK)
        err = put_in_place(init, &text, error);
    if (err != RF_OK) {
        take_back(init);
        rf_error_prefix(error, "nothing was written: ");
    }
    rf_text_fini(&text);
    return err;
}

static void tell(const struct init *init) {
    printf("%s is written; its secrets are in %s:", init->file, init->folder);
    for (int i = 0; i < INIT_SECRETS; i++)
        if (init_needs(&init->answers, (enum init_secret)i))
            printf(" %s", init_secrets[i].file);
    printf("\n");
    if (init->answers.webhook != NULL)
        printf("the webhook's receiver checks signatures by %swebhook\n", init->folder);
    printf("next:\n"
           "  ringfence config check %s\n"
           "  ringfence --config %s doctor\n",
           init->file, init->file);
}

static enum rf_err prepare(struct init *init, struct rf_error *error) {
    const char *out = init->options->own[CLI_OUT];
    init->file = out != NULL ? out : "ringfence.yaml";
    const char *slash = strrchr(init->file, '/');
    int length = slash != NULL ? (int)(slash - init->file) + 1 : 0;
    if (asprintf(&init->folder, "%.*ssecrets/", length, init->file) < 0) {
        init->folder = NULL;
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    }
    if (access(init->file, F_OK) == 0 && init->options->own[CLI_FORCE] == NULL)
        return rf_error_set(error, RF_ERR_INVALID,
                            "%s is there already; --force replaces it, "
                            "--out FILE writes another",
                            init->file);
    init->terminal.asks = isatty(STDIN_FILENO) && init->options->own[CLI_YES] == NULL &&
                          init->options->own[CLI_STDIN] == NULL;
    return RF_OK;
}

static void fini(struct init *init) {
    for (int i = 0; i < INIT_SECRETS; i++) {
        if (init->values[i] != NULL)
            explicit_bzero(init->values[i], strlen(init->values[i]));
        free(init->values[i]);
    }
    init_terminal_fini(&init->terminal);
    free(init->folder);
}

int cli_init(const struct cli_options *options) {
    struct init init = {.options = options};
    struct rf_error error = {0};
    enum rf_err err = prepare(&init, &error);
    if (err == RF_OK)
        err = take_answers(&init, &error);
    if (err == RF_OK)
        err = take_secrets(&init, &error);
    if (err == RF_OK)
        err = write_all(&init, &error);
    if (err == RF_OK)
        tell(&init);
    else
        rf_log(RF_LOG_ERROR, "init: %s", error.message);
    fini(&init);
    return err == RF_OK            ? CLI_OK
           : err == RF_ERR_CLOSED  ? CLI_INTERRUPTED
           : err == RF_ERR_INVALID ? CLI_USAGE
           : err == RF_ERR_CONFIG  ? CLI_CONFIG
                                   : CLI_FAILED;
}
