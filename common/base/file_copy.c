#include "base/file_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define PIECE 65536

struct pour {
    const char *from, *to;
    int in, out; // out -1: read alone
    EVP_MD_CTX *digest;
    int64_t bytes;
};

static enum rf_err fail(const char *path, struct rf_error *error) {
    return rf_error_set(error, errno == ENOENT ? RF_ERR_NOT_FOUND : RF_ERR_IO, "%s: %s", path,
                        strerror(errno));
}

static enum rf_err pour_all(struct pour *pour, struct rf_error *error) {
    char buffer[PIECE];
    for (;;) {
        ssize_t got = read(pour->in, buffer, sizeof buffer);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail(pour->from, error);
        if (got == 0)
            break;
        pour->bytes += got;
        if (EVP_DigestUpdate(pour->digest, buffer, (size_t)got) != 1)
            return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
        if (pour->out >= 0 && rf_file_write(pour->out, buffer, (size_t)got) != RF_OK)
            return fail(pour->to, error);
    }
    return pour->out < 0 || fsync(pour->out) == 0 ? RF_OK : fail(pour->to, error);
}

static void tell_sum(struct pour *pour, struct rf_file_sum *sum) {
    unsigned char digest[EVP_MAX_MD_SIZE] = {0};
    (void)EVP_DigestFinal_ex(pour->digest, digest, NULL);
    sum->bytes = pour->bytes;
    rf_digest_hex(digest, sum->sha256);
}

static enum rf_err run(struct pour *pour, struct rf_file_sum *sum, struct rf_error *error) {
    pour->digest = EVP_MD_CTX_new();
    enum rf_err err = pour->digest && EVP_DigestInit_ex(pour->digest, EVP_sha256(), NULL) == 1
                          ? pour_all(pour, error)
                          : rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    if (err == RF_OK && sum)
        tell_sum(pour, sum);
    EVP_MD_CTX_free(pour->digest);
    return err;
}

enum rf_err rf_file_copy(const char *from, const char *to, unsigned mode, struct rf_file_sum *sum,
                         struct rf_error *error) {
    struct pour pour = {.from = from, .to = to, .out = -1};
    pour.in = open(from, O_RDONLY | O_CLOEXEC);
    if (pour.in < 0)
        return fail(from, error);
    pour.out = open(to, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, (mode_t)mode);
    // Whatever the mask takes away, and one that was there had another mode.
    enum rf_err err =
        pour.out >= 0 && fchmod(pour.out, (mode_t)mode) == 0 ? RF_OK : fail(to, error);
    if (err == RF_OK)
        err = run(&pour, sum, error);
    close(pour.in);
    if (pour.out >= 0 && close(pour.out) != 0 && err == RF_OK)
        err = fail(to, error);
    return err;
}

enum rf_err rf_file_sum(const char *path, struct rf_file_sum *sum, struct rf_error *error) {
    struct pour pour = {.from = path, .out = -1};
    pour.in = open(path, O_RDONLY | O_CLOEXEC);
    if (pour.in < 0)
        return fail(path, error);
    enum rf_err err = run(&pour, sum, error);
    close(pour.in);
    return err;
}
