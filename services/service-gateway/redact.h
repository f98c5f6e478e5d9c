// A provider's words made fit for logs, events and errors.
#ifndef GATEWAY_REDACT_H
#define GATEWAY_REDACT_H

#include <stddef.h>

// redact: in `text` (a buffer that ends with NUL), every occurrence of `secret` (NULL or "": none)
// and every word that begins like an API key ("sk-", "sk_", "AIza", "Bearer ") becomes
// "[redacted]", control characters become spaces, and a UTF-8 sequence that was cut at the end
// goes. The text never gets longer than `size` - 1.
void redact(char *text, size_t size, const char *secret);

#endif
