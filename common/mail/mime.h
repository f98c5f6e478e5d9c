// The pieces of a message after RFC 5322 and MIME: header lines and bodies, with CRLF line ends and
// no line over 998 bytes, whatever the texts hold.
#ifndef RF_MAIL_MIME_H
#define RF_MAIL_MIME_H

#include <ringfence/time.h>

#include "events/text.h"
#include "mail/mailbox.h"

// rf_mime_add_text: "Name: value", folded; encoded words (RFC 2047) if the value is more than plain
// ASCII. Controls become spaces.
void rf_mime_add_text(struct rf_text *message, const char *name, const char *value);

// rf_mime_add_mailboxes: "Name: mailbox, mailbox", one a line.
void rf_mime_add_mailboxes(struct rf_text *message, const char *name,
                           const struct rf_mailboxes *mailboxes);

// rf_mime_add_date: "Date: Tue, 24 Nov 2026 11:03:05 +0000", whatever the locale is.
void rf_mime_add_date(struct rf_text *message, struct rf_utc now);

// rf_mime_add_part: the header of a part of type text/`subtype`, an empty line and `text`, whose
// lines end in '\n': as it is where it is plain ASCII with short lines, else quoted-printable
// (RFC 2045). "=_" never stands in it, so a boundary that holds it is safe.
void rf_mime_add_part(struct rf_text *message, const char *subtype, const char *text);

#endif
