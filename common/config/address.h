// The form of addresses: URLs, endpoints of the bus, addresses to listen on. Pure.
#ifndef RF_CONFIG_ADDRESS_H
#define RF_CONFIG_ADDRESS_H

#include <stdbool.h>

// rf_address_listen: ADDRESS:PORT with a numeric IPv4 address, or [IPv6]:PORT; port 0 lets the
// system choose.
bool rf_address_listen(const char *text);

// rf_address_url: SCHEME://HOST[:PORT][/...], where the scheme is `scheme` or `scheme` and an s,
// without spaces or control characters. `bare`: neither user nor query nor fragment.
bool rf_address_url(const char *text, const char *scheme, bool bare);

// rf_address_tcp: tcp://ADDRESS:PORT, where the address may be a name or *.
bool rf_address_tcp(const char *text);

#endif
