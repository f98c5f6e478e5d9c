// Addresses that let in who knows them: with a login, of a chat's webhook, of a bot.
#include "redact/scan.h"

static bool ends_host(char c) {
    return c == '\0' || strchr("/?# \t\r\n\"'<>", c) != NULL;
}

static bool is_port(const char *text, size_t size) {
    size_t digits = 0;
    while (digits < size && rf_redact_is_digit(text[digits]))
        digits++;
    return digits == size;
}

static bool address_at(const struct rf_redact_view *view, size_t at, struct rf_redact_span *span) {
    size_t host = at + 3, end = host, colon = 0, sign = 0;
    for (; end < view->size && !ends_host(view->text[end]); end++) {
        if (view->text[end] == '@')
            sign = end; // the last one: a password may have one too
        else if (view->text[end] == ':' && colon == 0)
            colon = end;
    }
    // Cut within the login.
    if (sign == 0 && colon > 0 && end == view->size && view->size >= RF_REDACT_CUT_LEAST &&
        view->text[host] != '[' && !is_port(view->text + colon + 1, end - colon - 1))
        sign = end;
    size_t from = colon > 0 && colon < sign ? colon + 1 : host;
    return from < sign && !rf_redact_has(view, from, RF_REDACTED) &&
           rf_redact_found(span, from, sign);
}

// Chats whose webhook's path is what lets in: Slack, api.slack.com/messaging/webhooks; Discord,
// discord.com/developers/docs/resources/webhook.
static bool is_hook(const struct rf_redact_view *view, size_t host_end, size_t *path) {
    static const struct {
        const char *host, *path;
        bool version; // v10/ may stand before "webhooks"
    } hooks[] = {
        {"hooks.slack.com", "/services/", false}, {"hooks.slack.com", "/workflows/", false},
        {"hooks.slack.com", "/triggers/", false}, {"discord.com", "/api/", true},
        {"discordapp.com", "/api/", true},
    };
    for (size_t i = 0; i < sizeof hooks / sizeof hooks[0]; i++) {
        size_t size = strlen(hooks[i].host);
        if (host_end - view->floor < size ||
            !rf_redact_has_in_any_case(view, host_end - size, hooks[i].host) ||
            !rf_redact_has(view, host_end, hooks[i].path))
            continue;
        *path = host_end + strlen(hooks[i].path);
        if (hooks[i].version && rf_redact_at(view, *path) == 'v')
            *path += 1 + rf_redact_run(view, *path + 1, rf_redact_is_digit) + 1;
        if (hooks[i].version && *path < view->size && rf_redact_has(view, *path, "webhooks/"))
            *path += strlen("webhooks/");
        else if (hooks[i].version)
            continue;
        return true;
    }
    return false;
}

bool rf_redact_slash_at(const struct rf_redact_view *view, size_t at, struct rf_redact_span *span) {
    size_t path;
    if (at - view->floor < 4 || strncasecmp(view->text + at - 4, ".com", 4) != 0 ||
        !is_hook(view, at, &path))
        return false;
    size_t end = path;
    while (end < view->size && !rf_redact_ends_value(view->text[end], '\0'))
        end++;
    return end > path && !rf_redact_has(view, path, RF_REDACTED) &&
           rf_redact_found(span, path, end);
}

// Digits, a colon, 35 characters: a Telegram bot's, or in an address behind "bot" a part of one.
// The number is the bot's own name.
static bool bot_at(const struct rf_redact_view *view, size_t at, struct rf_redact_span *span) {
    size_t digits = 0, length = rf_redact_run(view, at + 1, rf_redact_is_url_safe);
    while (at - digits > view->floor && rf_redact_is_digit(view->text[at - digits - 1]))
        digits++;
    bool named =
        at - digits - view->floor >= 3 && strncasecmp(view->text + at - digits - 3, "bot", 3) == 0;
    return digits >= 6 && digits <= 12 && (named ? length >= 8 : length >= 30 && length <= 45) &&
           rf_redact_found(span, at + 1, at + 1 + length);
}

bool rf_redact_colon_at(const struct rf_redact_view *view, size_t at, struct rf_redact_span *span) {
    if (rf_redact_has(view, at, "://"))
        return address_at(view, at, span);
    return bot_at(view, at, span) || rf_redact_named_at(view, at, span);
}
