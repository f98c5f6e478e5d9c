// The broker's list of known keys as a file that people change: what `keys allow`, `keys list` and
// `keys revoke` share.
#ifndef RF_CLI_KEY_LIST_H
#define RF_CLI_KEY_LIST_H

#include <jansson.h>
#include <stdbool.h>

#include "command.h"
#include "curve/known.h"

struct rf_config;

struct cli_key_list {
    struct rf_config *config;
    const char *file;
    int lock; // held while the list is changed, so that no change is lost; -1: not held
    char *text;
    struct rf_known known;
};

// cli_key_list_open: reads the list that the configuration names; one that is not there is empty.
// `to_change`: nobody else changes it until cli_key_list_close, and its folder is made. Prints what
// went wrong; the exit code then, else CLI_OK. Closed by cli_key_list_close in any case.
int cli_key_list_open(struct cli_key_list *list, const struct cli_options *options, bool to_change);

// cli_key_list_write: puts `text`, which is taken over, in its place, whole, with the owner and the
// mode that the file had. NULL: out of memory. Prints what went wrong; returns the exit code.
int cli_key_list_write(struct cli_key_list *list, char *text);

// cli_key_json: an entry as programs are told of it: {"name", "roles", "key"}.
json_t *cli_key_json(const struct rf_known_key *entry);

void cli_key_list_close(struct cli_key_list *list);

// cli_key_read: the key that an argument means: itself, or the content of a public key's file with
// the name in it ("" else). RF_ERR_INVALID says what was expected.
RF_NODISCARD enum rf_err cli_key_read(const char *argument, char key[RF_CURVE_KEY_SIZE],
                                      char name[RF_CURVE_NAME_SIZE], struct rf_error *error);

#endif
