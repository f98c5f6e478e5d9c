#include "mend.h"

#include <stddef.h>
#include <string.h>

// Telegram has no codes beside HTTP's: its descriptions are all there is to go by
// (github.com/TelegramBotAPI/errors collects them).
static const struct {
    const char *words, *mend;
} telegram[] = {
    {"not enough rights to send", "let the bot write there: it is restricted, or the group lets "
                                  "only administrators write"},
    {"have no rights to send", "let the bot write there: it is restricted, or the group lets only "
                               "administrators write"},
    {"CHAT_WRITE_FORBIDDEN", "let the bot write there: it is restricted, or the group lets only "
                             "administrators write"},
    {"need administrator rights", "make the bot an administrator there who may post messages"},
    {"bot is not a member", "add the bot to that chat; to a channel as an administrator who may "
                            "post messages"},
    {"bot was kicked", "add the bot to that group or channel again"},
    {"bot was blocked", "that person has to unblock the bot and to start it again"},
    {"can't initiate conversation", "that person has to write to the bot first: /start"},
    {"can't send messages to bots", "chat_id is that of a bot: set the number of a person or a "
                                    "group"},
    {"user is deactivated", "that account is gone: set another chat_id"},
    {"group chat was deleted", "that group is gone: set another chat_id"},
    {"group chat was deactivated", "that group is gone: set another chat_id"},
    {"TOPIC_CLOSED", "open the topic again, or let the bot manage topics"},
    {"PEER_ID_INVALID", "chat_id is wrong, or the bot was never in that chat"},
    {"chat not found", "chat_id is wrong, or the bot was never in that chat"},
    {"user not found", "chat_id is wrong, or that person never wrote to the bot"},
    {"chat_id is empty", "set chat_id"},
};

const char *rf_mend_telegram(const char *description, bool *about_chat) {
    *about_chat = false;
    for (size_t i = 0; i < sizeof telegram / sizeof telegram[0]; i++) {
        if (strcasestr(description, telegram[i].words) == NULL)
            continue;
        *about_chat = true;
        return telegram[i].mend;
    }
    if (strcasestr(description, "unauthorized") != NULL)
        return "the token is wrong or was revoked: @BotFather has the right one";
    return NULL;
}

// RFC 4954, section 6.
const char *rf_mend_mail(long code) {
    switch (code) {
    case 530:
        return "it wants a login: set user and password, and require_tls if it offers one only "
               "over TLS";
    case 534:
        return "it does not take this kind of login: most such servers want a password that is "
               "made for one application";
    case 535:
        return "user or password is wrong; many servers want a password that is made for one "
               "application";
    case 538:
        return "it takes a login only over TLS: set require_tls";
    default:
        return NULL;
    }
}
