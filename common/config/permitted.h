// Whether this user may read a file or use a socket, and who could.
#ifndef RF_CONFIG_PERMITTED_H
#define RF_CONFIG_PERMITTED_H

#include <ringfence/error.h>

// rf_config_permitted: RF_ERR_CONFIG if this user may not read (R_OK) or use (W_OK) `file`, with
// whose it is and what to do. What is not there is for whoever opens it.
RF_NODISCARD enum rf_err rf_config_permitted(const char *file, int mode, struct rf_error *error);

#endif
