// Where a syslog receiver is: udp://HOST[:PORT], tcp://HOST[:PORT], tls://HOST[:PORT] or
// unix://PATH.
#ifndef RF_CONFIG_SYSLOG_ADDRESS_H
#define RF_CONFIG_SYSLOG_ADDRESS_H

#include <stdbool.h>

enum rf_syslog_transport { RF_SYSLOG_UDP, RF_SYSLOG_TCP, RF_SYSLOG_TLS, RF_SYSLOG_UNIX };

struct rf_syslog_address {
    enum rf_syslog_transport transport;
    char host[256]; // or the path
    char port[6];   // 514, 601 and 6514 unless it is given; "" of a path
};

// rf_syslog_address_parse: false if it is none.
bool rf_syslog_address_parse(const char *text, struct rf_syslog_address *address);

// rf_syslog_facility: the number of "kern", "user", "daemon", "local0" and so on (RFC 5424, 6.2.1);
// -1: there is none of that name.
int rf_syslog_facility(const char *name);

#endif
