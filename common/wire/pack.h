// Writing msgpack into one buffer that grows, each value in its shortest form. Private to
// common/wire.
#ifndef RF_WIRE_PACK_H
#define RF_WIRE_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ringfence/error.h>

// Zero-initialised is empty. It remembers that it failed, so that each single call need not be
// checked: RF_ERR_FULL above RF_WIRE_MAX_BYTES, RF_ERR_NOMEM. What is in it then is of no use.
struct rf_packer {
    unsigned char *data; // of malloc: whoever packs frees it
    size_t size, capacity;
    enum rf_err failed;
};

void rf_pack_nil(struct rf_packer *packer);
void rf_pack_bool(struct rf_packer *packer, bool truth);
void rf_pack_int(struct rf_packer *packer, int64_t n);
void rf_pack_real(struct rf_packer *packer, double real);
void rf_pack_str(struct rf_packer *packer, const char *text, size_t size);
void rf_pack_bin(struct rf_packer *packer, const void *bytes, size_t size);

// rf_pack_array, rf_pack_map: the head; `count` values, or pairs, have to follow.
void rf_pack_array(struct rf_packer *packer, size_t count);
void rf_pack_map(struct rf_packer *packer, size_t count);

// rf_pack_raw: bytes that are msgpack already.
void rf_pack_raw(struct rf_packer *packer, const void *bytes, size_t size);

#endif
