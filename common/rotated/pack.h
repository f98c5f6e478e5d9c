// Compression of whole files.
#ifndef RF_ROTATED_PACK_H
#define RF_ROTATED_PACK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#include <ringfence/error.h>

#include "rotated/name.h"

// rf_pack_file: writes all of `in` to `out`, compressed by gzip (level 6) or zstd (level 3, with a
// checksum). Both are open descriptors, at their beginnings. Blocks, and looks at `stop` every 64
// KiB: RF_ERR_CLOSED once it is set. RF_ERR_IO tells errno's reason.
RF_NODISCARD enum rf_err rf_pack_file(int in, int out, enum rf_pack pack, const atomic_bool *stop,
                                      struct rf_error *error);

#endif
