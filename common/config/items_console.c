// Who may use the console, under which names, and who may stand before it.
#include <arpa/inet.h>
#include <string.h>

#include "config/check.h"
#include "config/config.h"
#include "config/rows.h"

#define AT(member)   offsetof(struct rf_config_visitor, member)
#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.@"

static const struct rf_config_row visitor_rows[] = {
    {.key = "name",
     .type = RF_CONFIG_TEXT,
     .offset = AT(name),
     .help = "who it is, in the events of what was done: letters, digits and -_.@"},
    {.key = "role",
     .type = RF_CONFIG_WORD,
     .offset = AT(role),
     .words = "viewer|operator",
     .fallback = "viewer",
     .help = "viewer: may look; operator: may also act"},
    {.key = "token",
     .type = RF_CONFIG_SECRET,
     .offset = AT(token),
     .help = "at least 24 characters without blanks, by file:PATH or ${ENV}"},
};

// The token itself is never told.
static const char *visitor_problem(const void *item) {
    const struct rf_config_visitor *visitor = item;
    size_t length = visitor->name != NULL ? strspn(visitor->name, NAME_LETTERS) : 0;
    if (length == 0 || length > RF_CONSOLE_NAME_MOST || visitor->name[length] != '\0')
        return "has no name that can be used; expected up to 32 letters, digits and -_.@, such as "
               "name: ann";
    const char *token = visitor->token.value;
    if (token == NULL || strlen(token) < RF_CONSOLE_TOKEN_LEAST)
        return "has no token, or one that can be guessed; expected at least 24 characters, such as "
               "those of openssl rand -hex 24, by token: file:PATH";
    for (const char *c = token; *c != '\0'; c++)
        if ((unsigned char)*c <= ' ' || (unsigned char)*c >= 0x7f)
            return "has a token with a blank or a character that no header carries; expected "
                   "letters, digits and signs of ASCII";
    return NULL;
}

const struct rf_config_items rf_config_visitor_items = {
    .size = sizeof(struct rf_config_visitor),
    .most = 64,
    .rows = visitor_rows,
    .row_count = sizeof visitor_rows / sizeof visitor_rows[0],
    .expected = "a list such as [{name: ann, role: operator, token: file:secrets/console-ann}]",
    .problem = visitor_problem,
};

static const struct rf_config_row host_rows[] = {
    {.key = "", .type = RF_CONFIG_TEXT, .help = "a name, without a port"},
};

static const char *host_problem(const void *item) {
    const char *name = *(char *const *)item;
    size_t length =
        strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.");
    if (length == 0 || length > 253 || name[length] != '\0')
        return "is no name of a host; expected it without scheme and port, such as "
               "console.example.com";
    return NULL;
}

const struct rf_config_items rf_config_host_items = {
    .size = sizeof(char *),
    .most = 32,
    .rows = host_rows,
    .row_count = sizeof host_rows / sizeof host_rows[0],
    .expected = "a list of names, such as [console.example.com]",
    .problem = host_problem,
};

// Whom a token belongs to, and whom an event names, must be one person.
static enum rf_err check_visitors(const struct check *check) {
    const struct rf_config_list *list = &check->config->console.tokens;
    const struct rf_config_visitor *visitors = list->items;
    for (size_t i = 0; i < list->count; i++)
        for (size_t k = 0; k < i; k++) {
            if (strcmp(visitors[i].name, visitors[k].name) == 0)
                return COMPLAIN(check, "console.tokens",
                                "%s stands there twice; expected each "
                                "name once",
                                visitors[i].name);
            if (strcmp(visitors[i].token.value, visitors[k].token.value) == 0)
                return COMPLAIN(check, "console.tokens",
                                "%s and %s have the same token; expected "
                                "one for each",
                                visitors[k].name, visitors[i].name);
        }
    return RF_OK;
}

enum rf_err check_console(const struct check *check) {
    const struct rf_config_console *console = &check->config->console;
    enum rf_err err = RF_OK;
    if (console->cert_file != NULL)
        err = check_needed(check, "console.cert_file", console->key_file != NULL,
                           "console.key_file", "the path of a PEM file");
    else if (console->key_file != NULL)
        err = check_needed(check, "console.key_file", false, "console.cert_file",
                           "the path of a PEM file");
    return err == RF_OK ? check_visitors(check) : err;
}

static const struct rf_config_row proxy_rows[] = {
    {.key = "", .type = RF_CONFIG_TEXT, .help = "an IP address"},
};

static const char *proxy_problem(const void *item) {
    unsigned char address[16];
    const char *text = *(char *const *)item;
    if (inet_pton(AF_INET, text, address) != 1 && inet_pton(AF_INET6, text, address) != 1)
        return "is no IP address; expected that of a server before the console, such as 127.0.0.1";
    return NULL;
}

const struct rf_config_items rf_config_proxy_items = {
    .size = sizeof(char *),
    .most = 32,
    .rows = proxy_rows,
    .row_count = sizeof proxy_rows / sizeof proxy_rows[0],
    .expected = "a list of IP addresses, such as [127.0.0.1]",
    .problem = proxy_problem,
};
