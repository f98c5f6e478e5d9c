// The recipients of one mail, as an MTA keeps them: who has it, who refused it for good, and who is
// still to get it. Pure.
//
// The mail goes to all who wait, in one transfer. Whom the server takes it for is done with; whom
// it refuses for now waits, and is tried again alone; whom it refuses for good is told of once. So
// no address keeps the mail from another one. As long as nobody took it, it is one mail that the
// server refuses, as if it had one recipient.
#ifndef RF_ALERTER_RECIPIENTS_H
#define RF_ALERTER_RECIPIENTS_H

#include <stdbool.h>
#include <stddef.h>

#include <ringfence/error.h>

#include "http/client.h"
#include "mail/mailbox.h"
#include "verdict.h"

enum rf_recipient_state { RF_RECIPIENT_WAITS, RF_RECIPIENT_DONE, RF_RECIPIENT_REFUSED };

struct rf_recipient {
    char *address;
    enum rf_recipient_state state;
    bool fresh;                       // refused by the last attempt
    char message[RF_MAIL_WORDS_SIZE]; // why it waits, or was refused; "": it was not tried
};

struct rf_recipients {
    struct rf_recipient *items;
    size_t count;
    struct rf_mail_answer *answers; // of those who wait, in their order; by the transfer
};

// rf_recipients_make: those of `to`; `kept` (NULL or "": nothing) is what rf_recipients_keep gave
// before: of who is not in `to` any more nothing is known. RF_ERR_NOMEM: nothing was made.
RF_NODISCARD enum rf_err rf_recipients_make(struct rf_recipients *recipients,
                                            const struct rf_mailboxes *to, const char *kept,
                                            struct rf_error *error);
void rf_recipients_fini(struct rf_recipients *recipients);

// rf_recipients_waiting: the addresses of those who wait into `addresses`, which has room for all.
// The number.
size_t rf_recipients_waiting(const struct rf_recipients *recipients, const char **addresses);

// rf_recipients_owed: whether anybody waits.
bool rf_recipients_owed(const struct rf_recipients *recipients);

// rf_recipients_judge: `answers` are filled in, and `verdict` is that of the whole transfer: what
// it means for each, and with that for the mail. RF_OUTCOME_OK: nobody waits any more.
// RF_OUTCOME_PARTIAL: some have it, others wait.
void rf_recipients_judge(struct rf_recipients *recipients, struct rf_verdict *verdict);

// rf_recipients_keep: what is to be known of them at the next attempt, as JSON: {address:
// {"state": "done", "waiting" or "refused", "message"}}. "" if nothing is. NULL: no memory.
char *rf_recipients_keep(const struct rf_recipients *recipients);

#endif
