// What a person has to do about an answer that bars a channel. Pure.
#ifndef RF_ALERTER_MEND_H
#define RF_ALERTER_MEND_H

#include <stdbool.h>

// rf_mend_telegram: for a description of Telegram's; NULL: nothing is known. `about_chat`: whatever
// is sent there meets it, not this message alone.
const char *rf_mend_telegram(const char *description, bool *about_chat);

// rf_mend_mail: for a code of SMTP that is about the login; NULL: it is not.
const char *rf_mend_mail(long code);

#define RF_MEND_LOGIN                                                                              \
    "the mail server offers no login that we know: use its submission port (587, or smtps:// on "  \
    "465), or take out user and password if it wants none"

#endif
