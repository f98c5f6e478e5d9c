// From which address a visitor came, where a server that we trust stands between. Pure.
#ifndef CONSOLE_FORWARDED_H
#define CONSOLE_FORWARDED_H

#include <stdbool.h>
#include <stddef.h>

// console_forwarded: replaces the address of a connection (as of rf_http_exchange_peer) by the one
// that stands last in the header X-Forwarded-For (its last line; NULL: none) and is none of
// `proxies`, if the connection is one of theirs. Each of them writes whom it heard, behind what it
// was told: what stands before that may be anybody's invention, and is not looked at. What is no
// address ends the search: the visitor is who is known by then.
void console_forwarded(const char *header, char *const *proxies, size_t count,
                       unsigned char address[16]);

#endif
