#include "account.h"

#include <string.h>

static void key_fini(struct account_key *key) {
    json_decref(key->value);
    *key = (struct account_key){0};
}

void account_fini(struct account *account) {
    for (size_t i = 0; i < account->count; i++)
        key_fini(&account->keys[i]);
    account->count = 0;
}

void account_take(struct account *account, const char (*fingerprints)[17], size_t count,
                  account_gone_fn *gone, void *arg) {
    struct account fresh = {.count = count};
    for (size_t i = 0; i < count; i++) {
        size_t known = account_find(account, fingerprints[i]);
        if (known < account->count) {
            fresh.keys[i] = account->keys[known];
            account->keys[known] = (struct account_key){0}; // moved: found by nobody any more
        } else {
            memcpy(fresh.keys[i].fingerprint, fingerprints[i], sizeof fresh.keys[i].fingerprint);
        }
    }
    for (size_t i = 0; i < account->count; i++) {
        if (account->keys[i].aside)
            gone(arg, &account->keys[i]);
        key_fini(&account->keys[i]);
    }
    *account = fresh;
}

size_t account_find(const struct account *account, const char *fingerprint) {
    size_t i = 0;
    while (i < account->count && strcmp(account->keys[i].fingerprint, fingerprint) != 0)
        i++;
    return i;
}

size_t account_left(const struct account *account) {
    size_t left = 0;
    for (size_t i = 0; i < account->count; i++)
        left += account->keys[i].aside ? 0 : 1;
    return left;
}

uint32_t account_barred(const struct account *account, uint32_t tried) {
    for (size_t i = 0; i < account->count; i++)
        if (account->keys[i].aside)
            tried |= UINT32_C(1) << i;
    return tried;
}

size_t account_first(const struct account *account, uint32_t barred) {
    size_t i = 0;
    while (i < account->count && (barred >> i & 1) != 0)
        i++;
    return i;
}

void account_set_aside(struct account *account, size_t key, int64_t version, json_t *value) {
    struct account_key *k = &account->keys[key];
    json_t *old = k->value;
    k->aside = true;
    k->version = version;
    k->value = json_incref(value);
    json_decref(old);
}

void account_release(struct account *account, size_t key, struct rf_utc now) {
    struct account_key *k = &account->keys[key];
    json_decref(k->value);
    k->value = NULL;
    k->aside = false;
    k->version = 0;
    k->released = now;
}
