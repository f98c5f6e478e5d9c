// Which process listens on a TCP port of this host, as far as the system lets us see (proc(5)).
#ifndef RF_CLI_PORT_HOLDER_H
#define RF_CLI_PORT_HOLDER_H

#include <stdbool.h>
#include <stddef.h>

// cli_port_holder: the program's name and process id. False: nobody is seen; another user's
// processes are not shown to us.
bool cli_port_holder(unsigned port, char *name, size_t size, long *pid);

#endif
