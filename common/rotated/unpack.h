// Reading a file that may be compressed, from its beginning.
#ifndef RF_ROTATED_UNPACK_H
#define RF_ROTATED_UNPACK_H

#include <sys/types.h>

#include <ringfence/error.h>

#include "rotated/name.h"

struct rf_unpack;

// rf_unpack_new: takes over the open descriptor `fd`, also when it fails.
RF_NODISCARD enum rf_err rf_unpack_new(int fd, enum rf_pack pack, struct rf_unpack **unpack,
                                       struct rf_error *error);
void rf_unpack_destroy(struct rf_unpack **unpack);

// rf_unpack_read: up to `size` further bytes into `data`; `got` 0: the end. RF_ERR_DAMAGED if it is
// not whole, or of another kind.
RF_NODISCARD enum rf_err rf_unpack_read(struct rf_unpack *unpack, void *data, size_t size,
                                        size_t *got, struct rf_error *error);

#endif
