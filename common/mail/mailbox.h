// Mail addresses as people write them: "ops@example.org, Ops Team <team@example.org>".
#ifndef RF_MAIL_MAILBOX_H
#define RF_MAIL_MAILBOX_H

#include <stddef.h>

#include <ringfence/error.h>

struct rf_mailbox {
    char *name;    // UTF-8 in one line, "" if there is none
    char *address; // bare, ASCII
};

struct rf_mailboxes {
    struct rf_mailbox *items;
    size_t count;
};

// rf_mailboxes_parse: the mailboxes of a list; a name in quotes may hold commas. Empty entries are
// passed over. RF_ERR_INVALID, with a message that names the entry and the mend, if there is none,
// an address is none that SMTP carries without extensions (local parts beyond ASCII and domains
// that are not in their xn-- form need SMTPUTF8, which is not spoken here), or a name holds
// controls or is too long. The caller ends it by rf_mailboxes_fini.
RF_NODISCARD enum rf_err rf_mailboxes_parse(const char *list, struct rf_mailboxes *mailboxes,
                                            struct rf_error *error);
void rf_mailboxes_fini(struct rf_mailboxes *mailboxes);

#endif
