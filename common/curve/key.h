// Keys of CURVE, the encryption and identification of ZeroMQ over TCP: made, and read from files.
// A key is 40 characters of Z85 (32/Z85 of rfc.zeromq.org), as all ZeroMQ software writes it.
#ifndef RF_CURVE_KEY_H
#define RF_CURVE_KEY_H

#include <stdbool.h>
#include <stddef.h>

#include <ringfence/error.h>

#define RF_CURVE_KEY_CHARACTERS 40
#define RF_CURVE_KEY_SIZE       (RF_CURVE_KEY_CHARACTERS + 1)
#define RF_CURVE_NAME_SIZE      65

struct rf_curve_pair {
    char public_key[RF_CURVE_KEY_SIZE];
    char secret[RF_CURVE_KEY_SIZE];
};

// rf_curve_pair_new: a fresh pair. Its public key does not begin with -, as it may stand on a
// command line. RF_ERR_IO: this libzmq is built without CURVE.
RF_NODISCARD enum rf_err rf_curve_pair_new(struct rf_curve_pair *pair, struct rf_error *error);

// rf_curve_pair_wipe: forgets the secret.
void rf_curve_pair_wipe(struct rf_curve_pair *pair);

// rf_curve_key_valid: whether `text` is 32 bytes in Z85.
bool rf_curve_key_valid(const char *text, size_t length);

// rf_curve_key_text: the text of a key of `size` raw bytes; "" unless these are 32.
void rf_curve_key_text(const void *raw, size_t size, char out[RF_CURVE_KEY_SIZE]);

// rf_curve_name_valid: 1 to 64 letters, digits, dots, hyphens and underscores; no dot in front.
bool rf_curve_name_valid(const char *text, size_t length);

// A key's file is a line of text; lines that begin with # are comments (no key does: # is the
// highest digit of Z85, and five of them would be over 32 bits). In a secret key's file stands
// "secret KEY", so that it is not taken for a public one; in a public key's file "KEY NAME", or the
// key alone.

// rf_curve_secret_read: the pair whose secret stands in `path`. RF_ERR_INVALID for a file that
// another user may read or write, or that holds no key; RF_ERR_NOT_FOUND, RF_ERR_IO.
RF_NODISCARD enum rf_err rf_curve_secret_read(const char *path, struct rf_curve_pair *pair,
                                              struct rf_error *error);

// rf_curve_public_read: the key in `path` and its name, "" if it has none. Errors as above, but
// anybody may read it.
RF_NODISCARD enum rf_err rf_curve_public_read(const char *path, char key[RF_CURVE_KEY_SIZE],
                                              char name[RF_CURVE_NAME_SIZE],
                                              struct rf_error *error);

// rf_curve_server_read: the broker's key in `path`. As rf_curve_public_read, with the mend for a
// file that is not there.
RF_NODISCARD enum rf_err rf_curve_server_read(const char *path, char key[RF_CURVE_KEY_SIZE],
                                              struct rf_error *error);

// rf_curve_pair_write: makes <folder>/<name>.secret, for its owner alone, and
// <folder>/<name>.public. A file that is there is never replaced (RF_ERR_CONFLICT): a key that is
// lost cannot be had back.
RF_NODISCARD enum rf_err rf_curve_pair_write(const struct rf_curve_pair *pair, const char *folder,
                                             const char *name, struct rf_error *error);

// rf_curve_line: the next line of `*text` that is neither empty nor a comment, without spaces
// around it; moves `*text` behind it and counts `*number`, the number of the line returned, on.
// NULL at the end. `length` gets its length.
const char *rf_curve_line(const char **text, size_t *number, size_t *length);

#endif
