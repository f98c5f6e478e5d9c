// Where there is no libFuzzer: a corpus, and changes of it by a generator with a fixed seed.
//   fuzz_NAME FOLDER [CHANGES OF EACH]
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "fuzz.h"

#define CHANGES    1500
#define INPUT_MOST 4096
#define FILES_MOST 256

struct input {
    uint8_t data[INPUT_MOST];
    size_t size;
};

static struct input files[FILES_MOST];
static size_t count;
static uint64_t seed = 1;

static size_t below(size_t bound) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (size_t)(seed % bound);
}

static void take_file(const char *folder, const char *name) {
    char path[1024], *data = NULL;
    size_t size;
    struct rf_error error;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (count == FILES_MOST || rf_file_read(path, INPUT_MOST, &data, &size, &error) != RF_OK) {
        fprintf(stderr, "%s: %s\n", path, count == FILES_MOST ? "too many files" : error.message);
        exit(1);
    }
    memcpy(files[count].data, data, size);
    files[count++].size = size;
    free(data);
}

// One change: other bytes, fewer, more, some twice, or the end of another file.
static void change(struct input *input) {
    static const char special[] = "\r\n\0%=;~:@/?&\"{}[]\\\xff\xc3 0";
    size_t at = below(input->size + 1), left = input->size - at;
    size_t length = left == 0 ? 0 : 1 + below(left < 16 ? left : 16);
    const struct input *other = &files[below(count)];
    switch (below(5)) {
    case 0:
        if (left > 0)
            input->data[at] = (uint8_t)below(256);
        break;
    case 1:
        memmove(input->data + at, input->data + at + length, left - length);
        input->size -= length;
        break;
    case 2:
        if (input->size < INPUT_MOST) {
            memmove(input->data + at + 1, input->data + at, left);
            input->data[at] = (uint8_t)special[below(sizeof special)];
            input->size++;
        }
        break;
    case 3:
        if (input->size + length <= INPUT_MOST) {
            memmove(input->data + at + length, input->data + at, left);
            input->size += length;
        }
        break;
    default:
        if (at <= other->size) {
            memcpy(input->data + at, other->data + at, other->size - at);
            input->size = other->size;
        }
    }
}

int main(int argc, char **argv) {
    struct dirent *entry;
    DIR *folder = argc > 1 ? opendir(argv[1]) : NULL;
    unsigned long changes = argc > 2 ? strtoul(argv[2], NULL, 10) : CHANGES, runs = 0;
    if (folder == NULL) {
        fprintf(stderr, "usage: %s FOLDER [CHANGES OF EACH]\n", argv[0]);
        return 2;
    }
    while ((entry = readdir(folder)) != NULL)
        if (entry->d_name[0] != '.')
            take_file(argv[1], entry->d_name);
    closedir(folder);
    for (size_t i = 0; i < count; i++) {
        (void)LLVMFuzzerTestOneInput(files[i].data, files[i].size);
        for (unsigned long k = 0; k < changes; k++, runs++) {
            struct input input = files[i];
            for (size_t more = 1 + below(6); more > 0; more--)
                change(&input);
            (void)LLVMFuzzerTestOneInput(input.data, input.size);
        }
    }
    printf("%zu inputs and %lu changes of them\n", count, runs);
    return count > 0 ? 0 : 1;
}
