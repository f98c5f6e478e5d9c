// Audio on the disk: <folder>/<sha256>.<format> by its content, which the console serves, and
// <folder>/cache/<key> as what speech it is. Several gateways may share the folder. All of it
// blocks on the disk, and is called on a thread.
//
// A key's file says which audio it is, how long and of which hash, and is believed only if the
// audio is so. When audio was used last is its date of modification. A use renews it, and audio is
// put there, under a shared lock of <folder>/cache/lock; whoever clears the folder looks at the
// date once more and removes the file under an exclusive one. A process that is killed holds no
// lock.
#ifndef GATEWAY_SHELF_H
#define GATEWAY_SHELF_H

#include "core.h"
#include "evict.h"

// shelf_make: the folders, if they are not there.
RF_NODISCARD enum rf_err shelf_make(const char *folder, struct rf_error *error);

// shelf_put: the audio, durably; then, for key "" not at all, what it is. The audio is there when
// this is RF_OK; a key that could not be written is not told, as it only costs another speech.
RF_NODISCARD enum rf_err shelf_put(const char *folder, const char *key,
                                   const struct recording *audio, const void *data,
                                   struct rf_error *error);

// shelf_find: the audio of `key`, whole, used now. RF_ERR_NOT_FOUND: there is none, or it is not
// what it should be; the error says which.
RF_NODISCARD enum rf_err shelf_find(const char *folder, const char *key, struct recording *audio,
                                    struct rf_error *error);

// shelf_touch: the audio is used now. False: it is not there.
bool shelf_touch(const char *folder, const struct recording *audio);

struct shelf_sweep {
    int64_t left, removed; // bytes of audio
    size_t files_removed;
};

// shelf_sweep: clears the folder by the rule, and what a process that was killed left half-written
// there. Files that are no audio of ours are left alone.
RF_NODISCARD enum rf_err shelf_sweep(const char *folder, const struct evict_rule *rule,
                                     struct rf_utc now, struct shelf_sweep *done,
                                     struct rf_error *error);

#endif
