#include "wire/pack.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "wire/wire.h"

#define FIRST_CAPACITY ((size_t)1024)   // most messages, so that they never grow
#define SLACK          sizeof(uint64_t) // behind the capacity: numbers are written whole

_Static_assert(RF_WIRE_MAX_BYTES % FIRST_CAPACITY == 0 &&
                   (RF_WIRE_MAX_BYTES & (RF_WIRE_MAX_BYTES - 1)) == 0,
               "doubling ends at the largest frame exactly");

static bool grow(struct rf_packer *packer, size_t more) {
    if (packer->failed != RF_OK)
        return false;
    if (more > RF_WIRE_MAX_BYTES - packer->size) {
        packer->failed = RF_ERR_FULL;
        return false;
    }
    size_t capacity = packer->capacity == 0 ? FIRST_CAPACITY : packer->capacity * 2;
    while (capacity < packer->size + more)
        capacity *= 2;
    unsigned char *data = realloc(packer->data, capacity + SLACK);
    if (data == NULL) {
        packer->failed = RF_ERR_NOMEM;
        return false;
    }
    packer->data = data;
    packer->capacity = capacity;
    return true;
}

// Where `size` bytes more can be written; NULL if they cannot.
static inline unsigned char *take(struct rf_packer *packer, size_t size) {
    if (size > packer->capacity - packer->size && !grow(packer, size))
        return NULL;
    unsigned char *at = packer->data + packer->size;
    packer->size += size;
    return at;
}

static inline void pack_byte(struct rf_packer *packer, unsigned byte) {
    unsigned char *at = take(packer, 1);
    if (at != NULL)
        *at = (unsigned char)byte;
}

// The first byte, and the lowest `bytes` of the number behind it, the highest of them first.
static inline void pack_number(struct rf_packer *packer, unsigned first, uint64_t number,
                               unsigned bytes) {
    unsigned char *at = take(packer, 1 + bytes);
    if (at == NULL)
        return;
    uint64_t ordered = htobe64(number << (64 - 8 * bytes));
    *at = (unsigned char)first;
    memcpy(at + 1, &ordered, sizeof ordered);
}

void rf_pack_nil(struct rf_packer *packer) {
    pack_byte(packer, 0xc0);
}

void rf_pack_bool(struct rf_packer *packer, bool truth) {
    pack_byte(packer, truth ? 0xc3 : 0xc2);
}

// The head of something of `count` bytes or values: its length in one, two or four bytes behind the
// first byte given for that (0: there is no such form).
static void pack_head(struct rf_packer *packer, unsigned one, unsigned two, unsigned four,
                      size_t count) {
    if (count <= UINT8_MAX && one != 0)
        pack_number(packer, one, count, 1);
    else if (count <= UINT16_MAX)
        pack_number(packer, two, count, 2);
    else if (count <= UINT32_MAX)
        pack_number(packer, four, count, 4);
    else
        packer->failed = RF_ERR_FULL;
}

void rf_pack_int(struct rf_packer *packer, int64_t n) {
    if (n >= -32 && n <= INT8_MAX)
        pack_byte(packer, (unsigned)n & 0xff);
    else if (n > UINT32_MAX)
        pack_number(packer, 0xcf, (uint64_t)n, 8);
    else if (n >= 0)
        pack_head(packer, 0xcc, 0xcd, 0xce, (size_t)n);
    else if (n >= INT8_MIN)
        pack_number(packer, 0xd0, (uint64_t)n, 1);
    else if (n >= INT16_MIN)
        pack_number(packer, 0xd1, (uint64_t)n, 2);
    else if (n >= INT32_MIN)
        pack_number(packer, 0xd2, (uint64_t)n, 4);
    else
        pack_number(packer, 0xd3, (uint64_t)n, 8);
}

void rf_pack_real(struct rf_packer *packer, double real) {
    uint64_t bits;
    memcpy(&bits, &real, sizeof bits);
    pack_number(packer, 0xcb, bits, 8);
}

void rf_pack_raw(struct rf_packer *packer, const void *bytes, size_t size) {
    unsigned char *at = size > 0 ? take(packer, size) : NULL;
    if (at != NULL)
        memcpy(at, bytes, size);
}

void rf_pack_str(struct rf_packer *packer, const char *text, size_t size) {
    if (size <= 31)
        pack_byte(packer, 0xa0 | (unsigned)size);
    else
        pack_head(packer, 0xd9, 0xda, 0xdb, size);
    rf_pack_raw(packer, text, size);
}

void rf_pack_bin(struct rf_packer *packer, const void *bytes, size_t size) {
    pack_head(packer, 0xc4, 0xc5, 0xc6, size);
    rf_pack_raw(packer, bytes, size);
}

void rf_pack_array(struct rf_packer *packer, size_t count) {
    if (count <= 15)
        pack_byte(packer, 0x90 | (unsigned)count);
    else
        pack_head(packer, 0, 0xdc, 0xdd, count);
}

void rf_pack_map(struct rf_packer *packer, size_t count) {
    if (count <= 15)
        pack_byte(packer, 0x80 | (unsigned)count);
    else
        pack_head(packer, 0, 0xde, 0xdf, count);
}
