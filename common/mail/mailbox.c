#include "mail/mailbox.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

#define NAME_MOST    256
#define ADDRESS_MOST 254 // RFC 5321 section 4.5.3.1.3, less the angle brackets

void rf_mailboxes_fini(struct rf_mailboxes *mailboxes) {
    for (size_t i = 0; i < mailboxes->count; i++) {
        free(mailboxes->items[i].name);
        free(mailboxes->items[i].address);
    }
    free(mailboxes->items);
    *mailboxes = (struct rf_mailboxes){0};
}

// A piece of the list.
struct span {
    const char *text;
    size_t size;
};

static struct span trimmed(struct span span) {
    for (; span.size > 0 && strchr(" \t", span.text[0]) != NULL; span.text++)
        span.size--;
    while (span.size > 0 && strchr(" \t", span.text[span.size - 1]) != NULL)
        span.size--;
    return span;
}

static enum rf_err refuse(struct span span, const char *why, struct rf_error *error) {
    size_t shown = rf_utf8_cut(span.text, span.size, 100);
    return rf_error_set(error, RF_ERR_INVALID, "\"%.*s\" %s", (int)shown, span.text, why);
}

// The next entry, up to a comma outside of quotes and angle brackets. False: an unclosed quote.
static bool next_entry(const char **list, struct span *entry) {
    bool quoted = false;
    const char *c = *list;
    for (; *c != '\0' && (quoted || *c != ','); c++) {
        if (*c == '"')
            quoted = !quoted;
        else if (*c == '\\' && quoted && c[1] != '\0')
            c++;
    }
    *entry = trimmed((struct span){*list, (size_t)(c - *list)});
    *list = *c == ',' ? c + 1 : c;
    return !quoted;
}

static enum rf_err check_address(struct span span, struct rf_error *error) {
    const char *at = memrchr(span.text, '@', span.size);
    if (at == NULL || at == span.text || at + 1 == span.text + span.size)
        return refuse(span, "is not a mail address; expected name@domain", error);
    if (span.size > ADDRESS_MOST)
        return refuse(span, "is too long for a mail address; at most 254 bytes are allowed", error);
    for (size_t i = 0; i < span.size; i++) {
        unsigned char c = (unsigned char)span.text[i];
        if (c >= 0x80 && span.text + i < at)
            return refuse(span,
                          "has a letter beyond ASCII before the @, which needs SMTPUTF8 and is not "
                          "supported; expected an address in ASCII",
                          error);
        if (c >= 0x80)
            return refuse(span,
                          "has a domain beyond ASCII; expected its ASCII form (xn--..., as "
                          "\"idn2 DOMAIN\" prints it)",
                          error);
        if (c <= 0x20 || c == 0x7F || strchr("<>()[]\\,;:\"", c) != NULL ||
            (c == '@' && span.text + i != at))
            return refuse(span, "is not a mail address; expected name@domain", error);
    }
    return RF_OK;
}

// The name without its quotes and the backslashes within them.
static char *name_of(struct span span) {
    char *name = malloc(span.size + 1);
    size_t size = 0;
    bool quoted = false;
    for (size_t i = 0; name != NULL && i < span.size; i++) {
        if (span.text[i] == '"') {
            quoted = !quoted;
            continue;
        }
        if (span.text[i] == '\\' && quoted && i + 1 < span.size)
            i++;
        name[size++] = span.text[i];
    }
    if (name != NULL)
        name[size] = '\0';
    return name;
}

static enum rf_err check_name(const char *name, struct span entry, struct rf_error *error) {
    size_t size = strlen(name);
    if (size > NAME_MOST)
        return refuse(entry, "has a name that is too long; at most 256 bytes are allowed", error);
    for (size_t i = 0; i < size;) {
        uint32_t code = 0;
        size_t length = rf_utf8_decode(name + i, size - i, &code);
        if (length == 0 || rf_utf8_is_control(code))
            return refuse(entry, "has a name that is not a line of UTF-8 text", error);
        i += length;
    }
    return RF_OK;
}

static enum rf_err take_entry(struct span entry, struct rf_mailbox *mailbox,
                              struct rf_error *error) {
    struct span address = entry, name = {entry.text, 0};
    const char *open = entry.size == 0 ? NULL : memrchr(entry.text, '<', entry.size);
    if (open != NULL) {
        if (entry.text[entry.size - 1] != '>')
            return refuse(entry, "is not a mail address; expected Name <name@domain>", error);
        name = trimmed((struct span){entry.text, (size_t)(open - entry.text)});
        address =
            trimmed((struct span){open + 1, (size_t)(entry.text + entry.size - 1 - (open + 1))});
    }
    enum rf_err result = check_address(address, error);
    if (result != RF_OK)
        return result;
    mailbox->name = name_of(name);
    mailbox->address = strndup(address.text, address.size);
    if (mailbox->name == NULL || mailbox->address == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "no memory for mail addresses");
    return check_name(mailbox->name, entry, error);
}

enum rf_err rf_mailboxes_parse(const char *list, struct rf_mailboxes *mailboxes,
                               struct rf_error *error) {
    size_t places = 1;
    enum rf_err result = RF_OK;
    for (const char *c = list; *c != '\0'; c++)
        places += *c == ',';
    *mailboxes = (struct rf_mailboxes){.items = calloc(places, sizeof *mailboxes->items)};
    if (mailboxes->items == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "no memory for mail addresses");
    while (result == RF_OK && *list != '\0') {
        struct span entry;
        if (!next_entry(&list, &entry))
            result = refuse(entry, "has a quote that does not end", error);
        else if (entry.size > 0)
            result = take_entry(entry, &mailboxes->items[mailboxes->count++], error);
    }
    if (result == RF_OK && mailboxes->count == 0)
        result = rf_error_set(error, RF_ERR_INVALID, "no mail address; expected name@domain");
    if (result != RF_OK)
        rf_mailboxes_fini(mailboxes);
    return result;
}
