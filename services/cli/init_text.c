#include "init_text.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

const struct init_secret_row init_secrets[INIT_SECRETS] = {
    [INIT_ELEVENLABS] = {"elevenlabs", "ELEVENLABS_API_KEY", "API key of ElevenLabs"},
    [INIT_OPENAI] = {"openai", "OPENAI_API_KEY", "API key of OpenAI"},
    [INIT_ANTHROPIC] = {"anthropic", "ANTHROPIC_API_KEY", "API key of Anthropic"},
    [INIT_TWILIO] = {"twilio", "TWILIO_AUTH_TOKEN", "auth token of Twilio"},
    [INIT_SMTP] = {"smtp", "SMTP_PASSWORD", "password at the mail server"},
    [INIT_TELEGRAM] = {"telegram", "TELEGRAM_BOT_TOKEN", "token of the Telegram bot"},
    [INIT_WEBHOOK] = {"webhook", NULL, "secret that signs the webhook"},
    [INIT_MEDIA] = {"media", NULL, "secret that signs the addresses of audio"},
};

bool init_needs(const struct init_answers *answers, enum init_secret secret) {
    const bool needs[INIT_SECRETS] = {
        [INIT_ELEVENLABS] = answers->providers[RF_PROVIDER_ELEVENLABS],
        [INIT_OPENAI] = answers->providers[RF_PROVIDER_OPENAI],
        [INIT_ANTHROPIC] = answers->providers[RF_PROVIDER_ANTHROPIC],
        [INIT_TWILIO] = answers->providers[RF_PROVIDER_TWILIO],
        [INIT_SMTP] = answers->email != NULL && answers->smtp_user != NULL,
        [INIT_TELEGRAM] = answers->telegram != NULL,
        [INIT_WEBHOOK] = answers->webhook != NULL,
        [INIT_MEDIA] = answers->media_url != NULL,
    };
    return needs[secret];
}

enum rf_err init_providers(const char *list, struct init_answers *answers, struct rf_error *error) {
    while (*list != '\0') {
        size_t length = strcspn(list, ", ");
        char name[32] = "";
        enum rf_provider provider;
        if (length < sizeof name)
            memcpy(name, list, length);
        // Its speech is an account of openai's, and needs no answer of its own.
        if (!rf_provider_parse(name, &provider) || provider == RF_PROVIDER_OPENAI_TTS)
            return rf_error_set(error, RF_ERR_INVALID,
                                "--provider: \"%.*s\": expected some of elevenlabs, openai, "
                                "anthropic, twilio, separated by commas",
                                (int)(length < 40 ? length : 40), list);
        answers->providers[provider] = true;
        list += length;
        list += strspn(list, ", ");
    }
    return RF_OK;
}

static enum rf_err check_text(const struct init_answers *answers, struct rf_error *error) {
    const struct {
        const char *option, *value;
    } given[] = {{"state-dir", answers->state_dir},
                 {"run-dir", answers->run_dir},
                 {"account-sid", answers->account_sid},
                 {"from", answers->from},
                 {"media-url", answers->media_url},
                 {"email", answers->email},
                 {"smtp", answers->smtp},
                 {"smtp-user", answers->smtp_user},
                 {"telegram", answers->telegram},
                 {"webhook", answers->webhook}};
    for (size_t i = 0; i < sizeof given / sizeof given[0]; i++)
        if (given[i].value != NULL && !rf_utf8_is_text(given[i].value))
            return rf_error_set(error, RF_ERR_INVALID,
                                "--%s: what is given is not UTF-8, as the configuration is",
                                given[i].option);
    return RF_OK;
}

enum rf_err init_check(const struct init_answers *answers, struct rf_error *error) {
    const bool *has = answers->providers;
    if (!has[RF_PROVIDER_TWILIO])
        return rf_error_set(error, RF_ERR_INVALID,
                            "--provider: twilio is the one that calls, and "
                            "cannot be left out");
    if (!has[RF_PROVIDER_OPENAI] && !has[RF_PROVIDER_ANTHROPIC])
        return rf_error_set(error, RF_ERR_INVALID,
                            "--provider: openai or anthropic is needed, to write the scripts");
    if (!has[RF_PROVIDER_ELEVENLABS] && !has[RF_PROVIDER_OPENAI])
        return rf_error_set(error, RF_ERR_INVALID,
                            "--provider: elevenlabs or openai is needed, to speak");
    if (answers->account_sid == NULL)
        return rf_error_set(error, RF_ERR_INVALID,
                            "--account-sid: Twilio's Account SID (AC...) is "
                            "needed; its console shows it");
    if (answers->from == NULL)
        return rf_error_set(error, RF_ERR_INVALID,
                            "--from: the caller id is needed, a number of the Twilio account such "
                            "as +12025550199");
    if (answers->email != NULL && answers->smtp == NULL)
        return rf_error_set(error, RF_ERR_INVALID,
                            "--smtp: mail needs a server, such as smtps://smtp.example.com:465");
    if (answers->email == NULL && (answers->smtp != NULL || answers->smtp_user != NULL))
        return rf_error_set(error, RF_ERR_INVALID,
                            "--%s: to whom is mail sent? give --email ADDRESS too",
                            answers->smtp != NULL ? "smtp" : "smtp-user");
    return check_text(answers, error);
}

// ---- the file ----

// A value in quotes. ${ would begin the name of a variable.
static void add_quoted(struct rf_text *text, const char *value) {
    struct rf_text escaped = {0};
    for (; *value != '\0'; value++) {
        if (value[0] == '$' && value[1] == '{')
            rf_text_add_bytes(&escaped, "$", 1);
        rf_text_add_bytes(&escaped, value, 1);
    }
    json_t *string = json_stringn(escaped.data != NULL ? escaped.data : "", escaped.size);
    char *quoted = string != NULL ? json_dumps(string, JSON_ENCODE_ANY) : NULL;
    if (quoted != NULL)
        rf_text_add(text, "%s", quoted);
    else
        text->failed = true;
    free(quoted);
    json_decref(string);
    rf_text_fini(&escaped);
}

static void add_key(struct rf_text *text, const char *key, const char *value, const char *missing) {
    if (value == NULL) {
        rf_text_add(text, "%s", missing);
        return;
    }
    rf_text_add(text, "%s: ", key);
    add_quoted(text, value);
    rf_text_add(text, "\n");
}

static void add_head(struct rf_text *text, const struct init_answers *answers) {
    rf_text_add(
        text,
        "# Ringfence with the real providers. Written by ringfence init; yours to change. What a "
        "key means:\n"
        "# ringfence.yaml(5), or deploy/ringfence.yaml, which has all of them with comments.\n"
        "#\n"
        "#   ringfence config check FILE        says what is wrong, with line and key\n"
        "#   ringfence --config FILE doctor     tries what the set will need\n"
        "#\n"
        "# A key left out has its default. Relative paths begin at the folder of this file. "
        "Secrets are files\n"
        "# of mode 0600 in the folder secrets beside it, one line each: a file can be changed "
        "while the set\n"
        "# runs, and is read anew by itself. SIGHUP reads this file again.\n\n");
    add_key(text, "run_dir", answers->run_dir,
            "# run_dir: /run/ringfence              # sockets and locks; a short path\n");
    add_key(
        text, "state_dir", answers->state_dir,
        "# state_dir: /var/lib/ringfence        # databases, logs (log_dir), audio (media_dir)\n");
}

static void add_providers(struct rf_text *text, const struct init_answers *answers) {
    rf_text_add(text, "\n# ---- Providers: base_url is the real address unless it stands here\n"
                      "providers:\n");
    if (answers->providers[RF_PROVIDER_ELEVENLABS])
        rf_text_add(text, "  elevenlabs:\n"
                          "    key: file:secrets/elevenlabs\n"
                          "    # keys: [file:secrets/elevenlabs-2]   # used when the one before is "
                          "refused or empty\n"
                          "    voice: 21m00Tcm4TlvDq8ikWAM\n"
                          "    model: eleven_multilingual_v2\n");
    if (answers->providers[RF_PROVIDER_OPENAI])
        rf_text_add(text, "  openai:\n"
                          "    key: file:secrets/openai\n"
                          "    model: gpt-4o-mini\n");
    if (answers->providers[RF_PROVIDER_ANTHROPIC])
        rf_text_add(text, "  anthropic:\n"
                          "    key: file:secrets/anthropic\n"
                          "    model: claude-3-5-haiku-latest\n");
    rf_text_add(text, "  twilio:\n"
                      "    key: file:secrets/twilio           # the auth token\n");
    add_key(text, "    account_sid", answers->account_sid, "");
    add_key(text, "    from", answers->from, "");
}

static void add_calls(struct rf_text *text, const struct init_answers *answers) {
    const bool *has = answers->providers;
    rf_text_add(
        text,
        "\n# In order of preference; the next one serves while the breaker of the one before is "
        "open.\n"
        "gateway:\n"
        "  chains:\n"
        "    speech: [%s]\n"
        "    script: [%s]                # template at the end always serves, and asks nobody\n"
        "    telephony: [twilio]\n",
        !has[RF_PROVIDER_ELEVENLABS] ? "openai-tts"
        : has[RF_PROVIDER_OPENAI]    ? "elevenlabs, openai-tts"
                                     : "elevenlabs",
        has[RF_PROVIDER_OPENAI] && has[RF_PROVIDER_ANTHROPIC] ? "openai, anthropic"
        : has[RF_PROVIDER_OPENAI]                             ? "openai"
                                                              : "anthropic");
    rf_text_add(text, "\ntelephony:\n");
    if (answers->media_url != NULL) {
        rf_text_add(
            text,
            "  audio: play                          # Twilio fetches our audio from the console\n");
        add_key(text, "  media_url", answers->media_url, "");
        rf_text_add(text, "  media_secret: file:secrets/media\n");
    } else {
        rf_text_add(text, "  audio: say                           # Twilio speaks the script; "
                          "play: it fetches our audio, and\n"
                          "  # media_url: https://calls.example.com # needs a public address that "
                          "leads to the console\n"
                          "  # media_secret: file:secrets/media\n");
    }
    rf_text_add(
        text, "  # callback_url: https://calls.example.com   # Twilio tells there how calls end\n"
              "  # machine_detection: yes             # voicemail is told from people; billed\n"
              "\norchestrator:\n"
              "  concurrency: 8                       # contacts in progress at once\n"
              "  prompt: >-\n"
              "    Write what a friendly AI agent says on the telephone to {name}: at most 40 "
              "words, as plain text.\n"
              "\ncampaign:\n"
              "  # windows: [mon-fri 09:00-18:00]     # when people may be called, where they are\n"
              "  # time_zone: Europe/Berlin           # of contacts that bring none\n"
              "  max_calls: 1                         # to one contact, however calls end\n");
}

static void add_mail(struct rf_text *text, const struct init_answers *answers) {
    if (answers->email == NULL) {
        rf_text_add(
            text,
            "  # email: {enabled: yes, url: \"smtps://smtp.example.com:465\", from: "
            "ringfence@example.com,\n"
            "  #         to: oncall@example.com, user: ringfence, password: file:secrets/smtp}\n");
        return;
    }
    const char *domain = strrchr(answers->email, '@');
    struct rf_text from = {0};
    rf_text_add(&from, "ringfence%s", domain != NULL ? domain : "@localhost");
    rf_text_add(text, "  email:\n    enabled: yes\n");
    add_key(text, "    url", answers->smtp, "");
    add_key(text, "    from", from.data, "");
    add_key(text, "    to", answers->email, "");
    add_key(text, "    user", answers->smtp_user, "    # user: ringfence\n");
    rf_text_add(text, answers->smtp_user != NULL ? "    password: file:secrets/smtp\n"
                                                 : "    # password: file:secrets/smtp\n");
    rf_text_fini(&from);
}

static void add_alerter(struct rf_text *text, const struct init_answers *answers) {
    bool nobody = answers->email == NULL && answers->telegram == NULL && answers->webhook == NULL;
    rf_text_add(text, "\n# ---- Who is told%s\nalerter:\n",
                nobody ? ": nobody yet; enable a channel" : "");
    add_mail(text, answers);
    if (answers->telegram != NULL) {
        rf_text_add(text, "  telegram:\n    enabled: yes\n    token: file:secrets/telegram\n");
        add_key(text, "    chat_id", answers->telegram, "");
    } else {
        rf_text_add(text, "  # telegram: {enabled: yes, token: file:secrets/telegram, chat_id: "
                          "\"-1001234567890\"}\n");
    }
    if (answers->webhook != NULL) {
        rf_text_add(text, "  webhook:\n    enabled: yes\n");
        add_key(text, "    url", answers->webhook, "");
        rf_text_add(text,
                    "    shape: generic                     # slack, discord, pagerduty\n"
                    "    secret: file:secrets/webhook       # signs; the receiver has it too\n");
    } else {
        rf_text_add(text,
                    "  # webhook: {enabled: yes, url: \"https://hooks.example.com/ringfence\", "
                    "secret: file:secrets/webhook}\n");
    }
    rf_text_add(text, "  breaker: {failures: 5}               # of each channel\n");
}

void init_text(const struct init_answers *answers, struct rf_text *text) {
    add_head(text, answers);
    add_providers(text, answers);
    add_calls(text, answers);
    add_alerter(text, answers);
    rf_text_add(
        text,
        "\nlogger:\n"
        "  rotate: {size: 100MiB, age: 24h, compress: gzip, keep_bytes: 2GiB, keep_age: 720h}\n"
        "  # sheets:                            # rows in a Google Sheet, shared with the service "
        "account\n"
        "  #   enabled: yes\n"
        "  #   spreadsheet: ID-OF-THE-SPREADSHEET\n"
        "  #   sheet: events\n"
        "  #   credentials: secrets/service-account.json\n"
        "\nconsole:\n"
        "  listen: 127.0.0.1:18090              # behind a server with HTTPS; the token: "
        "<state_dir>/console.token\n");
}
